import writeXlsxFile, { type SheetData } from 'write-excel-file/node'
import { minorExponent } from '#domain/money'
import type { Report } from '#domain/reports/report'
import { csvOf } from './csv.ts'
import { caption, isMoney, writtenColumns } from './written-cells.ts'

/** The table alone, so that a program reads it without looking for where it begins. */
export function reportCsv(report: Report): string {
  const columns = writtenColumns(report)
  const header = columns.map(({ title }) => title)
  return csvOf(
    header,
    report.rows.map((row) => columns.map(({ textOf }) => textOf(row))),
  )
}

/** A number that the sheet's binary floating point keeps to its last digit. */
const MOST_EXACT_DIGITS = 15

/**
 * The report as a sheet: amounts are numbers wherever a sheet keeps them exactly, which is up to 15
 * digits, and text beyond. Text is stored as text and never computed.
 */
export async function reportXlsx(report: Report): Promise<Buffer> {
  const columns = writtenColumns(report)
  const bold = { fontWeight: 'bold' } as const
  const cellOf = (text: string, format: string | null, strong: boolean) => {
    const style = strong ? bold : {}
    if (text === '') return null
    const exact = text.replace(/[-.]/g, '').length <= MOST_EXACT_DIGITS
    if (format === null || !exact) return { value: text, type: String, ...style }
    return { value: Number(text), type: Number, format, ...style }
  }
  const decimals = '0'.repeat(minorExponent(report.currency))
  const formats = columns.map(({ kind }) => {
    if (kind === 'quantity') return '0'
    if (kind !== 'money') return null
    return decimals === '' ? '0' : `0.${decimals}`
  })
  const sheet: SheetData = [
    [{ value: report.title, type: String, ...bold }],
    [{ value: caption(report), type: String }],
    [],
    columns.map(({ title }) => ({ value: title, type: String, ...bold })),
    ...report.rows.map((row) =>
      columns.map(({ textOf }, n) => cellOf(textOf(row), formats[n]!, row.kind !== 'line')),
    ),
    [],
    ...[...report.notes, ...failedChecks(report)].map((note) => [{ value: note, type: String }]),
  ]
  const widths = columns.map(({ kind }) => ({ width: kind === 'text' ? 24 : 14 }))
  return writeXlsxFile(sheet, { columns: widths, sheet: report.name.slice(0, 31) }).toBuffer()
}

/** What a reader must see when figures do not tie. */
export function failedChecks({ checks }: Report): string[] {
  return checks
    .filter(({ differenceMinor }) => differenceMinor !== 0n)
    .map(({ name, differenceMinor }) => `Does not hold: ${name} (difference ${differenceMinor})`)
}

/** JSON of a report: minor units as text, each amount with its currency and its lines. */
export function reportJson(report: Report) {
  const { name, rows, checks, ...rest } = report
  return {
    report: name,
    ...rest,
    rows: rows.map(({ kind, cells }) => ({
      kind,
      cells: Object.fromEntries(
        report.columns.map(({ key }) => {
          const cell = cells[key] ?? null
          return [key, isMoney(cell) ? { ...cell, minor: cell.minor.toString() } : cell]
        }),
      ),
    })),
    checks: checks.map(({ name: what, differenceMinor }) => ({
      name: what,
      holds: differenceMinor === 0n,
      differenceMinor: differenceMinor.toString(),
    })),
  }
}
