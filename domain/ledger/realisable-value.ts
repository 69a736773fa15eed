import { divideRounded } from '../money.ts'
import type { ClosePolicy } from './close-policy.ts'

/** What lies of one item at the end of a period, in functional currency. */
export interface ValuedItem {
  units: bigint
  costMinor: bigint
  /** What one unit sells for, before what the sale costs; unknown where it has no price and was never sold. */
  priceMinor: bigint | null
  /** What was written down before and is still in the books, above zero. */
  allowanceMinor: bigint
  /** How many units lay there when that was set, and how many have left since. */
  unitsThen: bigint
  issuedSince: bigint
}

/**
 * The allowance by which an item's cost exceeds what it sells for, less what the sale costs: the
 * lower of cost and net realisable value, item by item (IAS 2.9, 2.29). Where the policy allows no
 * reversal (ASC 330-10-35-14) it falls only as the units leave for which it was set; else it
 * follows the value up, never beyond cost (IAS 2.33). An item without a price keeps what it has.
 */
export function requiredAllowance(
  item: ValuedItem,
  { costToSellPpm, reverses }: NonNullable<ClosePolicy['realisableValue']>,
): bigint {
  const { units, costMinor, priceMinor, allowanceMinor } = item
  if (units <= 0n || costMinor <= 0n) return 0n
  const kept = leftOf(item)
  if (priceMinor === null) return kept
  const net = divideRounded(priceMinor * units * BigInt(1_000_000 - costToSellPpm), 1_000_000n)
  const lower = net < costMinor ? costMinor - (net > 0n ? net : 0n) : 0n
  if (reverses || allowanceMinor === 0n) return lower
  return lower > kept ? lower : kept
}

/** What was set for units that still lie here: the oldest leave first. */
function leftOf({ allowanceMinor, unitsThen, issuedSince, costMinor }: ValuedItem): bigint {
  if (unitsThen <= 0n) return allowanceMinor < costMinor ? allowanceMinor : costMinor
  const left = unitsThen > issuedSince ? unitsThen - issuedSince : 0n
  const kept = divideRounded(allowanceMinor * left, unitsThen)
  return kept < costMinor ? kept : costMinor
}
