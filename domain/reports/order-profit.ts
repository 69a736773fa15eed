import { sum } from '../money.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'
import type { LineQuery, LinkTo } from './links.ts'
import { resultLines } from './profit-and-loss.ts'
import { check, money, text, type Cell, type Report, type Row } from './report.ts'
import { RESULT_SECTIONS, resultSection, SECTION_TITLES, type ResultSection } from './sections.ts'

/** What one order earned in a period; income above zero. */
export interface OrderResult {
  orderId: string
  orderNumber: string | null
  channel: string | null
  resultMinor: bigint
  sections: Partial<Record<ResultSection, bigint>>
}

export interface OrderResults {
  /** The orders shown. */
  orders: readonly OrderResult[]
  /** All others together. */
  others: Figures & { count: number }
}

/**
 * The result of each order, and account by account what belongs to none: together they are the
 * result of the company (DIM), whatever part of the orders is shown.
 */
export function orderProfitReport(
  frame: ReportFrame,
  { orders, others }: OrderResults,
  /** The same period of what names no order, and of everything. */
  { withoutOrder, whole }: Record<'withoutOrder' | 'whole', readonly AccountBalanceOf[]>,
  linkTo: LinkTo,
  about: LineQuery,
): Report {
  const { from, asOf } = frame
  const accounts = [...new Set(whole.map(({ accountId }) => accountId))]
  const link = (ids: readonly number[], more: LineQuery) =>
    ids.length === 0 ? null : linkTo({ ...resultLines(ids), from, asOf, ...about, ...more })
  const figures = figuresOf(frame, accounts, link)
  const orderRow = (order: OrderResult): Row => ({
    kind: 'line',
    cells: {
      order: order.orderId,
      number: order.orderNumber,
      channel: order.channel,
      ...figures(order, { order: order.orderId }),
    },
  })
  const orderless = withoutOrder.map((balance): Row => {
    const minor = -balance.movementFuncMinor
    const only = { sections: { [resultSection(balance.accountId)]: minor }, resultMinor: minor }
    const one = { accounts: [balance.accountId], currency: balance.currency, without: ['order'] }
    const number = `${balance.code} ${balance.name}, no order`
    return { kind: 'line', cells: { number, ...figures(only, one) } }
  })
  const further: Row = {
    kind: 'line',
    cells: { number: `${others.count} further orders`, ...figures(others, null) },
  }
  const listed =
    sum(orders.map(({ resultMinor }) => resultMinor)) +
    others.resultMinor -
    sum(withoutOrder.map((row) => row.movementFuncMinor))
  const result = -sum(whole.map((row) => row.movementFuncMinor))
  return {
    ...frame,
    name: 'order-profit',
    title: 'Result by order',
    columns: COLUMNS,
    rows: [
      ...orders.map(orderRow),
      ...(others.count > 0 ? [further] : []),
      ...orderless,
      {
        kind: 'total',
        cells: {
          number: 'Result',
          ...figures({ resultMinor: result, sections: sectionsOf(whole) }, {}),
        },
      },
    ],
    checks: [check('Orders and what has none are the result', listed - result)],
    notes: ['The least profitable orders stand first.', 'Income stands above zero, cost below.'],
  }
}

type Figures = Pick<OrderResult, 'resultMinor' | 'sections'>

function figuresOf(
  { currency }: ReportFrame,
  accounts: readonly number[],
  link: (ids: readonly number[], more: LineQuery) => string | null,
) {
  return ({ resultMinor, sections }: Figures, more: LineQuery | null): Record<string, Cell> => {
    const cell = (minor: bigint, ids: readonly number[]): Cell => {
      const lines = more && link(ids, more)
      return { minor, currency, lines, ...(lines !== null && { turned: true as const }) }
    }
    const inSection = (section: ResultSection) =>
      accounts.filter((id) => resultSection(id) === section)
    return {
      ...Object.fromEntries(
        RESULT_SECTIONS.map((section) => [
          section,
          section in sections ? cell(sections[section] ?? 0n, inSection(section)) : null,
        ]),
      ),
      result: cell(resultMinor, accounts),
    }
  }
}

function sectionsOf(rows: readonly AccountBalanceOf[]): OrderResult['sections'] {
  const of = (section: ResultSection) =>
    rows.filter(({ accountId }) => resultSection(accountId) === section)
  return Object.fromEntries(
    RESULT_SECTIONS.map((section) => [
      section,
      -sum(of(section).map((row) => row.movementFuncMinor)),
    ]),
  )
}

const COLUMNS = [
  text('order', 'Order id'),
  text('number', 'Order'),
  text('channel', 'Channel'),
  ...RESULT_SECTIONS.map((section) => money(section, SECTION_TITLES[section])),
  money('result', 'Result'),
]
