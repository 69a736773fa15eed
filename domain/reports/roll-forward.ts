import { sum } from '../money.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'
import type { LinkTo } from './links.ts'
import { check, money, quantity, text, type Cell, type Report, type Row } from './report.ts'

/** Accounts whose lines are the cost layers (INV-15). */
export const STOCK_ACCOUNTS: readonly number[] = [1300, 1310, 1320, 1330]

/** Why stock changed; whatever has no other name is an adjustment, so that nothing is left out. */
export const STOCK_CAUSES = ['receipts', 'issues', 'moves', 'cost', 'adjustments'] as const
export type StockCause = (typeof STOCK_CAUSES)[number]

const CAUSE_OF: Record<string, StockCause> = {
  'balances-opened': 'receipts',
  'goods-received': 'receipts',
  'title-passed': 'receipts',
  // The receipt of the same units stands beside it.
  'transit-arrived': 'receipts',
  'billed-goods-received': 'receipts',
  'return-received': 'receipts',
  'goods-shipped': 'issues',
  'goods-dispatched': 'issues',
  'vendor-return-shipped': 'issues',
  'transfer-shipped': 'moves',
  'transfer-received': 'moves',
  'quarantine-released': 'moves',
  'goods-accepted': 'moves',
  'goods-rejected': 'moves',
}

/** A line without units changes what units cost: a bill that differs, or landed cost. */
export function stockCause(eventType: string, hasUnits: boolean): StockCause {
  if (!hasUnits) return 'cost'
  return CAUSE_OF[eventType] ?? 'adjustments'
}

const CAUSE_TITLES: Record<StockCause, string> = {
  receipts: 'Receipts',
  issues: 'Issues',
  moves: 'Moves between places and conditions',
  cost: 'Changes of cost',
  adjustments: 'Adjustments',
}

/** Units and their value of one item at one place in one condition, before and within the period. */
export interface StockMoves {
  sku: string
  site: string
  condition: string
  openingQty: bigint
  openingMinor: bigint
  moves: readonly { eventType: string; hasUnits: boolean; qty: bigint; minor: bigint }[]
}

/** Cost layers at the end of the period, by the days of the same entries. */
export interface LayerTotals {
  qty: bigint
  valueMinor: bigint
}

/**
 * Opening + receipts − issues ± moves, cost and adjustments = closing, in units and in value, by
 * SKU × site × condition: the journal's own lines, held against the accounts and the cost layers.
 */
export function rollForwardReport(
  frame: ReportFrame,
  stock: readonly StockMoves[],
  against: { balances: readonly AccountBalanceOf[]; layers: LayerTotals | undefined },
  linkTo: LinkTo,
  most: number,
): Report {
  const shown = stock.slice(0, most)
  const folded = stock.slice(most)
  const row = rowOf(frame, linkTo)
  const ledger = sum(
    against.balances.map((balance) => balance.openingFuncMinor + balance.movementFuncMinor),
  )
  const closing = sum(stock.map(closingMinor))
  const units = sum(stock.map(closingQty))
  const { layers } = against
  return {
    ...frame,
    name: 'inventory-roll-forward',
    title: 'Inventory roll-forward',
    columns: COLUMNS,
    rows: [
      ...shown.map((item) => row('line', item, [item])),
      ...(folded.length > 0
        ? [row('line', { sku: `${folded.length} further places` }, folded)]
        : []),
      row('total', { sku: 'Total' }, stock),
    ],
    checks: [
      check('It is the balance of the inventory accounts', closing - ledger),
      ...(layers
        ? [
            check('It is the value of the cost layers', closing - layers.valueMinor),
            check('And their units', units - layers.qty),
          ]
        : []),
    ],
    notes: ['Goods on their way to customers (1315) are not in it.'],
  }
}

const COLUMNS = [
  text('sku', 'SKU'),
  text('site', 'Site'),
  text('condition', 'Condition'),
  quantity('openingQty', 'Opening units'),
  money('opening', 'Opening'),
  ...STOCK_CAUSES.flatMap((cause) =>
    cause === 'cost'
      ? [money(cause, CAUSE_TITLES[cause])]
      : [
          quantity(`${cause}Qty`, `${CAUSE_TITLES[cause]}, units`),
          money(cause, CAUSE_TITLES[cause]),
        ],
  ),
  quantity('closingQty', 'Closing units'),
  money('closing', 'Closing'),
]

const movesOf = (stock: readonly StockMoves[], cause: StockCause) =>
  stock.flatMap(({ moves }) =>
    moves.filter(({ eventType, hasUnits }) => stockCause(eventType, hasUnits) === cause),
  )

const closingQty = ({ openingQty, moves }: StockMoves) =>
  openingQty + sum(moves.map(({ qty }) => qty))
const closingMinor = ({ openingMinor, moves }: StockMoves) =>
  openingMinor + sum(moves.map(({ minor }) => minor))

const rowOf =
  (frame: ReportFrame, linkTo: LinkTo) =>
  (
    kind: Row['kind'],
    about: { sku: string; site?: string; condition?: string },
    stock: readonly StockMoves[],
  ): Row => {
    const { currency, from, asOf } = frame
    const { sku, site, condition } = about
    const link = (days: { from?: string | null; asOf: string }) =>
      site === undefined || condition === undefined
        ? null
        : linkTo({ accounts: STOCK_ACCOUNTS, sku, site, condition, ...days })
    const cells: Record<string, Cell> = {
      sku,
      site: site ?? null,
      condition: condition ?? null,
      openingQty: `${sum(stock.map(({ openingQty }) => openingQty))}`,
      opening: { minor: sum(stock.map((it) => it.openingMinor)), currency, lines: null },
      closingQty: `${sum(stock.map(closingQty))}`,
      closing: { minor: sum(stock.map(closingMinor)), currency, lines: link({ asOf }) },
    }
    for (const cause of STOCK_CAUSES) {
      const moves = movesOf(stock, cause)
      const minor = sum(moves.map((move) => move.minor))
      // The lines of the period are those of all its causes; each entry says which it is.
      cells[cause] = { minor, currency, lines: link({ from, asOf }) }
      if (cause !== 'cost') cells[`${cause}Qty`] = `${sum(moves.map((move) => move.qty))}`
    }
    return { kind, cells }
  }
