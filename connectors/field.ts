import type { DocumentProblem } from '#contracts/order-intake'
import { isCurrency } from './currencies.ts'
import { decimalText, decimalTimes, LARGEST_MINOR } from './decimal.ts'
import { utcInstant } from './instants.ts'

export const LARGEST_QUANTITY = 1_000_000
export const LONGEST_ID = 100

/**
 * A place in a document that nobody has checked. Reading never throws: what is wrong is noted
 * in `problems` under the path in the sender's own words, and a harmless value is handed back so
 * that one pass finds every problem. Callers must look at `problems` before they use the result.
 */
export class Field {
  readonly value: unknown
  readonly path: string
  readonly problems: DocumentProblem[]

  constructor(value: unknown, problems: DocumentProblem[], path = '') {
    this.value = value
    this.path = path
    this.problems = problems
  }

  get present(): boolean {
    if (typeof this.value === 'string') return /[^\s\0]/.test(this.value)
    return this.value !== undefined && this.value !== null
  }

  get isObject(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value)
  }

  at(key: string): Field {
    const child = this.isObject && Object.hasOwn(this.value as object, key)
    const value = child ? (this.value as Record<string, unknown>)[key] : undefined
    return new Field(value, this.problems, this.path === '' ? key : `${this.path}.${key}`)
  }

  /** The first of several names that is filled in; the first one is named when none is. */
  firstOf(...keys: [string, ...string[]]): Field {
    return keys.map((key) => this.at(key)).find((field) => field.present) ?? this.at(keys[0])
  }

  /** The entries of a list; a list left out is empty. */
  list(): Field[] {
    if (!this.present) return []
    if (!Array.isArray(this.value)) {
      this.refuse('not-a-list', `must be a list, got ${shown(this.value)}`)
      return []
    }
    // `Array.from` also visits the holes of a sparse array, which `map` leaves as holes.
    return Array.from(
      this.value as unknown[],
      (entry, n) => new Field(entry, this.problems, `${this.path}[${n}]`),
    )
  }

  refuse(code: string, message: string): void {
    this.problems.push({ code, field: this.path || '$', message: `${this.path || '$'} ${message}` })
  }

  /** Text or null; NUL characters go, as PostgreSQL cannot store them. */
  text(): string | null {
    if (!this.present) return null
    if (typeof this.value === 'number' || typeof this.value === 'string') {
      return String(this.value).replaceAll('\0', '').trim() || null
    }
    this.refuse('not-text', `must be text, got ${shown(this.value)}`)
    return null
  }

  /** An id of at most 100 characters; numbers beyond 2^53 have lost digits and are refused. */
  id(): string | null {
    if (typeof this.value === 'number' && !Number.isSafeInteger(this.value)) {
      this.refuse('not-an-id', `${this.value} is no exact integer: read the JSON losslessly`)
      return null
    }
    const id = this.text()
    if (id === null) return null
    if (id.length > LONGEST_ID || /[\p{Cc}\p{Cs}]/u.test(String(this.value).trim())) {
      this.refuse('not-an-id', `must be at most ${LONGEST_ID} characters, none a control character`)
      return null
    }
    return id
  }

  needId(): string {
    return this.id() ?? this.missing('an id')
  }

  needText(): string {
    return this.text() ?? this.missing('a text')
  }

  /** Minor units of `currency`, rounded half away from zero; null when left out. */
  amount(currency: string): bigint | null {
    return this.amountTimes(1, currency)
  }

  needAmount(currency: string): bigint {
    const amount = this.amount(currency)
    if (!this.present) this.missing('a decimal amount such as "10.99"')
    return amount ?? 0n
  }

  /** The amount for `times` units, rounded once. */
  amountTimes(times: number, currency: string): bigint | null {
    if (!this.present) return null
    const text = decimalText(this.value)
    const minor = text === null ? null : decimalTimes(text, times, currency)
    if (minor === null) {
      this.refuse('not-a-decimal', `must be like "10.99", got ${shown(this.value)}`)
      return null
    }
    if (minor > LARGEST_MINOR || minor < -LARGEST_MINOR) {
      this.refuse('amount-out-of-range', `must be within ${LARGEST_MINOR} minor units`)
      return null
    }
    return minor
  }

  /** As {@link amount}, but zero when left out, and refused when negative. */
  charge(currency: string): bigint {
    const amount = this.amount(currency) ?? 0n
    if (amount >= 0n) return amount
    this.refuse('negative-amount', `must not be negative, got ${shown(this.value)}`)
    return 0n
  }

  /** A whole number from `least` to one million. */
  quantity(least = 1): number {
    if (!this.present) {
      this.missing('a quantity')
      return least
    }
    const text = decimalText(this.value) ?? ''
    if (!/^[+-]?\d{1,15}(\.0*)?$/.test(text)) {
      this.refuse('not-an-integer', `must be a whole number, got ${shown(this.value)}`)
      return least
    }
    const quantity = Number(text)
    if (quantity >= least && quantity <= LARGEST_QUANTITY) return quantity
    this.refuse('quantity-out-of-range', `must be ${least} to ${LARGEST_QUANTITY}, got ${text}`)
    return least
  }

  /** Whether it is the number nothing, as a number or as text. */
  get isZero(): boolean {
    return /^-?0+(\.0*)?$/.test(decimalText(this.value) ?? '')
  }

  /** Fixed-width UTC instant, see {@link utcInstant}; null when left out. */
  instant(zone?: 'utc'): string | null {
    if (!this.present) return null
    const instant = typeof this.value === 'string' ? utcInstant(this.value, zone) : null
    if (instant === null) {
      this.refuse('not-an-instant', `must be like 2026-01-31T10:00:00Z, got ${shown(this.value)}`)
    }
    return instant
  }

  needInstant(zone?: 'utc'): string {
    if (!this.present) return this.missing('an instant such as 2026-01-31T10:00:00Z')
    return this.instant(zone) ?? ''
  }

  currency(): string {
    if (!this.present) return this.missing('an ISO 4217 currency code')
    const code = typeof this.value === 'string' ? this.value.trim().toUpperCase() : ''
    if (isCurrency(code)) return code
    this.refuse('unknown-currency', `must be an ISO 4217 code, got ${shown(this.value)}`)
    return ''
  }

  flag(fallback: boolean): boolean {
    if (!this.present) return fallback
    if (typeof this.value === 'boolean') return this.value
    this.refuse('not-a-flag', `must be true or false, got ${shown(this.value)}`)
    return fallback
  }

  private missing(what: string): string {
    if (!this.present) this.refuse('missing-field', `is missing: ${what} is needed`)
    return ''
  }
}

/** A value as a person recognises it, whatever it is and however long. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'symbol' || typeof value === 'function' ? typeof value : String(value)
}
