/**
 * Fractions without floats: a number times 1e6 (`…E6`), a square times 1e12 (`…E12`). A square
 * root of an `E12` is an `E6` again.
 */
export const ONE = 1_000_000n

/** The largest integer whose square is not above `n` (Newton's method); `n` must not be negative. */
export function integerRoot(n: bigint): bigint {
  if (n < 0n) throw new RangeError('a square root of what is below zero')
  if (n < 2n) return n
  let guess = 1n << BigInt((n.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (guess + n / guess) >> 1n
    if (next >= guess) return guess
    guess = next
  }
}

/** Whole units that hold `e6`: a part of a unit cannot be kept in stock. */
export function unitsUp(e6: bigint): bigint {
  return e6 <= 0n ? -(-e6 / ONE) : (e6 + ONE - 1n) / ONE
}

/** `1500000n` → `"1.5"`, for people. */
export function decimalText(e6: bigint): string {
  const sign = e6 < 0n ? '-' : ''
  const digits = (e6 < 0n ? -e6 : e6).toString().padStart(7, '0')
  const fraction = digits.slice(-6).replace(/0+$/, '')
  return `${sign}${digits.slice(0, -6)}${fraction === '' ? '' : `.${fraction}`}`
}
