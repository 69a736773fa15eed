import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { readTable, type TableOptions, type TableRow } from '../header-table.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { decimalMark } from '../written-amounts.ts'
import { dayOrder } from '../written-days.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { RowReader } from './row-reader.ts'
import { shopifyClass } from './shopify-class.ts'

const plain = (header: string) => header.trim().toLowerCase()
const has =
  (...names: string[]) =>
  (columns: readonly string[]) =>
    names.every((name) => columns.includes(name))

/** The export of transactions: one row a charge, refund or adjustment. */
export const SHOPIFY_TRANSACTIONS: TableOptions = {
  plain,
  isHeader: has('transaction date', 'type', 'payout date', 'amount', 'fee', 'net', 'currency'),
}

/** The export of payouts: one row a payout, with the sums that it is made of. */
export const SHOPIFY_PAYOUTS: TableOptions = {
  plain,
  isHeader: has('payout date', 'charges', 'refunds', 'fees', 'total', 'currency'),
}

/**
 * Reads the export of transactions; one statement for each payout and currency. Rows without a
 * payout are left out: they come again with one.
 */
export function readShopifyTransactionsCsv(
  content: string | Uint8Array,
): Translated<SettlementStatement[]> {
  return readRows(content, SHOPIFY_TRANSACTIONS, ['amount', 'fee', 'net'], (rows, reader) => {
    const read = rows.map((row) => ({ row, lines: transactionLines(row, reader) }))
    if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
    const keyOf = ({ row }: { row: TableRow }) =>
      [row.get('payout id', 'payout date'), row.get('currency')].join('\n')
    const settled = read.filter(({ row }) => row.get('payout id', 'payout date') !== '')
    if (settled.length === 0) return refused('nothing-settled', '$', 'no row has a payout yet')
    return everyOne(
      [...groupBy(settled, keyOf)].map(([key, members]) => {
        const [statementId = '', currency = ''] = key.split('\n')
        const lines = members.flatMap((member) => member.lines)
        const totalMinor = sum(lines.map((line) => line.amountMinor))
        const head = {
          provider: 'shopify' as const,
          account: members[0]!.row.get('business entity id'),
          statementId,
          currency: currency.toUpperCase(),
          ...daysOf(lines.map((line) => line.postedOn)),
          depositedOn: reader.day(members[0]!.row, 'payout date') || undefined,
          totalMinor,
          payoutMinor: totalMinor,
          payoutReference: statementId,
        }
        return footedStatement(head, lines, `row ${members[0]!.row.row}`)
      }),
    )
  })
}

function transactionLines(row: TableRow, reader: RowReader): LineDraft[] {
  const currency = reader.currency(row, 'currency')
  const amountMinor = reader.needAmount(row, currency, 'amount')
  const fee = reader.amount(row, currency, 'fee')
  const feeMinor = reader.needAmount(row, currency, 'net') - amountMinor
  if (feeMinor !== fee && feeMinor !== -fee)
    reader.refuse(row, 'net', 'StatementDoesNotFoot', 'net is not the amount less the fee')
  const type = reader.text(row, 'type') ?? ''
  const named = {
    postedOn: reader.needDay(row, 'transaction date'),
    orderReference: reader.text(row, 'order'),
    paymentReference: reader.text(row, 'checkout'),
  }
  const lines: LineDraft[] = [
    { class: shopifyClass(type, amountMinor), type, amountMinor, ...named },
  ]
  if (feeMinor !== 0n)
    lines.push({
      class: feeMinor > 0n ? 'fee-refund' : 'fee',
      type: `${type}/fee`,
      amountMinor: feeMinor,
      ...named,
    })
  return lines
}

const SUMS = [
  ['charges', 'sale'],
  ['refunds', 'refund'],
  ['adjustments', 'adjustment'],
  ['reserved funds', 'reserve'],
  ['fees', 'fee'],
  ['retried amount', 'carried-balance'],
] as const

/** Reads the export of payouts; each row is a statement that foots by itself. */
export function readShopifyPayoutsCsv(
  content: string | Uint8Array,
): Translated<SettlementStatement[]> {
  const money = [...SUMS.map(([column]) => column), 'total']
  return readRows(content, SHOPIFY_PAYOUTS, money, (rows, reader) => {
    const statements = rows.map((row) => {
      const currency = reader.currency(row, 'currency')
      const postedOn = reader.needDay(row, 'payout date')
      const totalMinor = reader.needAmount(row, currency, 'total')
      const lines = SUMS.map(([type, is]): LineDraft => ({
        class: is,
        type,
        amountMinor: reader.amount(row, currency, type),
        postedOn,
      })).filter((line) => line.amountMinor !== 0n)
      const fees = lines.find((line) => line.type === 'fees')
      // Fees are a deduction, whichever sign the export gives them.
      if (fees && fees.amountMinor > 0n && sum(lines.map((l) => l.amountMinor)) !== totalMinor)
        fees.amountMinor = -fees.amountMinor
      const isPaid = !/^(failed|cancell?ed)$/i.test(row.get('status'))
      const statementId = reader.text(row, 'payout id') ?? postedOn
      const head = {
        provider: 'shopify' as const,
        account: '',
        statementId,
        currency,
        depositedOn: postedOn,
        totalMinor,
        payoutMinor: isPaid ? totalMinor : 0n,
        payoutReference: statementId,
      }
      return footedStatement(head, lines, `row ${row.row}, total`)
    })
    return reader.problems.length > 0
      ? { ok: false, problems: reader.problems }
      : everyOne(statements)
  })
}

function readRows(
  content: string | Uint8Array,
  options: TableOptions,
  money: readonly string[],
  read: (rows: readonly TableRow[], reader: RowReader) => Translated<SettlementStatement[]>,
): Translated<SettlementStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const table = readTable(text.value, options)
  if (!table.ok) return table
  const { rows, isClosed } = table.value
  if (!isClosed)
    return refused(
      'truncated',
      '$',
      'the last row has no line end, and no total tells if it is whole',
    )
  const mark = decimalMark(rows.flatMap((row) => money.map((column) => row.get(column))))
  if (mark === null)
    return refused('mixed-decimals', '$', 'amounts have a decimal comma here and a dot there')
  const days = rows.flatMap((row) => [row.get('payout date'), row.get('transaction date')])
  const reader = new RowReader({ mark, order: dayOrder(days, 'mdy') })
  reader.refuseDoubled(rows)
  return read(rows, reader)
}
