import type { OrderDocument } from '#contracts/order-intake'
import type { OrderProgress, OrderToCashStart } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { sendAlong } from '#db/transaction'
import { findItems } from '#db/queries/listings'
import {
  pinnedPolicies,
  policiesInForce,
  type PinnedPolicies,
  type PolicyInForce,
} from '#db/queries/policies'
import { exchangeRate } from '#db/queries/rates'
import { insertOrder, type Channel } from '#db/stores/order-intake'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { quoteOfDocument, type TaxQuote } from '#db/stores/tax-quotes'
import { dateAt } from '#domain/dates'
import { expectedFees } from '#domain/orders/expected-fees'
import { freezeOrder } from '#domain/orders/freeze'
import { asksForTax, withTax } from '#domain/orders/tax-quote'
import { Refusal } from '#domain/refusal'
import { cancelUnits } from './cancel.ts'
import { lookedUpAs, resolverOf } from './item-resolution.ts'
import { takeQuotedTax } from './order-tax.ts'
import { postOpeningPayments } from './payments.ts'
import { planOrder } from './plan.ts'
import { finishStep } from './progress.ts'
import { mayRelease, releaseToWarehouse } from './release.ts'
import { settlePaymentHold } from './resume.ts'
import { holdWhatNeedsALook } from './review.ts'

/**
 * Takes an order in: freezes its money, holds it for whoever must look at it, reserves its stock
 * and, when nothing is in the way, hands it to the warehouse. One commit, whichever way it goes.
 */
export async function receiveOrder(
  tx: Tx,
  start: OrderToCashStart,
  workflowId: string,
  /** Whether a screening service is set up that every order waits for. */
  { screens }: { screens: boolean },
): Promise<OrderProgress> {
  if (start.again !== undefined) return takeUpAgain(tx, start, start.again)
  const [sent, channel] = await Promise.all([readInbox(tx, start.inboxId), readChannel(tx, start)])
  const { policies } = channel
  if (channel.known !== null) return receivedAgain(tx, start, workflowId, channel.known)

  const today = dateAt(Date.now(), channel.timezone)
  const termsRefused = !(await mayBuyOnAccount(tx, channel, sent))
  const found = await findItems(tx, channel.id, sent.lines.map(lookedUpAs))
  const quote = await quotedTax(tx, sent, policies, start.inboxId)
  const taxed = quote ? withTax(sent, quote.quoted) : sent
  const document = termsRefused ? unpaid(taxed) : taxed
  const lines = freezeOrder(document, resolverOf(document.lines, found))
  const rateE9 = await exchangeRate(tx, {
    from: document.currency,
    to: channel.functionalCurrency,
    on: today,
  })
  const orderId = await insertOrder(tx, {
    document,
    channel,
    lines,
    fees: feesOf(document, lines, policies),
    policies,
    rateE9,
    workflowId,
    placedOn: dateAt(document.placedAt, channel.timezone),
    today,
  })
  const order = await lockOrder(tx, orderId)
  if (quote) await takeQuotedTax(tx, order, quote)
  await postOpeningPayments(tx, order, document, { today, actor: start.actor })
  await holdWhatNeedsALook(tx, order, {
    document,
    found,
    policies,
    actor: start.actor,
    termsRefused,
    screens,
  })
  // A gift card that has too little was only found out when it was spent.
  await settlePaymentHold(tx, order, start.actor)
  await goOn(tx, order, document, { ...start, today })
  await acceptInbox(tx, start.inboxId, workflowId)
  return finishStep(tx, order, {
    action: 'received',
    actor: start.actor,
    key: start.inboxId,
    details: { channel: channel.code, placedAt: document.placedAt },
    isFirst: true,
  })
}

async function receivedAgain(
  tx: Tx,
  { inboxId, actor }: OrderToCashStart,
  workflowId: string,
  known: bigint,
): Promise<OrderProgress> {
  await acceptInbox(tx, inboxId, workflowId)
  const order = await lockOrder(tx, known)
  return finishStep(tx, order, { action: 'received-again', actor, key: inboxId })
}

/**
 * The tax of a document that leaves it to us; null where the document is to say it.
 * @throws Refusal `TaxNotQuoted` until it has been asked for: whoever takes orders in does so.
 */
async function quotedTax(
  tx: Tx,
  document: OrderDocument,
  policies: PinnedPolicies,
  inboxId: string,
): Promise<TaxQuote | null> {
  if (!asksForTax(document, policies.order.body)) return null
  const quote = await quoteOfDocument(tx, BigInt(inboxId))
  if (quote) return quote
  throw new Refusal(
    'TaxNotQuoted',
    `Order ${document.orderNumber} states no tax, and nobody has asked yet what it is.`,
  )
}

/** What a marketplace is expected to keep back of the whole order. */
function feesOf(
  { payment }: OrderDocument,
  lines: ReturnType<typeof freezeOrder>,
  { order }: PinnedPolicies,
): ReturnType<typeof expectedFees> {
  if (payment.state !== 'marketplace') return []
  return expectedFees(lines, order.body, BigInt(order.body.expectedFeeMinor))
}

