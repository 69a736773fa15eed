import type { ImportedRow } from './import-rows.ts'

/** Where the rows of a file go. */
export interface ImportSink {
  /** Takes a set of orders of any channels; sets each row's outcome or problems. */
  orders(rows: readonly ImportedRow[]): Promise<void>
  /** Takes a file's cancellations, once its orders are in. */
  cancellations(rows: readonly ImportedRow[]): Promise<void>
}

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
