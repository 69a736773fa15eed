import { sum } from '../money.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'
import type { LinkTo } from './links.ts'
import { check, day, money, quantity, text, type Report } from './report.ts'

/** What stands between a sale and the bank: by account, and by processor or channel. */
export interface StandingBalance {
  accountId: number
  accountName: string
  who: string | null
  currency: string
  items: number
  oldestOn: string
  ageDays: number
  balanceMinor: bigint
  funcMinor: bigint
}

const STATES: Record<number, string> = {
  1050: 'Paid out, not on the bank yet',
  1110: 'Captured, not paid out yet',
  1120: 'Sold, not settled yet',
  1130: 'Held back as a reserve',
  1140: 'In dispute',
  9090: 'Nobody knows what for',
}
/** What every line of the account names, so that the lines of a row can be found again. */
const DIMENSION: Record<number, 'provider' | 'channel'> = {
  1110: 'provider',
  1120: 'channel',
  1130: 'provider',
}
export const SETTLEMENT_ACCOUNTS: readonly number[] = Object.keys(STATES).map(Number)

/** Where the money of past sales is now (RPT-9), as far as the ledger knows. */
export function settlementStatusReport(
  frame: ReportFrame,
  standing: readonly StandingBalance[],
  balances: readonly AccountBalanceOf[],
  linkTo: LinkTo,
): Report {
  const { currency, asOf } = frame
  const linesOf = ({ accountId: account, who, currency: of }: StandingBalance) =>
    who !== null && account in DIMENSION
      ? linkTo({ account, currency: of, asOf, [DIMENSION[account]!]: who })
      : null
  // Suspense keeps no open items: its balance is one line.
  const suspense = balances.filter(({ accountId }) => accountId === 9090)
  const unknown = sum(suspense.map((row) => row.openingFuncMinor + row.movementFuncMinor))
  const ledger = sum(balances.map((row) => row.openingFuncMinor + row.movementFuncMinor))
  const total = sum(standing.map((row) => row.funcMinor)) + unknown
  return {
    ...frame,
    from: null,
    name: 'settlement-status',
    title: 'Settlement status',
    columns: COLUMNS,
    rows: [
      ...standing.map((row) => ({
        kind: 'line' as const,
        cells: {
          account: String(row.accountId),
          state: STATES[row.accountId] ?? row.accountName,
          who: row.who,
          items: String(row.items),
          oldestOn: row.oldestOn,
          ageDays: String(row.ageDays),
          inCurrency: { minor: row.balanceMinor, currency: row.currency, lines: linesOf(row) },
          amount: { minor: row.funcMinor, currency, lines: linesOf(row) },
        },
      })),
      {
        kind: 'line',
        cells: {
          account: '9090',
          state: STATES[9090]!,
          amount: { minor: unknown, currency, lines: linkTo({ account: 9090, asOf }) },
        },
      },
      {
        kind: 'total',
        cells: { state: 'Total', amount: { minor: total, currency, lines: null } },
      },
    ],
    checks: [
      check('It is the balance of its accounts', total - ledger),
      check('Nothing is unexplained (9090)', unknown),
    ],
    notes: [
      'Which items stand behind a row: the report `clearing` of that account lists them, each with its lines.',
    ],
  }
}

const COLUMNS = [
  text('account', 'Account'),
  text('state', 'State'),
  text('who', 'Processor or channel'),
  quantity('items', 'Items'),
  day('oldestOn', 'Oldest'),
  quantity('ageDays', 'Days'),
  money('inCurrency', 'In its currency'),
  money('amount', 'Amount'),
]
