import { createHash } from 'node:crypto'
import { exportTotals, type MappedRow } from '#domain/ledger/journal-export'
import { formatMinor } from '#domain/money'
import { csvOf } from '../reports/csv.ts'

/** The columns of the CSV, in the order that docs/accounting-export.md promises; new ones come last. */
const COLUMNS = [
  'date',
  'account',
  'debit',
  'credit',
  'currency',
  'amount',
  'correction',
  'belongs_to',
  'channel',
  'site',
  'tax_code',
  'jurisdiction',
  'entry',
  'line',
  'event',
  'document',
  'our_account',
  'our_account_name',
] as const

/** A journal as CSV: decimals with a point in the currency's own digits, one line a row. */
export function journalCsv(rows: readonly MappedRow[], functionalCurrency: string): string {
  return csvOf(
    COLUMNS,
    rows.map((row) => [
      row.on,
      row.accountCode,
      formatMinor(row.debitMinor, functionalCurrency),
      formatMinor(row.creditMinor, functionalCurrency),
      row.currency,
      formatMinor(row.amountMinor, row.currency),
      row.correction ? 'yes' : 'no',
      row.belongsTo ?? '',
      row.channel ?? '',
      row.site ?? '',
      row.taxCode ?? '',
      row.jurisdiction ?? '',
      row.entryId ?? '',
      row.lineNo === null ? '' : String(row.lineNo),
      row.eventType ?? '',
      row.source ?? '',
      String(row.accountId),
      row.accountName,
    ]),
  )
}

/** A journal as JSON, minor units as text; version 1 of the form that docs/accounting-export.md describes. */
export function journalJson(rows: readonly MappedRow[], functionalCurrency: string) {
  const { debitMinor, creditMinor } = exportTotals(rows)
  return {
    formatVersion: 1 as const,
    functionalCurrency,
    totals: { debitMinor: `${debitMinor}`, creditMinor: `${creditMinor}` },
    rows: rows.map((row) => ({
      date: row.on,
      account: row.accountCode,
      debitMinor: `${row.debitMinor}`,
      creditMinor: `${row.creditMinor}`,
      currency: row.currency,
      amountMinor: `${row.amountMinor}`,
      correction: row.correction,
      belongsTo: row.belongsTo,
      channel: row.channel,
      site: row.site,
      taxCode: row.taxCode,
      jurisdiction: row.jurisdiction,
      entry: row.entryId,
      line: row.lineNo,
      event: row.eventType,
      document: row.source,
      ourAccount: row.accountId,
      ourAccountName: row.accountName,
    })),
  }
}

/** What identifies the content of a batch; what our accounts are called is not part of it. */
export function journalHash(rows: readonly MappedRow[], functionalCurrency: string): Buffer {
  const nameless = rows.map((row) => ({ ...row, accountName: '' }))
  return createHash('sha256').update(journalCsv(nameless, functionalCurrency)).digest()
}
