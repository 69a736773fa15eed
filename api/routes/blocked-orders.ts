import { z } from 'zod'
import { blockedOrders, type BlockedRow } from '#db/queries/blocked-orders'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { money } from '../schemas.ts'

const text = z.string()
const blocked = z.object({
  reason: text.describe(
    'Type of the open case, or backordered, release or warehouse-late where none is open.',
  ),
  owner: text,
  entity: text,
  nextAction: text.describe('What the owner does next.'),
  orders: z.int(),
  overdue: z.int(),
  since: text.describe('Since when the oldest has been waiting.'),
  ageHours: z.int(),
  money: money.describe('At risk, all of them together.'),
  first: z.array(
    z.object({
      orderId: text,
      orderNumber: text,
      channel: text,
      caseId: text.nullable(),
      since: text,
      until: text.nullable(),
      money,
      act: text.describe('Where that is done.'),
    }),
  ),
})

/** Which orders stand still, why, whose they are and what to do: the whole picture in one call. */
export async function blockedOrderRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/orders/blocked',
    {
      config: { permission: 'orders:read' },
      schema: {
        summary:
          'Orders that do not go on by themselves, by reason: owner, age, money, next action',
        tags: ['orders'],
        querystring: z.strictObject({
          first: z.coerce
            .number({ error: 'send a whole number from 0 to 50' })
            .int()
            .min(0)
            .max(50)
            .default(5)
            .describe('How many orders to name of each reason, oldest first.'),
        }),
        response: { 200: z.object({ items: z.array(blocked) }) },
      },
    },
    async ({ query: { first }, principal: { scopes } }) => {
      const rows = await blockedOrders(db, { scopes, first })
      return { items: rows.map(toBlocked) }
    },
  )
}

function toBlocked({ moneyMinor, currency, allowed, first, ...row }: BlockedRow) {
  const age = Date.now() - Date.parse(row.since)
  return {
    ...row,
    nextAction: nextAction(row.reason, allowed),
    ageHours: Math.max(0, Math.floor(age / 3_600_000)),
    money: { currency, minor: moneyMinor.toString() },
    first: (first ?? []).map(({ moneyMinor: minor, ...order }) => ({
      ...order,
      money: { currency, minor },
      act: whereToAct(row.reason, order),
    })),
  }
}

function nextAction(reason: string, allowed: readonly string[]): string {
  if (reason === 'backordered')
    return 'Bring stock in, say when it comes, or take units from another order.'
  if (reason === 'release') return 'Release it to the warehouse.'
  if (reason === 'warehouse-late') return 'Pick, pack and ship what is overdue.'
  return `Decide the case: ${allowed.join(', ')}.`
}

function whereToAct(
  reason: string,
  { orderId, caseId }: { orderId: string; caseId: string | null },
): string {
  if (caseId !== null) return `POST /v1/exceptions/${caseId}/resolution`
  if (reason === 'backordered') return `POST /v1/orders/${orderId}/reallocations`
  if (reason === 'release') return `POST /v1/orders/${orderId}/release`
  return 'GET /v1/fulfilment-orders?state=released'
}
