import type { SettlementStatement } from '#domain/settlement/statement'
import { readTable, type TableOptions, type TableRow } from '../header-table.ts'
import { accepted, refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { decimalMark } from '../written-amounts.ts'
import { dayOrder } from '../written-days.ts'
import { amazonClass } from './amazon-class.ts'
import { everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { RowReader } from './row-reader.ts'

/** Amazon writes its headers alike in all marketplaces, apart from blanks and dashes. */
const plain = (header: string) =>
  header
    .replace(/^"|"$/g, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-')

const HEAD = ['settlement-id', 'total-amount', 'transaction-type']

/** GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2: one amount a row. */
export const AMAZON_V2: TableOptions = {
  plain,
  isHeader: (columns) => [...HEAD, 'amount-type', 'amount'].every((c) => columns.includes(c)),
}

/** GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE: up to nine amounts a row, each in its own column. */
export const AMAZON_V1: TableOptions = {
  plain,
  isHeader: (columns) =>
    [...HEAD, 'order-id'].every((c) => columns.includes(c)) &&
    !columns.includes('amount') &&
    amountColumns(columns).length > 0,
}

/** Reads the flat file V2; one statement for each settlement and currency. */
export function readAmazonV2(content: string | Uint8Array): Translated<SettlementStatement[]> {
  return readFlatFile(content, AMAZON_V2, (row, currency, reader) => {
    const words = {
      transaction: row.get('transaction-type'),
      amountType: row.get('amount-type'),
      description: row.get('amount-description'),
    }
    const amountMinor = reader.needAmount(row, currency, 'amount')
    return [{ words, amountMinor }]
  })
}

/** Reads the older flat file; one statement for each settlement and currency. */
export function readAmazonV1(content: string | Uint8Array): Translated<SettlementStatement[]> {
  return readFlatFile(content, AMAZON_V1, (row, currency, reader, columns) => {
    const transaction = row.get('transaction-type')
    const amounts = amountColumns(columns)
      .filter((column) => row.get(column) !== '')
      .map((column) => {
        const amountMinor = reader.amount(row, currency, column)
        return { words: v1Words(row, column, transaction), amountMinor }
      })
    // A row with a quantity alone tells how many units the amounts around it are for.
    if (amounts.length > 0) return amounts
    return [{ words: { transaction, amountType: 'ItemPrice', description: '' }, amountMinor: 0n }]
  })
}

/** V2's words for V1's pairs of columns, such as price-type and price-amount. */
const V1_TYPES: Record<string, string> = {
  price: 'ItemPrice',
  'item-related-fee': 'ItemFees',
  'shipment-fee': 'Shipment-Fees',
  'order-fee': 'Order-Fees',
  'misc-fee': 'Misc-Fees',
  'other-fee': 'Other-Fees',
  promotion: 'Promotion',
  'direct-payment': 'Direct-Payment',
  other: 'other-transaction',
}

function v1Words(row: TableRow, column: string, transaction: string) {
  const pair = column.replace(/-amount$/, '')
  const description = row.get(`${pair}-type`, `${pair}-reason-description`)
  return { transaction, amountType: V1_TYPES[pair] ?? pair, description }
}

function amountColumns(columns: readonly string[]): string[] {
  return columns.filter((column) => /.-amount$/.test(column) && column !== 'total-amount')
}

interface FlatAmount {
  words: Parameters<typeof amazonClass>[0]
  amountMinor: bigint
}

type AmountsOf = (
  row: TableRow,
  currency: string,
  reader: RowReader,
  columns: readonly string[],
) => FlatAmount[]

function readFlatFile(
  content: string | Uint8Array,
  options: TableOptions,
  amountsOf: AmountsOf,
): Translated<SettlementStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const table = readTable(text.value, options)
  if (!table.ok) return table
  const { rows, columns } = table.value
  const reader = flatReader(rows, columns)
  if (!reader.ok) return reader
  const settlements = settlementsOf(rows)
  if (!settlements.ok) return settlements
  const statements = settlements.value.map(({ head, rows: body }) =>
    statementOf(
      head,
      body,
      (row, currency) => amountsOf(row, currency, reader.value, columns),
      reader.value,
    ),
  )
  if (reader.value.problems.length > 0) return { ok: false, problems: reader.value.problems }
  return everyOne(statements)
}

function flatReader(rows: readonly TableRow[], columns: readonly string[]): Translated<RowReader> {
  const money = ['total-amount', 'amount', ...amountColumns(columns)]
  const mark = decimalMark(rows.flatMap((row) => money.map((column) => row.get(column))))
  if (mark === null)
    return refused('mixed-decimals', '$', 'amounts have a decimal comma here and a dot there')
  const days = ['posted-date', 'settlement-start-date', 'settlement-end-date', 'deposit-date']
  const order = dayOrder(
    rows.flatMap((row) => days.map((column) => row.get(column))),
    'dmy',
  )
  return accepted(new RowReader({ mark, order }))
}

interface FlatSettlement {
  head: TableRow
  rows: TableRow[]
}

/** The row with the total opens a settlement; rows may name it, and need to where there are several. */
function settlementsOf(rows: readonly TableRow[]): Translated<FlatSettlement[]> {
  const heads = rows.filter((row) => row.get('total-amount') !== '')
  const keys = new Set(heads.map(keyOf))
  if (heads.length === 0)
    return refused('total-missing', '$', 'no row states the total-amount of the settlement')
  if (keys.size < heads.length)
    return refused('duplicate-settlement', '$', 'two rows state the total of one settlement')
  const found = heads.map((head): FlatSettlement => ({ head, rows: [] }))
  for (const row of rows.filter((each) => each.get('total-amount') === '')) {
    const mine = found.filter(({ head }) => isOf(row, head))
    if (mine.length !== 1)
      return refused(
        'settlement-unknown',
        `row ${row.row}, settlement-id`,
        `row ${row.row} belongs to no settlement whose total the file states, or to several`,
      )
    mine[0]!.rows.push(row)
  }
  return accepted(found)
}

const keyOf = (row: TableRow) => `${row.get('settlement-id')}/${row.get('currency')}`

/** A row that leaves out settlement or currency is of any. */
function isOf(row: TableRow, head: TableRow): boolean {
  return ['settlement-id', 'currency'].every((column) => {
    const named = row.get(column)
    return named === '' || named === head.get(column)
  })
}

function statementOf(
  head: TableRow,
  rows: readonly TableRow[],
  amountsOf: (row: TableRow, currency: string) => FlatAmount[],
  reader: RowReader,
): Translated<SettlementStatement> {
  const currency = reader.currency(head, 'currency')
  const totalMinor = reader.needAmount(head, currency, 'total-amount')
  const statementId = reader.text(head, 'settlement-id') ?? ''
  if (statementId === '') reader.refuse(head, 'settlement-id', 'missing-field', 'is missing')
  const from = reader.day(head, 'settlement-start-date') || undefined
  const to = reader.day(head, 'settlement-end-date') || undefined
  const depositedOn = reader.day(head, 'deposit-date') || undefined
  const lines = rows.flatMap((row) =>
    linesOf(row, amountsOf(row, currency), to ?? depositedOn, reader),
  )
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return footedStatement(
    {
      provider: 'amazon',
      account: '',
      statementId,
      currency,
      from,
      to,
      depositedOn,
      totalMinor,
      payoutMinor: totalMinor,
    },
    lines,
    `row ${head.row}, total-amount`,
  )
}

function linesOf(
  row: TableRow,
  amounts: readonly FlatAmount[],
  lastDay: string | undefined,
  reader: RowReader,
): LineDraft[] {
  const postedOn = reader.day(row, 'posted-date', 'posted-date-time') || lastDay
  if (postedOn === undefined) reader.refuse(row, 'posted-date', 'missing-field', 'is missing')
  const named = {
    postedOn: postedOn ?? '',
    orderReference: reader.text(row, 'order-id'),
    itemReference: reader.text(row, 'order-item-code'),
    sku: reader.text(row, 'sku'),
    quantity: reader.quantity(row, 'quantity-purchased'),
    paymentReference: reader.text(row, 'adjustment-id'),
  }
  return amounts.map(({ words, amountMinor }) => ({
    class: amazonClass(words, amountMinor),
    type: [words.transaction, words.amountType, words.description].filter(Boolean).join('/'),
    amountMinor,
    ...named,
  }))
}
