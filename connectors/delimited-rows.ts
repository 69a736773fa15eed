import { divideRounded } from '#domain/money'
import type { Price, RejectedRow } from '#domain/purchasing/past-purchase'

import { LARGEST_QUANTITY, LONGEST_ID, shown } from './field.ts'
import { isCalendarDay } from './instants.ts'
import { UNSTORABLE } from './storable.ts'

/** Amounts are exact to six decimals while they are read: 50.2605 is 50,260,500 millionths. */
const MILLIONTHS_IN_CENT = 10_000n

/**
 * One row of a file whose columns have names. Reading never throws: the first thing that is wrong
 * is kept as {@link problem}, and a harmless value is handed back.
 */
export class NamedRow {
  readonly file: string
  readonly row: number
  problem: RejectedRow | null = null
  private readonly cells: ReadonlyMap<string, string>

  constructor(file: string, row: number, columns: readonly string[], cells: readonly string[]) {
    this.file = file
    this.row = row
    this.cells = new Map(columns.map((name, n) => [name, (cells[n] ?? '').trim()]))
    if (cells.length !== columns.length)
      this.reject('row', 'malformed-row', `has ${cells.length} columns, not ${columns.length}`)
    for (const [name, cell] of this.cells)
      if (UNSTORABLE.test(cell))
        this.reject(name, 'not-storable', 'leave out NUL characters and unpaired surrogates')
  }

  reject(field: string, code: string, message: string): void {
    const { file, row } = this
    this.problem ??= { file, row, field, code, message: `row ${row}, ${field}: ${message}` }
  }

  raw(field: string): string {
    return this.cells.get(field) ?? ''
  }

  text(field: string, longest = 300): string {
    const text = this.raw(field)
    if (text === '') this.reject(field, 'missing-field', 'is missing')
    if (text.length > longest)
      this.reject(field, 'too-long', `must be at most ${longest} characters`)
    return text
  }

  id(field: string): string {
    const id = this.text(field, LONGEST_ID)
    if (/\p{Cc}/u.test(id)) this.reject(field, 'not-an-id', 'must hold no control character')
    return id
  }

  /** A whole number; `.00` behind it does not matter. */
  quantity(field: string, least: number): number {
    const text = this.raw(field)
    const quantity = Number(text)
    if (text === '') this.reject(field, 'missing-field', 'is missing: a quantity is needed')
    else if (!/^-?(\d{1,12}(\.0*)?|\.0+)$/.test(text))
      this.reject(field, 'not-an-integer', `must be a whole number, got ${shown(text)}`)
    else if (quantity >= least && quantity <= LARGEST_QUANTITY) return quantity
    else {
      const range = `must be ${least} to ${LARGEST_QUANTITY}, got ${shown(text)}`
      this.reject(field, 'quantity-out-of-range', range)
    }
    return least
  }

  /** Millionths of a decimal that is not negative and has at most six decimals. */
  millionths(field: string): bigint {
    const text = this.raw(field)
    if (text === '') this.reject(field, 'missing-field', 'is missing: a decimal is needed')
    else if (text.startsWith('-'))
      this.reject(field, 'negative-amount', `must not be negative, got ${shown(text)}`)
    else if (/^\d{11}/.test(text))
      this.reject(field, 'amount-out-of-range', `must be below ten billion, got ${shown(text)}`)
    else if (!/^(\d{1,10}(\.\d{0,6})?|\.\d{1,6})$/.test(text))
      this.reject(field, 'not-a-decimal', `must be like "10.99", got ${shown(text)}`)
    else {
      const [whole = '', fraction = ''] = text.split('.')
      return BigInt(`${whole}${fraction.padEnd(6, '0')}`)
    }
    return 0n
  }

  /** The day of a database's `2022-04-15 00:00:00.000`. */
  needIsoDay(field: string): string {
    const text = this.raw(field)
    if (text === '') this.reject(field, 'missing-field', 'is missing: a day is needed')
    const day = /^(\d{4}-\d\d-\d\d)([ T][\d:.]+)?$/.exec(text)?.[1]
    if (day !== undefined && isDay(day)) return day
    this.reject(field, 'not-a-date', `must be like "2022-04-15", got ${shown(text)}`)
    return ''
  }
}

/** Whether it is a day of the calendar, written `YYYY-MM-DD`, of the years 1900 to 2999. */
export function isDay(text: string): boolean {
  return /^(19|2\d)\d\d-\d\d-\d\d$/.test(text) && isCalendarDay(text)
}

/** As the price of so many units as make it whole minor units: 50.2605 is 502605 for 100. */
export function priceOf(millionths: bigint): Price {
  let pricePer = MILLIONTHS_IN_CENT
  let priceMinor = millionths
  while (pricePer > 1n && priceMinor % 10n === 0n) {
    priceMinor /= 10n
    pricePer /= 10n
  }
  return { priceMinor, pricePer }
}

/** Cents of US dollars, half away from zero. */
export function toCents(millionths: bigint): bigint {
  return divideRounded(millionths, MILLIONTHS_IN_CENT)
}
