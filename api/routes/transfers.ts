import { z } from 'zod'
import { requestTransfer } from '#clients/stock-documents'
import * as contract from '#contracts/transfer'
import { listTransfers, type TransferRow } from '#db/queries/transfers'
import { readSite } from '#db/queries/masters'
import { documentCommand, documentRequest } from '../document-routes.ts'
import { documentNo, someUnits, wholeUnits } from '../document-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { lotCode } from '../lot-schemas.ts'
import { notFound } from '../problem.ts'
import { businessDate, code, money, positiveInt, reason, sku } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['transfers']
const text = z.string()
const params = z.object({ transferNo: documentNo })
const transfer = z.object({
  id: text,
  transferNo: text,
  entity: text,
  from: text,
  to: text,
  phase: text,
  version: z.int(),
  reason: text,
  dueOn: text,
  value: money,
  requestedBy: text,
  approvedBy: text.nullable(),
  recalled: z.boolean().describe('Cancelled while goods were on their way.'),
  lines: z.array(
    z.object({
      sku: text,
      qty: text,
      reserved: text,
      shipped: text,
      inTransit: text,
      received: text,
      damaged: text,
      lost: text,
      cameBack: text,
      cancelled: text,
    }),
  ),
  events: z.array(
    z.object({
      kind: text,
      reference: text,
      happenedOn: text,
      reason: text.nullable(),
      actor: text,
      valueMinor: text,
    }),
  ),
})
const reference = documentNo.describe('The warehouse’s own reference; telling it twice is once.')
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const unique = (lines: readonly { sku: string }[]) =>
  new Set(lines.map((line) => line.sku)).size === lines.length
const ONE_LINE = { error: 'send one line an item' }

const wish = z.strictObject({
  transferNo: documentNo,
  from: code,
  to: code,
  dueOn: businessDate.optional(),
  reason,
  lines: z
    .array(z.strictObject({ sku, qty: someUnits }))
    .min(1)
    .max(200)
    .refine(unique, ONE_LINE),
})
const decision = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  reason,
  expectedVersion,
})
const shipment = z.strictObject({
  reference,
  shippedOn: businessDate.optional(),
  lines: z
    .array(z.strictObject({ sku, qty: someUnits }))
    .min(1)
    .max(200)
    .refine(unique, ONE_LINE)
    .optional()
    .describe('Absent: everything that is reserved.'),
  expectedVersion,
})
const arrival = z.strictObject({
  reference,
  receivedOn: businessDate.optional(),
  lines: z
    .array(
      z.strictObject({
        sku,
        received: wholeUnits,
        damaged: wholeUnits.optional(),
        short: wholeUnits.optional().describe('Should have come with these, and did not.'),
        reason: reason.optional(),
        lots: z
          .array(
            z.strictObject({
              lot: lotCode,
              received: wholeUnits,
              damaged: wholeUnits.optional(),
            }),
          )
          .min(1)
          .max(2000)
          .optional()
          .describe('Which lots or serials came; absent: those on the way that expire first.'),
      }),
    )
    .min(1)
    .max(200)
    .refine(unique, ONE_LINE),
  expectedVersion,
})
const cancellation = z.strictObject({ reason, expectedVersion })

/** Goods from one site to another of the same company. */
export async function transferRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addRequest(server, deps)
  addCommands(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/transfers',
    {
      config: { permission: 'transfers:read' },
      schema: {
        summary: 'Transfers, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          site: code.optional(),
        }),
        response: { 200: pageOf(transfer) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      const rows = await listTransfers(db, {
        ...filter,
        after: idCursor(cursor),
        limit: limit + 1,
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => row.id, toTransfer)
    },
  )
  server.get(
    '/transfers/:transferNo',
    {
      config: { permission: 'transfers:read' },
      schema: { summary: 'One transfer', tags, params, response: { 200: transfer } },
    },
    async ({ params: { transferNo }, principal }) =>
      toTransfer(await transferInScope(db, principal, transferNo)),
  )
}

function addRequest(server: ApiServer, deps: ApiDeps): void {
  documentRequest(server, deps, {
    ...{ url: '/transfers', tags, permission: 'transfers:create', body: wish },
    summary: 'Ask for goods at another site; small ones are promised their units at once',
    update: contract.transferRequested,
    begin: requestTransfer,
    ask: async (principal, body) => {
      for (const site of [body.from, body.to])
        requireScope(principal, { site, entity: (await readSite(deps.db, site))?.entity })
      return body as contract.RequestedTransfer
    },
  })
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  const transfers = {
    ...{ url: '/transfers/:transferNo', tags, params, subject: 'transfer' as const },
    find: (principal: Principal, { transferNo }: z.output<typeof params>) =>
      transferInScope(deps.db, principal, transferNo),
  }
  /** Whoever moves goods, or decides of them, has the site where that is done in scope. */
  const at = (side: 'from' | 'to') => (principal: Principal, found: TransferRow) =>
    requireScope(principal, { entity: found.entity, site: found[side] })
  documentCommand(server, deps, transfers, {
    ...{ path: 'decision', permission: 'transfers:approve', body: decision },
    summary: 'Approve or reject a transfer that somebody else asked for',
    update: contract.decideTransfer,
    check: at('from'),
  })
  documentCommand(server, deps, transfers, {
    ...{ path: 'shipments', permission: 'transfers:confirm', body: shipment },
    summary: 'Say that goods have left the source: they are on their way, at their cost',
    update: contract.shipTransfer,
    check: at('from'),
  })
  documentCommand(server, deps, transfers, {
    ...{ path: 'arrivals', permission: 'transfers:confirm', body: arrival },
    summary: 'Receive goods of a transfer, in parts; damaged and short ones need a reason',
    update: contract.receiveTransfer,
    check: at('to'),
  })
  documentCommand(server, deps, transfers, {
    ...{ path: 'cancellation', permission: 'transfers:cancel', body: cancellation },
    summary: 'Send nothing more; goods that are on their way become a case',
    update: contract.cancelTransfer,
    check: at('from'),
  })
}

async function transferInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  no: string,
): Promise<TransferRow> {
  const [found] = await listTransfers(db, {
    no,
    after: 0n,
    limit: 1,
    scopes,
  })
  if (!found) throw notFound('transfer')
  return found
}

function toTransfer({ id, no, valueMinor, currency, workflowId: _, ...row }: TransferRow) {
  return {
    ...row,
    id: id.toString(),
    transferNo: no,
    value: { currency, minor: valueMinor.toString() },
  }
}
