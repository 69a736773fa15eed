import {
  acceptChargeback,
  chargebackProgress,
  resolveChargebackCase,
  submitEvidence,
} from '#contracts/chargeback'
import { disputeOn } from '#tests/support/chargebacks'
import { named } from './acting.ts'
import type { RecordingSystem } from './recording-system.ts'

/** Asked, taken, answered and won; an acceptance that comes with a stale version is refused on the way. */
export async function disputeWon(system: RecordingSystem): Promise<string> {
  const dispute = await disputed(system, 'dispute-won')
  await dispute.says('inquiry')
  await dispute.says('opened', { feeMinor: '1500' })
  const stale = { reason: 'too dear', expectedVersion: 99 }
  await dispute.tell(acceptChargeback, stale).catch(() => undefined)
  await dispute.tell(submitEvidence, { reference: 'uploaded' })
  await dispute.says('won')
  return ended(dispute)
}

export async function disputeAccepted(system: RecordingSystem): Promise<string> {
  const dispute = await disputed(system, 'dispute-accepted')
  await dispute.says('opened')
  await dispute.tell(acceptChargeback, { reason: 'a stolen card' })
  return ended(dispute)
}

/** The date for evidence passes without any; then the bank decides against us. */
export async function disputeMissed(system: RecordingSystem): Promise<string> {
  const dispute = await disputed(system, 'dispute-missed')
  const evidenceDueAt = new Date(Date.now() + 2_000).toISOString()
  await dispute.says('opened', { evidenceDueAt })
  await new Promise((done) => setTimeout(done, 4_000))
  const { cases } = (await dispute.handle.query(chargebackProgress))!
  const missed = cases.find(({ type }) => type === 'chargeback-deadline-missed')
  if (!missed) throw new Error('nobody was asked about the missed date')
  await dispute.tell(resolveChargebackCase, { caseId: missed.id, resolution: 'wait' })
  await dispute.says('lost')
  return ended(dispute)
}

/** Opened a second time, though it was never won. */
export async function disputeRefused(system: RecordingSystem): Promise<string> {
  const dispute = await disputed(system, 'dispute-refused')
  await dispute.says('second-chargeback').catch(() => undefined)
  await dispute.handle.result().catch(() => undefined)
  return dispute.handle.workflowId
}

async function disputed(system: RecordingSystem, disputeId: string) {
  const order = named(disputeId)
  await system.place(order)
  return disputeOn(system, order, { disputeId })
}

async function ended({ handle }: ReturnType<typeof disputeOn>): Promise<string> {
  await handle.result()
  return handle.workflowId
}
