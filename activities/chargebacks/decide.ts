import type { AcceptChargeback, SubmitEvidence } from '#contracts/chargeback'
import type { ResolveException } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { chargedTender, type Chargeback } from '#db/stores/chargebacks'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { isUndecided } from '#domain/chargebacks/dispute'
import { Refusal } from '#domain/refusal'
import {
  decideDocumentCase,
  escalateDocumentCases,
  healDocumentCases,
  openDocumentCase,
} from '../documents/cases.ts'
import { textParam } from '../documents/params.ts'
import { settleDispute, type SettledBy } from './settle.ts'

/** A dispute with its order, where it has one. */
export interface OfOrder {
  doc: Chargeback
  order: SalesOrder | undefined
}

/**
 * We give up: the loss is booked as soon as the money was taken, whatever the bank says later.
 * @throws Refusal `ChargebackDecided`
 */
export async function accept(
  tx: Tx,
  { doc, order }: OfOrder,
  command: Omit<AcceptChargeback, 'reason'> & { today: string },
): Promise<void> {
  requireUndecided(doc)
  Object.assign(doc, { stage: 'accepted', toldOn: command.today })
  await settleDispute(tx, { doc, order }, command)
}

/** @throws Refusal `ChargebackDecided` */
export async function keepSubmission(
  tx: Tx,
  { doc }: OfOrder,
  { reference }: SubmitEvidence,
): Promise<void> {
  requireUndecided(doc)
  Object.assign(doc, {
    submittedAt: doc.submittedAt ?? new Date().toISOString(),
    submissionReference: reference,
  })
  const asked = ['chargeback-evidence', 'chargeback-deadline-missed'] as const
  await healDocumentCases(tx, doc, asked, `evidence has been submitted: ${reference}`)
}

/** @throws Refusal `CaseNotOpen`, `ResolutionNotAllowed`, `MissingParameter`, `OrderNotFound`, `NoSuchCharge`. */
export async function resolveCaseOf(
  tx: Tx,
  { doc, order }: OfOrder,
  command: ResolveException & { today: string },
): Promise<void> {
  await decideDocumentCase(tx, doc, command)
  switch (command.resolution) {
    case 'accept':
      return accept(tx, { doc, order }, command)
    case 'submitted':
      return keepSubmission(
        tx,
        { doc, order },
        {
          ...command,
          reference: textParam(command.params, 'reference'),
        },
      )
    case 'not-ours':
      doc.stage = 'closed'
      return settleDispute(tx, { doc, order }, command)
    case 'match-order':
      return matchByHand(tx, doc, textParam(command.params, 'orderNumber'), command)
    default:
      // A case that only waits for the bank needs nothing done.
      return
  }
}

/** A person knows whose charge it is, e.g. from the provider's web site. */
async function matchByHand(
  tx: Tx,
  doc: Chargeback,
  orderNumber: string,
  by: SettledBy,
): Promise<void> {
  const found = await chargedTender(tx, {
    entityId: doc.entityId,
    provider: doc.provider,
    orderNumber,
  })
  if (!found)
    throw new Refusal(
      'NoSuchCharge',
      `No order ${orderNumber} of ${doc.entity} was paid through ${doc.provider}. Name one that was.`,
      { field: 'params.orderNumber' },
    )
  Object.assign(doc, found)
  await settleDispute(tx, { doc, order: await lockOrder(tx, found.orderId) }, by)
}

/** Cases move up; a dispute of nobody's charge looks for its order; a missed date asks what now. */
export async function passDeadline(tx: Tx, { doc, order }: OfOrder, by: SettledBy): Promise<void> {
  await escalateDocumentCases(tx, doc)
  if (doc.orderId === null && order) await settleDispute(tx, { doc, order }, by)
  const due = doc.evidenceDueAt
  if (due === null || doc.submittedAt !== null || !isUndecided(doc)) return
  if (!by.key.startsWith(new Date(due).toISOString()) || Date.parse(due) > Date.now()) return
  await healDocumentCases(tx, doc, ['chargeback-evidence'], 'the date has passed')
  await openDocumentCase(tx, doc, {
    type: 'chargeback-deadline-missed',
    discriminator: `${doc.round}`,
    summary: `Chargeback ${doc.no}: nothing was submitted until ${due}`,
    evidence: { evidenceDueAt: due, reason: doc.reason },
    moneyAtRiskMinor: doc.amountMinor,
    openedBy: 'deadline: evidence',
  })
}

function requireUndecided({ no, stage }: Chargeback): void {
  if (!isUndecided({ stage }))
    throw new Refusal(
      'ChargebackDecided',
      `Chargeback ${no} is ${stage}: nothing can be said to it any more. Read it.`,
    )
}
