import type { OrderDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { shipToOf, wholeAddress, type Address } from '#db/stores/addresses'
import type { SalesOrder } from '#db/stores/orders'
import { addressProblems } from '#domain/orders/holds'
import { cancelOnRequest } from './cancel.ts'
import { takeLines, type ByChannel } from './channel-lines.ts'
import { capturedInAll } from './captured-totals.ts'
import { applyPaymentEvent, tenderOf } from './payment-events.ts'
import { recall, withdrawRecall } from './recall.ts'
import { previousVersion, readInbox } from './receive.ts'
import { holdAddress } from './rescreen.ts'
import { resumeOrder } from './resume.ts'
import { storeAddress, useAddress } from './ship-to.ts'

/**
 * A newer version of the order at its channel, read against the version before it: only what the
 * channel has changed is changed here. Older and repeated versions change nothing, and what a
 * person decided about an earlier one stands.
 */
export async function applyChannelChange(
  tx: Tx,
  order: SalesOrder,
  inboxId: string,
  by: ByChannel,
): Promise<{ order: SalesOrder; outcome: 'accepted' | 'superseded' }> {
  const document = await readInbox(tx, inboxId)
  const stale = document.externalVersion < order.externalVersion
  await tx`UPDATE inbox SET outcome = ${stale ? 'superseded' : 'accepted'}, workflow_id = ${order.workflowId} WHERE id = ${BigInt(inboxId)}`
  if (stale) return { order, outcome: 'superseded' }
  const before = await previousVersion(tx, order, inboxId)
  let changed: SalesOrder = { ...order, externalVersion: document.externalVersion }
  await takePayment(tx, changed, document, by)
  if (document.cancelled) {
    if (!before?.cancelled) await cancelByChannel(tx, changed, document.cancelled.reason, by)
    return { order: changed, outcome: 'accepted' }
  }
  changed = await takeLines(tx, changed, { document, before }, by)
  // An order that grew and was paid again is worth more only now.
  await takePayment(tx, changed, document, by)
  changed = await takeAddress(tx, changed, { document, before, inboxId }, by)
  await resumeOrder(tx, changed, by)
  return { order: changed, outcome: 'accepted' }
}

async function cancelByChannel(
  tx: Tx,
  order: SalesOrder,
  reason: string,
  by: ByChannel,
): Promise<void> {
  if (order.lines.every((line) => line.cancelled === line.ordered)) return
  await cancelOnRequest(tx, order, { ...by, reason, situation: 'channel/cancelled' })
}

async function takePayment(
  tx: Tx,
  order: SalesOrder,
  { payment: paid }: OrderDocument,
  by: ByChannel,
): Promise<void> {
  const event = {
    provider: paid.provider,
    reference: paid.reference ?? `${order.channelCode}/${order.externalId}`,
    amountMinor: paid.amountMinor,
    effectiveOn: by.today,
    actor: by.actor,
  }
  // A marketplace and a customer on account settle elsewhere.
  if (order.payments.every((payment) => payment.kind !== 'card')) return
  if (paid.state === 'captured')
    await capturedInAll(tx, order, await tenderOf(tx, order, event), event)
  if (paid.state !== 'authorised') return
  const expires = paid.authorisationExpiresAt ? { expiresAt: paid.authorisationExpiresAt } : {}
  await applyPaymentEvent(tx, order, { ...event, key: by.key, kind: 'authorised', ...expires })
}

const ADDRESS = 'channel/address'

async function takeAddress(
  tx: Tx,
  order: SalesOrder,
  { document, before, inboxId }: Versions & { inboxId: string },
  by: ByChannel,
): Promise<SalesOrder> {
  const { shipTo } = document
  if (!shipTo || (before && isSame(shipTo, before.shipTo))) return order
  if (isSame(shipTo, await shipToOf(tx, order.id))) {
    await withdrawRecall(tx, order, ADDRESS, 'the channel took its change of the address back')
    return order
  }
  if (order.lines.some((line) => line.released > 0)) {
    // Personal data stays where it can be erased: the case names the message that holds it.
    await recall(tx, order, [], {
      ...by,
      reason: 'the channel changed the address',
      situation: ADDRESS,
      evidence: { change: 'address', inboxId },
    })
    return order
  }
  const address = wholeAddress(shipTo)
  if (addressProblems(address).length === 0) return useAddress(tx, order, address, by.actor)
  // Kept although it is wrong: whoever overrides must not ship to the address of before.
  const moved = await storeAddress(tx, order, address)
  await holdAddress(tx, moved, address, by.actor)
  return moved
}

interface Versions {
  document: OrderDocument
  before: OrderDocument | null
}

function isSame(one: Address, other: Address | null): boolean {
  if (!other) return false
  return JSON.stringify(wholeAddress(one)) === JSON.stringify(wholeAddress(other))
}
