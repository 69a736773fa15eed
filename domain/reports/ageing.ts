import { sum } from '../money.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'
import type { LinkTo } from './links.ts'
import { check, day, money, quantity, text, type Cell, type Report, type Row } from './report.ts'

/** What waited at the end of a day, as it was known then. */
export interface WaitingItem {
  accountId: number
  accountName: string
  key: string
  /** Customer, supplier, processor or channel; null where the line names nobody. */
  who: string | null
  openedOn: string
  /** Where the document says when it is due. */
  dueOn: string | null
  /** Days since it was due, or since it was opened where nothing says when it is due. */
  ageDays: number
  currency: string
  balanceMinor: bigint
  funcMinor: bigint
}

const BUCKETS = [
  { key: 'current', title: 'Not due', least: -Infinity },
  { key: 'days1', title: '1–30 days', least: 1 },
  { key: 'days31', title: '31–60 days', least: 31 },
  { key: 'days61', title: '61–90 days', least: 61 },
  { key: 'days91', title: 'Over 90 days', least: 91 },
] as const

export function bucketOf(ageDays: number): (typeof BUCKETS)[number]['key'] {
  return BUCKETS.findLast(({ least }) => ageDays >= least)!.key
}

export interface AgeingReport {
  name: string
  title: string
  /** Liabilities are shown as what is owed: credit above zero. */
  turned: boolean
  /** Rows of items shown; the others are one row, so that the columns still add up. */
  most: number
}

/** Open items by age, oldest first, with a subtotal an account; the total is the accounts' balance. */
export function ageingReport(
  frame: ReportFrame,
  { name, title, turned, most }: AgeingReport,
  items: readonly WaitingItem[],
  balances: readonly AccountBalanceOf[],
  linkTo: LinkTo,
): Report {
  const sign = turned ? -1n : 1n
  const shown = items.slice(0, most)
  const folded = items.slice(most)
  const accounts = [...new Set(items.map(({ accountId }) => accountId))].sort((a, b) => a - b)
  const total = sum(items.map((item) => item.funcMinor))
  const ledger = sum(balances.map((row) => row.openingFuncMinor + row.movementFuncMinor))
  const figures = (of: readonly WaitingItem[], lines: string | null): Record<string, Cell> => {
    const cell = (minor: bigint): Cell => ({
      ...{ minor: sign * minor, currency: frame.currency, lines },
      ...(turned && lines !== null && { turned: true as const }),
    })
    const inBucket = BUCKETS.map(({ key }) => {
      const own = of.filter((item) => bucketOf(item.ageDays) === key)
      return [key, own.length === 0 ? null : cell(sum(own.map((item) => item.funcMinor)))] as const
    })
    return {
      ...Object.fromEntries(inBucket),
      total: cell(sum(of.map((item) => item.funcMinor))),
    }
  }
  const itemRow = (item: WaitingItem): Row => {
    const account = item.accountId
    const { key: openKey, currency } = item
    const lines = linkTo({ account, openKey, currency, asOf: frame.asOf })
    return { kind: 'line', cells: { ...itemCells(item, sign, lines), ...figures([item], lines) } }
  }
  const subtotal = (account: number): Row => {
    const own = items.filter(({ accountId }) => accountId === account)
    const cells = { account: String(account), who: `${own[0]!.accountName}, ${own.length} items` }
    return { kind: 'subtotal', cells: { ...cells, ...figures(own, null) } }
  }
  const rest: Row = {
    kind: 'line',
    cells: { who: `${folded.length} further items`, ...figures(folded, null) },
  }
  return {
    ...frame,
    from: null,
    name,
    title,
    columns: COLUMNS,
    rows: [
      ...shown.map(itemRow),
      ...(folded.length > 0 ? [rest] : []),
      ...accounts.map(subtotal),
      { kind: 'total', cells: { who: 'Total', ...figures(items, null) } },
    ],
    checks: [check('Items are the balance of their accounts', total - ledger)],
    notes: ['Age is counted from the due date where the document has one, else from its own day.'],
  }
}

const COLUMNS = [
  text('account', 'Account'),
  text('who', 'Who'),
  text('key', 'Item'),
  day('openedOn', 'Since'),
  day('dueOn', 'Due'),
  quantity('ageDays', 'Days'),
  money('inCurrency', 'In its currency'),
  ...BUCKETS.map(({ key, title }) => money(key, title)),
  money('total', 'Total'),
]

function itemCells(item: WaitingItem, sign: bigint, lines: string): Record<string, Cell> {
  const turned = sign < 0n && { turned: true as const }
  return {
    account: String(item.accountId),
    who: item.who,
    key: item.key,
    openedOn: item.openedOn,
    dueOn: item.dueOn,
    ageDays: String(item.ageDays),
    inCurrency: { minor: sign * item.balanceMinor, currency: item.currency, lines, ...turned },
  }
}
