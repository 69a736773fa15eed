import { divideRounded, minorExponent } from '#domain/money'

const DECIMAL = /^([+-]?)(\d{0,18})(?:\.(\d{0,18}))?$/

/** The largest amount that every reader of the wire format can hold exactly. */
export const LARGEST_MINOR = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * `times` units at the decimal price `text`, in minor units of `currency`. Rounded once, after
 * the multiplication, so that 500 pieces at 0.001 are 50 pence and not nothing.
 * Answers null when the text is not a plain decimal of at most 18 digits each side.
 */
export function decimalTimes(text: string, times: number, currency: string): bigint | null {
  const match = DECIMAL.exec(text)
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (!match || whole + fraction === '') return null
  const digits = BigInt(whole + fraction) * BigInt(times) * 10n ** BigInt(minorExponent(currency))
  const minor = divideRounded(digits, 10n ** BigInt(fraction.length))
  return match[1] === '-' ? -minor : minor
}

/** The decimal text of what JSON carries as text or as number; null for anything else. */
export function decimalText(value: unknown): string | null {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  return null
}
