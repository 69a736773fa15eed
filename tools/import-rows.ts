import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { readCsvOrders } from '#connectors/bulk/csv-orders'
import { byteLines } from '#connectors/bulk/byte-lines'
import { readNdjsonOrders, type BulkOrder } from '#connectors/bulk/ndjson-orders'
import { CsvRecords } from '#connectors/csv-records'
import { readUciDay, type UciCancellation } from '#connectors/uci/uci-day'
import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'

export type ImportFormat = 'csv' | 'ndjson' | 'uci'
/** `unmatched`: a cancellation that is kept, though no known sale explains it. */
export type Outcome = 'imported' | 'known' | 'cancelled' | 'unmatched' | 'rejected'

/** What one row or one group of rows of a file stands for, and what became of it. */
export interface ImportedRow {
  file: string
  /** The first of its lines in the file, counted from 1. */
  row: number
  /** How many rows it takes; set at the end for a CSV file, where only the next one tells. */
  rows: number
  order?: OrderDocument
  cancellation?: UciCancellation
  problems: DocumentProblem[]
  outcome?: Outcome
}

/** Reads a file's rows; `onBytes` hears how far it has come. */
export type Reading = AsyncGenerator<ImportedRow>

/** By the name of the file, and for CSV by its header line. */
export async function formatOf(path: string): Promise<ImportFormat> {
  if (/\.(ndjson|jsonl|json)$/i.test(path)) return 'ndjson'
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    const [header = ''] = buffer.toString('utf8', 0, bytesRead).split('\n')
    if (header.trimStart().startsWith('{')) return 'ndjson'
    return /InvoiceNo/i.test(header) && /StockCode/i.test(header) ? 'uci' : 'csv'
  } finally {
    await file.close()
  }
}

export function readRows(
  path: string,
  format: ImportFormat,
  options: { channel?: string; onBytes: (bytes: number) => void },
): Reading {
  if (format === 'uci') return uciRows(path, options)
  return format === 'csv' ? csvRows(path, options) : ndjsonRows(path, options)
}

async function* ndjsonRows(
  path: string,
  { onBytes }: { onBytes: (bytes: number) => void },
): Reading {
  for await (const order of readNdjsonOrders(counted(path, onBytes)))
    yield rowOf(basename(path), order)
}

/**
 * Yields each order as it is read, and gives all of them their number of rows at the end: every
 * record of the file belongs to the order that begins at it or before it.
 */
async function* csvRows(
  path: string,
  { channel, onBytes }: { channel?: string; onBytes: (bytes: number) => void },
): Reading {
  const found: ImportedRow[] = []
  const file = basename(path)
  const options = channel === undefined ? {} : { channel }
  for await (const order of readCsvOrders(counted(path, onBytes), options)) {
    const row = rowOf(file, order)
    found.push(row)
    yield row
  }
  const starts = [...found].sort((a, b) => a.row - b.row)
  const records = await recordsOf(path)
  let at = 0
  for (const [n, row] of starts.entries()) {
    const next = starts[n + 1]?.row ?? Infinity
    row.rows = 0
    while (at < records.length && records[at]! < next) {
      row.rows += 1
      at += 1
    }
  }
}

/** Where each record of a CSV file begins, its header left out. */
async function recordsOf(path: string): Promise<number[]> {
  const records = new CsvRecords()
  const rows: number[] = []
  for await (const { row, text } of byteLines(createReadStream(path))) {
    if (text === null) rows.push(row)
    else for (const record of records.push(row, text)) rows.push(record.row)
  }
  for (const record of records.end()) rows.push(record.row)
  return rows.slice(1)
}

async function* uciRows(
  path: string,
  { channel, onBytes }: { channel?: string; onBytes: (bytes: number) => void },
): Reading {
  const text = await readFile(path, 'utf8')
  const day = readUciDay(text, channel)
  // Read at once, but taken piece by piece: that is what a person waits for.
  const pieces = day.rejected.length + day.orders.length + day.cancellations.length
  const share = Buffer.byteLength(text) / Math.max(1, pieces)
  const file = basename(path)
  const rejected = new Map<string, number>()
  for (const { row, raw, ...problem } of day.rejected) {
    const invoice = invoiceOf(raw)
    rejected.set(invoice, (rejected.get(invoice) ?? 0) + 1)
    onBytes(share)
    yield { file, row, rows: 1, problems: [problem] }
  }
  const invoices = invoiceRows(text)
  for (const order of day.orders) {
    const { first, rows } = invoices.get(order.externalId)!
    const own = rows - (rejected.get(order.externalId) ?? 0)
    onBytes(share)
    yield { file, row: first, rows: own, order, problems: [] }
  }
  for (const cancellation of day.cancellations) {
    onBytes(share)
    yield { file, row: cancellation.row, rows: 1, cancellation, problems: [] }
  }
}

function invoiceRows(text: string): Map<string, { first: number; rows: number }> {
  const records = new CsvRecords()
  const invoices = new Map<string, { first: number; rows: number }>()
  const lines = text.split(/\r\n|\n|\r/)
  const all = [...lines.flatMap((line, n) => records.push(n + 1, line)), ...records.end()]
  for (const { row, raw } of all) {
    if (row === 1) continue
    const invoice = invoiceOf(raw)
    const known = invoices.get(invoice)
    if (known) known.rows += 1
    else invoices.set(invoice, { first: row, rows: 1 })
  }
  return invoices
}

function invoiceOf(raw: string): string {
  return (raw.split(',')[0] ?? '').replaceAll('"', '').trim().toUpperCase()
}

function rowOf(file: string, { row, result }: BulkOrder): ImportedRow {
  if (result.ok) return { file, row, rows: 1, order: result.value, problems: [] }
  return { file, row, rows: 1, problems: result.problems }
}

async function* counted(
  path: string,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) {
    const bytes = chunk as Buffer
    onBytes(bytes.length)
    yield bytes
  }
}
