import { formatMinor } from '#domain/money'

export interface Money {
  currency: string
  minor: string
}

/** The user's own locale for numbers and dates, whatever language the words are in. */
const locale = navigator.language

/** Exact: the decimal text goes to Intl as it is, never through a float. */
export function money({ currency, minor }: Money): string {
  const decimals = formatMinor(BigInt(minor), currency) as Intl.StringNumericLiteral
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(decimals)
}

export function units(qty: string | number): string {
  return new Intl.NumberFormat(locale).format(BigInt(qty))
}

export function instant(iso: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(iso),
  )
}

/** A business date has no time zone. */
export function businessDate(iso: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${iso.slice(0, 10)}T00:00:00Z`),
  )
}

/** How far an instant is from now, in its largest unit: "in 3 hours", "2 days ago". */
export function fromNow(iso: string, now: number, language: string): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000)
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1)!
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'always' })
  return words.format(Math.trunc(seconds / size), unit)
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** The date on the user's own wall. */
export function today(): string {
  const now = new Date()
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-')
}

/** Thousandths as a decimal number with at most two places, never through a float. */
export function decimal(milli: string): string {
  const size = BigInt(milli)
  const digits = `${size < 0n ? -size : size}`.padStart(4, '0')
  const text = `${size < 0n ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(
    text as Intl.StringNumericLiteral,
  )
}
