import type { AddressDocument } from './order-intake.ts'
import type { ChangeOrder, RequestCancellation, ResolveException } from './order-to-cash.ts'

/** What a choice would do, found by doing it and taking it back. */
export interface PreviewedEffect {
  phase: string
  waitingFor: string
  money: {
    currency: string
    orderValueBeforeMinor: string
    orderValueAfterMinor: string
    refundMinor: string
    /** Null: nobody knows what some of its units cost. */
    marginAfterMinor: string | null
  }
  stock: { sku: string; site: string; reservedDelta: number }[]
  /** Why the order leaves in several parcels, and what that costs beyond one; in the entity's currency. */
  split: {
    reason: string
    sites: string[]
    freightMinor: string
    extraMinor: string
    currency: string
  } | null
  promises: { sku: string; promiseOn: string | null }[]
  newCases: string[]
  outsideCalls: string[]
  entries: {
    eventType: string
    lines: { account: string; amountMinor: string; currency: string }[]
  }[]
}

/** An address is given as itself here: a preview keeps nothing, so nobody has an id for it. */
export interface OrderPreviews {
  resolveException(
    orderId: string,
    command: ResolveException,
    address?: AddressDocument,
  ): Promise<PreviewedEffect>
  cancelOrder(orderId: string, command: RequestCancellation): Promise<PreviewedEffect>
  changeOrder(
    orderId: string,
    command: ChangeOrder,
    address?: AddressDocument,
  ): Promise<PreviewedEffect>
}
