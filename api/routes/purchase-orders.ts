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
import {
  purchaseInScope,
  purchaseProgress,
  commandPurchase,
  reaches,
} from '../purchase-commands.ts'
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
const poNumber = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$/, {
    error: 'send letters, digits, dots, dashes and underscores, at most 41',
  })
  .meta({ example: 'PO-1001' })
const params = z.object({ poNumber })
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
        body: z.strictObject({ poNumber: poNumber.optional(), ...draft }),
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
          ...{ draft: toDraft(drafted), actor, updateId: `drafted/${attempt}` },
          taskQueue: deps.orderTaskQueue,
        }),
      )
      return reply.code(201).send(progress)
    },
  )
}

function addChange(server: ApiServer, deps: ApiDeps): void {
  server.put(
    '/purchase-orders/:poNumber',
    {
      config: { permission: 'purchase-orders:update', asksProcess: true },
      schema: {
        summary: 'Other lines: a new revision, for which no approval holds',
        tags,
        params,
        body: z.strictObject({ ...draft, reason, expectedVersion }),
        response: { 200: purchaseProgress },
      },
    },
    async (request) => {
      const { reason: why, expectedVersion: version, ...drafted } = request.body
      const place = await purchaseInScope(deps, request, request.params.poNumber)
      for (const { site } of drafted.lines)
        requireScope(request.principal, { entity: place.entity, site })
      const seen = version === undefined ? {} : { expectedVersion: version }
      const command = { draft: toDraft(drafted), reason: why, ...seen }
      return commandPurchase(deps, place, p2p.changePurchase, command, request)
    },
  )
  server.post(
    '/purchase-orders/:poNumber/submission',
    {
      config: { permission: 'purchase-orders:update', asksProcess: true },
      schema: {
        summary: 'Submit a draft: it is sent when nobody has to sign it, or waits for who has to',
        tags,
        params,
        body: z.strictObject({ note: shortText.optional() }),
        response: { 200: purchaseProgress },
      },
    },
    async (request) => {
      const place = await purchaseInScope(deps, request, request.params.poNumber)
      const { note } = request.body
      const command = note === undefined ? {} : { note }
      return commandPurchase(deps, place, p2p.submitPurchase, command, request)
    },
  )
}

function addApproval(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/purchase-orders/:poNumber/approval',
    {
      config: { permission: 'purchase-orders:approve', asksProcess: true },
      schema: {
        summary: 'Sign a revision that others wrote, or send it back to its author',
        tags,
        params,
        body: z.strictObject({
          decision: z.enum(['approved', 'rejected']),
          revision: positiveInt.describe('The revision that you read.'),
          reason: reason.optional(),
        }),
        response: { 200: purchaseProgress },
      },
    },
    async (request) => {
      const place = await purchaseInScope(deps, request, request.params.poNumber)
      const { decision, revision, reason: why } = request.body
      const { roles } = request.principal
      const command = { decision, revision, roles, ...(why === undefined ? {} : { reason: why }) }
      return commandPurchase(deps, place, p2p.decidePurchase, command, request)
    },
  )
}

function addEnds(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/purchase-orders/:poNumber/short-close',
    {
      config: { permission: 'purchase-orders:cancel', asksProcess: true },
      schema: {
        summary: 'Say that what is open of it will not come; orders that wait are promised anew',
        tags,
        params,
        body: z.strictObject({ reason, lineNos: z.array(positiveInt).min(1).max(500).optional() }),
        response: { 200: purchaseProgress },
      },
    },
    async (request) => {
      const place = await purchaseInScope(deps, request, request.params.poNumber)
      const { reason: why, lineNos } = request.body
      const command = { reason: why, ...(lineNos ? { lineNos } : {}) }
      return commandPurchase(deps, place, p2p.closePurchaseShort, command, request)
    },
  )
  server.post(
    '/purchase-orders/:poNumber/cancellation',
    {
      config: { permission: 'purchase-orders:cancel', asksProcess: true },
      schema: {
        summary: 'Cancel an order of which nothing has come',
        tags,
        params,
        body: z.strictObject({ reason }),
        response: { 200: purchaseProgress },
      },
    },
    async (request) => {
      const place = await purchaseInScope(deps, request, request.params.poNumber)
      return commandPurchase(deps, place, p2p.cancelPurchase, request.body, request)
    },
  )
}

function toDraft(drafted: {
  supplier: string
  note?: string | undefined
  shipsToOrder?: string | undefined
  lines: { [K in keyof p2p.PurchaseLineDraft]: p2p.PurchaseLineDraft[K] | undefined }[]
}): p2p.PurchaseDraft {
  return JSON.parse(JSON.stringify(drafted)) as p2p.PurchaseDraft
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
