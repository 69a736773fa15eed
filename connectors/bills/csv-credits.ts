import type { CreditDocument } from '#domain/purchasing/credit-document'
import type { DocumentProblem } from '#domain/orders/document'
import { CsvRecords } from '../csv-records.ts'
import { decimalTimes } from '../decimal.ts'
import { accepted, refused, type Translated } from '../result.ts'

const REQUIRED = ['supplier', 'credit_no', 'credited_on', 'currency', 'net', 'total']

/** One credit note of a file, or why it is none. */
export interface CsvCredit {
  row: number
  credit: Translated<CreditDocument>
}

/**
 * Reads credit notes from a CSV file with a header line and one row a note. Amounts are decimals
 * above zero in its currency; `tax` is recoverable tax. `return_no` or `bill_no` say what it is
 * for. A row that cannot be read refuses its note alone.
 */
export function readCsvCredits(text: string): Translated<CsvCredit[]> {
  const records = new CsvRecords()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const found = [...lines.flatMap((line, n) => records.push(n + 1, line)), ...records.end()]
  const header = found.shift()?.cells?.map((cell) => cell.trim().toLowerCase())
  const missing = REQUIRED.filter((column) => !header?.includes(column))
  if (!header || missing.length > 0)
    return refused('columns', '$', `the header lacks ${missing.join(', ')}`)
  return accepted(
    found.map(({ row, cells }) => {
      if (!cells || cells.length > header.length)
        return { row, credit: refused('row', `row ${row}`, 'look for a stray quote or comma') }
      const cell = (name: string) => (cells[header.indexOf(name)] ?? '').trim()
      return { row, credit: readCredit(row, cell) }
    }),
  )
}

function readCredit(row: number, cell: (name: string) => string): Translated<CreditDocument> {
  const problems: DocumentProblem[] = []
  const wrong = (code: string, name: string, message: string) =>
    problems.push({ code, field: `row ${row}.${name}`, message })
  for (const name of ['supplier', 'credit_no'])
    if (!cell(name)) wrong('missing', name, 'fill it in')
  const currency = cell('currency')
  if (!/^[A-Z]{3}$/.test(currency)) wrong('currency', 'currency', 'send an ISO 4217 code')
  const on = cell('credited_on')
  if (!/^\d{4}-\d\d-\d\d$/.test(on) || Number.isNaN(Date.parse(`${on}T00:00:00Z`)))
    wrong('date', 'credited_on', 'send a date such as 2026-01-31')
  if (problems.length > 0) return { ok: false, problems }
  const amounts = { net: 0n, tax: 0n, total: 0n }
  for (const name of ['net', 'tax', 'total'] as const) {
    const minor = decimalTimes(cell(name) || '0', 1, currency)
    if (minor === null || minor < 0n) wrong('amount', name, 'send a decimal from 0')
    else amounts[name] = minor
  }
  if (problems.length > 0) return { ok: false, problems }
  const { net, tax, total } = amounts
  if (net + tax !== total)
    return refused(
      'total-mismatch',
      `row ${row}.total`,
      `net and tax come to ${net + tax} minor units, the total to ${total}`,
    )
  const jurisdiction = cell('tax_jurisdiction') || null
  const taxCode = cell('tax_code') || 'standard'
  return accepted({
    ...{ supplier: cell('supplier'), supplierEdiId: null, number: cell('credit_no') },
    ...{ creditedOn: on, currency, netMinor: net, totalMinor: total },
    ...{ returnNo: cell('return_no') || null, billNumber: cell('bill_no') || null },
    taxes: tax > 0n ? [{ jurisdiction, taxCode, amountMinor: tax }] : [],
  })
}
