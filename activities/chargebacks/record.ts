import type { DisputeFact } from '#contracts/chargeback'
import type { Tx } from '#db/client'
import {
  companyOfProvider,
  insertChargeback,
  keepFact,
  lockChargeback,
  type Chargeback,
} from '#db/stores/chargebacks'
import type { SalesOrder } from '#db/stores/orders'
import { isUndecided, takeIn } from '#domain/chargebacks/dispute'
import { formatMinor } from '#domain/money'
import { invariant, Refusal } from '#domain/refusal'
import { openDocumentCase } from '../documents/cases.ts'
import { takeLossBack } from './money.ts'
import { missingMinor } from './order.ts'
import { lockBoth, settleDispute } from './settle.ts'

/** How long before the provider's own date a person is to have answered. */
const EVIDENCE_LEAD_MINUTES = 24 * 60

export const chargebackNo = ({
  provider,
  disputeId,
}: Pick<DisputeFact, 'provider' | 'disputeId'>) => `${provider}/${disputeId}`

/**
 * Takes in one fact, the first of its dispute or a later one, whatever came before it.
 * @throws Refusal `ChargebackNotWon`, `ChargebackOfNobody` where there is no company at all.
 */
export async function takeFact(
  tx: Tx,
  fact: DisputeFact,
  by: { workflowId: string; today: string },
): Promise<Chargeback> {
  const no = chargebackNo(fact)
  const { doc: known, order } = await lockBoth(tx, no, fact)
  const doc = known ?? (await begin(tx, fact, order, by.workflowId))
  // Whoever told of it first may have named the dispute only; who knows the charge is right.
  if (order && doc.orderId === null) doc.reference = fact.reference
  const roundBefore = doc.round
  const lossBooked = doc.outcomeBooked
  if (fact.stage === 'reopened') refuseDeposit(doc)
  const taken = takeIn(doc, fact)
  if (fact.stage === 'reopened' && lossBooked) await takeLossBack(tx, doc, fact)
  const differs = await learn(tx, doc, fact, { begun: doc.round > roundBefore })
  await settleDispute(tx, { doc, order }, { ...fact, today: by.today })
  if (taken === 'contradicts') await askAboutDifference(tx, doc, fact, 'the decision that stands')
  else if (differs) await askAboutDifference(tx, doc, fact, 'the amount in the books')
  if (order && missingMinor(doc, order) > 0n)
    await askAboutDifference(tx, doc, fact, 'what is left of the charge')
  await askForWhatIsMissing(tx, doc, fact)
  return doc
}

async function begin(
  tx: Tx,
  fact: DisputeFact,
  order: SalesOrder | undefined,
  workflowId: string,
): Promise<Chargeback> {
  const company = order
    ? { id: order.entityId, currency: order.currency }
    : await companyOfProvider(tx, fact.provider)
  if (!company)
    throw new Refusal(
      'ChargebackOfNobody',
      'There is no company whose dispute this could be. Set one up first.',
    )
  const { provider, disputeId, reference, effectiveOn } = fact
  await insertChargeback(tx, {
    ...{ provider, disputeId, reference, workflowId, entityId: company.id },
    stage: fact.stage === 'opened' ? 'opened' : 'inquiry',
    currency: fact.currency ?? company.currency,
    amountMinor: BigInt(fact.amountMinor),
    toldOn: effectiveOn,
  })
  const doc = await lockChargeback(tx, chargebackNo(fact))
  invariant(doc, 'a dispute is there once it is written down')
  return doc
}

