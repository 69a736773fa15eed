import { sum } from '../money.ts'
import { Refusal } from '../refusal.ts'

/** A journal line for an outside general ledger, or several of one day together. */
export interface ExportRow {
  /** Day of the booking. */
  on: string
  /** Came after an export that ran to this day or later: the package gets it as a correction. */
  correction: boolean
  /** The closed period that a late fact is about. */
  belongsTo: string | null
  accountId: number
  accountName: string
  currency: string
  /** In functional currency; one of them is zero for a single line. */
  debitMinor: bigint
  creditMinor: bigint
  /** In the currency of the line, debit above zero. */
  amountMinor: bigint
  channel: string | null
  site: string | null
  taxCode: string | null
  jurisdiction: string | null
  /** Of one entry; null where a row is a day's. */
  entryId: string | null
  lineNo: number | null
  eventType: string | null
  source: string | null
}

/** A row with the account that the outside package knows. */
export interface MappedRow extends ExportRow {
  accountCode: string
}

export const EXPORT_MODES = ['day', 'entry'] as const
export type ExportMode = (typeof EXPORT_MODES)[number]

/**
 * Gives each row the outside account of its own.
 * @throws Refusal AccountsNotMapped, which names every account that has none: nothing is exported
 * without its account, and nothing is left out for want of one.
 */
export function withOutsideAccounts(
  rows: readonly ExportRow[],
  codes: Readonly<Record<string, string>>,
): MappedRow[] {
  const missing = new Map<number, string>()
  const mapped = rows.map((row) => {
    const accountCode = Object.hasOwn(codes, row.accountId) ? codes[row.accountId]! : ''
    if (accountCode === '') missing.set(row.accountId, row.accountName)
    return { ...row, accountCode }
  })
  if (missing.size === 0) return mapped
  const names = [...missing].sort(([a], [b]) => a - b).map(([id, name]) => `${id} ${name}`)
  throw new Refusal(
    'AccountsNotMapped',
    `The mapping names no outside account for ${names.join(', ')}: add them in its next version.`,
    { accounts: names },
  )
}

export function exportTotals(rows: readonly ExportRow[]): {
  debitMinor: bigint
  creditMinor: bigint
} {
  return {
    debitMinor: sum(rows.map((row) => row.debitMinor)),
    creditMinor: sum(rows.map((row) => row.creditMinor)),
  }
}
