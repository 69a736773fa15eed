import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { Presets, SingleBar } from 'cli-progress'
import type { ImportedRow } from './import-rows.ts'
import type { ImportProgress, ImportSummary } from './import-run.ts'

/** Every row that was rejected, or kept without its sale, as CSV: `file,row,field,code,message`. */
export interface RejectionReport {
  add(row: ImportedRow): void
  close(): Promise<void>
}

export function rejectionReport(path: string | undefined): RejectionReport {
  if (path === undefined) return { add: () => {}, close: () => Promise.resolve() }
  const stream: WriteStream = createWriteStream(path)
  stream.write('file,row,field,code,message\n')
  return {
    add({ file, row, problems }) {
      for (const { field, code, message } of problems)
        stream.write(`${[file, String(row), field, code, message].map(cell).join(',')}\n`)
    },
    close: () => finished(stream.end()),
  }
}

/** A leading `=`, `+`, `-` or `@` would be a formula in a spreadsheet. */
function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

export interface ProgressDisplay {
  show(progress: ImportProgress): void
  stop(): void
}

const LINE_EVERY_MS = 5_000

/** A bar for a person, a line now and then for a log. */
export function progressDisplay(isTerminal: boolean, log: (line: string) => void): ProgressDisplay {
  const beganAt = performance.now()
  const rate = (orders: number) => Math.round(orders / ((performance.now() - beganAt) / 1000))
  if (isTerminal) return progressBar(rate)
  let saidAt = beganAt
  return {
    show({ bytes, totalBytes, file, orders, rejected }) {
      if (performance.now() - saidAt < LINE_EVERY_MS) return
      saidAt = performance.now()
      const percent = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100)
      log(`${percent} % · ${file} · ${orders} orders · ${rejected} rejected · ${rate(orders)}/s`)
    },
    stop: () => {},
  }
}

function progressBar(rate: (orders: number) => number): ProgressDisplay {
  const format = '{bar} {percentage} % · {file} · {orders} orders · {rejected} rejected · {rate}/s'
  const bar = new SingleBar({ format, hideCursor: true, etaBuffer: 50 }, Presets.shades_classic)
  let started = false
  return {
    show({ bytes, totalBytes, file, orders, rejected }) {
      if (!started) bar.start(totalBytes, 0, { file, orders: 0, rejected: 0, rate: 0 })
      started = true
      bar.update(bytes, { file, orders, rejected, rate: rate(orders) })
    },
    stop: () => bar.stop(),
  }
}

export function summaryLines(summary: ImportSummary, seconds: number): string[] {
  const { rows, orders, files, lines } = summary
  const perSecond = (count: number) => Math.round(count / Math.max(seconds, 0.001))
  const counted = rows.imported + rows.known + rows.cancelled + rows.unmatched + rows.rejected
  return [
    `${files} files, ${rows.total} rows in ${seconds.toFixed(1)} s (${perSecond(rows.total)} rows/s)`,
    `  imported   ${rows.imported} rows, ${orders.imported} orders, ${lines} lines`,
    `  known      ${rows.known} rows, ${orders.known} orders: they were here already`,
    `  cancelled  ${rows.cancelled} rows matched to the sale that they take back`,
    `  unmatched  ${rows.unmatched} rows take back a sale that is not known: kept, each with its reason`,
    `  rejected   ${rows.rejected} rows`,
    counted === rows.total
      ? '  every row is accounted for'
      : `  ${rows.total - counted} rows are NOT accounted for`,
    ...(summary.waiting === 0
      ? []
      : [
          `  ${summary.waiting} orders are stored, and no process has taken them yet: is a worker running?`,
        ]),
    ...(summary.complete
      ? []
      : ['  stopped before the end: run it again, it goes on where it stopped']),
  ]
}
