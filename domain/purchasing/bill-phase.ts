export type BillPhase =
  'captured' | 'in-question' | 'awaiting-goods' | 'payable' | 'in-payment' | 'paid' | 'rejected'

/** What a bill's phase is derived from; nobody sets it. */
export interface BillFacts {
  rejected: boolean
  posted: boolean
  paid: boolean
  /** A payment run that may still pay it holds it. */
  inRun: boolean
  openCases: number
  /** Units that are billed and have not come. */
  aheadQty: bigint
}

export function billPhase(facts: BillFacts): BillPhase {
  if (facts.rejected) return 'rejected'
  if (facts.paid) return 'paid'
  if (facts.inRun) return 'in-payment'
  if (facts.posted) return facts.aheadQty > 0n ? 'awaiting-goods' : 'payable'
  return facts.openCases > 0 ? 'in-question' : 'captured'
}

/** What each phase waits for, and who may act, in words for people. */
export const BILL_WAITS: Record<BillPhase, { waitingFor: string; whoMayAct: string }> = {
  captured: { waitingFor: 'its first look', whoMayAct: 'nobody need' },
  'in-question': { waitingFor: 'a decision', whoMayAct: 'payables' },
  'awaiting-goods': { waitingFor: 'the goods that it bills', whoMayAct: 'the warehouse' },
  payable: { waitingFor: 'a payment run', whoMayAct: 'treasury' },
  'in-payment': { waitingFor: 'the bank', whoMayAct: 'treasury' },
  paid: { waitingFor: 'nothing', whoMayAct: 'nobody need' },
  rejected: { waitingFor: 'nothing', whoMayAct: 'nobody need' },
}
