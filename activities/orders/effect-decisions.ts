import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { intendEffect } from '#db/stores/records'
import { keptValue } from '#domain/orders/worth'
import { Refusal } from '#domain/refusal'
import { intendRenewal } from './authorisation.ts'
import { applyEffectOutcome, readEffect, type Effect } from './effect-outcomes.ts'
import { text } from './params.ts'
import type { Resolving } from './resolve.ts'

/** A person decides on an outside call: ask again, a new attempt, or what they know has happened. */
export async function decideOnEffect(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  if (command.resolution === 're-authorise') {
    const payment = order.payments.find((candidate) => candidate.kind === 'card')
    if (!payment)
      throw new Refusal(
        'NoCardPayment',
        'This order has no card payment that could be authorised again.',
      )
    await intendRenewal(tx, order, payment, {
      key: `reauthorise/${payment.id}/${found.id}/${command.key}`,
      amountMinor: keptValue(order) - payment.capturedMinor,
    })
    return order
  }
  const key = text(found.evidence, 'effectKey')
  const effect = await readEffect(tx, key)
  switch (command.resolution) {
    case 'retry':
      // The first attempt was answered "no", so another one is another effect with a key of its own.
      await intendEffect(
        tx,
        paymentEffect(order, `${key}/again/${found.id}`, effect.operation, effect.request),
      )
      return order
    case 'ask-again':
      // Its case is closed, so the process takes it up again.
      return order
    case 'mark-done':
      await applyEffectOutcome(
        tx,
        order,
        effect,
        { outcome: 'confirmed', facts: factsOf(effect, command.params) },
        { actor, today },
      )
      return order
    default:
      await applyEffectOutcome(
        tx,
        order,
        effect,
        { outcome: 'refused', code: 'marked-failed', message: `marked as failed by ${actor}` },
        { actor, today },
      )
      return order
  }
}

/** What a person must know of a call that they say has happened. */
function factsOf(
  effect: Effect,
  params: Record<string, unknown> | undefined,
): Record<string, unknown> {
  if (effect.operation !== 'buy-label') return { reference: text(params, 'reference') }
  return {
    trackingNumber: text(params, 'trackingNumber'),
    carrier: text(params, 'carrier'),
    service: String(params?.['service'] ?? effect.request['service'] ?? ''),
    costMinor: String(params?.['costMinor'] ?? '0'),
  }
}

/** A label that could not be bought: try the same, the next best service, or type one in by hand. */
export async function retryLabel(
  tx: Tx,
  order: SalesOrder,
  { command, found }: Resolving,
): Promise<SalesOrder> {
  const effect = await readEffect(tx, text(found.evidence, 'effectKey'))
  const parcelId = BigInt(text(effect.request, 'parcelId'))
  if (command.resolution === 'manual') {
    await tx`UPDATE parcel SET tracking_number = ${text(command.params, 'trackingNumber')}, carrier = ${text(command.params, 'carrier')} WHERE id = ${parcelId}`
    return order
  }
  const key = `${effect.key}/again/${found.id}`
  await tx`UPDATE parcel SET label_effect_key = ${key} WHERE id = ${parcelId}`
  const tried = [
    ...((effect.request['without'] as string[] | undefined) ?? []),
    String(effect.request['service'] ?? ''),
  ]
  await intendEffect(tx, {
    key,
    gateway: 'carrier',
    operation: 'buy-label',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: {
      ...effect.request,
      ...(command.resolution === 'next-service'
        ? { service: null, carrier: null, without: tried }
        : {}),
    },
  })
  return order
}

function paymentEffect(
  order: SalesOrder,
  key: string,
  operation: string,
  request: unknown,
): Parameters<typeof intendEffect>[1] {
  return {
    key,
    gateway: 'payment',
    operation,
    subjectType: 'order',
    subjectId: order.id.toString(),
    request,
  }
}
