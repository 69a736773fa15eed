import { parse } from 'csv-parse/sync'

/** One record of a CSV file; `cells` is null when the line cannot be read. */
export interface CsvRecord {
  /** Number of the record's first physical line, the header being line 1. */
  row: number
  cells: string[] | null
  raw: string
}

interface NumberedLine {
  row: number
  text: string
}

/** A quoted cell with more line breaks than this is a quote that was never closed. */
const MOST_LINES_IN_RECORD = 200

/**
 * Puts physical lines together to CSV records, where a quoted cell may hold line breaks. A line
 * with a stray quote costs that line alone: the lines after it are read again without it.
 */
export class CsvRecords {
  private readonly open: NumberedLine[] = []
  private quotes = 0
  private columns: number | null = null

  /** The records that `text`, without its line end, completes; usually one. */
  push(row: number, text: string): CsvRecord[] {
    if (this.open.length === 0 && !text.includes('"')) return this.plain(row, text)
    this.open.push({ row, text })
    this.quotes += countQuotes(text)
    if (this.quotes % 2 === 0) return this.close()
    return this.open.length > MOST_LINES_IN_RECORD ? this.giveUpFirst() : []
  }

  /** What is left when the file ends. */
  end(): CsvRecord[] {
    const records: CsvRecord[] = []
    while (this.open.length > 0) records.push(...this.giveUpFirst())
    return records
  }

  private plain(row: number, text: string): CsvRecord[] {
    if (text.trim() === '') return []
    const cells = text.split(',')
    this.columns ??= cells.length
    return [{ row, cells, raw: text }]
  }

  private close(): CsvRecord[] {
    const [first] = this.open
    const raw = this.open.map((line) => line.text).join('\n')
    const cells = cellsOf(raw)
    // A record of several lines and of the wrong width swallowed its neighbours.
    const swallowed =
      this.open.length > 1 && this.columns !== null && cells?.length !== this.columns
    if (!first || cells === null || swallowed) return this.giveUpFirst()
    this.open.length = 0
    this.quotes = 0
    this.columns ??= cells.length
    return [{ row: first.row, cells, raw }]
  }

  private giveUpFirst(): CsvRecord[] {
    const [first, ...rest] = this.open.splice(0)
    this.quotes = 0
    if (!first) return []
    const unread: CsvRecord = { row: first.row, cells: null, raw: first.text }
    return [unread, ...rest.flatMap((line) => this.push(line.row, line.text))]
  }
}

function cellsOf(raw: string): string[] | null {
  try {
    return (parse(raw, { relax_column_count: true }) as string[][])[0] ?? null
  } catch {
    return null
  }
}

function countQuotes(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++
  return count
}
