import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import {
  insertTender,
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { takeBooked } from '#domain/ledger/open-value'
import { postRefundSettled } from '#domain/ledger/posting-payments'
import { postTenderRefunded } from '#domain/ledger/posting-tenders'
import { refundKey } from '#domain/ledger/sales-terms'
import { stillAuthorised } from '#domain/orders/tenders'
import { invariant } from '#domain/refusal'
import { addToOutbox } from '#db/stores/records'
import { openOrderCase, healOrderCases } from './cases.ts'
import {
  captureWhatIsOwed,
  intendPayment,
  nextCaptureKey,
  voidWhatIsNotNeeded,
} from './captures.ts'
import { capturedSoFar } from './captured-totals.ts'
import type { Effect } from './effect-outcomes.ts'
import { moneyOn, openLiability } from './order-money.ts'
import { captured, isCovered } from './payments.ts'
import { tenderKey } from './tenders.ts'

interface By {
  actor: string
  today: string
}

interface Settled {
  effect: Effect
  payment: OrderPayment
  facts: Record<string, unknown>
}

/** The provider did what we asked for: once, whoever tells of it first. */
export async function paymentDone(
  tx: Tx,
  order: SalesOrder,
  settled: Settled,
  by: By,
): Promise<void> {
  const { effect, payment } = settled
  switch (effect.operation) {
    case 'capture':
      return captureDone(tx, order, settled, by)
    case 'void':
      await recordPaymentEvent(tx, { ...factOf(settled, by), kind: 'voided' })
      payment.authorisedMinor = payment.capturedMinor
      return savePayment(tx, payment)
    case 'reauthorise':
      return authorisedAnew(tx, order, settled, by)
    default:
      // Accepted, and the bank still works on it: it is owed until the provider says that it left.
      if (settled.facts['settled'] === false) return
      return bookRefund(tx, order, { effect, payment, reference: referenceOf(settled) }, by)
  }
}

/** The provider's own message about this capture may have come first: only what is new is recorded. */
async function captureDone(tx: Tx, order: SalesOrder, settled: Settled, by: By): Promise<void> {
  const { effect, payment, facts } = settled
  const { reference, amountMinor } = factOf(settled, by)
  const total = facts['capturedTotalMinor']
  if (typeof total === 'string')
    await capturedSoFar(tx, order, payment, {
      provider: payment.provider,
      reference,
      amountMinor: total,
      effectiveOn: by.today,
      actor: by.actor,
      effectKey: effect.key,
    })
  else {
    const known = await capturedMeanwhile(tx, payment, effect)
    if (amountMinor > known)
      await captured(tx, order, payment, {
        key: `${effect.key}/done`,
        reference,
        captureId: effect.key,
        amountMinor: amountMinor - known,
        on: by.today,
        actor: by.actor,
        effectKey: effect.key,
      })
  }
  // With the last capture the provider gives the rest back to the customer's bank by itself.
  if (effect.request['last'] !== false && payment.authorisedMinor > payment.capturedMinor) {
    payment.authorisedMinor = payment.capturedMinor
    await savePayment(tx, payment)
  }
  await healOrderCases(tx, order, ['payment-declined'], 'the payment was captured', effect.key)
  await voidWhatIsNotNeeded(tx, order)
}

/** What came in by this payment since the call was written down and is no other call's money. */
async function capturedMeanwhile(tx: Tx, payment: OrderPayment, effect: Effect): Promise<bigint> {
  const [row] = await tx<{ minor: bigint }[]>`
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM payment_event
    WHERE payment_id = ${payment.id} AND kind = 'captured' AND effect_key IS NULL AND recorded_at >= ${effect.intendedAt}`
  return row!.minor
}

/**
 * The new authorisation is a payment of its own at the provider, and so it is here: what was
 * taken by the old one can still be given back there, and what is left of it is voided.
 */
async function authorisedAnew(tx: Tx, order: SalesOrder, settled: Settled, by: By): Promise<void> {
  const { payment, facts } = settled
  const { reference, amountMinor, ...fact } = factOf(settled, by)
  const anew = await insertTender(tx, order, {
    kind: 'card',
    provider: payment.provider,
    reference,
    dueMinor: amountMinor,
    authorisedMinor: amountMinor,
    expiresAt: typeof facts['expiresAt'] === 'string' ? facts['expiresAt'] : null,
  })
  const kind = 'reauthorised'
  await recordPaymentEvent(tx, { ...fact, reference, amountMinor, paymentId: anew.id, kind })
  if (stillAuthorised(payment) > 0n && payment.reference && payment.reference !== reference) {
    await intendPayment(tx, order, payment, {
      key: `void/${payment.id}`,
      operation: 'void',
      amountMinor: stillAuthorised(payment),
    })
    payment.authorisedMinor = payment.capturedMinor
  }
  payment.expiresAt = null
  await savePayment(tx, payment)
  const again = 'the payment was authorised again'
  await healOrderCases(tx, order, ['authorisation-expired'], again)
  if (isCovered(order)) await healOrderCases(tx, order, ['payment-declined'], again)
  await captureWhatIsOwed(tx, order, { key: await nextCaptureKey(tx, order) })
  await voidWhatIsNotNeeded(tx, order)
}

interface BookedRefund {
  effect: Pick<Effect, 'key' | 'request'>
  payment: OrderPayment
  reference: string
  /** Names this settlement where it is not the effect itself that settles. */
  key?: string
  /** Who paid it out, where it was not the provider of the payment. */
  provider?: string
}

/** A granted refund has left: it is not owed any more. */
export async function bookRefund(
  tx: Tx,
  order: SalesOrder,
  { effect, payment, reference, ...more }: BookedRefund,
  by: By,
): Promise<void> {
  const amountMinor = BigInt(String(effect.request['amountMinor']))
  const key = more.key ?? effect.key
  const fresh = await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: `${key}/done`,
    kind: 'refunded',
    amountMinor,
    reference,
    effectKey: effect.key,
    effectiveOn: by.today,
    actor: by.actor,
  })
  if (!fresh) return
  payment.refundPendingMinor -= amountMinor
  payment.refundedMinor += amountMinor
  await savePayment(tx, payment)
  const refundId = refundIdOf(effect)
  const granted = await openLiability(tx, order, 'RefundsPayable', refundKey(refundId))
  const money = {
    ...(await moneyOn(tx, order, by.today)),
    refundId,
    settlementId: key,
    amountMinor,
    bookedFuncMinor: takeBooked(granted, amountMinor),
  }
  const openKey = await creditedKey(tx, order, settledBy(effect, payment))
  const draft =
    openKey === undefined
      ? postRefundSettled({
          ...money,
          provider: more.provider ?? payment.provider,
          settledOn: by.today,
        })
      : postTenderRefunded({
          ...money,
          tender: openKey.startsWith('store-credit/') ? 'StoreCredit' : 'GiftCards',
          openKey,
          refundedOn: by.today,
        })
  await sendEntries(tx, [draft], by.actor)
  await tellReturn(tx, effect, key)
}

