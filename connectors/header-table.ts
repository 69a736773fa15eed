import { parse } from 'csv-parse/sync'
import { accepted, refused, type Translated } from './result.ts'

/** Lines in which the header is looked for: banks put a preamble before it. */
const MOST_PREAMBLE = 40
const DELIMITERS = ['\t', ',', ';', '|'] as const

/** One row of a table whose columns are found by their names. */
export class TableRow {
  /** Number of its first physical line, the first line of the file being 1. */
  readonly row: number
  readonly isEmpty: boolean
  private readonly cells: readonly string[]
  private readonly columns: ReadonlyMap<string, number>

  constructor(row: number, cells: readonly string[], columns: ReadonlyMap<string, number>) {
    this.row = row
    this.cells = cells
    this.columns = columns
    this.isEmpty = cells.every((cell) => cell.trim() === '')
  }

  /** Whether another row says the very same is told by this. */
  get text(): string {
    return this.cells.join('\t')
  }

  /** The first of these columns that is filled in; '' where none is. */
  get(...names: readonly string[]): string {
    for (const name of names) {
      const cell = this.cells[this.columns.get(name) ?? -1]?.trim()
      if (cell) return cell
    }
    return ''
  }
}

export interface HeaderTable {
  /** As the options' `plain` names them. */
  columns: string[]
  rows: TableRow[]
  /** False where the last row has no line end, so that nobody can tell whether it is whole. */
  isClosed: boolean
}

export interface TableOptions {
  /** Gives a header cell its plain name; many headers may have one. */
  plain: (header: string) => string
  /** Whether a line with these plain names is the header. */
  isHeader: (columns: readonly string[]) => boolean
  delimiter?: string
}

/**
 * Reads a delimited text with a header line, whatever the delimiter and the order of the columns.
 * Rows may leave out empty cells at their end, except a last row without a line end, which is cut.
 * Refused with `columns` without such a header, and by row where a row cannot be read.
 */
export function readTable(text: string, options: TableOptions): Translated<HeaderTable> {
  const header = findHeader(text, options)
  if (header) return rowsBelow(text, header)
  return refused('columns', '$', 'no line of the file is the header that this format has')
}

/** Whether the text has such a header, without reading any further. */
export function hasHeader(text: string, options: TableOptions): boolean {
  return findHeader(text, options) !== null
}

interface Header {
  /** Lines before it. */
  preamble: number
  delimiter: string
  columns: string[]
}

function findHeader(text: string, options: TableOptions): Header | null {
  const lines = text.split(/\r\n|\n|\r/, MOST_PREAMBLE)
  for (const [preamble, line] of lines.entries())
    for (const delimiter of options.delimiter ? [options.delimiter] : DELIMITERS) {
      const cells = line.includes(delimiter) ? cellsOf(line, delimiter) : null
      const columns = (cells ?? []).map((cell) => options.plain(cell.trim()))
      if (cells && options.isHeader(columns)) return { preamble, delimiter, columns }
    }
  return null
}

function rowsBelow(text: string, header: Header): Translated<HeaderTable> {
  const { preamble, delimiter, columns } = header
  const read = recordsBelow(text, preamble, delimiter)
  if (!read.ok) return read
  const isClosed = /[\r\n]$/.test(text)
  const places = new Map<string, number>()
  columns.forEach((name, n) => {
    if (name !== '' && !places.has(name)) places.set(name, n)
  })
  const rows: TableRow[] = []
  for (const [n, { row, cells }] of read.value.entries()) {
    const isLast = n === read.value.length - 1
    if (cells.length < columns.length && isLast && !isClosed)
      return refused('truncated', `row ${row}`, `row ${row} ends before its last column: it is cut`)
    if (cells.slice(columns.length).some((cell) => cell.trim() !== ''))
      return refused(
        'malformed-row',
        `row ${row}`,
        `row ${row} has ${cells.length} cells, the header ${columns.length}`,
      )
    const found = new TableRow(row, cells, places)
    if (!found.isEmpty) rows.push(found)
  }
  return accepted({ columns, rows, isClosed })
}

interface NumberedCells {
  row: number
  cells: string[]
}

function recordsBelow(
  text: string,
  preamble: number,
  delimiter: string,
): Translated<NumberedCells[]> {
  if (delimiter === '\t') {
    const lines = text.split(/\r\n|\n|\r/)
    return accepted(
      lines.slice(preamble + 1).flatMap((line, n) => {
        const row = preamble + n + 2
        return line.trim() === '' ? [] : [{ row, cells: cellsOf(line, '\t')! }]
      }),
    )
  }
  let at = preamble + 1
  try {
    const body = below(text, preamble + 1)
    const records = parse(body, { ...CSV, delimiter, info: true }) as unknown as {
      record: string[]
      info: { lines: number }
    }[]
    return accepted(
      records.map(({ record, info }) => {
        const row = at + 1
        at = preamble + 1 + info.lines
        return { row, cells: record }
      }),
    )
  } catch (error) {
    const line = preamble + 1 + ((error as { lines?: number }).lines ?? 1)
    return refused('malformed-row', `row ${line}`, `row ${line} cannot be read: look for a quote`)
  }
}

const CSV = { relax_column_count: true, skip_empty_lines: true } as const

/** A tab-separated file has no quoting rule: inches stand in it as they are. */
function cellsOf(line: string, delimiter: string): string[] | null {
  if (delimiter === '\t')
    return line.split('\t').map((cell) => {
      const quoted = /^"(.*)"$/.exec(cell.trim())
      return quoted ? quoted[1]!.replaceAll('""', '"') : cell
    })
  try {
    return (parse(line, { ...CSV, delimiter }) as string[][])[0] ?? null
  } catch {
    return null
  }
}

/** The text without its first lines. */
function below(text: string, lines: number): string {
  const end = /\r\n|\n|\r/g
  for (let n = 0; n < lines; n++) if (!end.exec(text)) return ''
  return text.slice(end.lastIndex)
}
