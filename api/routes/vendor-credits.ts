import { z } from 'zod'
import { readCsvCredits } from '#connectors/bills/csv-credits'
import { readX12Credits } from '#connectors/edi/x12-credit'
import { listVendorCredits, type VendorCreditRow } from '#db/queries/vendor-credits'
import { matchCredit } from '#db/stores/credit-matching'
import { lockCredit } from '#db/stores/vendor-credits'
import { isInScope } from '#domain/scopes'
import type { CreditDocument } from '#domain/purchasing/credit-document'
import { billFile, documentsOf, takeEach, toldOfDocument } from '../bill-files.ts'
import { billNumber, recoverableTaxes } from '../bill-schemas.ts'
import { commandRoute } from '../command-route.ts'
import { takeCredit } from '../credit-commands.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { documentNo } from '../document-schemas.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, businessDate, code, currency, minorText, money } from '../schemas.ts'
import { visible } from '../scope.ts'

const tags = ['vendor-credits']
const text = z.string()
const params = z.object({ creditId: bigId })
const state = z.enum(['unmatched', 'open', 'used'])
const credit = z.object({
  id: text,
  entity: text,
  supplier: text,
  number: text,
  creditedOn: text,
  total: money,
  left: money.describe('What may still be taken off bills.'),
  source: text,
  capturedBy: text,
  state: text.describe('unmatched, open or used'),
  returnNo: text.nullable(),
  billNumber: text.nullable(),
  matchedBy: text.nullable(),
  matchedOn: text.nullable(),
  claimMinor: text.nullable().describe('What it took of the claim for its return.'),
  disputedMinor: text.nullable().describe('What of its bill was disputed and is answered by it.'),
  payments: z.array(z.object({ runId: text, billId: text, state: text, minor: text })),
})
const creditFor = {
  returnNo: documentNo.optional().describe('The goods that went back.'),
  billNumber: billNumber.optional().describe('The vendor’s number of the bill that was too dear.'),
}
const isForOne = (given: { returnNo?: unknown; billNumber?: unknown }) =>
  given.returnNo === undefined || given.billNumber === undefined
const forOne = { error: 'send a return or a bill, not both' }
const creditInput = z
  .strictObject({
    supplier: code,
    number: billNumber,
    creditedOn: businessDate,
    currency: currency.optional(),
    ...creditFor,
    netMinor: minorText.describe('Before recoverable tax; above zero.'),
    taxes: recoverableTaxes,
    totalMinor: minorText.describe('What the vendor gives back, tax included.'),
  })
  .refine(isForOne, forOne)

/** What vendors give back: written down, matched with what it is for, taken off what is paid. */
export async function vendorCreditRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addCapture(server, deps)
  addFiles(server, deps)
  addMatch(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/vendor-credits',
    {
      config: { permission: 'bills:read' },
      schema: {
        summary: 'Vendors’ credit notes, newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: state.optional(),
          supplier: code.optional(),
        }),
        response: { 200: pageOf(credit) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listVendorCredits(db, { ...filter, before, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toCredit)
    },
  )
  server.get(
    '/vendor-credits/:creditId',
    {
      config: { permission: 'bills:read' },
      schema: {
        summary: 'One credit note, with the payments that it was taken off',
        tags,
        params,
        response: { 200: credit },
      },
    },
    async ({ params: { creditId }, principal }) => {
      const found = await creditOf(db, creditId)
      return toCredit(visible(principal, found, 'credit note', ({ entity }) => ({ entity })))
    },
  )
}

/** Whoever asks is looked at afterwards, so that what is hidden and what is not there look alike. */
async function creditOf(
  db: Parameters<typeof listVendorCredits>[0],
  creditId: string,
): Promise<VendorCreditRow | undefined> {
  const scopes = { entities: null, channels: null, sites: null }
  const ask = { id: BigInt(creditId), before: MAX_BIGINT, limit: 1, scopes }
  return (await listVendorCredits(db, ask))[0]
}

function addCapture(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/vendor-credits',
    {
      config: { permission: 'bills:create' },
      schema: {
        summary:
          'Write a vendor’s credit note down; it is matched and posted where it is known for what',
        description:
          'Named by nobody, it is for the one return of this vendor that waits for exactly this much; else it is `unmatched`. The same credit note again is the one that is known.',
        tags,
        body: creditInput,
        response: { 201: credit },
      },
    },
    async (request, reply) => {
      const document = toDocument(request.body)
      const taken = await takeCredit(deps, request, request.commandKey, {
        ...{ document, source: 'typed' },
      })
      return reply.code(201).send(toCredit((await creditOf(deps.db, taken.creditId))!))
    },
  )
}

function toDocument(given: z.output<typeof creditInput>): CreditDocument {
  return {
    ...{ supplier: given.supplier, supplierEdiId: null, number: given.number },
    creditedOn: given.creditedOn,
    currency: given.currency ?? null,
    returnNo: given.returnNo ?? null,
    billNumber: given.billNumber ?? null,
    netMinor: BigInt(given.netMinor),
    taxes: given.taxes.map(({ jurisdiction, taxCode, amountMinor }) => ({
      jurisdiction: jurisdiction ?? null,
      taxCode,
      amountMinor: BigInt(amountMinor),
    })),
    totalMinor: BigInt(given.totalMinor),
  }
}

const taken = toldOfDocument.extend({
  outcome: z.enum(['known', 'matched', 'unmatched', 'refused']),
  creditId: text.nullable(),
})
type Outcome = Pick<z.output<typeof taken>, 'outcome' | 'creditId'>

function addFiles(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/vendor-credits/files',
    {
      config: { permission: 'bills:create' },
      schema: {
        summary:
          'Take credit notes from a file: CSV, or an X12 interchange of 810 with BIG07 CR or CN',
        description:
          'A damaged envelope refuses the file; a credit note that cannot be read or matched is refused by itself.',
        tags,
        body: billFile,
        response: { 200: z.object({ items: z.array(taken) }) },
      },
    },
    async (request) => {
      const { format, content, lenient } = request.body
      const found =
        format === 'csv'
          ? documentsOf(readCsvCredits(content), ({ credit: read }) => read)
          : documentsOf(readX12Credits(content, { lenient }), ({ credit: read }) => read)
      const take = (document: CreditDocument, place: string): Promise<Outcome> =>
        takeCredit(deps, request, `${request.commandKey}/${place}`, { document, source: format })
      return { items: await takeEach(found, take, { outcome: 'refused', creditId: null }) }
    },
  )
}

function addMatch(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/vendor-credits/:creditId/match',
    permission: 'bills:update',
    summary: 'Say what a credit note is for that nobody has matched; it is posted',
    tags,
    params,
    body: z
      .strictObject(creditFor)
      .refine((given) => isForOne(given) && Object.values(given).some(Boolean), forOne),
    response: { 204: z.null() },
    work: async (tx, { body, params: { creditId }, principal }) => {
      const found = await creditOf(tx, creditId)
      if (!found || !isInScope(principal.scopes, { entity: found.entity }))
        throw notFound('credit note')
      await matchCredit(tx, await lockCredit(tx, found.id), body, principal.actor)
      return {}
    },
  })
}

function toCredit({ currency: money, grossMinor, leftMinor, ...row }: VendorCreditRow) {
  return {
    ...row,
    id: row.id.toString(),
    total: { currency: money, minor: grossMinor.toString() },
    left: { currency: money, minor: leftMinor.toString() },
    claimMinor: row.claimMinor?.toString() ?? null,
    disputedMinor: row.disputedMinor?.toString() ?? null,
  }
}