/** A refund that a return has granted: the return looks whether it is over. */
async function tellReturn(
  tx: Tx,
  { request }: Pick<Effect, 'request'>,
  key: string,
): Promise<void> {
  const workflowId = request['returnWorkflowId']
  if (typeof workflowId !== 'string') return
  const body = { workflowId, cause: 'its refund went through' }
  await addToOutbox(tx, [{ topic: 'look-again', key: `return/${key}`, body }])
}

/** What the refund goes to: the tender itself, or store credit that a person chose instead. */
function settledBy(
  effect: Pick<Effect, 'request'>,
  payment: OrderPayment,
): Pick<OrderPayment, 'kind' | 'reference'> {
  return {
    kind: (effect.request['kind'] ?? payment.kind) as OrderPayment['kind'],
    reference: String(effect.request['reference'] ?? payment.reference),
  }
}

async function creditedKey(
  tx: Tx,
  order: SalesOrder,
  tender: Pick<OrderPayment, 'kind' | 'reference'>,
): Promise<string | undefined> {
  if (tender.kind !== 'gift-card' && tender.kind !== 'store-credit') return undefined
  const key = await tenderKey(tx, order, tender)
  invariant(key, `the gift card that order ${order.id} was paid with is known`)
  return key
}

/** Under which grant the refund is owed; later attempts have keys of their own. */
export function refundIdOf(effect: Pick<Effect, 'key' | 'request'>): string {
  return String(effect.request['refundId'] ?? effect.key)
}

/** The provider, or the customer's bank, said no: nothing happened. */
export async function paymentRefused(
  tx: Tx,
  order: SalesOrder,
  no: Omit<Settled, 'facts'> & { code: string; message: string },
  by: By,
): Promise<void> {
  const { effect, payment } = no
  const { amountMinor, effectiveOn, effectKey } = factOf({ ...no, facts: {} }, by)
  const kind = effect.operation === 'refund' ? 'refund-failed' : 'declined'
  await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: `${effect.key}/${kind}`,
    kind,
    amountMinor,
    effectKey,
    effectiveOn,
    actor: by.actor,
  })
  // Already void at the provider is what we wanted.
  if (effect.operation === 'void') return
  const expired = effect.operation === 'capture' && no.code === 'authorisation-expired'
  if (expired) {
    payment.authorisedMinor = payment.capturedMinor
    payment.expiresAt = null
    await savePayment(tx, payment)
  }
  const lapsed = expired || effect.operation === 'reauthorise'
  await openOrderCase(tx, order, {
    type:
      effect.operation === 'refund'
        ? 'refund-failed'
        : lapsed
          ? 'authorisation-expired'
          : 'payment-declined',
    discriminator: effect.key,
    openedBy: 'rule: payment',
    summary: `${order.orderNumber}: ${effect.operation} was ${no.code}: ${no.message}`,
    evidence: {
      effectKey: effect.key,
      operation: effect.operation,
      paymentId: payment.id.toString(),
      code: no.code,
      amountMinor: effect.request['amountMinor'] ?? null,
    },
  })
}

function referenceOf({ effect, payment, facts }: Settled): string {
  return String(facts['refundReference'] ?? facts['reference'] ?? payment.reference ?? effect.key)
}

function factOf(settled: Settled, by: By) {
  const { effect, payment, facts } = settled
  return {
    paymentId: payment.id,
    key: `${effect.key}/done`,
    amountMinor: BigInt(String(effect.request['amountMinor'] ?? 0)),
    reference: String(facts['reference'] ?? payment.reference ?? effect.key),
    effectKey: effect.key,
    effectiveOn: by.today,
    actor: by.actor,
  }
}
