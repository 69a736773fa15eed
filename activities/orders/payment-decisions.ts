import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import { savePayment, type OrderPayment, type SalesOrder } from '#db/stores/orders'
import { sum } from '#domain/money'
import { paidIn, stillAuthorised } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'
import { invariant, Refusal } from '#domain/refusal'
import { intendRenewal } from './authorisation.ts'
import { intendPayment } from './captures.ts'
import { readEffect, type Effect } from './effect-outcomes.ts'
import { text } from './params.ts'
import { bookRefund } from './payment-outcomes.ts'
import { storeCreditOf } from './refunds.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'
import { oweOnTerms } from './terms.ts'

/** The bank said no, or nothing can be taken any more: try again, or let the customer owe it. */
export async function decideOnPayment(
  tx: Tx,
  order: SalesOrder,
  resolving: Resolving,
): Promise<SalesOrder> {
  const { command, found, actor, today } = resolving
  if (command.resolution === 'accept-on-terms') {
    const payment = paymentOf(order, found)
    if (payment) await giveUpAuthorisation(tx, order, payment, found)
    await oweOnTerms(tx, order)
    await resumeOrder(tx, order, { actor, today })
    return order
  }
  const effectKey = found.evidence['effectKey']
  if (command.resolution === 'retry' && typeof effectKey === 'string') {
    const effect = await readEffect(tx, effectKey)
    await tryAgain(tx, order, effect, `${effectKey}/again/${found.id}`)
    return order
  }
  await authoriseAnew(tx, order, resolving)
  return order
}

/** Asks the customer's bank once more, for what neither is in nor can be taken by another way. */
async function authoriseAnew(
  tx: Tx,
  order: SalesOrder,
  { command, found }: Resolving,
): Promise<void> {
  const payment = paymentOf(order, found)
  if (!payment?.reference)
    throw new Refusal(
      'NoCardPayment',
      'This order has no card payment that could be authorised again.',
    )
  const others = order.payments.filter((other) => other !== payment)
  const amountMinor = keptValue(order) - paidIn(order) - sum(others.map(stillAuthorised))
  if (amountMinor <= 0n)
    throw new Refusal(
      'NothingToAuthorise',
      'What is paid and authorised covers the order. Wait for it to be captured, or resolve the case another way.',
    )
  const key = `reauthorise/${payment.id}/${found.id}/${command.key}`
  await intendRenewal(tx, order, payment, { key, amountMinor })
}

function paymentOf(order: SalesOrder, found: OpenCase): OrderPayment | undefined {
  const cards = order.payments.filter((candidate) => candidate.kind === 'card')
  const named = found.evidence['paymentId']
  return cards.find((candidate) => candidate.id.toString() === named) ?? cards[0]
}

/** What the customer now owes on account must not be taken from their card as well. */
async function giveUpAuthorisation(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  found: OpenCase,
): Promise<void> {
  const amountMinor = stillAuthorised(payment)
  if (amountMinor === 0n) return
  if (payment.reference)
    await intendPayment(tx, order, payment, {
      key: `void/${payment.id}/${found.id}`,
      operation: 'void',
      amountMinor,
    })
  payment.authorisedMinor = payment.capturedMinor
  await savePayment(tx, payment)
}

/** A refund that did not reach the customer is still owed: the same way again, as credit, or by hand. */
export async function decideOnRefund(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  const effect = await readEffect(tx, text(found.evidence, 'effectKey'))
  switch (command.resolution) {
    case 'retry':
      await tryAgain(tx, order, effect, `${effect.key}/again/${found.id}`)
      return order
    case 'store-credit':
      await tryAgain(tx, order, effect, `${effect.key}/credit/${found.id}`, storeCreditOf(order))
      return order
    default: {
      const payment = order.payments.find(({ id }) => id.toString() === effect.request['paymentId'])
      invariant(payment, `refund ${effect.key} is one of its order's payments`)
      const by = { actor, today }
      const key = `${effect.key}/by-hand/${found.id}`
      const reference = text(command.params, 'reference')
      const provider = String(command.params?.['provider'] ?? payment.provider)
      await bookRefund(tx, order, { effect, payment, reference, key, provider }, by)
      return order
    }
  }
}

/** The first attempt was answered "no", so another one is another effect with a key of its own. */
async function tryAgain(
  tx: Tx,
  order: SalesOrder,
  { operation, request }: Effect,
  key: string,
  changed: Record<string, unknown> = {},
): Promise<void> {
  const payment = order.payments.find(({ id }) => id.toString() === request['paymentId'])
  invariant(payment, `${key} is about one of its order's payments`)
  await intendPayment(tx, order, payment, {
    ...request,
    ...changed,
    key,
    operation,
    amountMinor: BigInt(String(request['amountMinor'])),
  })
}
