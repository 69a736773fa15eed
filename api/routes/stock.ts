import { z } from 'zod'
import { listMovements, stockDetail } from '#db/queries/stock'
import { adjustStock } from '#db/stores/goods'
import { receiveGoods } from '#db/stores/goods-receipts'
import { itemIdOf, itemIdsOf, setPool, setSafetyStock, siteByCode } from '#db/stores/stock-settings'
import { trackDockLines } from '#db/stores/tracked-goods'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { lotFields } from '../lot-schemas.ts'
import { businessDate, code, minorText, reason, shortText, sku } from '../schemas.ts'
import { stockDetail as detailSchema } from '../stock-detail.ts'
import { requireScope } from '../scope.ts'

const tags = ['stock']
const text = z.string()
const units = z
  .string()
  .regex(/^\d{1,12}$/, { error: 'send whole units as text, e.g. "12"' })
  .meta({ example: '12' })
const signedUnits = z
  .string()
  .regex(/^-?[1-9]\d{0,11}$/, { error: 'send whole units as text, not zero, e.g. "-2"' })
const minor = minorText.refine((value) => !value.startsWith('-'), {
  error: 'a cost is not negative',
})

const movement = z.object({
  id: text,
  sku: text,
  qty: text,
  kind: text,
  fromSite: text.nullable(),
  toSite: text.nullable(),
  condition: text,
  cause: text,
  reason: text.nullable(),
  actor: text,
  effectiveOn: text,
  recordedAt: text,
})

/** Stock: the rows behind each number, what moved, what it is worth, and the commands that change it. */
export async function stockRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addItem(server, deps)
  addReads(server, deps)
  addReceipts(server, deps)
  addAdjustments(server, deps)
  addSafetyStock(server, deps)
  addPools(server, deps)
}

function addItem(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/stock/items/:sku',
    {
      config: { permission: 'stock:read' },
      schema: {
        summary: 'The rows behind a stock number: reservations, layers, pools, expected supply',
        tags,
        params: z.object({ sku }),
        response: { 200: detailSchema },
      },
    },
    async ({ params, principal }) => {
      const detail = await stockDetail(db, params.sku, principal.scopes)
      if (!detail) throw notFound('item')
      return detail as z.output<typeof detailSchema>
    },
  )
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/stock/movements',
    {
      config: { permission: 'stock:read' },
      schema: {
        summary: 'Stock movements, newest first',
        tags,
        querystring: z.strictObject({ ...pageQuery, sku: sku.optional() }),
        response: { 200: pageOf(movement) },
      },
    },
    async ({ query, principal }) => {
      const rows = await listMovements(db, {
        scopes: principal.scopes,
        before: idCursor(query.cursor, MAX_BIGINT),
        limit: query.limit + 1,
        sku: query.sku,
      })
      return toPage(
        rows,
        query.limit,
        (row) => row.id,
        (row) => ({ ...row, id: row.id.toString(), qty: row.qty.toString() }),
      )
    },
  )
}

const receipt = z.strictObject({
  receiptNo: z.string().regex(/^[\w.:#-]{1,80}$/),
  site: code,
  supplier: shortText,
  asn: shortText.optional(),
  receivedOn: businessDate.optional(),
  lines: z
    .array(
      z.strictObject({
        sku,
        expectedQty: units,
        receivedQty: units,
        unitCostMinor: minor,
        condition: z.enum(['sellable', 'quarantine', 'damaged']).optional(),
        reason: reason.optional(),
        ...lotFields,
      }),
    )
    .min(1)
    .max(2000),
})
const adjustment = z.strictObject({
  sku,
  site: code,
  qty: signedUnits,
  reason,
  adjustedOn: businessDate.optional(),
  device: shortText.optional(),
  bin: z.string().trim().max(60).optional().describe('Absent: wherever they lie.'),
  lot: z.string().trim().max(100).optional(),
})

function addReceipts(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/goods-receipts',
    permission: 'receipts:confirm',
    summary: 'Receive goods at the dock: counted, costed and posted in one transaction',
    tags,
    body: receipt,
    response: { 201: z.object({ receiptId: text, discrepancies: z.int() }) },
    work: async (tx, { body, principal }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      const skus = body.lines.map((line) => line.sku)
      const itemIds = await itemIdsOf(tx, skus, (n) => `body.lines.${n}.sku`)
      const receivedOn = body.receivedOn ?? site.today
      const tracked = await trackDockLines(tx, body.lines, { itemIds, receivedOn })
      const lines = body.lines.map((line, n) => ({
        itemId: itemIds[n]!,
        lots: tracked[n]!,
        expectedQty: BigInt(line.expectedQty),
        receivedQty: BigInt(line.receivedQty),
        unitCostMinor: BigInt(line.unitCostMinor),
        ...(line.condition ? { condition: line.condition } : {}),
        ...(line.reason ? { reason: line.reason } : {}),
      }))
      const done = await receiveGoods(tx, {
        receiptNo: body.receiptNo,
        entityId: site.entityId,
        functionalCurrency: site.functionalCurrency,
        siteId: site.siteId,
        supplier: body.supplier,
        ...(body.asn ? { asn: body.asn } : {}),
        receivedOn,
        actor: principal.actor,
        lines,
      })
      return { status: 201, body: done }
    },
  })
}

