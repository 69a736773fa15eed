import type { Tx } from '#db/client'
import { insertGiftCard, nameGiftCard } from '#db/stores/gift-cards'
import { sendEntries } from '#db/stores/ledger'
import type { OrderPayment, SalesOrder } from '#db/stores/orders'
import { postGiftCardTakenOn } from '#domain/ledger/posting-tenders'
import { Refusal } from '#domain/refusal'
import { moneyOn } from './order-money.ts'
import { minor, text } from './params.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'
import { applyTender, jurisdictionOf } from './tenders.ts'

interface By {
  actor: string
  today: string
}

/** Finance says which of our cards it is, or takes a card on that was sold before the books began. */
export async function decideOnCard(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  const paymentId = text(found.evidence, 'paymentId')
  const payment = order.payments.find((candidate) => candidate.id.toString() === paymentId)!
  if (command.resolution === 'match-card')
    await matchCard(tx, order, payment, text(command.params, 'code'))
  else await takeCardOn(tx, order, payment, minor(command.params, 'balanceMinor'), { actor, today })
  await applyTender(tx, order, payment, { actor, today })
  if (payment.capturedMinor < payment.dueMinor)
    throw new Refusal(
      'GiftCardHasTooLittle',
      `The card has less than the ${payment.dueMinor} minor units of ${order.currency} that it is to pay. Ask for another payment, or cancel.`,
    )
  await resumeOrder(tx, order, { actor, today })
  return order
}

async function matchCard(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  code: string,
): Promise<void> {
  const named = await nameGiftCard(tx, { ...order, code, externalId: payment.reference ?? '' })
  if (named) return
  throw new Refusal(
    'GiftCardNotOurs',
    `${order.entityCode} has no gift card ${code} that is still to be named. Look its code up under the order that bought it.`,
  )
}

async function takeCardOn(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  balanceMinor: bigint,
  { actor, today }: By,
): Promise<void> {
  const card = await insertGiftCard(tx, {
    entityId: order.entityId,
    channelId: order.channelId,
    externalId: payment.reference ?? '',
    currency: order.currency,
    faceMinor: balanceMinor,
    jurisdiction: jurisdictionOf(order),
    issuedOn: today,
    actor,
  })
  const taken = postGiftCardTakenOn({
    ...(await moneyOn(tx, order, today)),
    cardId: card.id,
    balanceMinor,
    takenOn: today,
  })
  await sendEntries(tx, [taken], actor)
}
