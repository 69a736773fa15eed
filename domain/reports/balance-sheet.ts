import { addDays } from '../dates.ts'
import { sum } from '../money.ts'
import { byAccount, type AccountBalanceOf, type ReportFrame } from './frame.ts'
import type { LineQuery, LinkTo } from './links.ts'
import { check, money, text, type MoneyCell, type Report, type Row } from './report.ts'
import { isResult } from './sections.ts'

/**
 * What is owned and owed at the end of a day, beside the first day of its year. The result of the
 * year, and of earlier years that nobody has moved to retained earnings yet, are lines of equity.
 * Every account stands on its own side, also with a balance of the other sign.
 */
export function balanceSheetReport(
  frame: ReportFrame,
  balances: readonly AccountBalanceOf[],
  linkTo: LinkTo,
): Report {
  const side = new Side(frame, linkTo)
  const of = (cls: AccountBalanceOf['class']) =>
    byAccount(balances.filter((row) => row.class === cls))
  const results = balances.filter((row) => isResult(row.class))
  const assets = of('asset').map((rows) => side.account(rows, 1n))
  const liabilities = of('liability').map((rows) => side.account(rows, -1n))
  const equity = [
    ...of('equity').map((rows) => side.account(rows, -1n)),
    side.earlierResults(results),
    side.resultOfYear(results),
  ]
  const rows = [
    ...assets,
    side.total('Assets', assets),
    ...liabilities,
    side.total('Liabilities', liabilities),
    ...equity,
    side.total('Equity', equity),
    side.total('Liabilities and equity', [...liabilities, ...equity], 'total'),
  ]
  return {
    ...frame,
    name: 'balance-sheet',
    title: 'Balance sheet',
    columns: [
      text('account', 'Account'),
      text('name', 'Name'),
      money('amount', frame.asOf),
      money('opening', addDays(frame.from!, -1)),
    ],
    rows,
    checks: [
      check(
        'Assets are liabilities and equity',
        differenceIn('amount', assets, liabilities, equity),
      ),
      check(
        'And so they were when the year began',
        differenceIn('opening', assets, liabilities, equity),
      ),
    ],
    notes: ['The exchange position (9010) has no value in functional currency.'],
  }
}

const differenceIn = (column: string, assets: Row[], liabilities: Row[], equity: Row[]) =>
  added(assets, column) - added(liabilities, column) - added(equity, column)

const added = (rows: readonly Row[], column: string) =>
  sum(rows.map((row) => (row.cells[column] as MoneyCell).minor))

class Side {
  private readonly frame: ReportFrame
  private readonly linkTo: LinkTo

  constructor(frame: ReportFrame, linkTo: LinkTo) {
    this.frame = frame
    this.linkTo = linkTo
  }

  account(rows: readonly AccountBalanceOf[], sign: 1n | -1n): Row {
    const { accountId: account, code, name } = rows[0]!
    const opening = sum(rows.map((row) => row.openingFuncMinor))
    const closing = opening + sum(rows.map((row) => row.movementFuncMinor))
    return this.line(code, name, {
      amount: this.cell(sign * closing, sign, { account, asOf: this.frame.asOf }),
      opening: this.cell(sign * opening, sign, { account, asOf: this.dayBeforeYear() }),
    })
  }

  /** Zero once the year end has moved them into retained earnings. */
  earlierResults(results: readonly AccountBalanceOf[]): Row {
    const minor = -sum(results.map((row) => row.openingFuncMinor))
    const accounts = idsOf(results)
    const cell = this.cell(minor, -1n, { accounts, asOf: this.dayBeforeYear() })
    return this.line(null, 'Results of earlier years, not carried over', {
      amount: cell,
      opening: cell,
    })
  }

  resultOfYear(results: readonly AccountBalanceOf[]): Row {
    const { from, asOf } = this.frame
    const minor = -sum(results.map((row) => row.movementFuncMinor))
    return this.line(null, 'Result of the year', {
      amount: this.cell(minor, -1n, { accounts: idsOf(results), from, asOf }),
      opening: { minor: 0n, currency: this.frame.currency, lines: null },
    })
  }

  total(name: string, rows: readonly Row[], kind: Row['kind'] = 'subtotal'): Row {
    const { currency } = this.frame
    const cells = {
      account: null,
      name,
      amount: { minor: added(rows, 'amount'), currency, lines: null },
      opening: { minor: added(rows, 'opening'), currency, lines: null },
    }
    return { kind, cells }
  }

  private line(account: string | null, name: string, figures: Row['cells']): Row {
    return { kind: 'line', cells: { account, name, ...figures } }
  }

  private cell(minor: bigint, sign: 1n | -1n, lines: LineQuery): MoneyCell {
    const none = lines.accounts?.length === 0
    return {
      minor,
      currency: this.frame.currency,
      lines: none ? null : this.linkTo(lines),
      ...(sign < 0n && { turned: true as const }),
    }
  }

  private dayBeforeYear(): string {
    return addDays(this.frame.from!, -1)
  }
}

const idsOf = (rows: readonly AccountBalanceOf[]) => [
  ...new Set(rows.map(({ accountId }) => accountId)),
]
