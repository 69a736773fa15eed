import { divideRounded } from '../money.ts'

/** What is left of an open item, both above zero: in its own currency, and as it was booked. */
export interface OpenValue {
  amountMinor: bigint
  funcMinor: bigint
}

/**
 * Takes a part of an open item at the value that it was booked at and leaves the rest: what
 * empties the item takes all that is left of its value, so that no value ever stays behind
 * without an amount; a part takes its proportion, rounded half up. More than is open takes all
 * of it: whether that may be is for the guard of the account to say.
 */
export function takeBooked(open: OpenValue, amountMinor: bigint): bigint {
  const all = amountMinor >= open.amountMinor
  const funcMinor = all
    ? open.funcMinor
    : divideRounded(open.funcMinor * amountMinor, open.amountMinor)
  open.amountMinor -= all ? open.amountMinor : amountMinor
  open.funcMinor -= funcMinor
  return funcMinor
}
