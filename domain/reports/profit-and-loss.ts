import { sum } from '../money.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'
import type { LineQuery, LinkTo } from './links.ts'
import { check, money, text, type MoneyCell, type Report, type Row } from './report.ts'
import {
  RESULT_SECTIONS,
  resultSection,
  SECTION_TITLES,
  SUBTOTALS,
  type ResultSection,
} from './sections.ts'

/** A period to compare with, and what it held. */
export interface Compared {
  from: string
  to: string
  balances: readonly AccountBalanceOf[]
}

interface AccountFigures {
  accountId: number
  code: string
  name: string
  section: ResultSection
  minor: bigint
  comparedMinor: bigint
}

/**
 * Income and cost of a period, account by account and section by section, beside another period.
 * Income stands above zero and cost below, so that every column adds up by itself. Entries that
 * move a result into retained earnings are no result.
 * @param about narrows the links as the balances are narrowed.
 */
export function profitAndLossReport(
  frame: ReportFrame,
  balances: readonly AccountBalanceOf[],
  compared: Compared | undefined,
  linkTo: LinkTo,
  about: LineQuery,
): Report {
  const accounts = figuresOf(balances, compared?.balances ?? [])
  const cells = new Cells(frame, compared, (lines) => linkTo({ ...lines, ...about }))
  const rows: Row[] = []
  const soFar: AccountFigures[] = []
  for (const section of RESULT_SECTIONS) {
    const own = accounts.filter((account) => account.section === section)
    soFar.push(...own)
    rows.push(...own.map((account) => cells.row('line', account.code, account.name, [account])))
    if (own.length > 0) rows.push(cells.row('subtotal', null, SECTION_TITLES[section], own))
    const subtotal = SUBTOTALS[section]
    if (subtotal !== undefined) rows.push(cells.row('subtotal', null, subtotal, soFar))
  }
  rows.push(cells.row('total', null, 'Result', accounts))
  const total = -sum(balances.map((row) => row.movementFuncMinor))
  const listed = sum(accounts.map((account) => account.minor))
  return {
    ...frame,
    name: 'profit-and-loss',
    title: 'Profit and loss',
    columns: [
      text('account', 'Account'),
      text('name', 'Name'),
      money('amount', `${frame.from} – ${frame.asOf}`),
      ...(compared
        ? [money('compared', `${compared.from} – ${compared.to}`), money('change', 'Change')]
        : []),
    ],
    rows,
    checks: [check('Sections are all of the result', total - listed)],
    notes: ['Income stands above zero, cost below.'],
  }
}

class Cells {
  private readonly frame: ReportFrame
  private readonly compared: Compared | undefined
  private readonly link: (lines: LineQuery) => string

  constructor(
    frame: ReportFrame,
    compared: Compared | undefined,
    link: (lines: LineQuery) => string,
  ) {
    this.frame = frame
    this.compared = compared
    this.link = link
  }

  row(
    kind: Row['kind'],
    account: string | null,
    name: string,
    accounts: readonly AccountFigures[],
  ): Row {
    const { currency, from, asOf } = this.frame
    const minor = sum(accounts.map((figure) => figure.minor))
    const comparedMinor = sum(accounts.map((figure) => figure.comparedMinor))
    const { compared } = this
    return {
      kind,
      cells: {
        account,
        name,
        amount: this.cell(minor, accounts, { from, asOf }),
        ...(compared && {
          compared: this.cell(comparedMinor, accounts, { from: compared.from, asOf: compared.to }),
          change: { minor: minor - comparedMinor, currency, lines: null },
        }),
      },
    }
  }

  private cell(minor: bigint, accounts: readonly AccountFigures[], days: LineQuery): MoneyCell {
    const ids = accounts.map(({ accountId }) => accountId)
    const lines = ids.length === 0 ? null : this.link({ ...resultLines(ids), ...days })
    return { minor, currency: this.frame.currency, lines, turned: true }
  }
}

/** The lines of a result: those of its accounts, without what moves it into retained earnings. */
export function resultLines(accounts: readonly number[]): LineQuery {
  return { accounts, resultTransfers: 'left-out' }
}

function figuresOf(
  balances: readonly AccountBalanceOf[],
  compared: readonly AccountBalanceOf[],
): AccountFigures[] {
  const accounts = new Map<number, AccountFigures>()
  const figure = ({ accountId, code, name }: AccountBalanceOf) => {
    const known = accounts.get(accountId)
    if (known) return known
    const section = resultSection(accountId)
    const fresh = { accountId, code, name, section, minor: 0n, comparedMinor: 0n }
    accounts.set(accountId, fresh)
    return fresh
  }
  for (const row of balances) figure(row).minor -= row.movementFuncMinor
  for (const row of compared) figure(row).comparedMinor -= row.movementFuncMinor
  return [...accounts.values()].sort((a, b) => a.accountId - b.accountId)
}
