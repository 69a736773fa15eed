import { sum } from '../money.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'
import type { LineQuery, LinkTo } from './links.ts'
import {
  BRIDGE_CAUSES,
  causeAccounts,
  marginBridge,
  type BridgeCause,
  type MarginPeriod,
} from './margin-bridge.ts'
import { resultLines } from './profit-and-loss.ts'
import { check, money, text, type Cell, type Report, type Row } from './report.ts'

const CAUSE_TITLES: Record<BridgeCause, string> = {
  price: 'Prices',
  volume: 'Volume',
  mix: 'Mix, new and dropped items',
  exchange: 'Exchange rates',
  discounts: 'Discounts and goodwill',
  returns: 'Returns',
  cost: 'Cost of goods and landed cost',
  freight: 'Freight and packaging, less shipping income',
  fees: 'Channel and payment fees',
  'stock-losses': 'Stock losses',
  operating: 'Other income and costs',
}

export interface BridgeDays {
  from: string
  to: string
}

/** The result of one period, what each cause added or took, and the result of the next. */
export function marginBridgeReport(
  frame: ReportFrame,
  earlier: BridgeDays,
  before: MarginPeriod,
  now: MarginPeriod,
  linkTo: LinkTo,
  about: LineQuery,
): Report {
  const { currency } = frame
  const bridge = marginBridge(before, now)
  const accounts = [
    ...new Set([...before.balances, ...now.balances].map(({ accountId }) => accountId)),
  ]
  const cell = (
    rows: readonly AccountBalanceOf[],
    ids: readonly number[],
    days: LineQuery,
  ): Cell => {
    const minor = resultOf(rows.filter(({ accountId }) => ids.includes(accountId)))
    if (ids.length === 0) return { minor, currency, lines: null }
    const lines = linkTo({ ...resultLines(ids), ...days, ...about })
    return { minor, currency, lines, turned: true }
  }
  const periods = (ids: readonly number[]) => ({
    before: cell(before.balances, ids, { from: earlier.from, asOf: earlier.to }),
    now: cell(now.balances, ids, { from: frame.from, asOf: frame.asOf }),
  })
  const difference = resultOf(now.balances) - resultOf(before.balances)
  const effect = (minor: bigint): Cell => ({ minor, currency, lines: null })
  const rows = BRIDGE_CAUSES.map((cause): Row => ({
    kind: 'line',
    cells: {
      cause: CAUSE_TITLES[cause],
      ...periods(causeAccounts(cause, accounts)),
      effect: effect(bridge[cause]),
    },
  }))
  const explained = sum(BRIDGE_CAUSES.map((cause) => bridge[cause]))
  return {
    ...frame,
    name: 'margin-bridge',
    title: 'Margin bridge',
    columns: [
      text('cause', 'Cause'),
      money('before', `${earlier.from} – ${earlier.to}`),
      money('now', `${frame.from} – ${frame.asOf}`),
      money('effect', 'Effect on the result'),
    ],
    rows: [
      ...rows,
      {
        kind: 'total',
        cells: { cause: 'Result', ...periods(accounts), effect: effect(difference) },
      },
    ],
    checks: [check('Causes are all of the difference', difference - explained)],
    notes: [NOTE],
  }
}

const resultOf = (rows: readonly AccountBalanceOf[]) =>
  -sum(rows.map((row) => row.movementFuncMinor))

const NOTE =
  'Prices, volume and mix share the same accounts: what they held stands in each of their rows, and again, for cost that came back, in that of returns.'