/** The order was closed; what came since is told to it by the message that follows. */
async function takeUpAgain(tx: Tx, start: OrderToCashStart, key: string): Promise<OrderProgress> {
  const known = await findOrder(tx, start)
  if (known === null)
    throw new Refusal(
      'OrderNotFound',
      `There is no order ${start.externalId} of ${start.channel} to take up again.`,
    )
  const order = await lockOrder(tx, known)
  return finishStep(tx, order, { action: 'taken-up-again', actor: start.actor, key })
}

/** As far as the order can go by itself: cancelled already, or planned and, if nothing is in the way, released. */
async function goOn(
  tx: Tx,
  order: SalesOrder,
  { cancelled }: OrderDocument,
  { actor, inboxId, today }: OrderToCashStart & { today: string },
): Promise<void> {
  if (cancelled)
    return cancelUnits(tx, order, 'all', { actor, reason: cancelled.reason, today, key: inboxId })
  if (!order.holds.every((hold) => hold.keepsStock)) return
  const plan = await planOrder(tx, order, { actor: 'system', today })
  if (order.policies.order.body.autoRelease && mayRelease(order))
    await releaseToWarehouse(tx, order, { actor: 'system', today }, plan?.nodes)
}

/**
 * FUL-8: terms are the customer's, not whatever somebody typed in. A shop that sells against cash
 * on delivery has decided so itself.
 */
async function mayBuyOnAccount(
  tx: Tx,
  channel: Channel,
  { payment, customer, enteredBy }: OrderDocument,
): Promise<boolean> {
  if (payment.state !== 'terms') return true
  if (enteredBy === undefined && SHOPS.has(channel.kind)) return true
  const [known] = await tx<{ termsDays: number }[]>`
    SELECT terms_days AS "termsDays" FROM customer WHERE channel_id = ${channel.id} AND external_id = ${customer.externalId}`
  return known !== undefined && known.termsDays > 0
}

const SHOPS = new Set(['shopify', 'woocommerce', 'amazon'])

function unpaid(document: OrderDocument): OrderDocument {
  return { ...document, payment: { ...document.payment, state: 'pending', amountMinor: '0' } }
}

export async function readInbox(tx: Tx, inboxId: string): Promise<OrderDocument> {
  const [row] = await tx<
    { document: OrderDocument | null }[]
  >`SELECT document FROM inbox WHERE id = ${BigInt(inboxId)} FOR NO KEY UPDATE`
  if (!row?.document)
    throw new Refusal('DocumentNotFound', `Inbox message ${inboxId} holds no order document.`)
  return row.document
}

/**
 * What the channel said before this message, as far as it was accepted and is still kept: a newer
 * version is read against it, so that what somebody here decided meanwhile is not undone by it.
 */
export async function previousVersion(
  tx: Tx,
  order: SalesOrder,
  inboxId: string,
): Promise<OrderDocument | null> {
  const [row] = await tx<{ document: OrderDocument | null }[]>`
    SELECT document FROM inbox WHERE workflow_id = ${order.workflowId} AND outcome = 'accepted' AND id <> ${BigInt(inboxId)}
    ORDER BY document->>'externalVersion' DESC NULLS LAST, id DESC LIMIT 1`
  return row?.document ?? null
}

async function acceptInbox(tx: Tx, inboxId: string, workflowId: string): Promise<void> {
  const write = tx`UPDATE inbox SET outcome = 'accepted', workflow_id = ${workflowId} WHERE id = ${BigInt(inboxId)}`
  await sendAlong(tx, write)
}

async function findOrder(
  tx: Tx,
  { channel, externalId }: OrderToCashStart,
): Promise<bigint | null> {
  const [row] = await tx<{ id: bigint }[]>`
    SELECT o.id FROM sales_order o JOIN channel c ON c.id = o.channel_id WHERE c.code = ${channel} AND o.external_id = ${externalId}`
  return row?.id ?? null
}

interface ChannelInForce extends Channel {
  /** The order that it has sent by this id before, if any. */
  known: bigint | null
  policies: PinnedPolicies
}

async function readChannel(
  tx: Tx,
  { channel: code, externalId }: OrderToCashStart,
): Promise<ChannelInForce> {
  const [row] = await tx<(Omit<ChannelInForce, 'policies'> & { policies: PolicyInForce[] })[]>`
    SELECT c.id, c.code, c.kind, c.entity_id AS "entityId", e.code AS "entityCode", e.functional_currency AS "functionalCurrency", e.timezone,
      (SELECT o.id FROM sales_order o WHERE o.channel_id = c.id AND o.external_id = ${externalId}) AS known,
      (SELECT coalesce(jsonb_agg(p), '[]') FROM (${policiesInForce(tx, code)}) p) AS policies
    FROM channel c JOIN entity e ON e.id = c.entity_id WHERE c.code = ${code}`
  if (!row)
    throw new Refusal(
      'UnknownChannel',
      `There is no channel "${code}". Create it first, or send the order under one that exists.`,
    )
  return { ...row, policies: pinnedPolicies(row.policies) }
}
