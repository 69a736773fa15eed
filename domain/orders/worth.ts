import { sum } from '../money.ts'

interface LineWorth {
  goodsMinor: bigint
  discountMinor: bigint
  shippingMinor: bigint
  taxMinor: bigint
  cancelledMinor: bigint
  shippedMinor: bigint
  /** Of what was shipped: units that got lost before the buyer owed for them. */
  lostMinor: bigint
}

interface OrderWorth {
  lines: readonly LineWorth[]
  /** Given back of what was earned: returns and goodwill. */
  creditedMinor?: bigint
}

/** Value of all units that nobody has cancelled or returned: what the customer will have paid in the end. */
export function keptValue(order: OrderWorth): bigint {
  const kept = order.lines.map((line) => lineGross(line) - line.cancelledMinor - line.lostMinor)
  return sum(kept) - (order.creditedMinor ?? 0n)
}

/** Value of what has left so far, has not got lost on the way and was not given back. */
export function shippedValue(order: OrderWorth): bigint {
  const left = order.lines.map((line) => line.shippedMinor - line.lostMinor)
  return sum(left) - (order.creditedMinor ?? 0n)
}

/** What the order is still worth to us: the frozen amounts of its open units. */
export function openValue(order: OrderWorth): bigint {
  return keptValue(order) - shippedValue(order)
}

export function lineGross(line: LineWorth): bigint {
  return line.goodsMinor - line.discountMinor + line.shippingMinor + line.taxMinor
}
