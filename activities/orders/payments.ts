import type { OrderDocument } from '#contracts/order-intake'
import type { RecordPayment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { intendEffect } from '#db/stores/records'
import { postPaymentCaptured } from '#domain/ledger/posting-payments'
import { sum } from '#domain/money'
import { openUnits } from '#domain/orders/phase'
import { healOrderCases, openOrderCase } from './cases.ts'
import { keptValue, shippedValue } from '#domain/orders/worth'
import { moneyOn, settledReceivables } from './order-money.ts'
import { applyTender } from './tenders.ts'

interface By {
  actor: string
  today: string
}

/** What the document says has been paid already: a capture is a deposit until the goods leave. */
export async function postOpeningPayments(
  tx: Tx,
  order: SalesOrder,
  { payment: paid }: OrderDocument,
  by: By,
): Promise<void> {
  for (const payment of order.payments) {
    if (payment.kind === 'gift-card' || payment.kind === 'store-credit')
      await applyTender(tx, order, payment, by)
    if (payment.kind !== 'card' || paid.state === 'authorised' || paid.amountMinor === '0') continue
    const reference = paid.reference ?? `${order.channelCode}/${order.externalId}`
    const amountMinor =
      BigInt(paid.amountMinor) > payment.dueMinor ? payment.dueMinor : BigInt(paid.amountMinor)
    await captured(tx, order, payment, {
      key: `captured/${paid.provider}/${reference}`,
      reference,
      amountMinor,
      on: by.today,
      actor: by.actor,
    })
  }
}

export interface Captured {
  key: string
  /** The provider's id of the payment, by which its later messages name it. */
  reference: string
  /** The provider's id of this very capture, where one payment has several. */
  captureId?: string
  amountMinor: bigint
  on: string
  actor: string
  effectKey?: string
}

/**
 * Records a capture once per provider id. It settles what the buyer owes for goods that have
 * left; what goes beyond that is a deposit until more leaves.
 */
export async function captured(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: Captured,
): Promise<boolean> {
  const fresh = await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: event.key,
    kind: 'captured',
    amountMinor: event.amountMinor,
    reference: event.reference,
    effectKey: event.effectKey ?? null,
    effectiveOn: event.on,
    actor: event.actor,
  })
  if (!fresh) return false
  payment.capturedMinor += event.amountMinor
  payment.reference = event.reference
  await savePayment(tx, payment)
  // Nothing is owed before anything has left.
  const receivables =
    shippedValue(order) > 0n ? await settledReceivables(tx, order, event.amountMinor) : []
  await sendEntries(
    tx,
    [
      postPaymentCaptured({
        ...(await moneyOn(tx, order, event.on)),
        provider: payment.provider,
        captureId: event.captureId ?? event.reference,
        capturedOn: event.on,
        amountMinor: event.amountMinor,
        receivables,
      }),
    ],
    event.actor,
  )
  return true
}

/** A message of the processor about this order's payment. */
export async function applyPaymentEvent(
  tx: Tx,
  order: SalesOrder,
  event: RecordPayment,
): Promise<void> {
  const payment = paymentOf(order, event.reference)
  if (!payment) return
  const amountMinor = BigInt(event.amountMinor)
  const fact = {
    paymentId: payment.id,
    key: `${event.kind}/${event.provider}/${event.reference}/${event.amountMinor}`,
    amountMinor,
    reference: event.reference,
    effectiveOn: event.effectiveOn,
    actor: event.actor,
  }
  switch (event.kind) {
    case 'captured':
      await capturedSoFar(tx, order, payment, event)
      break
    case 'authorised':
      if (await recordPaymentEvent(tx, { ...fact, kind: 'authorised' }))
        await authorised(tx, order, payment, event)
      break
    case 'voided':
      if (!(await recordPaymentEvent(tx, { ...fact, kind: 'voided' }))) break
      payment.authorisedMinor = payment.capturedMinor
      await savePayment(tx, payment)
      break
    case 'declined':
      if (await recordPaymentEvent(tx, { ...fact, kind: 'declined' }))
        await declined(tx, order, event)
      break
  }
  if (isCovered(order)) await healOrderCases(tx, order, ['payment-declined'], 'the payment came')
}

export function paymentOf(order: SalesOrder, reference: string): OrderPayment | undefined {
  const cards = order.payments.filter((payment) => payment.kind === 'card')
  return cards.find((payment) => payment.reference === reference) ?? cards[0]
}

export interface CapturedTotal {
  provider: string
  reference: string
  amountMinor: string
  effectiveOn: string
  actor: string
  effectKey?: string
}

