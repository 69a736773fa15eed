import { z } from 'zod'
import { requestVendorReturn } from '#clients/stock-documents'
import * as contract from '#contracts/vendor-return'
import { listVendorReturns, placeOfReceipt, type VendorReturnRow } from '#db/queries/vendor-returns'
import { documentCommand, documentRequest } from '../document-routes.ts'
import { documentNo, someUnits } from '../document-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { businessDate, code, money, positiveInt, reason } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['vendor returns']
const text = z.string()
const params = z.object({ returnNo: documentNo })
const receiptNo = z.string().min(1).max(80)
const vendorReturn = z.object({
  id: text,
  returnNo: text,
  entity: text,
  site: text,
  receiptNo: text,
  party: text,
  phase: text,
  version: z.int(),
  reason: text,
  requestedBy: text,
  reference: text.nullable(),
  shippedOn: text.nullable(),
  uncredited: money.describe('What the supplier is still to credit.'),
  lines: z.array(
    z.object({
      receiptLineNo: z.int(),
      sku: text,
      condition: text.describe('From where the units leave.'),
      qty: text,
      state: text,
      unbilledQty: text.nullable().describe('Units that no bill had matched when they left.'),
      creditMinor: text.nullable().describe('What was billed for the others.'),
      costMinor: text.nullable(),
    }),
  ),
})
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const wish = z.strictObject({
  returnNo: documentNo,
  receiptNo,
  reason,
  lines: z
    .array(z.strictObject({ receiptLineNo: positiveInt, qty: someUnits }))
    .min(1)
    .max(200)
    .refine((lines) => new Set(lines.map((line) => line.receiptLineNo)).size === lines.length, {
      error: 'send one line a line of the receipt',
    }),
})
const shipment = z.strictObject({
  reference: documentNo.describe('The warehouse’s own reference; telling it twice is once.'),
  shippedOn: businessDate.optional(),
  expectedVersion,
})
const cancellation = z.strictObject({ reason, expectedVersion })

/** Goods that go back to whoever sent them. */
export async function vendorReturnRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addRequest(server, deps)
  addCommands(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/vendor-returns',
    {
      config: { permission: 'receipts:read' },
      schema: {
        summary: 'Returns to suppliers, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          receiptNo: receiptNo.optional(),
        }),
        response: { 200: pageOf(vendorReturn) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const after = idCursor(cursor)
      const rows = await listVendorReturns(db, { ...filter, after, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toVendorReturn)
    },
  )
  server.get(
    '/vendor-returns/:returnNo',
    {
      config: { permission: 'receipts:read' },
      schema: {
        summary: 'One return to a supplier',
        tags,
        params,
        response: { 200: vendorReturn },
      },
    },
    async ({ params: { returnNo }, principal }) =>
      toVendorReturn(await returnInScope(db, principal, returnNo)),
  )
}

function addRequest(server: ApiServer, deps: ApiDeps): void {
  documentRequest(server, deps, {
    ...{ url: '/vendor-returns', tags, permission: 'purchase-orders:update', body: wish },
    summary: 'Hold units of a receipt that go back to its supplier',
    update: contract.vendorReturnRequested,
    begin: requestVendorReturn,
    ask: async (principal, body) => {
      const place = await placeOfReceipt(deps.db, body.receiptNo)
      if (!place) throw notFound('receipt')
      requireScope(principal, place)
      return { ...body, site: place.site }
    },
  })
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  const returns = {
    ...{ url: '/vendor-returns/:returnNo', tags, params, subject: 'vendor-return' as const },
    find: (principal: Principal, { returnNo }: z.output<typeof params>) =>
      returnInScope(deps.db, principal, returnNo),
  }
  documentCommand(server, deps, returns, {
    ...{ path: 'shipment', permission: 'receipts:confirm', body: shipment },
    summary: 'Say that the goods of a return have left',
    update: contract.shipVendorReturn,
  })
  documentCommand(server, deps, returns, {
    ...{ path: 'cancellation', permission: 'purchase-orders:update', body: cancellation },
    summary: 'Keep the goods of a return that have not left',
    update: contract.cancelVendorReturn,
  })
  documentCommand(server, deps, returns, {
    ...{ path: 'claim-end', permission: 'bills:approve', body: cancellation },
    summary: 'Give up what a supplier still owes for a return: it credits no more',
    update: contract.giveUpVendorClaim,
  })
}

async function returnInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  no: string,
): Promise<VendorReturnRow> {
  const [found] = await listVendorReturns(db, { no, after: 0n, limit: 1, scopes })
  if (!found) throw notFound('vendor return')
  return found
}

function toVendorReturn(row: VendorReturnRow) {
  const { id, no, currency, uncreditedMinor, workflowId: _, ...rest } = row
  return {
    ...rest,
    id: id.toString(),
    returnNo: no,
    uncredited: { currency, minor: uncreditedMinor.toString() },
  }
}
