import type { Tx } from '#db/client'
import type { OrderPayment, SalesOrder } from '#db/stores/orders'
import { sum } from '#domain/money'
import { keptOf } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'
import { captured } from './payments.ts'

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

/**
 * A channel tells what has been captured for the whole order, whatever payments that came by.
 * It says so of the order as it stands there: what we gave back in between counts as new money
 * only as far as the order is worth it again.
 */
export async function capturedInAll(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  event: CapturedTotal,
): Promise<void> {
  const { times } = await knownCaptures(tx, payment, event.reference)
  const told = BigInt(event.amountMinor)
  const cards = order.payments.filter(({ kind }) => kind === 'card')
  const others = order.payments.filter(({ kind }) => kind !== 'card')
  const worth = keptValue(order) - sum(others.map(keptOf))
  const never = told - sum(cards.map((card) => card.capturedMinor))
  const again = (told < worth ? told : worth) - sum(cards.map(keptOf))
  await capturedMore(tx, order, payment, event, never > again ? never : again, times)
}

export async function knownCaptures(
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
