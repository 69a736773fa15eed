import type { DocumentProblem } from '#domain/orders/document'
import { sum } from '#domain/money'
import type { BillDocument, BillDocumentLine } from '#domain/purchasing/bill-document'
import { CsvRecords } from '../csv-records.ts'
import { decimalTimes } from '../decimal.ts'
import { accepted, refused, type Translated } from '../result.ts'

const REQUIRED = ['supplier', 'bill_no', 'billed_on', 'currency', 'qty', 'unit_price', 'total']
const OPTIONAL = ['po', 'receipt', 'sku', 'vendor_sku', 'description', 'tax', 'tax_jurisdiction']
const COLUMNS = [...REQUIRED, ...OPTIONAL, 'tax_code', 'kind']

/** One bill of a file, or why it is none; `row` is that of its first line. */
export interface CsvBill {
  row: number
  bill: Translated<BillDocument>
}

type Row = Record<string, string>

/**
 * Reads bills from a CSV file with a header line and one row for each line of a bill; rows of a
 * bill stand together and repeat supplier and number. Amounts are decimals in its currency. `kind`
 * is `goods` unless it says `charge`; `tax` is recoverable tax of the row. A row that cannot be
 * read refuses its bill alone.
 */
export function readCsvBills(text: string): Translated<CsvBill[]> {
  const records = new CsvRecords()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const found = [...lines.flatMap((line, n) => records.push(n + 1, line)), ...records.end()]
  const header = found.shift()?.cells?.map((cell) => cell.trim().toLowerCase())
  const missing = REQUIRED.filter((column) => !header?.includes(column))
  if (!header || missing.length > 0)
    return refused('columns', '$', `the header lacks ${missing.join(', ')}`)
  const bills: { row: number; key: string; rows: (Row | null)[] }[] = []
  for (const { row, cells } of found) {
    const values = cells && rowOf(header, cells)
    const key = values ? `${values['supplier']}\n${values['bill_no']}` : (bills.at(-1)?.key ?? '')
    if (bills.at(-1)?.key !== key) bills.push({ row, key, rows: [] })
    bills.at(-1)!.rows.push(values)
  }
  return accepted(bills.map(({ row, rows }) => ({ row, bill: readBill(row, rows) })))
}

function rowOf(header: readonly string[], cells: readonly string[]): Row | null {
  if (cells.length > header.length) return null
  const known = header.flatMap((name, n) =>
    COLUMNS.includes(name) ? [[name, (cells[n] ?? '').trim()]] : [],
  )
  return Object.fromEntries(known) as Row
}

function readBill(row: number, rows: readonly (Row | null)[]): Translated<BillDocument> {
  if (rows.some((each) => each === null))
    return refused('row', `row ${row}`, 'a row cannot be read: look for a stray quote or comma')
  const read = rows as Row[]
  const head = read[0]!
  const problems = headProblems(head, row)
  const currency = head['currency']!
  const lines = read.map((each, n) => lineOf(each, currency, row + n, problems))
  const totalMinor = decimalTimes(head['total']!, 1, currency)
  if (totalMinor === null) problems.push(problem('amount', `row ${row}.total`, 'send a decimal'))
  if (problems.length > 0) return { ok: false, problems }
  const taxes = taxesOf(read, currency)
  const comesTo = sum([
    ...lines.map(({ netMinor }) => netMinor),
    ...taxes.map(({ amountMinor }) => amountMinor),
  ])
  if (comesTo !== totalMinor)
    return refused(
      'total-mismatch',
      `row ${row}.total`,
      `lines and taxes come to ${comesTo} minor units, the total to ${totalMinor}`,
    )
  return accepted({
    supplier: head['supplier']!,
    supplierEdiId: null,
    number: head['bill_no']!,
    billedOn: head['billed_on']!,
    currency,
    poNumber: head['po'] || null,
    terms: null,
    lines,
    taxes,
    totalMinor: totalMinor!,
  })
}

function headProblems(head: Row, row: number): DocumentProblem[] {
  const problems: DocumentProblem[] = []
  for (const name of ['supplier', 'bill_no'])
    if (!head[name]) problems.push(problem('missing', `row ${row}.${name}`, 'fill it in'))
  if (!/^[A-Z]{3}$/.test(head['currency']!))
    problems.push(problem('currency', `row ${row}.currency`, 'send an ISO 4217 code'))
  const on = head['billed_on']!
  if (!/^\d{4}-\d\d-\d\d$/.test(on) || Number.isNaN(Date.parse(`${on}T00:00:00Z`)))
    problems.push(problem('date', `row ${row}.billed_on`, 'send a date such as 2026-01-31'))
  return problems
}

function lineOf(
  row: Row,
  currency: string,
  at: number,
  problems: DocumentProblem[],
): BillDocumentLine {
  const kind = row['kind'] === 'charge' ? 'charge' : 'goods'
  const qtyText = row['qty']!
  const isQty = /^\d{1,12}$/.test(qtyText) && BigInt(qtyText) > 0n
  if (!isQty) problems.push(problem('quantity', `row ${at}.qty`, 'send whole units from 1'))
  const qty = isQty ? BigInt(qtyText) : 0n
  const netMinor = decimalTimes(row['unit_price']!, Number(qty), currency)
  if (netMinor === null || (netMinor < 0n && kind === 'goods'))
    problems.push(problem('price', `row ${at}.unit_price`, 'send a decimal from 0'))
  return {
    kind,
    sku: row['sku'] || null,
    vendorSku: row['vendor_sku'] || null,
    description: row['description'] || row['sku'] || row['vendor_sku'] || `row ${at}`,
    qty: kind === 'charge' ? 0n : qty,
    netMinor: netMinor ?? 0n,
    poNumber: row['po'] || null,
    receiptNo: row['receipt'] || null,
  }
}

function taxesOf(rows: readonly Row[], currency: string): BillDocument['taxes'] {
  const taxes = new Map<string, BillDocument['taxes'][number]>()
  for (const row of rows) {
    const amountMinor = decimalTimes(row['tax'] || '0', 1, currency) ?? 0n
    if (amountMinor === 0n) continue
    const jurisdiction = row['tax_jurisdiction'] || null
    const taxCode = row['tax_code'] || 'standard'
    const key = `${jurisdiction}/${taxCode}`
    const so = taxes.get(key)?.amountMinor ?? 0n
    taxes.set(key, { jurisdiction, taxCode, amountMinor: so + amountMinor })
  }
  return [...taxes.values()]
}

function problem(code: string, field: string, message: string): DocumentProblem {
  return { code, field, message }
}
