import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement, StatementLineClass } from '#domain/settlement/statement'
import { readTable, type TableOptions, type TableRow } from '../header-table.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { decimalMark } from '../written-amounts.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { RowReader } from './row-reader.ts'

const plain = (header: string) => header.trim().toLowerCase().replaceAll(/\s+/g, ' ')
const NET = ['net debit (nc)', 'net credit (nc)']
const GROSS = ['gross debit (gc)', 'gross credit (gc)']
const FEES = ['commission (nc)', 'markup (nc)', 'scheme fees (nc)', 'interchange (nc)']

/** The settlement details report, whose columns stand in many orders. */
export const ADYEN_SETTLEMENT: TableOptions = {
  plain,
  isHeader: (columns) => ['type', 'net currency', ...NET].every((name) => columns.includes(name)),
}

const CLASSES: Record<string, StatementLineClass> = {
  settled: 'sale',
  settledbulk: 'sale',
  settledexternally: 'sale',
  refunded: 'refund',
  refundedbulk: 'refund',
  refundedexternally: 'refund',
  refundedreversed: 'refund',
  settledreversed: 'refund',
  chargeback: 'chargeback',
  secondchargeback: 'chargeback',
  chargebackexternally: 'chargeback',
  chargebackreversed: 'chargeback-reversal',
  chargebackreversedexternally: 'chargeback-reversal',
  fee: 'fee',
  invoicededuction: 'fee',
  misccosts: 'fee',
  paymentcost: 'fee',
  merchantpayout: 'payout',
  bankinstructionreturned: 'payout',
  balancetransfer: 'carried-balance',
  reserveadjustment: 'reserve',
  depositcorrection: 'reserve',
  manualcorrected: 'adjustment',
  matchedstatement: 'adjustment',
  currencyconversion: 'conversion',
}

/**
 * Reads Adyen's settlement details report; one statement for each merchant account, batch and
 * currency. The lines of a batch must come to its payout, as what is not paid is transferred to
 * another batch. The fees of a payment are lines of their own, at either kind of pricing.
 */
export function readAdyenSettlement(
  content: string | Uint8Array,
): Translated<SettlementStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const table = readTable(text.value, ADYEN_SETTLEMENT)
  if (!table.ok) return table
  const { rows } = table.value
  const money = [...NET, ...GROSS, ...FEES]
  const mark = decimalMark(rows.flatMap((row) => money.map((column) => row.get(column))))
  if (mark === null)
    return refused('mixed-decimals', '$', 'amounts have a decimal comma here and a dot there')
  const reader = new RowReader({ mark, order: 'dmy' })
  const read = rows.map((row) => ({ row, lines: linesOf(row, reader) }))
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  const groups = groupBy(read, ({ row }) =>
    ['merchant account', 'batch number', 'net currency'].map((name) => row.get(name)).join('\n'),
  )
  return everyOne([...groups.values()].map((members) => statementOf(members, reader)))
}

function linesOf(row: TableRow, reader: RowReader): LineDraft[] {
  const currency = reader.currency(row, 'net currency')
  const net = reader.amount(row, currency, NET[1]!) - reader.amount(row, currency, NET[0]!)
  const type = reader.text(row, 'type') ?? ''
  if (type === '') reader.refuse(row, 'type', 'missing-field', 'is missing')
  const named = {
    postedOn: reader.needDay(row, 'booking date', 'creation date'),
    orderReference: reader.text(row, 'merchant reference', 'merchant order reference'),
    paymentReference: reader.text(row, 'psp reference'),
    // Where no payment stands behind a row, this is a description that comes again every month.
    externalId: row.get('psp reference') ? reader.text(row, 'modification reference') : undefined,
  }
  const fees = FEES.flatMap((column): LineDraft[] => {
    const fee = reader.amount(row, currency, column)
    if (fee === 0n) return []
    const name = column.replace(' (nc)', '')
    const kind = fee > 0n ? 'fee' : 'fee-refund'
    return [{ class: kind, type: `${type}/${name}`, amountMinor: -fee, ...named }]
  })
  const gross = net - sum(fees.map((fee) => fee.amountMinor))
  const is = CLASSES[type.toLowerCase().replaceAll(/[\s_-]/g, '')] ?? 'unknown'
  return [
    { class: is === 'fee' && gross > 0n ? 'fee-refund' : is, type, amountMinor: gross, ...named },
    ...fees,
  ]
}

function statementOf(
  members: readonly { row: TableRow; lines: LineDraft[] }[],
  reader: RowReader,
): Translated<SettlementStatement> {
  const { row } = members[0]!
  const lines = members.flatMap((member) => member.lines)
  const payout = members.find((member) => member.lines[0]!.class === 'payout')
  const paid = lines.filter((line) => line.class === 'payout')
  const payoutMinor = -sum(paid.map((line) => line.amountMinor))
  const batch = reader.text(row, 'batch number') ?? ''
  const head = {
    provider: 'adyen' as const,
    account: row.get('merchant account'),
    statementId: batch,
    currency: row.get('net currency').toUpperCase(),
    ...daysOf(lines.map((line) => line.postedOn)),
    depositedOn: payout?.lines[0]!.postedOn,
    totalMinor: payoutMinor,
    payoutMinor,
    payoutReference: payout?.row.get('modification reference') || undefined,
  }
  if (batch === '')
    return refused('missing-field', `row ${row.row}, batch number`, 'the batch has no number')
  return footedStatement(
    head,
    lines,
    payout ? `row ${payout.row.row}, net debit (nc)` : `batch ${batch}`,
  )
}
