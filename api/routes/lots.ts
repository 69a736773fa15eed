import { z } from 'zod'
import { listLots } from '#db/queries/bins'
import { saveLot } from '#db/stores/lots'
import { recallLot } from '#db/stores/recalls'
import { itemIdOf } from '#db/stores/stock-settings'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { lotCode } from '../lot-schemas.ts'
import { businessDate, reason, sku } from '../schemas.ts'
import { requireEverywhere } from '../scope.ts'

const tags = ['lots']
const text = z.string()
const params = z.object({ sku, lot: lotCode })
const lot = z.object({
  sku: text,
  lot: text,
  expiresOn: text.nullable(),
  status: text,
  reason: text.nullable(),
  units: text,
})

/** Lots: what expires first leaves first, and what is held or recalled leaves never. */
export async function lotRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addRead(server, deps)
  addMaster(server, deps)
  addRecall(server, deps)
}

function addRead(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/items/:sku/lots',
    {
      config: { permission: 'items:read' },
      schema: {
        summary: 'The lots of an item, the first to expire first',
        tags,
        params: z.object({ sku }),
        response: { 200: z.object({ items: z.array(lot) }) },
      },
    },
    async ({ params: at, principal }) => {
      const rows = await listLots(db, at.sku, principal.scopes)
      return { items: rows.map((row) => ({ ...row, units: `${row.units}` })) }
    },
  )
}

function addMaster(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/items/:sku/lots/:lot',
    permission: 'items:update',
    summary: 'Register a lot, its date, and whether it may leave',
    tags,
    params,
    body: z.strictObject({
      expiresOn: businessDate.nullable().default(null),
      status: z.enum(['approved', 'hold', 'recalled']).default('approved'),
      reason,
    }),
    response: { 200: lot.omit({ units: true }) },
    work: async (tx, { body, params: at, principal, audit, commandKey }) => {
      requireEverywhere(principal, 'lot')
      const before = await saveLot(tx, await itemIdOf(tx, at.sku), at.lot, body, commandKey)
      await audit({
        subjectType: 'lot',
        subjectId: `${at.sku}/${at.lot}`,
        action: before ? 'update' : 'create',
        before,
        after: body,
        reason: body.reason,
      })
      return { body: { sku: at.sku, lot: at.lot, ...body } }
    },
  })
}

function addRecall(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/items/:sku/lots/:lot/recall',
    permission: 'items:update',
    summary: 'Recall a lot: what is here can no longer leave; who was sent some of it is named',
    tags,
    params,
    body: z.strictObject({ reason }),
    response: {
      200: z.object({
        recallNo: text.describe('Its process follows up: see GET /v1/recalls.'),
        shipped: z.array(
          z.object({ orderId: text, orderNumber: text, shipmentId: text, units: text }),
        ),
        blocked: z.array(z.object({ site: text, bin: text, units: text })),
      }),
    },
    work: async (tx, { body, params: at, principal, audit, commandKey: key }) => {
      requireEverywhere(principal, 'lot')
      const { reason: why } = body
      const { actor } = principal
      const lot = { itemId: await itemIdOf(tx, at.sku), ...at }
      const found = await recallLot(tx, lot, { reason: why, actor, key })
      await audit({
        subjectType: 'lot',
        subjectId: `${at.sku}/${at.lot}`,
        action: 'recalled',
        after: found,
        reason: body.reason,
      })
      return { body: found }
    },
  })
}
