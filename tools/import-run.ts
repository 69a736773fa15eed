import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { OrderDocument } from '#contracts/order-intake'
import {
  formatOf,
  readRows,
  type ImportedRow,
  type ImportFormat,
  type Outcome,
} from './import-rows.ts'
import { reject, type ImportSink } from './import-sink.ts'

/** The first sets are small, so that a small file moves the bar too. */
const SET_SIZES = [25, 50, 100, 200] as const
/** Large orders make smaller sets: a transaction holds at most about this many lines. */
const SET_LINES = 5_000

export interface ImportProgress {
  bytes: number
  totalBytes: number
  file: string
  orders: number
  rejected: number
}

export interface ImportRun {
  files: readonly string[]
  format: ImportFormat | 'auto'
  channel?: string
  sinkFor(format: ImportFormat): Promise<ImportSink>
  /** Before a set goes to its sink: creates items and stock where that was asked for. */
  prepare(orders: readonly OrderDocument[], format: ImportFormat): Promise<void>
  onProgress(progress: ImportProgress): void
  /** Hears every row that was rejected, as soon as that is known. */
  onRejected(row: ImportedRow): void
  /** Hears every cancellation that is kept without its sale. */
  onUnmatched(row: ImportedRow): void
  stopping?: AbortSignal
}

export type Tally = Record<Outcome, number>

export interface ImportSummary {
  /** Rows of the files: `total` is the sum of the outcomes, and of the rows not reached. */
  rows: Tally & { total: number }
  orders: Tally
  lines: number
  files: number
  /** Orders that are stored and that no process has taken yet: no worker runs, or it is behind. */
  waiting: number
  /** False when it was told to stop before the end. */
  complete: boolean
}

/** Reads the files one after the other and hands their orders on in sets; counts every row. */
export async function runImport(run: ImportRun): Promise<ImportSummary> {
  const zero = (): Tally => ({ imported: 0, known: 0, cancelled: 0, unmatched: 0, rejected: 0 })
  const summary: ImportSummary = {
    rows: { ...zero(), total: 0 },
    orders: zero(),
    lines: 0,
    files: 0,
    waiting: 0,
    complete: true,
  }
  const sizes = await Promise.all(run.files.map(async (path) => (await stat(path)).size))
  const progress: ImportProgress = {
    bytes: 0,
    totalBytes: sizes.reduce((all, size) => all + size, 0),
    file: '',
    orders: 0,
    rejected: 0,
  }
  for (const path of run.files) {
    if (run.stopping?.aborted) break
    progress.file = basename(path)
    const rows = await importFile(run, path, progress, summary)
    for (const row of rows) {
      summary.rows.total += row.rows
      summary.rows[row.outcome ?? 'rejected'] += row.rows
    }
    summary.files += 1
  }
  summary.complete = summary.files === run.files.length && !run.stopping?.aborted
  return summary
}

async function importFile(
  run: ImportRun,
  path: string,
  progress: ImportProgress,
  summary: ImportSummary,
): Promise<ImportedRow[]> {
  const format = run.format === 'auto' ? await formatOf(path) : run.format
  run.onProgress(progress)
  const sink = await run.sinkFor(format)
  const all: ImportedRow[] = []
  let set: ImportedRow[] = []
  let sets = 0
  let lines = 0
  const flush = async () => {
    const rows = set
    sets += 1
    set = []
    lines = 0
    if (rows.length > 0) await takeSet(run, sink, rows, format)
    for (const row of rows) {
      summary.orders[row.outcome!] += 1
      if (row.outcome === 'imported') summary.lines += row.order!.lines.length
      if (row.outcome === 'rejected') tellRejected(row)
      else progress.orders += 1
      // A file may hold more orders than memory does.
      delete row.order
    }
    run.onProgress(progress)
  }
  const tellRejected = (row: ImportedRow) => {
    progress.rejected += 1
    run.onRejected(row)
  }
  const options = {
    ...(run.channel === undefined ? {} : { channel: run.channel }),
    onBytes: (bytes: number) => void (progress.bytes += bytes),
  }
  for await (const row of readRows(path, format, options)) {
    if (run.stopping?.aborted) break
    all.push(row)
    if (row.problems.length > 0) row.outcome = 'rejected'
    if (row.outcome === 'rejected') tellRejected(row)
    if (!row.order) continue
    set.push(row)
    lines += row.order.lines.length
    if (set.length >= sizeOf(sets) || lines >= SET_LINES) await flush()
  }
  await flush()
  await settle(sink, summary, tellRejected)
  if (!run.stopping?.aborted) await cancel(sink, all, tellRejected, run.onUnmatched)
  run.onProgress(progress)
  return all
}

async function settle(
  sink: ImportSink,
  summary: ImportSummary,
  tellRejected: (row: ImportedRow) => void,
): Promise<void> {
  const { refused, waiting } = await sink.settle()
  summary.waiting += waiting
  for (const { row, was, lines } of refused) {
    summary.orders[was] -= 1
    summary.orders.rejected += 1
    if (was === 'imported') summary.lines -= lines
    tellRejected(row)
  }
}

function sizeOf(nth: number): number {
  return SET_SIZES[Math.min(nth, SET_SIZES.length - 1)]!
}

async function takeSet(
  run: ImportRun,
  sink: ImportSink,
  rows: readonly ImportedRow[],
  format: ImportFormat,
): Promise<void> {
  await run.prepare(
    rows.map((row) => row.order!),
    format,
  )
  await sink.orders(rows)
  // A row that nobody decided on would be lost without a word.
  for (const row of rows) if (!row.outcome) reject(row, 'not-imported', 'row', 'was passed over')
}

async function cancel(
  sink: ImportSink,
  all: readonly ImportedRow[],
  tellRejected: (row: ImportedRow) => void,
  tellUnmatched: (row: ImportedRow) => void,
): Promise<void> {
  const cancellations = all.filter((row) => row.cancellation)
  if (cancellations.length === 0) return
  await sink.cancellations(cancellations)
  cancellations.filter((row) => row.outcome === 'rejected').forEach(tellRejected)
  cancellations.filter((row) => row.outcome === 'unmatched').forEach(tellUnmatched)
}
