import { z } from 'zod'
import { readCsvBills } from '#connectors/bills/csv-bills'
import { readX12Bills } from '#connectors/edi/x12-bill'
import { billDetail, listBills, type BillRow } from '#db/queries/bills'
import type { BillDocument } from '#domain/purchasing/bill-document'
import { takeNewBill, writeBillDown } from '../bill-commands.ts'
import { billFile, documentsOf, takeEach, toldOfDocument } from '../bill-files.ts'
import { billDetailSchema, billInput, billParams, billSummary } from '../bill-schemas.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { HttpProblem } from '../problem.ts'
import { code, shortText } from '../schemas.ts'
import { visible } from '../scope.ts'

const tags = ['vendor-bills']
const text = z.string()

/** What vendors want: written down, matched, decided, and where each stands. */
export async function vendorBillRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addCapture(server, deps)
  addFiles(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/vendor-bills',
    {
      config: { permission: 'bills:read' },
      schema: {
        summary: 'Vendors’ bills, newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: shortText.optional(),
          supplier: code.optional(),
        }),
        response: { 200: pageOf(billSummary) },
      },
    },
    async ({ query, principal }) => {
      const { limit, cursor, ...filter } = query
      const rows = await listBills(db, {
        ...filter,
        before: idCursor(cursor, MAX_BIGINT),
        limit: limit + 1,
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => row.id, toBill)
    },
  )
  server.get(
    '/vendor-bills/:billId',
    {
      config: { permission: 'bills:read' },
      schema: {
        summary: 'One bill, with what each line was matched with',
        tags,
        params: billParams,
        response: { 200: billDetailSchema },
      },
    },
    async ({ params, principal }) => {
      const found = await billDetail(db, BigInt(params.billId))
      const bill = visible(principal, found, 'bill', ({ entity }) => ({ entity }))
      return { ...bill, ...toBill(bill) }
    },
  )
}

function addCapture(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/vendor-bills',
    {
      config: { permission: 'bills:create', asksProcess: true },
      schema: {
        summary: 'Write a vendor’s bill down; it is checked, matched and posted when it is clean',
        description:
          'What is not clean waits in `/exceptions`. Freight, duty and insurance name in `landedCost` the receipt lines that bear them. The same bill again is the one that is known.',
        tags,
        body: billInput,
        response: { 201: billDetailSchema },
      },
    },
    async (request, reply) => {
      const { entity, landedCost, ...given } = request.body
      const { billId } = await takeNewBill(deps, request, {
        document: toDocument(given),
        source: 'typed',
        entity,
        ...(landedCost ? { landedCost: toLandedCost(landedCost) } : {}),
      })
      const bill = (await billDetail(deps.db, BigInt(billId)))!
      return reply.code(201).send({ ...bill, ...toBill(bill) })
    },
  )
}

type Given = z.output<typeof billInput>

function toDocument(given: Omit<Given, 'entity' | 'landedCost'>): BillDocument {
  return {
    supplier: given.supplier,
    supplierEdiId: null,
    number: given.number,
    billedOn: given.billedOn,
    currency: given.currency ?? null,
    poNumber: given.poNumber ?? null,
    terms: given.terms ?? null,
    lines: given.lines.map((line, n) => ({
      kind: line.kind,
      sku: line.sku ?? null,
      vendorSku: line.vendorSku ?? null,
      description: line.description,
      qty: unitsOf(line, n),
      netMinor: BigInt(line.netMinor),
      poNumber: line.poNumber ?? null,
      receiptNo: line.receiptNo ?? null,
    })),
    taxes: given.taxes.map((tax) => ({
      jurisdiction: tax.jurisdiction ?? null,
      taxCode: tax.taxCode,
      amountMinor: BigInt(tax.amountMinor),
    })),
    totalMinor: BigInt(given.totalMinor),
  }
}

function unitsOf({ kind, qty }: Given['lines'][number], n: number): bigint {
  const units = BigInt(qty)
  if ((kind === 'goods') !== units > 0n)
    throw new HttpProblem({
      status: 422,
      code: 'InvalidInput',
      title: 'A quantity does not fit its line',
      detail: 'Goods have units, a charge has none.',
      errors: [
        { field: `body.lines.${n}.qty`, message: 'send units for goods, none for a charge' },
      ],
    })
  return units
}

function toLandedCost({ receiptLines, ...how }: NonNullable<Given['landedCost']>) {
  return {
    ...how,
    receiptLines: receiptLines.map(({ manualMinor, ...line }) => ({
      ...line,
      ...(manualMinor === undefined ? {} : { manualMinor: BigInt(manualMinor) }),
    })),
  }
}

const taken = toldOfDocument.extend({
  outcome: z.enum(['captured', 'known', 'refused']),
  billId: text.nullable(),
})
type Outcome = Pick<z.output<typeof taken>, 'outcome' | 'billId'>

function addFiles(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/vendor-bills/files',
    {
      config: { permission: 'bills:create' },
      schema: {
        summary: 'Take bills from a file: CSV, or an X12 interchange of 810',
        description:
          'A damaged envelope refuses the file; a bill that cannot be read is refused by itself. Processes are told within seconds.',
        tags,
        body: billFile,
        response: { 202: z.object({ items: z.array(taken) }) },
      },
    },
    async (request, reply) => {
      const { format, content, lenient } = request.body
      const found =
        format === 'csv'
          ? documentsOf(readCsvBills(content), ({ bill }) => bill)
          : documentsOf(readX12Bills(content, { lenient }), ({ bill }) => bill)
      const take = async (document: BillDocument, place: string): Promise<Outcome> => {
        const key = `${request.commandKey}/${place}`
        const bill = await writeBillDown(deps, request, key, { document, source: format })
        return { outcome: bill.known ? 'known' : 'captured', billId: bill.billId }
      }
      const items = await takeEach(found, take, { outcome: 'refused', billId: null })
      return reply.code(202).send({ items })
    },
  )
}

function toBill({ grossMinor, postedMinor, currency, ...row }: BillRow) {
  return {
    ...row,
    id: row.id.toString(),
    total: { currency, minor: grossMinor.toString() },
    owed: postedMinor === null ? null : { currency, minor: postedMinor.toString() },
  }
}
