import type { OrderDocument, OrderLineDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { findItems, type FoundItem } from '#db/queries/listings'
import type { SalesOrder } from '#db/stores/orders'
import { json } from '#db/stores/records'
import { unitShare } from '#domain/apportion'
import { freezeOrder, type FrozenLine } from '#domain/orders/freeze'
import { addressProblems, findHolds } from '#domain/orders/holds'
import { openUnits } from '#domain/orders/phase'
import {
  cancelOnRequest,
  recall,
  settleCancellation,
  takeUnitsOut,
  type UnitsOfLine,
} from './cancel.ts'
import { appendLines, isOwnLine, ownLineId, useAddress } from './change.ts'
import { lookedUpAs, resolverOf } from './item-resolution.ts'
import { capturedInAll } from './captured-totals.ts'
import { applyPaymentEvent, tenderOf } from './payment-events.ts'
import { readInbox } from './receive.ts'
import { applyHolds, underReview } from './review.ts'
import { resumeOrder } from './resume.ts'

interface By {
  actor: string
  today: string
  key: string
}

/** A newer version of the order at its channel. Older and repeated versions change nothing. */
export async function applyChannelChange(
  tx: Tx,
  order: SalesOrder,
  inboxId: string,
  by: By,
): Promise<{ order: SalesOrder; outcome: 'accepted' | 'superseded' }> {
  const document = await readInbox(tx, inboxId)
  const stale = document.externalVersion < order.externalVersion
  await tx`UPDATE inbox SET outcome = ${stale ? 'superseded' : 'accepted'}, workflow_id = ${order.workflowId} WHERE id = ${BigInt(inboxId)}`
  if (stale) return { order, outcome: 'superseded' }
  let changed: SalesOrder = { ...order, externalVersion: document.externalVersion }
  await takePayment(tx, changed, document, by)
  if (document.cancelled) {
    if (changed.lines.some((line) => line.cancelled < line.ordered))
      await cancelOnRequest(tx, changed, {
        key: by.key,
        actor: by.actor,
        today: by.today,
        reason: document.cancelled.reason,
      })
    return { order: changed, outcome: 'accepted' }
  }
  changed = await takeLines(tx, changed, document, by)
  // An order that grew and was paid again is worth more only now.
  await takePayment(tx, changed, document, by)
  changed = await takeAddress(tx, changed, document, { ...by, inboxId })
  await resumeOrder(tx, changed, by)
  return { order: changed, outcome: 'accepted' }
}

async function takePayment(
  tx: Tx,
  order: SalesOrder,
  { payment: paid }: OrderDocument,
  by: By,
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

async function takeLines(
  tx: Tx,
  order: SalesOrder,
  document: OrderDocument,
  by: By,
): Promise<SalesOrder> {
  const reason = 'changed by the channel'
  const { free, released } = removedUnits(order, document)
  await takeUnitsOut(tx, order, free)
  if (released.length > 0)
    await recall(tx, order, released, { ...by, reason, evidence: { change: 'lines' } })
  const found = await findItems(tx, order.channelId, document.lines.map(lookedUpAs))
  const resolve = resolverOf(document.lines, found)
  const frozen = freezeOrder(document, resolve)
  const added = addedLines(order, frozen)
  const changed = added.length > 0 ? await appendLines(tx, order, added) : order
  if (added.length > 0) {
    const lines = document.lines.filter((line) =>
      added.some((each) => each.source.externalLineId.endsWith(line.externalLineId)),
    )
    await holdChanges(tx, changed, { document, found }, lines, by)
  }
  // Units out and units in are settled together: only what remains is refunded or asked for.
  await settleCancellation(tx, changed, { ...by, reason })
  return changed
}

interface Removed {
  free: UnitsOfLine[]
  released: UnitsOfLine[]
}

/** What the channel no longer asks for, component by component where it sold a kit; what came last goes first. */
function removedUnits(order: SalesOrder, document: OrderDocument): Removed {
  const removed: Removed = { free: [], released: [] }
  const asked = new Map(document.lines.map((line) => [line.externalLineId, line.quantity]))
  const kept = new Map<string, number>()
  for (const line of order.lines) {
    const channelId = channelLineId(line.externalLineId)
    if (isOwnLine(channelId)) continue
    const part = `${channelId}/${line.itemId}`
    const wanted = (asked.get(channelId) ?? 0) * line.packFactor - (kept.get(part) ?? 0)
    const here = line.ordered - line.cancelled
    kept.set(part, (kept.get(part) ?? 0) + Math.min(here, wanted))
    const excess = here - wanted
    if (excess <= 0) continue
    const orderLineId = line.id.toString()
    const free = Math.min(excess, openUnits(line) - line.released)
    const released = Math.min(excess - free, line.released)
    if (free > 0) removed.free.push({ orderLineId, qty: free })
    if (released > 0) removed.released.push({ orderLineId, qty: released })
  }
  return removed
}

const RAISED = ownLineId('raised', '')

/** The channel's own id of a line, also of what we added because the channel raised its quantity. */
function channelLineId(externalLineId: string): string {
  return externalLineId.startsWith(RAISED) ? externalLineId.slice(RAISED.length) : externalLineId
}

/** Lines that are new, and a raised quantity as a line of its own: amounts that stand are frozen. */
function addedLines(order: SalesOrder, frozen: readonly FrozenLine[]): FrozenLine[] {
  return frozen.flatMap((line) => {
    const { externalLineId } = line.source
    const raisedId = ownLineId('raised', externalLineId)
    const known = order.lines.filter(
      (each) =>
        (each.externalLineId === externalLineId || each.externalLineId === raisedId) &&
        (each.itemId === line.itemId || line.itemId === null || each.itemId === null),
    )
    if (known.length === 0) return [line]
    const ordered = known.reduce((units, each) => units + each.ordered, 0)
    return line.qty > ordered ? [unitsOf(line, ordered, raisedId)] : []
  })
}

/** The share of a line's money that falls on its units from `from` on. */
function unitsOf(line: FrozenLine, from: number, externalLineId: string): FrozenLine {
  const share = (minor: bigint) => unitShare(minor, line.qty, from, line.qty)
  const qty = line.qty - from
  return {
    ...line,
    source: { ...line.source, externalLineId, quantity: qty / line.packFactor },
    qty,
    goodsMinor: share(line.goodsMinor),
    shippingMinor: share(line.shippingMinor),
    discounts: line.discounts.map((d) => ({ ...d, amountMinor: share(d.amountMinor) })),
    taxes: line.taxes.map((tax) => ({
      ...tax,
      baseMinor: share(tax.baseMinor),
      taxMinor: share(tax.taxMinor),
    })),
  }
}

/** What comes in later is looked at as what came first was, line by line. */
async function holdChanges(
  tx: Tx,
  order: SalesOrder,
  { document, found }: { document: OrderDocument; found: readonly (FoundItem | null)[] },
  lines: readonly OrderLineDocument[],
  by: By,
): Promise<void> {
  const changed = { ...document, lines: [...lines] }
  const items = lines.map((line) => found[document.lines.indexOf(line)] ?? null)
  const review = { document: changed, found: items, policies: order.policies, actor: by.actor }
  const holds = findHolds(await underReview(tx, order, review))
  const about = holds.filter((hold) => ['data', 'price', 'compliance'].includes(hold.type))
  await applyHolds(tx, order, about, by.actor)
}

async function takeAddress(
  tx: Tx,
  order: SalesOrder,
  document: OrderDocument,
  by: By & { inboxId: string },
): Promise<SalesOrder> {
  const { shipTo } = document
  if (!shipTo || (await isShipTo(tx, order, shipTo))) return order
  if (order.lines.some((line) => line.released > 0)) {
    // Personal data stays where it can be erased: the case names the message that holds it.
    await recall(tx, order, [], {
      ...by,
      reason: 'the channel changed the address',
      evidence: { change: 'address', inboxId: by.inboxId },
    })
    return order
  }
  const problems = addressProblems(shipTo)
  if (problems.length === 0) {
    const changed = await useAddress(tx, order, shipTo, by.actor)
    await holdChanges(tx, changed, { document, found: [] }, [], by)
    return changed
  }
  const holds = findHolds(
    await underReview(tx, order, {
      document,
      found: [],
      policies: order.policies,
      actor: by.actor,
    }),
  )
  await applyHolds(
    tx,
    order,
    holds.filter((hold) => hold.type === 'address'),
    by.actor,
  )
  return order
}

async function isShipTo(
  tx: Tx,
  order: SalesOrder,
  shipTo: NonNullable<OrderDocument['shipTo']>,
): Promise<boolean> {
  const [row] = await tx<{ same: boolean }[]>`
    SELECT coalesce(jsonb_strip_nulls(d.body->'shipTo') = jsonb_strip_nulls(${json(tx, shipTo)}), false) AS same
    FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${order.id}`
  return row?.same ?? false
}
