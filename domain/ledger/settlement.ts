import { debit, type Dimensions, type LineInput } from './journal.ts'
import { orderKey } from './sales-terms.ts'

/** How an order is paid: in advance, after shipment, or by the marketplace that sold it. */
export type Settlement = 'deposit' | 'receivable' | 'marketplace'

/** Money that was paid in before the goods left. */
export interface PaidBefore {
  amountMinor: bigint
  /** What this part of the deposit was booked at, in functional currency. */
  bookedFuncMinor?: bigint
}

export interface Settled {
  orderId: bigint
  settlement: Settlement
  paidBefore?: PaidBefore
  party?: string
  /** Names the open item that the buyer owes: an invoice's, or the order's own. */
  settlementKey?: string
}

/** Dr Customer deposits {order} for what was paid in before, Dr who owes the rest. */
export function settlementLines(
  event: Settled,
  owedMinor: bigint,
  dimensions: Dimensions,
): LineInput[] {
  const { orderId, settlement, party } = event
  const all = settlement === 'deposit'
  const paid = all ? owedMinor : (event.paidBefore?.amountMinor ?? 0n)
  const openKey = event.settlementKey ?? orderKey(orderId)
  const rest = settlement === 'marketplace' ? 'MarketplaceClearing' : 'Receivables'
  return [
    debit('CustomerDeposits', paid, {
      ...dimensions,
      openKey: orderKey(orderId),
      funcMinor: event.paidBefore?.bookedFuncMinor,
    }),
    debit(rest, owedMinor - paid, { ...dimensions, openKey, party }),
  ]
}
