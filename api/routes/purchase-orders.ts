import { z } from 'zod'
import { draftPurchase } from '#clients/purchase-process'
import * as p2p from '#contracts/procure-to-pay'
import { listPurchases, readPurchase, type PurchaseRow } from '#db/queries/purchase-orders'
import { readSupplier } from '#db/queries/suppliers'
import { nextPurchaseNumber } from '#db/stores/purchase-numbers'
import { PURCHASE_PHASES } from '#domain/purchasing/phase'
import { callerOf, onceForProcess } from '../order-commands.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { purchaseProgress, reaches } from '../purchase-commands.ts'
import { purchaseCommand, purchaseNumber, withoutAbsent } from '../purchase-routes.ts'
import {
  bigId,
  businessDate,
  code,
  jsonObject,
  minorText,
  money,
  positiveInt,
  reason,
  shortText,
  sku,
} from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'
import { notFound } from '../problem.ts'

const tags = ['purchase orders']
const text = z.string()
const units = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, { error: 'send whole units as text, from "1"' })
  .meta({ example: '50' })
const price = minorText.refine((value) => !value.startsWith('-'), {
  error: 'a price is not negative',
})
const params = z.object({ poNumber: purchaseNumber })
const expectedVersion = positiveInt.optional().describe('The version that you read.')

const draft = {
  supplier: code,
  note: z.string().trim().min(1).max(500).optional(),
  shipsToOrder: bigId
    .optional()
    .describe('Id of the sales order whose buyer the supplier ships all of it to.'),
  lines: z
    .array(
      z.strictObject({
        sku,
        site: code,
        qty: units,
        unitPriceMinor: price.optional().describe('Absent: what was agreed with the supplier.'),
        pricePer: units.optional().describe('So many units cost `unitPriceMinor`.'),
        landedEstimateMinor: price
          .optional()
          .describe('Freight, duty and insurance of `pricePer` units, in the entity’s currency.'),
        neededOn: businessDate,
        inspect: z.boolean().optional().describe('Judged before anybody sells it.'),
        orderLineId: bigId.optional().describe('The line of `shipsToOrder` that it is for.'),
      }),
    )
    .min(1)
    .max(500),
}

const summary = z.object({
  ...{ id: text, poNumber: text, entity: text, supplier: text, orderedOn: text, phase: text },
  waitingFor: text,
  ...{ revision: z.int(), version: z.int(), lines: z.int(), createdBy: text },
  closedAt: text.nullable(),
  nextDueOn: text.nullable(),
  sites: z.array(text),
  ...{ total: money, open: money },
})
const detail = summary.extend({
  note: text.nullable(),
  termsDays: z.int(),
  incoterm: text.nullable(),
  authors: z.array(text),
  sentAt: text.nullable(),
  shipsToOrderId: text.nullable(),
  items: z.array(jsonObject).describe('The lines with their counters.'),
  approvals: z.array(jsonObject),
  acknowledgements: z.array(jsonObject),
  shipNotices: z.array(jsonObject),
  receipts: z.array(jsonObject),
  discrepancies: z.array(jsonObject),
  documents: z.array(z.object({ revision: z.int(), kind: text })),
  changes: z.array(jsonObject).describe('What was asked for after it was sent, and the answers.'),
})

/** What we buy: drafts, their approval, and the way to the supplier. */
export async function purchaseOrderRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addDraft(server, deps)
  addChange(server, deps)
  addApproval(server, deps)
  addEnds(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/purchase-orders',
    {
      config: { permission: 'purchase-orders:read' },
      schema: {
        summary: 'Purchase orders, newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: z.enum(PURCHASE_PHASES).optional(),
          supplier: code.optional(),
        }),
        response: { 200: pageOf(summary) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listPurchases(db, { ...filter, before, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toSummary)
    },
  )
  server.get(
    '/purchase-orders/:poNumber',
    {
      config: { permission: 'purchase-orders:read' },
      schema: {
        summary: 'One purchase order with its lines and all that has happened to it',
        tags,
        params,
        response: { 200: detail },
      },
    },
    async ({ params: asked, principal }) => {
      const found = await readPurchase(db, asked.poNumber)
      if (!found || !reaches(principal, found)) throw notFound('purchase order')
      return { ...found, ...toSummary(found) }
    },
  )
}

