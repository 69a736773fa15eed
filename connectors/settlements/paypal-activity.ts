import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { balanceChain, type BalanceChain } from '../balance-chain.ts'
import { readTable, type TableOptions, type TableRow } from '../header-table.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { decimalMark } from '../written-amounts.ts'
import { dayOrder } from '../written-days.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { paypalClass, paypalColumn } from './paypal-words.ts'
import { RowReader } from './row-reader.ts'

/** The activity download and the monthly statement, in whatever language. */
export const PAYPAL_ACTIVITY: TableOptions = {
  plain: paypalColumn,
  isHeader: (columns) =>
    ['date', 'currency', 'gross', 'net'].every((name) => columns.includes(name)) &&
    ['type', 'id'].some((name) => columns.includes(name)),
}

/**
 * Reads PayPal's activity, in the language of the account; one statement for each currency. Gross
 * and fee must come to net in every row, and where the file has balances, each must follow from
 * the one before: rows that leave the balance as it is, such as memos and what was denied, are
 * lines of nothing.
 */
export function readPaypalActivity(
  content: string | Uint8Array,
): Translated<SettlementStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const table = readTable(text.value, PAYPAL_ACTIVITY)
  if (!table.ok) return table
  const { rows, columns, isClosed } = table.value
  const money = ['gross', 'fee', 'net', 'balance']
  const mark = decimalMark(rows.flatMap((row) => money.map((column) => row.get(column))))
  if (mark === null)
    return refused('mixed-decimals', '$', 'amounts have a decimal comma here and a dot there')
  const isAmerican = mark === '.' && rows.every((row) => row.get('currency') === 'USD')
  const days = rows.map((row) => row.get('date'))
  const reader = new RowReader({ mark, order: dayOrder(days, isAmerican ? 'mdy' : 'dmy') })
  const read = rows.map((row) => readRow(row, reader, columns.includes('fee')))
  const hasBalance = columns.includes('balance') && rows.some((row) => row.get('balance') !== '')
  reader.refuseDoubled(rows)
  if (!hasBalance && !isClosed)
    return refused(
      'truncated',
      '$',
      'the last row has no line end, and no balance tells if it is whole',
    )
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  const groups = groupBy(read, ({ currency }) => currency)
  return everyOne([...groups.values()].map((members) => statementOf(members, hasBalance)))
}

interface ReadRow {
  row: TableRow
  currency: string
  netMinor: bigint
  balanceMinor: bigint
  isMemo: boolean
  lines: LineDraft[]
}

function readRow(row: TableRow, reader: RowReader, hasFee: boolean): ReadRow {
  const currency = reader.currency(row, 'currency')
  const gross = reader.needAmount(row, currency, 'gross')
  const netMinor = reader.needAmount(row, currency, 'net')
  const fee = hasFee ? reader.amount(row, currency, 'fee') : netMinor - gross
  // Some reports write what is deducted without a sign.
  const feeMinor = gross + fee === netMinor ? fee : -fee
  if (gross + feeMinor !== netMinor)
    reader.refuse(row, 'net', 'StatementDoesNotFoot', 'gross and fee do not come to net')
  const type = reader.text(row, 'type') ?? row.get('event')
  const named = {
    postedOn: reader.needDay(row, 'date'),
    orderReference: reader.text(row, 'invoice'),
    itemReference: reader.text(row, 'item'),
    paymentReference: reader.text(row, 'related', 'id'),
    externalId: reader.text(row, 'id'),
  }
  const lines: LineDraft[] = [
    { class: paypalClass(row.get('event'), type, gross), type, amountMinor: gross, ...named },
  ]
  if (feeMinor !== 0n)
    lines.push({
      class: feeMinor > 0n ? 'fee-refund' : 'fee',
      type: `${type}/fee`,
      amountMinor: feeMinor,
      ...named,
    })
  const balanceMinor = reader.amount(row, currency, 'balance')
  const isMemo = /^(memo|notiz|mémo|keine|no impact|sin )/i.test(row.get('impact'))
  return { row, currency, netMinor, balanceMinor, isMemo, lines }
}

/** Of rows that moved nothing only the type is left. */
function withoutMoney({ lines }: ReadRow): LineDraft[] {
  return lines.slice(0, 1).map((line) => ({ ...line, type: `${line.type}/memo`, amountMinor: 0n }))
}

function statementOf(
  members: readonly ReadRow[],
  hasBalance: boolean,
): Translated<SettlementStatement> {
  const { currency, row } = members[0]!
  const moving = members.filter((member) => !member.isMemo)
  const found = hasBalance ? chainOf(moving) : { moved: new Set(moving), chain: undefined }
  if (found === null)
    return refused(
      'StatementDoesNotFoot',
      `row ${row.row}, balance`,
      `the balances in ${currency} do not follow from one another: a row is lost, doubled or changed`,
    )
  const lines = members.flatMap((member) =>
    found.moved.has(member) ? member.lines : withoutMoney(member),
  )
  const paid = sum(lines.filter((l) => l.class === 'payout').map((line) => line.amountMinor))
  const all = sum(lines.map((line) => line.amountMinor))
  const moved = found.chain ? found.chain.closingMinor - found.chain.openingMinor : all
  const period = daysOf(lines.map((line) => line.postedOn))
  const head = {
    provider: 'paypal' as const,
    account: '',
    statementId: `activity/${period.from}..${period.to}`,
    currency,
    ...period,
    ...found.chain,
    totalMinor: moved - paid,
    payoutMinor: -paid,
  }
  return footedStatement(head, lines, `${currency}, balance`)
}

interface Moved {
  moved: ReadonlySet<ReadRow>
  chain: BalanceChain | undefined
}

/** All rows make the chain, or all but those whose status says that no money moved. */
function chainOf(rows: readonly ReadRow[]): Moved | null {
  const open =
    /denied|pending|void|cancel|expired|removed|placed|abgelehnt|offen|ausstehend|storniert|refus|en attente|annul|pendiente|denegad|rifiutat|sospeso|in behandeling/i
  const final = rows.filter(({ row }) => !open.test(row.get('status')))
  for (const moving of [rows, final]) {
    const chain = balanceChain(
      moving.map(({ netMinor, balanceMinor }) => ({ amountMinor: netMinor, balanceMinor })),
    )
    if (chain) return { moved: new Set(moving), chain }
  }
  return rows.length === 0 ? { moved: new Set(), chain: undefined } : null
}