function addAdjustments(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/stock/adjustments',
    permission: 'adjustments:create',
    summary: 'Correct a quantity, with its value and a reason',
    tags,
    body: adjustment,
    response: { 201: z.object({ adjustmentId: text }) },
    work: async (tx, { body, principal, commandKey }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      await adjustStock(tx, {
        adjustmentId: commandKey,
        entityId: site.entityId,
        functionalCurrency: site.functionalCurrency,
        siteId: site.siteId,
        itemId: await itemIdOf(tx, body.sku),
        qty: BigInt(body.qty),
        reason: body.reason,
        adjustedOn: body.adjustedOn ?? site.today,
        actor: principal.actor,
        ...(body.device ? { device: body.device } : {}),
        ...(body.bin === undefined ? {} : { bin: body.bin }),
        ...(body.lot === undefined ? {} : { bin: body.bin ?? '', lot: body.lot }),
      })
      return { status: 201, body: { adjustmentId: commandKey } }
    },
  })
}

function addSafetyStock(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/stock/safety-stock',
    permission: 'stock:update',
    summary: 'Set the safety stock of an item at a site, from a date, with a reason',
    tags,
    body: z.strictObject({
      sku,
      site: code,
      safetyStock: units,
      effectiveFrom: businessDate.optional(),
      reason,
    }),
    response: { 201: z.object({ sku: text, site: text, safetyStock: text }) },
    work: async (tx, { body, principal, audit }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      const before = await setSafetyStock(tx, {
        itemId: await itemIdOf(tx, body.sku),
        siteId: site.siteId,
        safetyStock: BigInt(body.safetyStock),
        effectiveFrom: body.effectiveFrom ?? site.today,
        reason: body.reason,
        actor: principal.actor,
      })
      await audit({
        subjectType: 'stock',
        subjectId: `${body.sku}/${body.site}`,
        action: 'safety-stock',
        before: { safetyStock: before.toString() },
        after: { safetyStock: body.safetyStock },
        reason: body.reason,
      })
      return {
        status: 201,
        body: { sku: body.sku, site: body.site, safetyStock: body.safetyStock },
      }
    },
  })
}

function addPools(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/stock/pools',
    permission: 'stock:update',
    summary: 'Set units aside for one channel',
    tags,
    body: z.strictObject({ sku, site: code, channel: code, qty: units, reason }),
    response: { 201: z.object({ sku: text, site: text, channel: text, qty: text }) },
    work: async (tx, { body, principal, audit }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site, channel: body.channel })
      const before = await setPool(tx, {
        itemId: await itemIdOf(tx, body.sku),
        siteId: site.siteId,
        channel: body.channel,
        qty: BigInt(body.qty),
        reason: body.reason,
      })
      await audit({
        subjectType: 'stock',
        subjectId: `${body.sku}/${body.site}`,
        action: 'pool',
        before: { channel: body.channel, qty: before.toString() },
        after: { channel: body.channel, qty: body.qty },
        reason: body.reason,
      })
      return {
        status: 201,
        body: { sku: body.sku, site: body.site, channel: body.channel, qty: body.qty },
      }
    },
  })
}