/** Keeps the fact, and what it adds; true where it says another amount than the books do. */
async function learn(
  tx: Tx,
  doc: Chargeback,
  fact: DisputeFact,
  round: { begun: boolean },
): Promise<boolean> {
  const { key, stage, effectiveOn, actor } = fact
  const amountMinor = BigInt(fact.amountMinor)
  const feeMinor = fact.feeMinor === undefined ? null : BigInt(fact.feeMinor)
  const currency = fact.currency ?? null
  const reason = fact.reason ?? null
  await keepFact(tx, doc, {
    key,
    stage,
    currency,
    amountMinor,
    feeMinor,
    reason,
    effectiveOn,
    actor,
  })
  doc.reason = reason ?? doc.reason
  doc.evidenceDueAt = fact.evidenceDueAt ?? doc.evidenceDueAt
  doc.toldOn = effectiveOn
  if (feeMinor !== null && feeMinor > doc.feeMinor) doc.feeMinor = feeMinor
  if (round.begun) Object.assign(doc, { submittedAt: null, submissionReference: null })
  // A second chargeback takes money once more; what is decided anew is still with the bank.
  if (stage === 'second-chargeback' && round.begun) doc.bookedMinor = null
  // A word about an earlier round says nothing of what this one has taken.
  if (fact.round !== undefined && fact.round < doc.round) return false
  const same = amountMinor === doc.amountMinor && (currency ?? doc.currency) === doc.currency
  if (doc.bookedMinor !== null) return !same
  Object.assign(doc, { amountMinor, currency: currency ?? doc.currency })
  return false
}

/** Who has the deposit back may have bought elsewhere: nothing brings that order back by itself. */
function refuseDeposit({ no, depositMinor }: Chargeback): void {
  if (depositMinor > 0n)
    throw new Refusal(
      'ChargebackTookDeposit',
      `Chargeback ${no} took a deposit for goods that had not left. Book what comes back by hand.`,
    )
}

async function askAboutDifference(
  tx: Tx,
  doc: Chargeback,
  fact: DisputeFact,
  against: string,
): Promise<void> {
  const told = `${formatMinor(BigInt(fact.amountMinor), fact.currency ?? doc.currency)} ${fact.currency ?? doc.currency}`
  await openDocumentCase(tx, doc, {
    type: 'chargeback-differs',
    discriminator: `${doc.round}/${against}`,
    summary: `Chargeback ${doc.no}: "${fact.stage}" over ${told} is against ${against}`,
    evidence: {
      ...{ told: fact.stage, toldMinor: fact.amountMinor, stage: doc.stage },
      bookedMinor: doc.bookedMinor?.toString() ?? null,
      boundMinor: doc.boundMinor.toString(),
    },
    moneyAtRiskMinor: BigInt(fact.amountMinor),
    openedBy: 'event: dispute',
  })
}

/** The order, where nobody knows it; and evidence, as long as the bank takes it. */
async function askForWhatIsMissing(tx: Tx, doc: Chargeback, fact: DisputeFact): Promise<void> {
  const asked = { moneyAtRiskMinor: doc.amountMinor, openedBy: 'event: dispute' }
  if (doc.orderId === null && doc.stage !== 'closed')
    await openDocumentCase(tx, doc, {
      ...asked,
      type: 'chargeback-unmatched',
      summary: `Chargeback ${doc.no}: no order of ours was paid by ${doc.reference}`,
      evidence: { reference: doc.reference, reason: doc.reason, stage: doc.stage },
    })
  if (!isUndecided(doc) || doc.submittedAt !== null) return
  if (fact.stage === 'won' || fact.stage === 'lost') return
  const due = doc.evidenceDueAt
  const minutes = due === null ? undefined : (Date.parse(due) - Date.now()) / 60_000
  await openDocumentCase(tx, doc, {
    ...asked,
    type: 'chargeback-evidence',
    discriminator: `${doc.round}`,
    summary: `Chargeback ${doc.no}: the bank asks for evidence (${doc.reason ?? 'no reason given'})`,
    evidence: { reason: doc.reason, evidenceDueAt: due, amountMinor: doc.amountMinor.toString() },
    ...(minutes !== undefined && { slaMinutes: Math.max(1, minutes - EVIDENCE_LEAD_MINUTES) }),
  })
}