/** A provider tells what one payment of its own has captured in all; only what is new is money. */
export async function capturedSoFar(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: CapturedTotal,
): Promise<void> {
  const { total, times } = await knownCaptures(tx, payment, event.reference)
  await capturedMore(tx, order, payment, event, BigInt(event.amountMinor) - total, times)
}

/** A channel tells what has been captured for the whole order, whatever payments that came by. */
export async function capturedInAll(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: CapturedTotal,
): Promise<void> {
  const { times } = await knownCaptures(tx, payment, event.reference)
  const more = BigInt(event.amountMinor) - payment.capturedMinor
  await capturedMore(tx, order, payment, event, more, times)
}

async function knownCaptures(
  tx: Tx,
  payment: OrderPayment,
  reference: string,
): Promise<{ total: bigint; times: bigint }> {
  const [known] = await tx<{ total: bigint; times: bigint }[]>`
    SELECT coalesce(sum(amount_minor), 0)::bigint AS total, count(*) AS times FROM payment_event
    WHERE payment_id = ${payment.id} AND kind = 'captured' AND reference = ${reference}`
  return known!
}

async function capturedMore(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: CapturedTotal,
  amountMinor: bigint,
  times: bigint,
): Promise<void> {
  if (amountMinor <= 0n) return
  const captureId = times === 0n ? event.reference : `${event.reference}#${times + 1n}`
  await captured(tx, order, payment, {
    key: `captured/${event.provider}/${captureId}`,
    reference: event.reference,
    captureId,
    amountMinor,
    on: event.effectiveOn,
    actor: event.actor,
    ...(event.effectKey ? { effectKey: event.effectKey } : {}),
  })
}

async function authorised(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: RecordPayment,
): Promise<void> {
  payment.authorisedMinor = BigInt(event.amountMinor)
  payment.expiresAt = event.expiresAt ?? payment.expiresAt
  payment.reference = event.reference
  if (order.lines.every((line) => line.shipped === 0)) order.settlement = 'receivable'
  await savePayment(tx, payment)
}

async function declined(tx: Tx, order: SalesOrder, event: RecordPayment): Promise<void> {
  await openOrderCase(tx, order, {
    type: 'payment-declined',
    summary: `${order.orderNumber}: the payment was declined`,
    evidence: { provider: event.provider, amountMinor: event.amountMinor },
    openedBy: 'event: payment',
  })
}

/** Whether what is paid, authorised or owed on account covers the order. */
export function isCovered(order: SalesOrder): boolean {
  if (order.payments.some((payment) => payment.kind === 'terms' || payment.kind === 'marketplace'))
    return true
  const covered = sum(
    order.payments.map((payment) => {
      const { capturedMinor, authorisedMinor } = payment
      const taken = capturedMinor > authorisedMinor ? capturedMinor : authorisedMinor
      // What went back, or is on its way back, pays for nothing any more.
      return taken - payment.refundedMinor - payment.refundPendingMinor
    }),
  )
  return covered >= keptValue(order)
}

/** Intends the capture of what has left and nothing has paid yet; called in the ship transaction. */
export async function intendCapture(
  tx: Tx,
  order: SalesOrder,
  shipment: { id: bigint; grossMinor: bigint },
): Promise<void> {
  const payment = order.payments.find(
    (candidate) => candidate.kind === 'card' && candidate.authorisedMinor > candidate.capturedMinor,
  )
  if (!payment || order.settlement !== 'receivable') return
  const [intended] = await tx<{ minor: bigint }[]>`
    SELECT coalesce(sum((request->>'amountMinor')::bigint), 0)::bigint AS minor FROM external_effect
    WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND operation = 'capture' AND state IN ('intended', 'sent', 'unknown')`
  const paid = sum(
    order.payments.map((p) => p.capturedMinor - p.refundedMinor - p.refundPendingMinor),
  )
  const amountMinor = least(
    shipment.grossMinor,
    shippedValue(order) - paid - intended!.minor,
    payment.authorisedMinor - payment.capturedMinor,
  )
  if (amountMinor <= 0n) return
  await intendEffect(tx, {
    key: `capture/shipment/${shipment.id}`,
    gateway: 'payment',
    operation: 'capture',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: {
      paymentId: payment.id,
      provider: payment.provider,
      reference: payment.reference,
      amountMinor,
      currency: order.currency,
      last: order.lines.every((line) => openUnits(line) === 0),
    },
  })
}

function least(...amounts: bigint[]): bigint {
  return amounts.reduce((a, b) => (a < b ? a : b))
}
