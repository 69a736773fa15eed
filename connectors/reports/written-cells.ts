import { formatMinor } from '#domain/money'
import type { Cell, Column, MoneyCell, Report, Row } from '#domain/reports/report'

/** A column as files have it: money in another currency than the report's needs one for its currency. */
export interface WrittenColumn {
  title: string
  kind: Column['kind']
  /** Text of a cell; money and quantities are plain decimals, nothing is empty. */
  textOf(row: Row): string
}

/** Every column of a file, the kind of row first, so that a sum over a column can leave totals out. */
export function writtenColumns(report: Report): WrittenColumn[] {
  return [
    { title: 'Row', kind: 'text', textOf: (row) => row.kind },
    ...report.columns.flatMap((column) => {
      const { key, title, kind } = column
      const own: WrittenColumn = { title, kind, textOf: (row) => plainText(row.cells[key] ?? null) }
      return hasOtherCurrencies(report, key) ? [own, currencyOf(key, title)] : [own]
    }),
  ]
}

/** `-12.50`, with the decimals of its currency and no thousands separators; text as it is. */
export function plainText(cell: Cell): string {
  if (cell === null) return ''
  return isMoney(cell) ? formatMinor(cell.minor, cell.currency) : cell
}

function currencyOf(key: string, title: string): WrittenColumn {
  const textOf = ({ cells }: Row) => {
    const cell = cells[key] ?? null
    return isMoney(cell) ? cell.currency : ''
  }
  return { title: `${title}, currency`, kind: 'text', textOf }
}

function hasOtherCurrencies({ rows, currency }: Report, key: string): boolean {
  return rows.some(({ cells }) => {
    const cell = cells[key] ?? null
    return isMoney(cell) && cell.currency !== currency
  })
}

export function isMoney(cell: Cell): cell is MoneyCell {
  return typeof cell === 'object' && cell !== null
}

/** Company, currency and days: the line above a table that says what it is of. */
export function caption(report: Report): string {
  const { entity, currency, from, asOf, asKnown } = report
  const days = from === null ? `as of ${asOf}` : `${from} – ${asOf}`
  return `${entity}, ${currency}, ${days}${asKnown === null ? '' : `, as known at ${asKnown}`}`
}
