import type { Tx } from '#db/client'
import { postEntries } from '#db/stores/ledger'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { json } from '#db/stores/records'
import { postRefundSettled } from '#domain/ledger/posting-payments'
import { takeBooked } from '#domain/ledger/open-value'
import { postTenderRefunded } from '#domain/ledger/posting-tenders'
import { refundKey } from '#domain/ledger/sales-terms'
import { invariant, Refusal } from '#domain/refusal'
import { healOrderCases, openOrderCase } from './cases.ts'
import { voidLabels } from './labels.ts'
import { moneyOn, openLiability } from './order-money.ts'
import { captured, capturedSoFar } from './payments.ts'
import { tenderKey } from './tenders.ts'

export interface Effect {
  key: string
  gateway: string
  operation: string
  request: Record<string, unknown>
  state: 'intended' | 'sent' | 'confirmed' | 'failed' | 'unknown'
  attempts: number
  intendedAt: string
}

/** What a gateway said, in words that can be kept: no bigint, no personal data. */
export type KeptOutcome =
  | { outcome: 'confirmed'; facts: Record<string, unknown> }
  | { outcome: 'declined' | 'refused'; code: string; message: string }
  | { outcome: 'unknown'; message: string }

interface By {
  actor: string
  today: string
}

export async function readEffect(tx: Tx, key: string): Promise<Effect> {
  const [row] = await tx<Effect[]>`
    SELECT key, gateway, operation, request, state, attempts, intended_at AS "intendedAt" FROM external_effect WHERE key = ${key} FOR NO KEY UPDATE`
  if (!row) throw new Refusal('EffectNotFound', `No outside call has the key ${key}.`)
  return row
}

/** Keeps what the provider answered and does what follows from it, in the same transaction, once. */
export async function applyEffectOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: KeptOutcome,
  by: By,
): Promise<void> {
  if (effect.state === 'confirmed' || effect.state === 'failed') return
  const state =
    outcome.outcome === 'confirmed'
      ? 'confirmed'
      : outcome.outcome === 'unknown'
        ? 'unknown'
        : 'failed'
  await tx`
    UPDATE external_effect SET state = ${state}, outcome = ${json(tx, outcome)}, settled_at = CASE WHEN ${state} = 'unknown' THEN NULL ELSE clock_timestamp() END
    WHERE key = ${effect.key}`
  if (outcome.outcome === 'unknown') return openUnknown(tx, order, effect, outcome.message)
  await healOrderCases(tx, order, ['effect-unknown'], 'the provider has answered', effect.key)
  if (effect.operation === 'verify-address') return addressOutcome(tx, order, outcome)
  // A carrier that pays nothing back has charged for a label; there is nobody whom that stops.
  if (effect.operation === 'void-label') return
  if (effect.gateway === 'carrier') return labelOutcome(tx, order, effect, outcome)
  const payment = order.payments.find(
    (candidate) => candidate.id.toString() === String(effect.request['paymentId']),
  )
  invariant(payment, `effect ${effect.key} names a payment of its order`)
  if (outcome.outcome === 'confirmed')
    await paymentDone(tx, order, { effect, payment, facts: outcome.facts }, by)
  else await paymentRefused(tx, order, { effect, payment, ...outcome }, by)
}

/** No answer that can be trusted: nobody repeats it and nobody calls it failed; a person sees it. */
async function openUnknown(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  message: string,
): Promise<void> {
  await openOrderCase(tx, order, {
    type: 'effect-unknown',
    discriminator: effect.key,
    openedBy: 'rule: effects',
    summary: `${order.orderNumber}: nobody knows yet whether ${effect.operation} went through (${message})`,
    evidence: {
      effectKey: effect.key,
      operation: effect.operation,
      amountMinor: effect.request['amountMinor'] ?? null,
      message,
    },
    ...(typeof effect.request['amountMinor'] === 'string'
      ? { moneyAtRiskMinor: BigInt(effect.request['amountMinor']) }
      : {}),
  })
}

interface Settled {
  effect: Effect
  payment: OrderPayment
  facts: Record<string, unknown>
}

async function paymentDone(
  tx: Tx,
  order: SalesOrder,
  { effect, payment, facts }: Settled,
  by: By,
): Promise<void> {
  const amountMinor = BigInt(String(effect.request['amountMinor'] ?? 0))
  const reference = String(facts['reference'] ?? payment.reference ?? effect.key)
  const fact = {
    paymentId: payment.id,
    key: `${effect.key}/done`,
    amountMinor,
    reference,
    effectKey: effect.key,
    effectiveOn: by.today,
    actor: by.actor,
  }
  switch (effect.operation) {
    case 'capture':
      await captureDone(tx, order, { effect, payment, facts }, { ...fact, reference })
      return healOrderCases(tx, order, ['payment-declined'], 'the payment was captured', effect.key)
    case 'void':
      await recordPaymentEvent(tx, { ...fact, kind: 'voided' })
      payment.authorisedMinor = payment.capturedMinor
      return savePayment(tx, payment)
    case 'reauthorise':
      await recordPaymentEvent(tx, { ...fact, kind: 'reauthorised' })
      payment.authorisedMinor = payment.capturedMinor + amountMinor
      payment.reference = reference
      payment.expiresAt = typeof facts['expiresAt'] === 'string' ? facts['expiresAt'] : null
      await savePayment(tx, payment)
      return healOrderCases(
        tx,
        order,
        ['authorisation-expired'],
        'the payment was authorised again',
      )
    default:
      return refundDone(tx, order, payment, {
        ...fact,
        refundId: String(effect.request['refundId'] ?? effect.key),
      })
  }
}

