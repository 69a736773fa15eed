/** Why goods come back: a closed list, since free text is no key. */
export const RETURN_REASONS = [
  'changed-mind',
  'wrong-size',
  'not-as-described',
  'defective',
  'damaged-in-transit',
  'wrong-item',
  'arrived-late',
  'undeliverable',
  'other',
] as const
export type ReturnReason = (typeof RETURN_REASONS)[number]

/** What must have happened before money goes back (FUL-46). */
export type RefundTrigger = 'approved' | 'scanned' | 'received' | 'inspected'

/**
 * What a customer may send back and what for; policy kind `returns`, per channel or for all.
 * Amounts are the company's minor units. A return keeps the version that it was asked for under.
 */
export interface ReturnPolicy {
  /** Days after delivery, or after shipment where nobody knows of a delivery. */
  windowDays: number
  /** Reasons that are taken at all. */
  reasons: string[]
  /** Reasons that are ours to answer for: shipping goes back too, and there is no fee. */
  ourFault: string[]
  /** What is worth so much is approved by a person, and so is a refund of so much by a controller. */
  approvalFromMinor: string
  controllerFromMinor: string
  /** More returns of one customer within so many days ask a person. */
  maxReturns: number
  abuseDays: number
  refundOn: RefundTrigger
  /** Share of the goods' net price that is kept unless the reason is ours to answer for. */
  restockingFeePpm: number
  /** Whether shipping goes back although the reason is not ours to answer for. */
  refundShipping: boolean
  /** Days until a return that does not come expires, and until a refund before its goods is asked about. */
  receiveWithinDays: number
  chaseDays: number
  /** Goods of these grades are credited in full; of any other a person says how much. */
  fullCreditGrades: string[]
  /** Whether gift cards and store credit are given back to before cards, or after them. */
  giftCardsFirst: boolean
  /** Goods worth less than this need not come back. */
  keepBelowMinor: string
  /** Goodwill of so much is approved by another person. */
  goodwillFromMinor: string
  /** What goods that come back are expected to lose of their cost, work on them included. */
  recoveryLossPpm: number
}

export const DEFAULT_RETURN_POLICY: ReturnPolicy = {
  windowDays: 30,
  reasons: [...RETURN_REASONS],
  ourFault: [
    'not-as-described',
    'defective',
    'damaged-in-transit',
    'wrong-item',
    'arrived-late',
    'undeliverable',
  ],
  approvalFromMinor: '50000',
  controllerFromMinor: '200000',
  maxReturns: 5,
  abuseDays: 90,
  refundOn: 'inspected',
  restockingFeePpm: 0,
  refundShipping: false,
  receiveWithinDays: 21,
  chaseDays: 14,
  fullCreditGrades: ['A', 'B'],
  giftCardsFirst: false,
  keepBelowMinor: '0',
  goodwillFromMinor: '5000',
  recoveryLossPpm: 0,
}

/** The policy in force, with its version; 0 is the built-in one. */
export interface PinnedReturnPolicy {
  version: number
  body: ReturnPolicy
}
