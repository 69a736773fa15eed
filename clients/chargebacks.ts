import { WithStartWorkflowOperation, type Client } from '@temporalio/client'
import { chargebackWorkflowId, recordDispute, type DisputeFact } from '#contracts/chargeback'
import type { DocumentProgress } from '#contracts/document-progress'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { businessIdKey, phaseKey, processKey } from '#contracts/search-attributes'

/**
 * Tells the process of a dispute one fact and waits for its commit; the first fact starts it, and
 * one that comes after its end begins once more. The same fact again, under its key, changes
 * nothing. This is the door for whoever hears of a dispute: webhooks, settlement lines, people.
 */
export async function tellDispute(
  client: Client,
  fact: DisputeFact,
  { updateId, taskQueue }: { updateId: string; taskQueue?: string | undefined },
): Promise<DocumentProgress> {
  const { provider, disputeId, stage } = fact
  const no = `${provider}/${disputeId}`
  const startWorkflowOperation = new WithStartWorkflowOperation('chargeback', {
    workflowId: chargebackWorkflowId(fact),
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    args: [fact],
    workflowIdConflictPolicy: 'USE_EXISTING',
    // What a bank says after the end is heard as well: a second chargeback, or a withdrawal told late.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Chargeback ${no}`,
    staticDetails:
      'From a bank’s question about a charge to its last word. Current details tell what it waits for; cases are resolved through the API, never here.',
    typedSearchAttributes: [
      { key: processKey, value: 'chargeback' },
      { key: phaseKey, value: stage },
      { key: businessIdKey, value: no },
    ],
  })
  return client.workflow.executeUpdateWithStart(recordDispute, {
    args: [fact],
    updateId,
    startWorkflowOperation,
  })
}

/** A stored event of a processor, as far as disputes are told by it. */
interface DisputeEvent {
  id: string
  provider: string
  kind: string
  reference: string
  facts: Record<string, unknown>
}

/**
 * A stored event as a fact of its dispute; nothing where it tells of none. What the money does
 * says more than what is said: reinstated funds are a dispute that was won.
 */
export function disputeOf(event: DisputeEvent): DisputeFact | undefined {
  const { provider, kind, reference, facts } = event
  const told = STAGES[kind]
  const { object, amountMinor, effectiveOn, key } = facts as Record<string, string | undefined>
  if (!told || !object || !amountMinor || !effectiveOn || !key) return undefined
  const { currency, feeMinor, reason, evidenceDueAt, round } = facts as Partial<DisputeFact>
  return {
    ...{ key, provider, disputeId: object, reference, amountMinor, effectiveOn },
    stage: kind === 'dispute.opened' && facts['inquiry'] === true ? 'inquiry' : told,
    actor: `gateway:${provider}`,
    ...(currency && { currency }),
    ...(feeMinor && { feeMinor }),
    ...(reason && { reason }),
    ...(evidenceDueAt && { evidenceDueAt }),
    ...(round && { round }),
  }
}

const STAGES: Readonly<Record<string, DisputeFact['stage']>> = {
  'dispute.opened': 'opened',
  'dispute.funds-withdrawn': 'opened',
  'dispute.funds-withdrawn-again': 'second-chargeback',
  'dispute.funds-reinstated': 'won',
  'dispute.won': 'won',
  'dispute.lost': 'lost',
  'dispute.closed': 'closed',
}
