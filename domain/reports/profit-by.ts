import { sum } from '../money.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'
import { memberQuery, type Grain, type LineQuery, type LinkTo } from './links.ts'
import type { Compared } from './profit-and-loss.ts'
import { resultLines } from './profit-and-loss.ts'
import { check, money, text, type Cell, type Report, type Row } from './report.ts'
import { RESULT_SECTIONS, resultSection, SECTION_TITLES } from './sections.ts'

const GRAIN_TITLES: Record<Grain, string> = {
  channel: 'Channel',
  item: 'SKU',
  site: 'Site',
  segment: 'Segment',
  promotion: 'Promotion',
}

/**
 * The result of each channel, SKU, site or segment, a column a section (RPT-6, RPT-16). What
 * belongs to none of them is a row itself, so that the rows are the result of the company.
 * @param whole the same period, not told apart: what the rows must sum to
 */
export function profitByReport(
  frame: ReportFrame,
  by: Grain,
  figures: {
    balances: readonly AccountBalanceOf[]
    whole: readonly AccountBalanceOf[]
    compared?: Compared | undefined
  },
  linkTo: LinkTo,
  about: LineQuery,
): Report {
  const { balances, whole, compared } = figures
  const members = [...new Set([...balances, ...(compared?.balances ?? [])].map(({ of }) => of))]
  const accounts = [...new Set(whole.map(({ accountId }) => accountId))]
  const link = (ids: readonly number[], more: LineQuery) =>
    ids.length === 0
      ? null
      : linkTo({ ...resultLines(ids), from: frame.from, asOf: frame.asOf, ...about, ...more })
  const row = rowOf(frame, accounts, link, compared !== undefined)
  const ownedBy = (of: string | null): Owned => ({
    now: balances.filter((balance) => balance.of === of),
    before: compared?.balances.filter((balance) => balance.of === of) ?? [],
  })
  const all = { now: balances, before: compared?.balances ?? [] }
  return {
    ...frame,
    name: 'profit-and-loss',
    title: `Profit and loss by ${GRAIN_TITLES[by].toLowerCase().replace('sku', 'SKU')}`,
    columns: columnsOf(by, compared),
    rows: [
      ...sorted(members).map((of) => row('line', of ?? '(none)', ownedBy(of), memberQuery(by, of))),
      row('total', 'Total', all, {}),
    ],
    checks: [check('Rows are all of the result', resultOf(balances) - resultOf(whole))],
    notes: ['Income stands above zero, cost below.'],
  }
}

const rowOf =
  (
    { currency }: ReportFrame,
    accounts: readonly number[],
    link: (ids: readonly number[], more: LineQuery) => string | null,
    isCompared: boolean,
  ) =>
  (kind: Row['kind'], member: string, own: Owned, more: LineQuery): Row => {
    const cell = (minor: bigint, ids: readonly number[]): Cell => ({
      ...{ minor, currency, lines: link(ids, more), turned: true },
    })
    const result = resultOf(own.now)
    const before = resultOf(own.before)
    const sections = RESULT_SECTIONS.map((section) => {
      const inIt = own.now.filter(({ accountId }) => resultSection(accountId) === section)
      const ids = accounts.filter((id) => resultSection(id) === section)
      return [section, cell(resultOf(inIt), ids)] as const
    })
    const other = {
      compared: { minor: before, currency, lines: null },
      change: { minor: result - before, currency, lines: null },
    }
    const cells = { member, ...Object.fromEntries(sections), result: cell(result, accounts) }
    return { kind, cells: isCompared ? { ...cells, ...other } : cells }
  }

interface Owned {
  now: readonly AccountBalanceOf[]
  before: readonly AccountBalanceOf[]
}

const resultOf = (rows: readonly AccountBalanceOf[]) =>
  -sum(rows.map((row) => row.movementFuncMinor))

/** By name; what belongs to none stands last. */
function sorted(members: readonly (string | null)[]): (string | null)[] {
  const named = members.filter((member) => member !== null).sort((a, b) => (a < b ? -1 : 1))
  return members.includes(null) ? [...named, null] : named
}

function columnsOf(by: Grain, compared: Compared | undefined) {
  return [
    text('member', GRAIN_TITLES[by]),
    ...RESULT_SECTIONS.map((section) => money(section, SECTION_TITLES[section])),
    money('result', 'Result'),
    ...(compared
      ? [money('compared', `Result ${compared.from} – ${compared.to}`), money('change', 'Change')]
      : []),
  ]
}