function addDraft(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/purchase-orders',
    {
      config: { permission: 'purchase-orders:create', asksProcess: true },
      schema: {
        summary: 'Draft a purchase order; nothing is sent before it is submitted and approved',
        tags,
        body: z.strictObject({ poNumber: purchaseNumber.optional(), ...draft }),
        response: { 201: purchaseProgress },
      },
    },
    async (request, reply) => {
      const { poNumber: given, ...drafted } = request.body
      const supplier = await readSupplier(deps.db, drafted.supplier)
      const { entity } = visible(request.principal, supplier, 'supplier', (row) => ({
        entity: row.entity,
      }))
      for (const line of drafted.lines) requireScope(request.principal, { entity, site: line.site })
      const { actor } = request.principal
      const progress = await onceForProcess(deps.db, callerOf(request), async (attempt) =>
        draftPurchase(deps.temporal, {
          poNumber: given ?? (await nextPurchaseNumber(deps.db, attempt, actor)),
          ...{
            draft: withoutAbsent<p2p.PurchaseDraft>(drafted),
            actor,
            updateId: `drafted/${attempt}`,
          },
          taskQueue: deps.orderTaskQueue,
        }),
      )
      return reply.code(201).send(progress)
    },
  )
}

function addChange(server: ApiServer, deps: ApiDeps): void {
  purchaseCommand(server, deps, {
    method: 'PUT',
    path: '',
    permission: 'purchase-orders:update',
    summary: 'Other lines: a new revision, for which no approval holds',
    params,
    body: z.strictObject({ ...draft, reason, expectedVersion }),
    update: p2p.changePurchase,
    sites: ({ lines }) => lines.map(({ site }) => site),
    tell: ({ body: { reason: why, expectedVersion: seen, ...drafted } }) => ({
      ...{ draft: drafted, reason: why, expectedVersion: seen },
    }),
  })
  purchaseCommand(server, deps, {
    path: '/submission',
    permission: 'purchase-orders:update',
    summary: 'Submit a draft: it is sent when nobody has to sign it, or waits for who has to',
    ...{ params, body: z.strictObject({ note: shortText.optional() }) },
    update: p2p.submitPurchase,
  })
}

function addApproval(server: ApiServer, deps: ApiDeps): void {
  purchaseCommand(server, deps, {
    path: '/approval',
    permission: 'purchase-orders:approve',
    summary: 'Sign a revision that others wrote, or send it back to its author',
    params,
    body: z.strictObject({
      decision: z.enum(['approved', 'rejected']),
      revision: positiveInt.describe('The revision that you read.'),
      reason: reason.optional(),
    }),
    update: p2p.decidePurchase,
    tell: ({ body, principal: { roles } }) => ({ ...body, roles }),
  })
}

function addEnds(server: ApiServer, deps: ApiDeps): void {
  purchaseCommand(server, deps, {
    path: '/short-close',
    permission: 'purchase-orders:cancel',
    summary: 'Say that what is open of it will not come; orders that wait are promised anew',
    params,
    body: z.strictObject({ reason, lineNos: z.array(positiveInt).min(1).max(500).optional() }),
    update: p2p.closePurchaseShort,
  })
  purchaseCommand(server, deps, {
    path: '/cancellation',
    permission: 'purchase-orders:cancel',
    summary: 'Cancel an order of which nothing has come',
    ...{ params, body: z.strictObject({ reason }), update: p2p.cancelPurchase },
  })
}

function toSummary(row: PurchaseRow) {
  const { id, totalMinor, openMinor, currency, ...rest } = row
  return {
    ...rest,
    id: `${id}`,
    total: { currency, minor: `${totalMinor}` },
    open: { currency, minor: `${openMinor}` },
  }
}
