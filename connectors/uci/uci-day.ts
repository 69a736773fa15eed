import type { OrderDocument } from '#contracts/order-intake'
import { CsvRecords, type CsvRecord } from '../csv-records.ts'
import { Field } from '../field.ts'
import { readUciOrder } from './uci-order.ts'
import type { UciRow } from './uci-row.ts'
import { chargeKind, type UciChargeKind } from './uci-stock-codes.ts'

const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const

type Column = (typeof COLUMNS)[number]

/**
 * Goods sent back or money given back. The file does not say which invoice it belongs to: match
 * by customer, stock code and price. `quantity` and the amounts are positive.
 */
export interface UciCancellation {
  invoice: string
  row: number
  customerId: string | null
  sku: string
  title: string
  kind: UciChargeKind
  quantity: number
  unitPriceMinor: string
  amountMinor: string
  cancelledAt: string
}

export interface UciRejection {
  row: number
  field: string
  code: string
  message: string
  raw: string
}

export interface UciDay {
  orders: OrderDocument[]
  cancellations: UciCancellation[]
  /** The goods sold, as first seen that day, for setting up the catalogue. */
  items: { sku: string; title: string; priceMinor: string }[]
  rejected: UciRejection[]
  /** Rows of the file: `total` is the sum of the other three. */
  rows: { total: number; ordered: number; cancelled: number; rejected: number }
}

/**
 * Reads one day of the UCI Online Retail file (CSV with a header line, pounds sterling, times
 * taken as UTC). An invoice becomes an order on `channel`, on account when the customer is known
 * and paid over the counter otherwise. Never throws; a row that is no sale is in `rejected` with
 * its line number. Accepted and rejected rows together are all rows.
 */
export function readUciDay(csvText: string, channel = 'uci-wholesale'): UciDay {
  const day = newDay()
  const invoices = new Map<string, UciRow[]>()
  for (const record of recordsOf(csvText)) {
    day.rows.total++
    const row = readRow(record, day.rejected)
    if (row === null) day.rows.rejected++
    else if (row.invoice.startsWith('C')) day.cancellations.push(cancellation(row))
    else if (invoices.has(row.invoice)) invoices.get(row.invoice)!.push(row)
    else invoices.set(row.invoice, [row])
  }
  day.rows.cancelled = day.cancellations.length
  for (const rows of invoices.values()) takeInvoice(day, rows, channel)
  day.items = itemsOf([...invoices.values()].flat())
  day.rejected.sort((a, b) => a.row - b.row)
  return day
}

function newDay(): UciDay {
  return {
    orders: [],
    cancellations: [],
    items: [],
    rejected: [],
    rows: { total: 0, ordered: 0, cancelled: 0, rejected: 0 },
  }
}

function takeInvoice(day: UciDay, rows: UciRow[], channel: string): void {
  const order = readUciOrder(rows, channel)
  if (order.ok) {
    day.orders.push(order.value)
    day.rows.ordered += rows.length
    return
  }
  const [problem] = order.problems
  for (const { row, invoice } of rows) {
    const { code, field, message } = problem!
    day.rejected.push({ row, field, code, message: `invoice ${invoice}: ${message}`, raw: invoice })
  }
  day.rows.rejected += rows.length
}

function* recordsOf(csvText: string): Generator<CsvRecord> {
  const records = new CsvRecords()
  const lines = csvText.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  for (const [n, line] of lines.entries()) {
    for (const record of records.push(n + 1, line)) if (record.row > 1) yield record
  }
  for (const record of records.end()) if (record.row > 1) yield record
}

/** The row, or null after it was rejected for its first problem. */
function readRow(record: CsvRecord, rejected: UciRejection[]): UciRow | null {
  const { row, cells, raw } = record
  const reject = (code: string, field: Column | 'row', message: string): null => {
    rejected.push({ row, field, code, message: `row ${row}, ${field}: ${message}`, raw })
    return null
  }
  if (cells === null) return reject('malformed-row', 'row', 'a quote is not closed')
  if (cells.length !== COLUMNS.length) {
    return reject('malformed-row', 'row', `has ${cells.length} columns, not ${COLUMNS.length}`)
  }
  const cellOf = new Field(Object.fromEntries(COLUMNS.map((name, n) => [name, cells[n]])), [])
  const read = readCells(cellOf, row)
  const [problem] = cellOf.problems
  if (problem) return reject(problem.code, problem.field as Column, problem.message)
  const refusal = businessRefusal(read, cells[COLUMNS.indexOf('UnitPrice')]!)
  return refusal ? reject(refusal[0], refusal[1], refusal[2]) : read
}

function readCells(cell: Field, row: number): UciRow {
  const quantity = cell.at('Quantity').quantity(-1_000_000)
  const sku = cell.at('StockCode').needId()
  return {
    row,
    invoice: cell.at('InvoiceNo').needId().toUpperCase(),
    sku,
    title: cell.at('Description').text() ?? '',
    quantity,
    amountMinor: cell.at('UnitPrice').amountTimes(quantity, 'GBP') ?? 0n,
    invoicedAt: cell.at('InvoiceDate').needInstant('utc'),
    unitPriceMinor: cell.at('UnitPrice').needAmount('GBP'),
    // The file was written by a program that took customer numbers for decimals.
    customerId: cell.at('CustomerID').id()?.replace(/\.0$/, '') ?? null,
    country: cell.at('Country').text() ?? '',
    kind: chargeKind(sku),
  }
}

/** Why a sound row is nothing that was sold or sent back. */
function businessRefusal(row: UciRow, price: string): [string, Column, string] | null {
  if (row.invoice.startsWith('A')) {
    return ['bad-debt', 'InvoiceNo', 'writes off a debt; that is an entry in the books, no sale']
  }
  if (row.kind === 'cost') {
    return ['not-a-sale', 'StockCode', `${row.sku} is a fee or a sample of ours, no sale`]
  }
  const cancels = row.invoice.startsWith('C')
  if (cancels && row.quantity >= 0) {
    return ['quantity-not-negative', 'Quantity', 'must be below 0 on a cancellation']
  }
  if (!cancels && row.quantity <= 0 && row.kind !== 'discount') {
    return ['quantity-not-positive', 'Quantity', 'must be above 0 on an invoice: a write-off']
  }
  if (/^\s*-|^[\s0.]*$/.test(price)) {
    return ['price-not-positive', 'UnitPrice', `must be above 0, is ${price}: stock was adjusted`]
  }
  if (row.kind === 'discount' && row.quantity >= 0) {
    return ['quantity-not-negative', 'Quantity', 'must be below 0 on a discount']
  }
  return null
}

function cancellation(row: UciRow): UciCancellation {
  return {
    invoice: row.invoice,
    row: row.row,
    customerId: row.customerId,
    sku: row.sku,
    title: row.title,
    kind: row.kind,
    quantity: -row.quantity,
    unitPriceMinor: row.unitPriceMinor.toString(),
    amountMinor: (-row.amountMinor).toString(),
    cancelledAt: row.invoicedAt,
  }
}

function itemsOf(rows: readonly UciRow[]): UciDay['items'] {
  const items = new Map<string, UciDay['items'][number]>()
  for (const row of rows) {
    if (row.kind !== 'goods' && row.kind !== 'gift-card') continue
    const known = items.get(row.sku)
    if (known && known.title !== '') continue
    const priceMinor = known?.priceMinor ?? row.unitPriceMinor.toString()
    items.set(row.sku, { sku: row.sku, title: row.title, priceMinor })
  }
  return [...items.values()]
}
