import { addDays } from '../dates.ts'
import { sum } from '../money.ts'
import { byAccount, type AccountBalanceOf, type ReportFrame } from './frame.ts'
import type { LineQuery, LinkTo } from './links.ts'
import { resultLines } from './profit-and-loss.ts'
import { check, money, text, type Report, type Row } from './report.ts'
import { isResult } from './sections.ts'

/** What counts as cash: the bank, and money on its way between two places of ours. */
const CASH: readonly number[] = [1010, 1050]
const RETAINED_EARNINGS = 3200

/**
 * From the result to the change of cash (indirect method, IAS 7.18(b)): what was earned and not
 * received, or paid and not spent, is the change of every other account. The change of 1010 and
 * 1050 is counted apart, and both must agree.
 */
export function cashFlowReport(
  frame: ReportFrame,
  balances: readonly AccountBalanceOf[],
  /** Of the same period without entries that move a result into retained earnings. */
  result: readonly AccountBalanceOf[],
  linkTo: LinkTo,
): Report {
  const days = { from: frame.from, asOf: frame.asOf }
  const row = rowOf(frame, linkTo)
  const resultMinor = -movementOf(result)
  const cash = balances.filter(({ accountId }) => CASH.includes(accountId))
  const others = byAccount(
    balances.filter((it) => !isResult(it.class) && !CASH.includes(it.accountId)),
  )
  // What a year's end moves from the accounts of the result into equity is in neither.
  const moved = movementOf(balances.filter((it) => isResult(it.class))) - movementOf(result)
  const change = (rows: AccountBalanceOf[]) =>
    -movementOf(rows) - (rows[0]!.accountId === RETAINED_EARNINGS ? moved : 0n)
  const changes = (equity: boolean) =>
    others.filter((rows) => (rows[0]!.class === 'equity') === equity)
  const line = (rows: AccountBalanceOf[]) => {
    const { accountId, code, name } = rows[0]!
    const transfers = accountId === RETAINED_EARNINGS && { resultTransfers: 'left-out' as const }
    return row('line', code, name, change(rows), { account: accountId, ...days, ...transfers })
  }
  const ofCash = (kind: Row['kind'], name: string, minor: bigint, lines: LineQuery) =>
    row(kind, null, name, minor, { accounts: CASH, ...lines }, 1n)
  const operating = resultMinor + sum(changes(false).map(change))
  const financing = sum(changes(true).map(change))
  const opening = sum(cash.map((it) => it.openingFuncMinor))
  const earned = resultLines([...new Set(result.map(({ accountId }) => accountId))])
  return {
    ...frame,
    name: 'cash-flow',
    title: 'Cash flow, indirect',
    columns: COLUMNS,
    rows: [
      row('line', null, 'Result', resultMinor, result.length > 0 ? { ...earned, ...days } : null),
      ...changes(false).map(line),
      row('subtotal', null, 'Cash from operations', operating, null),
      ...changes(true).map(line),
      row('subtotal', null, 'Cash from owners', financing, null),
      ofCash('subtotal', 'Change of cash', operating + financing, days),
      ofCash('line', 'Cash before', opening, { asOf: addDays(frame.from!, -1) }),
      ofCash('total', 'Cash at the end', opening + movementOf(cash), { asOf: frame.asOf }),
    ],
    checks: [check('It is the change of 1010 and 1050', operating + financing - movementOf(cash))],
    notes: NOTES,
  }
}

const movementOf = (rows: readonly AccountBalanceOf[]) =>
  sum(rows.map((row) => row.movementFuncMinor))

const rowOf =
  ({ currency }: ReportFrame, linkTo: LinkTo) =>
  (
    kind: Row['kind'],
    account: string | null,
    name: string,
    minor: bigint,
    lines: LineQuery | null,
    sign: 1n | -1n = -1n,
  ): Row => ({
    kind,
    cells: {
      account,
      name,
      amount: {
        ...{ minor, currency, lines: lines && linkTo(lines) },
        ...(sign < 0n && lines && { turned: true as const }),
      },
    },
  })

const COLUMNS = [text('account', 'Account'), text('name', 'Name'), money('amount', 'Amount')]

const NOTES = [
  'Above zero is money in. Differences of exchange on cash are part of the result.',
  'The chart has no fixed assets and no loans: nothing is invested, and owners alone finance.',
]
