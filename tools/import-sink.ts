import type { ImportedRow, Outcome } from './import-rows.ts'

/** Where the rows of a file go. */
export interface ImportSink {
  /** Takes a set of orders of any channels; sets each row's outcome or problems. */
  orders(rows: readonly ImportedRow[]): Promise<void>
  /** Takes a file's cancellations, once its orders are in. */
  cancellations(rows: readonly ImportedRow[]): Promise<void>
  /** At the end of a file: waits for what the processes make of its orders. */
  settle(): Promise<Settled>
}

export interface Settled {
  /** Taken at first, and then refused by their process; their problems are set. */
  refused: { row: ImportedRow; was: Outcome; lines: number }[]
  /** Orders that no process has taken within the time; they are stored and will be. */
  waiting: number
}

export const NOTHING_TO_SETTLE: Settled = { refused: [], waiting: 0 }

export function reject(row: ImportedRow, code: string, field: string, message: string): void {
  row.outcome = 'rejected'
  row.problems.push({ code, field, message })
}

/** The rows of each channel, so that each set is of one. */
export function byChannel(rows: readonly ImportedRow[]): Map<string, ImportedRow[]> {
  const channels = new Map<string, ImportedRow[]>()
  for (const row of rows) {
    const code = row.order!.channel
    channels.set(code, [...(channels.get(code) ?? []), row])
  }
  return channels
}
