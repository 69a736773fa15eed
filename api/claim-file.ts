import { csvOf } from '#connectors/reports/csv'
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
  return csvOf(COLUMNS, rows)
}
