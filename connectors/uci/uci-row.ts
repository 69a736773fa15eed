import type { UciChargeKind } from './uci-stock-codes.ts'

/** A row of the file whose cells are sound. Amounts are pence. */
export interface UciRow {
  row: number
  invoice: string
  sku: string
  title: string
  /** Negative on a cancellation. */
  quantity: number
  /** The line in whole, from the price before rounding; negative on a cancellation. */
  amountMinor: bigint
  invoicedAt: string
  /** Rounded to the penny; see `amountMinor` for the exact line. */
  unitPriceMinor: bigint
  customerId: string | null
  country: string
  kind: UciChargeKind
}
