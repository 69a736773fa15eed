import { z } from 'zod'
import { listSupplierChanges } from '#db/queries/suppliers'
import { decideSupplierChange } from '#db/stores/suppliers'
import { allows } from '#domain/access'
import { EVERYWHERE } from '#domain/scopes'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { bigId, code, jsonObject, reason, shortText } from '../schemas.ts'
import { visible } from '../scope.ts'

const tags = ['suppliers']
const text = z.string()
const change = z.object({
  id: text,
  supplier: text,
  entity: text,
  kind: text,
  basedOn: z.int(),
  body: jsonObject,
  duplicates: z.array(z.object({ supplier: text, by: text })),
  reason: text,
  state: text,
  requestedBy: text,
  requestedAt: text,
  decidedBy: text.nullable(),
  decidedAt: text.nullable(),
  decisionNote: text.nullable(),
})

/** What somebody wants to become of a supplier, and what somebody else says to it. */
export async function supplierChangeRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addRead(server, deps)
  const decide = decisionRoute(server, deps)
  decide(
    'decision',
    'suppliers:approve',
    z.strictObject({
      decision: z.enum(['approved', 'rejected']),
      note: reason,
      verifiedHow: shortText.optional().describe('How bank details were made sure of.'),
      distinct: z.boolean().optional().describe('Those that look alike are other companies.'),
    }),
    'Approve or reject a change that somebody else has proposed',
  )
  decide(
    'withdrawal',
    'suppliers:update',
    z
      .strictObject({ note: reason })
      .transform(({ note }) => ({ decision: 'withdrawn' as const, note })),
    'Take a change of your own back',
  )
}

function addRead(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/supplier-changes',
    {
      config: { permission: 'suppliers:read' },
      schema: {
        summary: 'Proposed changes of suppliers, newest first, with whom they look like',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          supplier: code.optional(),
          state: z.enum(['pending', 'approved', 'rejected', 'withdrawn']).optional(),
        }),
        response: { 200: pageOf(change) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes, roles } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listSupplierChanges(db, { ...filter, before, limit: limit + 1, scopes })
      return toPage(
        rows,
        limit,
        (row) => row.id,
        (row) => ({
          ...row,
          id: `${row.id}`,
          body: allows(roles, 'suppliers:approve') ? row.body : hidden(row.body),
        }),
      )
    },
  )
}

function decisionRoute(server: ApiServer, deps: ApiDeps) {
  const decided = { 200: z.object({ changeId: text, state: text }) }
  const params = z.object({ changeId: bigId })
  return (
    name: 'decision' | 'withdrawal',
    permission: 'suppliers:approve' | 'suppliers:update',
    body: z.ZodType<{
      decision: 'approved' | 'rejected' | 'withdrawn'
      note: string
      verifiedHow?: string | undefined
      distinct?: boolean | undefined
    }>,
    summary: string,
  ) =>
    commandRoute(server, deps, {
      method: 'POST',
      url: `/supplier-changes/:changeId/${name}`,
      permission,
      summary,
      tags,
      params,
      body,
      response: decided,
      work: async (tx, { body: said, params: asked, principal }) => {
        const id = BigInt(asked.changeId)
        const only = { before: MAX_BIGINT, limit: 1, scopes: EVERYWHERE, id }
        const [found] = await listSupplierChanges(tx, only)
        visible(principal, found, 'supplier change', ({ entity }) => ({ entity }))
        const { decision, note, verifiedHow, distinct } = said
        await decideSupplierChange(tx, id, {
          ...{ decision, note, actor: principal.actor },
          ...(verifiedHow === undefined ? {} : { verifiedHow }),
          ...(distinct === undefined ? {} : { distinct }),
        })
        return { body: { changeId: asked.changeId, state: decision } }
      },
    })
}

/** Bank details are for whoever verifies them at the supplier. */
function hidden(body: Record<string, unknown>): Record<string, unknown> {
  const { accountNo } = body
  return typeof accountNo === 'string'
    ? { ...body, accountNo: accountNo.replace(/.(?=.{4})/g, '•') }
    : body
}
