import { z } from 'zod'
import { commitOnce } from '#db/commit-once'
import { matchedParties, personalDataOf } from '#db/queries/personal-data'
import { recordAudit } from '#db/stores/records'
import type { AddressDocument } from '#contracts/order-intake'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { orderInScope } from '../order-commands.ts'
import { notFound } from '../problem.ts'
import { bigId } from '../schemas.ts'

const part = z.string().nullable()
export const address = z.object({
  name: part,
  company: part,
  line1: part,
  line2: part,
  city: part,
  region: part,
  postalCode: part,
  country: part,
})
const personalData = z.object({
  orderId: z.string(),
  name: part,
  email: part,
  phone: part,
  shipTo: address.nullable(),
  billTo: address.nullable(),
  suggestion: address.nullable().describe('What the carrier takes the address to mean.'),
  difference: z
    .array(z.object({ field: z.string(), now: part, suggested: part }))
    .describe('What accepting the suggestion would change.'),
  deniedParties: z
    .array(
      z.object({
        partyId: z.int(),
        list: z.string(),
        name: z.string(),
        country: z.string().nullable(),
      }),
    )
    .describe('Whom the compliance case names by `partyId`.'),
  erasedAt: z.string().nullable(),
})

/** Who the people of an order are: asked for by itself, so that each look can be allowed and is written down. */
export async function personalDataRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/orders/:orderId/personal-data',
    {
      config: { permission: 'personal-data:read' },
      schema: {
        summary: 'Names and addresses of an order, and what its address case suggests',
        description: 'Each look is an audit event.',
        tags: ['orders'],
        params: z.object({ orderId: bigId }),
        response: { 200: personalData },
      },
    },
    async (request) => {
      const { id } = await orderInScope(db, request, request.params.orderId)
      const orderId = id.toString()
      const { actor } = request.principal
      const look = { key: `personal-data/${orderId}/${request.id}`, request: { orderId }, actor }
      await commitOnce(db, look, async (tx) => {
        await recordAudit(tx, [
          { subjectType: 'order', subjectId: orderId, action: 'personal-data-read', actor },
        ])
        return { orderId }
      })
      const [people, deniedParties] = await Promise.all([
        personalDataOf(db, id),
        matchedParties(db, id),
      ])
      if (!people) throw notFound('personal data of this order')
      const { shipTo, suggestion } = people
      return { ...people, orderId, difference: differenceOf(shipTo, suggestion), deniedParties }
    },
  )
}

/** The fields in which the suggestion is another address; of a recipient it suggests none. */
export function differenceOf(
  now: AddressDocument | null,
  suggested: AddressDocument | null,
): { field: string; now: string | null; suggested: string | null }[] {
  if (!suggested) return []
  const fields = ['line1', 'line2', 'city', 'region', 'postalCode', 'country'] as const
  return fields.flatMap((field) =>
    (now?.[field] ?? null) === (suggested[field] ?? null)
      ? []
      : [{ field, now: now?.[field] ?? null, suggested: suggested[field] ?? null }],
  )
}
