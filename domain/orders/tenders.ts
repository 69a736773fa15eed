import { sum } from '../money.ts'

/** What has become of one way of paying, in the order's currency. */
interface Tender {
  kind: string
  authorisedMinor: bigint
  capturedMinor: bigint
  refundedMinor: bigint
  refundPendingMinor: bigint
  /** In dispute, or lost after the goods had left: a bank has it, and no refund may give it again. */
  disputedMinor: bigint
  /** Lost before the goods left: it is not paid in any more. */
  chargedBackMinor: bigint
}

interface PaidOrder {
  payments: readonly Tender[]
}

/** What came in by this tender and stays: without what went back or is on its way back. */
export function keptOf(tender: Tender): bigint {
  const { capturedMinor, refundedMinor, refundPendingMinor, chargedBackMinor } = tender
  return capturedMinor - refundedMinor - refundPendingMinor - chargedBackMinor
}

/** What of it may still be given back: not what a bank has taken (REFUND-BOUND). */
export function refundableOf(tender: Tender): bigint {
  return keptOf(tender) - tender.disputedMinor
}

/** What came in for the order and stays. */
export function paidIn(order: PaidOrder): bigint {
  return sum(order.payments.map(keptOf))
}

/** What a bank has set aside for us and nobody has taken yet. */
export function stillAuthorised(tender: Tender): bigint {
  const left = tender.authorisedMinor - tender.capturedMinor
  return left > 0n ? left : 0n
}

/** What came in and stays, and what may still be taken. */
export function covered(order: PaidOrder): bigint {
  return paidIn(order) + sum(order.payments.map(stillAuthorised))
}
