import type { DocumentProblem } from '#contracts/order-intake'
import { isCurrency } from '../currencies.ts'
import { LARGEST_QUANTITY, shown } from '../field.ts'
import type { TableRow } from '../header-table.ts'
import { writtenMinor, type DecimalMark } from '../written-amounts.ts'
import { dayOf, type DayOrder } from '../written-days.ts'

const MOST_PROBLEMS = 20
const LONGEST_TEXT = 500

/** How the file writes numbers and days. */
export interface Writing {
  mark: DecimalMark
  order: DayOrder
}

/**
 * Reads the cells of rows. Reading never throws: what is wrong is noted in `problems` by row and
 * column, and a harmless value is handed back; callers look at `problems` before they go on.
 */
export class RowReader {
  readonly problems: DocumentProblem[] = []
  readonly writing: Writing

  constructor(writing: Writing) {
    this.writing = writing
  }

  refuse(row: TableRow, column: string, code: string, message: string): void {
    if (this.problems.length >= MOST_PROBLEMS) return
    const field = `row ${row.row}, ${column}`
    this.problems.push({ code, field, message: `${field}: ${message}` })
  }

  /** Of rows that no total and no id guards, each may stand once. */
  refuseDoubled(rows: readonly TableRow[]): void {
    const seen = new Set<string>()
    for (const row of rows) {
      if (seen.has(row.text)) this.refuse(row, 'row', 'duplicate-row', 'stands here twice')
      seen.add(row.text)
    }
  }

  /** In minor units; an empty cell is zero. */
  amount(row: TableRow, currency: string, ...columns: string[]): bigint {
    const text = row.get(...columns)
    if (text === '') return 0n
    const minor = writtenMinor(text, currency, this.writing.mark)
    if (typeof minor === 'bigint') return minor
    this.refuse(row, columns[0]!, minor, `must be an amount of ${currency}, got ${shown(text)}`)
    return 0n
  }

  needAmount(row: TableRow, currency: string, ...columns: string[]): bigint {
    if (row.get(...columns) === '') this.refuse(row, columns[0]!, 'missing-field', 'is missing')
    return this.amount(row, currency, ...columns)
  }

  currency(row: TableRow, ...columns: string[]): string {
    const code = row.get(...columns).toUpperCase()
    if (!isCurrency(code))
      this.refuse(row, columns[0]!, 'unknown-currency', `must be a currency, got ${shown(code)}`)
    return code
  }

  /** ISO day; '' for an empty cell. */
  day(row: TableRow, ...columns: string[]): string {
    const text = row.get(...columns)
    const day = text === '' ? '' : dayOf(text, this.writing.order)
    if (day === null)
      this.refuse(row, columns[0]!, 'not-a-date', `must begin with a day, got ${shown(text)}`)
    return day ?? ''
  }

  needDay(row: TableRow, ...columns: string[]): string {
    if (row.get(...columns) === '') this.refuse(row, columns[0]!, 'missing-field', 'is missing')
    return this.day(row, ...columns)
  }

  text(row: TableRow, ...columns: string[]): string | undefined {
    const text = row.get(...columns)
    if (text.length > LONGEST_TEXT)
      this.refuse(row, columns[0]!, 'too-long', `must be at most ${LONGEST_TEXT} characters`)
    return text === '' ? undefined : text
  }

  quantity(row: TableRow, column: string): number | undefined {
    const text = row.get(column)
    if (text === '') return undefined
    const quantity = parseInt(text, 10)
    if (/^-?\d{1,9}([.,]0{1,2})?$/.test(text) && Math.abs(quantity) <= LARGEST_QUANTITY)
      return quantity
    this.refuse(row, column, 'not-an-integer', `must be a whole number, got ${shown(text)}`)
    return undefined
  }
}
