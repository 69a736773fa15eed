/**
 * Money is whole minor units of one ISO 4217 currency. In code an amount is a `bigint`;
 * on the wire and in workflow histories it is the string form of that integer, because
 * JSON has no integer beyond 2^53 and Temporal's converter refuses `bigint`.
 */
export interface Money {
  currency: string
  minor: bigint
}

/** Wire form of {@link Money}: `{ "currency": "USD", "minor": "1099" }` is 10.99 US dollars. */
export interface MoneyDto {
  currency: string
  minor: string
}

/** ISO 4217 currencies whose minor unit is not 1/100 of the major one. */
export const MINOR_EXPONENTS: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  CLF: 4,
  UYW: 4,
}

/** Number of decimals of the currency's minor unit (ISO 4217): USD 2, JPY 0, KWD 3. */
export function minorExponent(currency: string): number {
  return MINOR_EXPONENTS[currency] ?? 2
}

export function toDto(money: Money): MoneyDto {
  return { currency: money.currency, minor: money.minor.toString() }
}

/** @throws RangeError when `minor` is not the decimal form of an integer. */
export function fromDto(dto: MoneyDto): Money {
  if (!/^-?\d+$/.test(dto.minor))
    throw new RangeError(`minor must be an integer, got "${dto.minor}"`)
  return { currency: dto.currency, minor: BigInt(dto.minor) }
}

/**
 * Reads a decimal text such as `"10.99"` into minor units of `currency`, exactly.
 * A fraction finer than the minor unit is rounded half away from zero, as channels send
 * unrounded tax shares now and then.
 * @throws RangeError when the text is not a plain decimal number.
 */
export function parseMinor(text: string, currency: string): bigint {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text.trim())
  if (!match || (match[2] === '' && (match[3] ?? '') === '')) {
    throw new RangeError(`"${text}" is not a decimal amount`)
  }
  const exponent = minorExponent(currency)
  const fraction = (match[3] ?? '').padEnd(exponent + 1, '0')
  const kept = BigInt((match[2] || '0') + fraction.slice(0, exponent))
  const roundUp = fraction.charCodeAt(exponent) >= 53 ? 1n : 0n
  const magnitude = kept + roundUp
  return match[1] === '-' ? -magnitude : magnitude
}

/** `1099n, 'USD'` → `"10.99"`; the currency code is not part of the text. */
export function formatMinor(minor: bigint, currency: string): string {
  return formatScaled(minor, minorExponent(currency))
}

/** `125000n, 4` → `"12.5000"`: a whole number of the last of so many decimal places. */
export function formatScaled(scaled: bigint, places: number): string {
  const sign = scaled < 0n ? '-' : ''
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(places + 1, '0')
  if (places === 0) return sign + digits
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** Integer division rounding half away from zero; `denominator` must be positive. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('denominator must be positive')
  const magnitude = numerator < 0n ? -numerator : numerator
  const rounded = (magnitude * 2n + denominator) / (denominator * 2n)
  return numerator < 0n ? -rounded : rounded
}

export function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n
  for (const amount of amounts) total += amount
  return total
}
