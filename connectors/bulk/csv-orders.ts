import type { DocumentProblem } from '#contracts/order-intake'
import { CsvRecords, type CsvRecord } from '../csv-records.ts'
import { refused } from '../result.ts'
import { byteLines, type ByteStream } from './byte-lines.ts'
import { CSV_COLUMNS, REQUIRED_COLUMNS, columnOf, type CsvColumn } from './csv-columns.ts'
import { readCsvOrder, type CsvOrderRow } from './csv-order.ts'
import type { BulkOrder } from './ndjson-orders.ts'

type Columns = Partial<Record<CsvColumn, number>>

/** The rows of the order that is being collected. */
interface OpenOrder {
  id: string
  row: number
  rows: CsvOrderRow[]
  problems: DocumentProblem[]
}

/**
 * Reads orders from a CSV file with a header line and one row for each order line; rows of an
 * order stand together. The columns are in {@link CSV_COLUMNS}. `channel` is used where the file
 * has no such column. A row that cannot be read refuses its order alone. Holds one order in
 * memory, and the ids of those before it.
 */
export async function* readCsvOrders(
  stream: ByteStream,
  options: { channel?: string } = {},
): AsyncGenerator<BulkOrder> {
  const orders = new CsvOrders(options.channel ?? null)
  for await (const record of csvRecords(stream)) {
    yield* orders.take(record)
    if (orders.unreadable) return
  }
  yield* orders.end()
}

async function* csvRecords(stream: ByteStream): AsyncGenerator<CsvRecord> {
  const records = new CsvRecords()
  for await (const { row, text } of byteLines(stream)) {
    if (text === null) yield { row, cells: null, raw: '' }
    else yield* records.push(row, text)
  }
  yield* records.end()
}

class CsvOrders {
  /** The header lacks what every order needs: nothing in the file can be read. */
  unreadable = false
  private readonly channel: string | null
  private columns: Columns | null = null
  private open: OpenOrder | null = null
  private readonly closed = new Set<string>()
  /** A row that told no order id; if the open order goes on after it, it was one of its lines. */
  private unplaced: CsvRecord | null = null

  constructor(channel: string | null) {
    this.channel = channel
  }

  *take(record: CsvRecord): Generator<BulkOrder> {
    if (this.columns === null) {
      yield* this.readHeader(record)
      return
    }
    const id = orderIdOf(record, this.columns)
    if (id === null) {
      this.unplaced = record
      yield { row: record.row, result: malformed(record, this.columns) }
      return
    }
    if (this.open?.id !== id) {
      yield* this.close()
      this.open = { id, row: record.row, rows: [], problems: [] }
      if (this.closed.has(id))
        this.noteProblem(record, 'order-not-together', 'the rows of an order must stand together')
    } else if (this.unplaced) {
      this.noteProblem(this.unplaced, 'malformed-row', 'a row of this order cannot be read')
    }
    this.unplaced = null
    this.addRow(record)
  }

  *end(): Generator<BulkOrder> {
    yield* this.close()
  }

  private *readHeader(record: CsvRecord): Generator<BulkOrder> {
    this.columns = {}
    for (const [n, name] of (record.cells ?? []).entries()) {
      const column = columnOf(name)
      if (column !== null) this.columns[column] ??= n
    }
    const missing = REQUIRED_COLUMNS.filter((name) => this.columns![name] === undefined)
    if (missing.length === 0) return
    this.unreadable = true
    const message = `the header must have ${missing.join(', ')}; known are ${CSV_COLUMNS.join(', ')}`
    yield { row: record.row, result: refused('missing-column', missing[0]!, message) }
  }

  private addRow(record: CsvRecord): void {
    const width = Math.max(...Object.values(this.columns!)) + 1
    if (record.cells === null || record.cells.length < width) {
      this.noteProblem(record, 'malformed-row', 'the row is cut off or misses cells')
      return
    }
    const cells: CsvOrderRow['cells'] = {}
    for (const [column, n] of Object.entries(this.columns!)) {
      cells[column as CsvColumn] = record.cells[n]!.trim()
    }
    this.open!.rows.push({ row: record.row, cells })
  }

  private noteProblem(record: CsvRecord, code: string, message: string): void {
    const field = `row ${record.row}`
    this.open!.problems.push({ code, field, message: `${field}: ${message}` })
  }

  private *close(): Generator<BulkOrder> {
    if (this.open === null) return
    const { id, row, rows, problems } = this.open
    this.closed.add(id)
    this.open = null
    if (problems.length > 0) yield { row, result: { ok: false, problems } }
    else yield { row, result: readCsvOrder(rows, this.channel) }
  }
}

/** Also of a row that is cut off, as long as the cut comes after the id. */
function orderIdOf(record: CsvRecord, columns: Columns): string | null {
  const cells = record.cells ?? record.raw.split(',').slice(0, -1)
  const id = cells[columns.order_id ?? 0]?.trim() ?? ''
  return id === '' || id.includes('"') ? null : id
}

function malformed(record: CsvRecord, columns: Columns) {
  const found = record.cells === null ? 'cannot be read' : 'has no order_id'
  const expected = `${Object.keys(columns).length} columns are expected`
  return refused('malformed-row', `row ${record.row}`, `row ${record.row} ${found}; ${expected}`)
}
