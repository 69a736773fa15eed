import type { PurchaseLine } from './order.ts'

/** What was counted of a line at the dock. */
export interface Counted {
  good: bigint
  damaged: bigint
}

/** Units of one line, by where they go and why. */
export interface Sorted {
  /** On the shelf, or to quarantine where the line is inspected. */
  taken: bigint
  /** Beyond the order and its tolerance: kept apart until somebody decides. */
  heldOver: bigint
  damaged: bigint
  /** Beyond the order, within the tolerance. */
  toleratedOver: bigint
  /** Still open units that the tolerance lets go, once these have come. */
  toleratedShort: bigint
}

/** Sorts what came into what was ordered, what is let pass and what a person has to see. */
export function sortReceived(line: PurchaseLine, { good, damaged }: Counted): Sorted {
  const wanted = line.ordered + line.replacing - line.cancelled
  const after = line.received + good + damaged
  const over = after > wanted ? min(after - wanted, good + damaged) : 0n
  const allowed = (line.ordered * BigInt(line.overPpm)) / 1_000_000n
  // What an earlier receipt brought beyond the order has used the tolerance up.
  const tolerated = after - wanted <= allowed
  const heldOver = tolerated ? 0n : min(over, good)
  const left = after < wanted ? wanted - after : 0n
  const shortAllowed = (line.ordered * BigInt(line.underPpm)) / 1_000_000n
  return {
    ...{ taken: good - heldOver, heldOver, damaged },
    toleratedOver: tolerated ? over : 0n,
    toleratedShort: left <= shortAllowed ? left : 0n,
  }
}

function min(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
