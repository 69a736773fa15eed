import type { Overcharge } from '#db/queries/settlements'
import { formatMinor } from '#domain/money'

const COLUMNS = [
  'statement',
  'order',
  'order number',
  'fee',
  'sale',
  'expected',
  'charged',
  'claimed',
  'currency',
]

/** Over-charged orders as CSV (RFC 4180), in major units: what a marketplace's support asks for. */
export function claimFile(
  { statementId, currency }: { statementId: string; currency: string },
  overcharges: readonly Overcharge[],
): string {
  const amount = (minor: bigint) => formatMinor(minor, currency)
  const rows = overcharges.map((one) => [
    statementId,
    one.orderReference,
    one.orderNumber,
    one.kind,
    amount(one.saleMinor),
    amount(one.expectedMinor),
    amount(one.actualMinor),
    amount(one.actualMinor - one.expectedMinor),
    currency,
  ])
  return [COLUMNS, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

/** A cell that a spreadsheet would take for a formula is text to it. */
function cell(text: string): string {
  const safe = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
