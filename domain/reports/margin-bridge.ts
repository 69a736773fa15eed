import { divideRounded, sum } from '../money.ts'
import type { AccountBalanceOf } from './frame.ts'
import { resultSection } from './sections.ts'

/** What was sold of one item in one channel in a period; functional values as they were posted. */
export interface ItemSales {
  channel: string | null
  sku: string | null
  /** Units on the lines of product sales. */
  units: bigint
  salesMinor: bigint
  /** Cost of what was sold, without cost that came back. */
  costMinor: bigint
  /** The one currency of the sales and their amount in it; null where there are several. */
  currency: string | null
  amountMinor: bigint
}

export interface MarginPeriod {
  sales: readonly ItemSales[]
  /** The whole result, account by account. */
  balances: readonly AccountBalanceOf[]
}

export const BRIDGE_CAUSES = [
  'price',
  'volume',
  'mix',
  'exchange',
  'discounts',
  'returns',
  'cost',
  'freight',
  'fees',
  'stock-losses',
  'operating',
] as const
export type BridgeCause = (typeof BRIDGE_CAUSES)[number]

const COST_OF_GOODS = 5010
const PRODUCT_SALES = 4010
const COST_OF_RETURNS_EXPECTED = 5015

/** Which accounts stand behind a cause, of all accounts of the result. */
export function causeAccounts(cause: BridgeCause, accounts: readonly number[]): number[] {
  if (cause === 'price' || cause === 'volume' || cause === 'mix')
    return accounts.filter((id) => id === PRODUCT_SALES || id === COST_OF_GOODS)
  if (cause === 'returns')
    return accounts.filter((id) => causeOf(id) === 'returns' || id === COST_OF_GOODS)
  return accounts.filter((id) => causeOf(id) === cause)
}

/** The cause that the whole change of an account is; product sales and cost of goods are taken apart. */
function causeOf(accountId: number): BridgeCause {
  if (accountId === PRODUCT_SALES) return 'price'
  if (accountId === COST_OF_RETURNS_EXPECTED) return 'returns'
  const section = resultSection(accountId)
  return section === 'sales' ? 'operating' : section
}

/**
 * Why the result of one period differs from that of another, cause by cause; the causes sum to the
 * difference exactly, since each is what remains between two whole amounts (RPT-11).
 *
 * Of an item sold in both periods: `exchange` is what the new rate made of the new amount, `price`
 * what the new price made of the new units at the old rate, `cost` what the new cost made of them.
 * What remains is the change of units at the old price and cost: as much of it as the total units
 * have changed is `volume`, at the old average margin, and the rest is `mix`. An item that was sold
 * in one of the periods only has no price to compare: all of it is mix and volume.
 */
export function marginBridge(before: MarginPeriod, now: MarginPeriod): Record<BridgeCause, bigint> {
  const bridge = Object.fromEntries(BRIDGE_CAUSES.map((cause) => [cause, 0n])) as Record<
    BridgeCause,
    bigint
  >
  for (const row of now.balances) addAccount(bridge, row, -1n)
  for (const row of before.balances) addAccount(bridge, row, 1n)
  addReturnedCost(bridge, before, -1n)
  addReturnedCost(bridge, now, 1n)
  addItems(bridge, before.sales, now.sales)
  return bridge
}

/** Accounts other than product sales and cost of goods change the result as a whole. */
function addAccount(
  bridge: Record<BridgeCause, bigint>,
  row: AccountBalanceOf,
  sign: 1n | -1n,
): void {
  if (row.accountId === PRODUCT_SALES || row.accountId === COST_OF_GOODS) return
  bridge[causeOf(row.accountId)] += sign * row.movementFuncMinor
}

/** Cost of goods less the cost of what was sold is what came back; sales in no line of an item, too. */
function addReturnedCost(
  bridge: Record<BridgeCause, bigint>,
  period: MarginPeriod,
  sign: 1n | -1n,
): void {
  const of = (account: number) =>
    sum(
      period.balances
        .filter(({ accountId }) => accountId === account)
        .map((row) => row.movementFuncMinor),
    )
  const sold = sum(period.sales.map(({ costMinor }) => costMinor))
  bridge.returns += sign * (sold - of(COST_OF_GOODS))
}

function addItems(
  bridge: Record<BridgeCause, bigint>,
  before: readonly ItemSales[],
  now: readonly ItemSales[],
): void {
  const earlier = new Map(before.map((item) => [keyOf(item), item]))
  let shifted = -sum(before.map(marginOf))
  for (const item of now) {
    const old = earlier.get(keyOf(item))
    if (!old || old.units <= 0n || item.units <= 0n) {
      shifted += marginOf(item)
      continue
    }
    const atOldPrice = divideRounded(old.salesMinor * item.units, old.units)
    const atOldCost = divideRounded(old.costMinor * item.units, old.units)
    const atOldRate = valueAtOldRate(old, item)
    bridge.exchange += item.salesMinor - atOldRate
    bridge.price += atOldRate - atOldPrice
    bridge.cost += atOldCost - item.costMinor
    shifted += atOldPrice - atOldCost
  }
  const unitsBefore = sum(before.map(({ units }) => units))
  const unitsNow = sum(now.map(({ units }) => units))
  const margin = sum(before.map(marginOf))
  const volume =
    unitsBefore > 0n ? divideRounded(margin * (unitsNow - unitsBefore), unitsBefore) : shifted
  bridge.volume += volume
  bridge.mix += shifted - volume
}

const keyOf = ({ channel, sku }: ItemSales) => JSON.stringify([channel, sku])
const marginOf = ({ salesMinor, costMinor }: ItemSales) => salesMinor - costMinor

/** The new amount at the rate of the earlier sales; as it is where the currencies are not the same one. */
function valueAtOldRate(old: ItemSales, item: ItemSales): bigint {
  if (old.currency === null || old.currency !== item.currency || old.amountMinor <= 0n)
    return item.salesMinor
  return divideRounded(item.amountMinor * old.salesMinor, old.amountMinor)
}
