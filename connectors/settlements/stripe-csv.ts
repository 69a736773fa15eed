import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { readTable, type TableOptions, type TableRow } from '../header-table.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { decimalMark } from '../written-amounts.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { RowReader } from './row-reader.ts'
import { stripeClass } from './stripe-class.ts'

const plain = (header: string) =>
  header
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9[\]]+/g, '_')
    .replaceAll(/^_|_$/g, '')

const ID = ['balance_transaction_id', 'id']
const GROSS = ['gross', 'amount']
const KIND = ['reporting_category', 'type']

/** Reports such as payout_reconciliation.itemized, and the balance export of the dashboard. */
export const STRIPE_CSV: TableOptions = {
  plain,
  isHeader: (columns) =>
    [ID, GROSS, KIND, ['fee'], ['net'], ['currency']].every((names) =>
      names.some((name) => columns.includes(name)),
    ),
}

/**
 * Reads an itemised balance or payout report of Stripe's, in major units; one statement for each
 * automatic payout and currency. Rows without a payout are left out
 * beside rows with one, as they come again; where no row has one, payouts are not automatic and the
 * file is one statement for each currency.
 */
export function readStripeCsv(content: string | Uint8Array): Translated<SettlementStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const table = readTable(text.value, STRIPE_CSV)
  if (!table.ok) return table
  const { rows, isClosed } = table.value
  if (!isClosed)
    return refused(
      'truncated',
      '$',
      'the last row has no line end, and no total tells if it is whole',
    )
  const mark = decimalMark(
    rows.flatMap((row) => [row.get(...GROSS), row.get('fee'), row.get('net')]),
  )
  if (mark === null)
    return refused('mixed-decimals', '$', 'amounts have a decimal comma here and a dot there')
  const reader = new RowReader({ mark, order: 'dmy' })
  const read = rows.map((row) => readRow(row, reader))
  refuseDoubledIds(rows, reader)
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  const settled = read.filter(({ payoutId }) => payoutId !== '')
  const isManual = settled.every(({ lines }) => lines[0]!.class === 'payout')
  const kept = isManual ? read.map((each) => ({ ...each, payoutId: '' })) : settled
  const groups = groupBy(kept, ({ payoutId, currency }) => `${payoutId}\n${currency}`)
  return everyOne([...groups.values()].map((members) => statementOf(members)))
}

interface ReadRow {
  row: TableRow
  payoutId: string
  currency: string
  paidOn: string
  lines: LineDraft[]
}

function readRow(row: TableRow, reader: RowReader): ReadRow {
  const currency = reader.currency(row, 'currency')
  const amountMinor = reader.needAmount(row, currency, ...GROSS)
  const fee = reader.amount(row, currency, 'fee')
  if (amountMinor - fee !== reader.needAmount(row, currency, 'net'))
    reader.refuse(row, 'net', 'StatementDoesNotFoot', 'net is not the gross less the fee')
  const words = ['reporting_category', 'type'].map((name) => row.get(name)).filter(Boolean)
  if (words.length === 0) reader.refuse(row, KIND[0]!, 'missing-field', 'is missing')
  const named = {
    postedOn: reader.needDay(row, 'created', 'created_utc'),
    paymentReference: reader.text(row, 'source_id', 'source', 'charge_id', 'payment_intent_id'),
    orderReference: reader.text(row, 'payment_metadata[order_id]', 'order_id_metadata'),
    externalId: reader.text(row, ...ID),
  }
  const gross: LineDraft = {
    class: stripeClass(words, amountMinor),
    type: [...new Set(words)].join('/'),
    amountMinor,
    ...named,
  }
  const lines = [gross]
  if (fee !== 0n)
    lines.push({
      class: fee > 0n ? 'fee' : 'fee-refund',
      type: `${gross.type}/fee`,
      amountMinor: -fee,
      ...named,
    })
  const closes = gross.class === 'payout' ? named.paymentReference : undefined
  const payoutId = reader.text(row, 'automatic_payout_id', 'payout_id', 'transfer') ?? closes
  const paidOn = reader.day(
    row,
    'automatic_payout_effective_at',
    'automatic_payout_effective_at_utc',
    'transfer_date_utc',
  )
  return { row, payoutId: payoutId ?? '', currency, paidOn, lines }
}

/** Some accounts' ids are empty on fee rows: those are told apart by all that they say. */
function refuseDoubledIds(rows: readonly TableRow[], reader: RowReader): void {
  const seen = new Set<string>()
  for (const row of rows) {
    const id = row.get(...ID) || row.text
    if (seen.has(id)) reader.refuse(row, ID[0]!, 'duplicate-row', 'stands here twice')
    seen.add(id)
  }
}

function statementOf(members: readonly ReadRow[]): Translated<SettlementStatement> {
  const { payoutId, currency, row } = members[0]!
  const lines = members.flatMap((member) => member.lines)
  const paid = lines.filter((line) => line.class === 'payout')
  const open = sum(lines.filter((l) => l.class !== 'payout').map((line) => line.amountMinor))
  const closing = -sum(paid.map((line) => line.amountMinor))
  const totalMinor = paid.length > 0 && payoutId !== '' ? closing : open
  const period = daysOf(lines.map((line) => line.postedOn))
  const head = {
    provider: 'stripe' as const,
    account: '',
    statementId: payoutId || `balance/${period.from}..${period.to}`,
    currency,
    ...period,
    depositedOn: daysOf(members.map((member) => member.paidOn)).to,
    totalMinor,
    payoutMinor: payoutId === '' ? closing : totalMinor,
    payoutReference: payoutId || undefined,
  }
  return footedStatement(head, lines, `row ${row.row}, payout ${payoutId}`)
}
