import { divideRounded } from '../money.ts'

/** A line of a purchase order; quantities in base units, money in the order's currency. */
export interface PurchaseLine {
  id: bigint
  lineNo: number
  itemId: number
  sku: string
  title: string
  siteId: number
  site: string
  vendorSku: string | null
  /** `unitPriceMinor` buys `pricePer` units. */
  unitPriceMinor: bigint
  pricePer: bigint
  /** What landing `pricePer` units is expected to cost, in the entity's currency. */
  landedEstimateMinor: bigint
  neededOn: string
  promisedOn: string | null
  inspect: boolean
  ordered: bigint
  acknowledged: bigint | null
  received: bigint
  inspected: bigint
  rejected: bigint
  replacing: bigint
  cancelled: bigint
  open: bigint
  /** The line of the sales order whose buyer the supplier ships it to. */
  orderLineId: bigint | null
  overPpm: number
  underPpm: number
}

export interface Price {
  unitPriceMinor: bigint
  pricePer: bigint
}

/** What so many units cost at a price that buys several; half a minor unit goes up. */
export function priceOf({ unitPriceMinor, pricePer }: Price, qty: bigint): bigint {
  return divideRounded(unitPriceMinor * qty, pricePer)
}

/** What the line is ordered for; cancelled units are not paid. */
export function lineValue(line: PurchaseLine): bigint {
  return priceOf(line, line.ordered - line.cancelled)
}

export function orderValue(lines: readonly PurchaseLine[]): bigint {
  return lines.reduce((all, line) => all + lineValue(line), 0n)
}

/** What is still to come is worth. */
export function openValue(lines: readonly PurchaseLine[]): bigint {
  return lines.reduce((all, line) => all + priceOf(line, line.open), 0n)
}

/** The next `qty` of units of which `before` were counted: parts always sum to the whole. */
export function shareOf(total: bigint, qty: bigint, part: { before: bigint; qty: bigint }): bigint {
  if (qty === 0n) return 0n
  return (
    divideRounded(total * (part.before + part.qty), qty) - divideRounded(total * part.before, qty)
  )
}

/** So many units more than `base` are within this many parts per million. */
export function withinPpm(base: bigint, difference: bigint, ppm: number): boolean {
  return difference * 1_000_000n <= base * BigInt(ppm)
}

/** Whether price one exceeds price two by more than the tolerance; prices may be for several units. */
export function exceeds(one: Price, two: Price, ppm: number): boolean {
  const ours = one.unitPriceMinor * two.pricePer
  const base = two.unitPriceMinor * one.pricePer
  return ours > base && !withinPpm(base, ours - base, ppm)
}