/** The provider's own message about this capture may have come first: only what is new is recorded. */
async function captureDone(
  tx: Tx,
  order: SalesOrder,
  { effect, payment, facts }: Settled,
  fact: { amountMinor: bigint; reference: string; effectiveOn: string; actor: string },
): Promise<void> {
  const total = facts['capturedTotalMinor']
  if (typeof total === 'string') {
    await capturedSoFar(tx, order, payment, {
      provider: payment.provider,
      reference: fact.reference,
      amountMinor: total,
      effectiveOn: fact.effectiveOn,
      actor: fact.actor,
      effectKey: effect.key,
    })
    return
  }
  await captured(tx, order, payment, {
    key: `${effect.key}/done`,
    reference: fact.reference,
    captureId: effect.key,
    amountMinor: fact.amountMinor,
    on: fact.effectiveOn,
    actor: fact.actor,
    effectKey: effect.key,
  })
}

async function refundDone(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  fact: {
    key: string
    effectKey: string
    refundId: string
    amountMinor: bigint
    reference: string
    effectiveOn: string
    actor: string
    paymentId: bigint
  },
): Promise<void> {
  const { refundId: _refundId, ...event } = fact
  await recordPaymentEvent(tx, { ...event, kind: 'refunded' })
  payment.refundPendingMinor -= fact.amountMinor
  payment.refundedMinor += fact.amountMinor
  await savePayment(tx, payment)
  const granted = await openLiability(tx, order, 'RefundsPayable', refundKey(fact.refundId))
  const money = {
    ...(await moneyOn(tx, order, fact.effectiveOn)),
    refundId: fact.refundId,
    amountMinor: fact.amountMinor,
    bookedFuncMinor: takeBooked(granted, fact.amountMinor),
  }
  const openKey = await tenderKey(tx, order, payment)
  const draft =
    payment.kind === 'gift-card' || payment.kind === 'store-credit'
      ? postTenderRefunded({
          ...money,
          tender: payment.kind === 'gift-card' ? 'GiftCards' : 'StoreCredit',
          openKey: openKey!,
          refundedOn: fact.effectiveOn,
        })
      : postRefundSettled({ ...money, provider: payment.provider, settledOn: fact.effectiveOn })
  await postEntries(tx, [draft], fact.actor)
}

async function paymentRefused(
  tx: Tx,
  order: SalesOrder,
  no: Omit<Settled, 'facts'> & { code: string; message: string },
  by: By,
): Promise<void> {
  const { effect, payment } = no
  const kind = effect.operation === 'refund' ? 'refund-failed' : 'declined'
  await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: `${effect.key}/${kind}`,
    kind,
    amountMinor: BigInt(String(effect.request['amountMinor'] ?? 0)),
    effectKey: effect.key,
    effectiveOn: by.today,
    actor: by.actor,
  })
  // Already void at the provider is what we wanted.
  if (effect.operation === 'void') return
  const lapsed = effect.operation === 'reauthorise' || no.code === 'authorisation-expired'
  await openOrderCase(tx, order, {
    type: lapsed ? 'authorisation-expired' : 'payment-declined',
    discriminator: effect.key,
    openedBy: 'rule: payment',
    summary: `${order.orderNumber}: ${effect.operation} was ${no.code}: ${no.message}`,
    evidence: {
      effectKey: effect.key,
      operation: effect.operation,
      code: no.code,
      amountMinor: effect.request['amountMinor'] ?? null,
    },
  })
}

async function labelOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: Exclude<KeptOutcome, { outcome: 'unknown' }>,
): Promise<void> {
  const parcelId = BigInt(String(effect.request['parcelId']))
  if (outcome.outcome === 'confirmed') {
    const { trackingNumber, carrier, service, costMinor } = outcome.facts
    await tx`UPDATE parcel SET tracking_number = ${String(trackingNumber)}, carrier = ${String(carrier)}, service = ${String(service)}, label_cost_minor = ${BigInt(String(costMinor))} WHERE id = ${parcelId}`
    // The warehouse may have given the goods back while the carrier was asked.
    const unused = await tx<
      { id: bigint }[]
    >`SELECT id FROM parcel WHERE id = ${parcelId} AND voided_at IS NOT NULL AND shipment_id IS NULL`
    return voidLabels(
      tx,
      order,
      unused.map((parcel) => parcel.id),
    )
  }
  await openOrderCase(tx, order, {
    type: 'label-failed',
    discriminator: effect.key,
    openedBy: 'rule: labels',
    summary: `${order.orderNumber}: no label for parcel ${parcelId}: ${outcome.message}`,
    evidence: { effectKey: effect.key, code: outcome.code, parcelId: parcelId.toString() },
  })
}

/** Tells whoever owns the address case whether there is a suggestion to accept. */
async function addressOutcome(
  tx: Tx,
  order: SalesOrder,
  outcome: Exclude<KeptOutcome, { outcome: 'unknown' }>,
): Promise<void> {
  if (outcome.outcome !== 'confirmed') return
  await tx`
    UPDATE exception_case SET evidence = evidence || ${json(tx, outcome.facts)}
    WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND type = 'address-invalid' AND state = 'open'`
}
