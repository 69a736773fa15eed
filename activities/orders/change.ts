import type { ChangeOrder, OrderChangeAction } from '#contracts/order-to-cash'
import type { OrderLineDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { findItems } from '#db/queries/listings'
import { insertLines } from '#db/stores/order-intake'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { json } from '#db/stores/records'
import { divideRounded } from '#domain/money'
import { expectedFees } from '#domain/orders/expected-fees'
import { freezeLine, type FrozenLine } from '#domain/orders/freeze'
import { Refusal } from '#domain/refusal'
import { settleCancellation, takeUnitsOut } from './cancel.ts'
import { resolverOf } from './item-resolution.ts'
import { taxLaterLines } from './order-tax.ts'
import { keptValue } from '#domain/orders/worth'
import { rescreen } from './rescreen.ts'
import { givenAddress, useAddress } from './ship-to.ts'

/** Carries out a change-set whole or not at all and keeps what it did to the money. */
export async function applyChangeSet(
  tx: Tx,
  order: SalesOrder,
  command: ChangeOrder & { today: string; source: string },
): Promise<SalesOrder> {
  const before = keptValue(order)
  let changed = order
  for (const [n, action] of command.actions.entries())
    changed = await applyAction(tx, changed, action, { ...command, n })
  const reason = 'changed after placement'
  await settleCancellation(tx, changed, { ...command, reason })
  const after = keptValue(changed)
  await tx`INSERT INTO order_change (order_id, base_version, actions, effect, source, actor)
    VALUES (${order.id}, ${order.version}, ${json(tx, command.actions)}, ${json(tx, { beforeMinor: before, afterMinor: after, deltaMinor: after - before })}, ${command.source}, ${command.actor})`
  return changed
}

async function applyAction(
  tx: Tx,
  order: SalesOrder,
  action: OrderChangeAction,
  by: ChangeOrder & { today: string; n: number },
): Promise<SalesOrder> {
  switch (action.kind) {
    case 'cancel-units':
      await takeUnitsOut(tx, order, [{ orderLineId: action.orderLineId, qty: action.qty }])
      return order
    case 'add-line':
      return addLine(tx, order, action, by)
    case 'ship-to':
      return changeAddress(tx, order, by)
  }
}

/** Lines that we add stand beside the channel's own, which it may go on to change. */
export function ownLineId(key: string, n: number | string): string {
  return `own:${key}/${n}`
}

export function isOwnLine(externalLineId: string): boolean {
  return externalLineId.startsWith('own:')
}

async function addLine(
  tx: Tx,
  order: SalesOrder,
  action: Extract<OrderChangeAction, { kind: 'add-line' }>,
  { key, n, actor }: ChangeOrder & { n: number },
): Promise<SalesOrder> {
  const [item] = await findItems(tx, order.channelId, [
    { externalListingId: null, sku: action.sku },
  ])
  if (!item)
    throw new Refusal('UnknownSku', `No item has the SKU "${action.sku}". Create or list it first.`)
  if (item.status !== 'active')
    throw new Refusal(
      'ItemNotReady',
      `${item.sku} is ${item.status}: complete and activate it first.`,
    )
  const goodsMinor = BigInt(action.unitPriceMinor) * BigInt(action.qty)
  const rate = action.taxRatePpm ?? 0
  const jurisdiction = action.jurisdiction ?? order.shipCountry ?? 'unknown'
  const taxMinor = divideRounded(goodsMinor * BigInt(rate), 1_000_000n)
  const tax = { jurisdiction, ratePpm: rate, amountMinor: taxMinor.toString() }
  const source: OrderLineDocument = {
    externalLineId: ownLineId(key, n),
    externalListingId: null,
    sku: item.sku,
    title: item.sku,
    quantity: action.qty,
    unitPriceMinor: action.unitPriceMinor,
    discounts: [],
    taxes: taxMinor === 0n ? [] : [{ ...tax, collectedBy: 'seller' }],
    requiresShipping: item.kind === 'stock' || item.kind === 'kit',
    giftCard: item.kind === 'gift-card',
  }
  const frozen = freezeLine(source, resolverOf([source], [item])(source))
  const changed = await appendLines(tx, order, frozen)
  const lines = changed.lines.slice(order.lines.length).map((line) => line.id)
  await rescreen(tx, changed, { lines, types: ['data', 'price', 'compliance'], actor })
  return changed
}

/** Adds frozen lines; the order is read again so that every later step sees them. */
export async function appendLines(
  tx: Tx,
  order: SalesOrder,
  lines: readonly FrozenLine[],
): Promise<SalesOrder> {
  const last = Math.max(...order.lines.map((line) => line.lineNo))
  // The fee per order is one, and stands on the lines that the order was placed with.
  const fees =
    order.settlement === 'marketplace' ? expectedFees(lines, order.policies.order.body, 0n) : []
  const ids = await insertLines(tx, order.id, lines, { after: last, fees })
  const fresh = await lockOrder(tx, order.id)
  const added = fresh.lines.filter((line) => ids.includes(line.id))
  const grown = { ...order, lines: [...order.lines, ...added] }
  await taxLaterLines(tx, grown, added)
  return grown
}

async function changeAddress(
  tx: Tx,
  order: SalesOrder,
  { addressId, actor }: ChangeOrder,
): Promise<SalesOrder> {
  if (order.lines.some((line) => line.released > 0))
    throw new Refusal(
      'AlreadyReleased',
      'The address cannot change while goods are with the warehouse. Recall them first.',
    )
  return useAddress(tx, order, await givenAddress(tx, order, addressId), actor)
}
