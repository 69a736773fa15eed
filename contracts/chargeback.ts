import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** One dispute of one charge, one workflow, for ever; a second chargeback is its next round. */
export function chargebackWorkflowId({
  provider,
  disputeId,
}: Pick<DisputeFact, 'provider' | 'disputeId'>): string {
  return `chargeback/${provider}/${disputeId}`
}

/**
 * What somebody tells about a dispute. `opened`: the money has been taken; `closed`: an inquiry
 * has ended and nothing was taken; `second-chargeback`: taken again after we had won; `reopened`:
 * decided against us, and decided anew.
 */
export interface DisputeFact extends CommandBase {
  provider: string
  /** The provider's id of the dispute. */
  disputeId: string
  /** The provider's id of the payment that is disputed. */
  reference: string
  stage: 'inquiry' | 'opened' | 'won' | 'lost' | 'closed' | 'second-chargeback' | 'reopened'
  /** Of the charge, where absent. */
  currency?: string
  /** What is disputed, in minor units; need not be what was charged. */
  amountMinor: string
  /** The provider's fees of this dispute so far, in all and in `currency`. */
  feeMinor?: string
  reason?: string
  /** Which time the money is taken, where whoever tells it knows: from 1. */
  round?: number
  /** Until when the provider takes evidence. */
  evidenceDueAt?: string
  /** ISO date. */
  effectiveOn: string
}

export interface AcceptChargeback extends CommandBase {
  reason: string
}

/** The evidence has gone to the provider, e.g. through its web site. */
export interface SubmitEvidence extends CommandBase {
  /** The provider's word for what it got, or who uploaded what. */
  reference: string
}

/** The first fact of a dispute starts its process. */
export const recordDispute = defineUpdate<DocumentProgress, [DisputeFact]>('recordDispute')
export const acceptChargeback = defineUpdate<DocumentProgress, [AcceptChargeback]>(
  'acceptChargeback',
)
export const submitEvidence = defineUpdate<DocumentProgress, [SubmitEvidence]>('submitEvidence')
/** Named as an order's, so that a case is decided in one way. */
export const resolveChargebackCase = defineUpdate<DocumentProgress, [ResolveException]>(
  'resolveException',
)
export const chargebackProgress = defineQuery<DocumentProgress | undefined>('chargebackProgress')

/** What the process may do: each is one commit. */
export interface ChargebackActivities {
  recordDispute(fact: DisputeFact): Promise<DocumentProgress>
  acceptChargeback(command: AcceptChargeback & DocumentRef): Promise<DocumentProgress>
  submitEvidence(command: SubmitEvidence & DocumentRef): Promise<DocumentProgress>
  resolveChargebackCase(command: ResolveException & DocumentRef): Promise<DocumentProgress>
  passChargebackDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}
