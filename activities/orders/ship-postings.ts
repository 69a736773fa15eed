import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import type { SalesOrder } from '#db/stores/orders'
import { insertShipmentLines, type NewShipmentLine } from '#db/stores/shipments'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import {
  postGoodsDelivered,
  postGoodsDispatched,
  postGoodsShipped,
  type GoodsShipped,
  type ShippedLine,
} from '#domain/ledger/posting-sales'
import { postDepositApplied, postGiftCardIssued } from '#domain/ledger/posting-tenders'
import { sum } from '#domain/money'
import { moneyOfUnits } from '#domain/orders/shares'
import { moneyOf, openBalance } from './payments.ts'
import type { ShippedUnits } from './ship.ts'

export interface PostableShipment {
  order: SalesOrder
  shipment: { id: bigint }
  units: readonly ShippedUnits[]
  lines: readonly NewShipmentLine[]
  shippedOn: string
  freightMinor: bigint
  actor: string
}

/** Posts what leaving the building means by the order's revenue policy, and keeps the shipment's lines. */
export async function postShipment(tx: Tx, shipped: PostableShipment): Promise<void> {
  const { order, shipment, units, lines } = shipped
  await insertShipmentLines(tx, shipment.id, lines)
  const event = goodsShipped(shipped)
  const onDelivery = order.policies.order.body.revenueOn === 'delivered'
  const drafts: (JournalEntryDraft | null)[] = [
    event.lines.length === 0 || isFree(event)
      ? null
      : onDelivery
        ? postGoodsDispatched(event)
        : postGoodsShipped(event),
    onDelivery ? null : await depositApplied(tx, shipped, event),
    ...units.flatMap((unit, n) =>
      unit.line.giftCard ? [giftCardIssued(shipped, unit, lines[n]!)] : [],
    ),
  ]
  await sendEntries(
    tx,
    drafts.filter((draft) => draft !== null && draft.lines.length > 1) as JournalEntryDraft[],
    shipped.actor,
  )
}

/** Revenue and cost of a shipment whose policy waits for delivery, when its last parcel has arrived. */
export async function postDelivery(
  tx: Tx,
  order: SalesOrder,
  delivery: {
    shipmentId: bigint
    units: readonly ShippedUnits[]
    deliveredOn: string
    freightMinor: bigint
    actor: string
  },
): Promise<void> {
  const shipped: PostableShipment = {
    order,
    shipment: { id: delivery.shipmentId },
    units: delivery.units,
    lines: [],
    shippedOn: delivery.deliveredOn,
    freightMinor: delivery.freightMinor,
    actor: delivery.actor,
  }
  const event = goodsShipped(shipped)
  if (isFree(event)) return
  const applied = await depositApplied(tx, shipped, event)
  await sendEntries(tx, [postGoodsDelivered(event), ...(applied ? [applied] : [])], delivery.actor)
}

function goodsShipped({
  order,
  shipment,
  units,
  shippedOn,
  freightMinor,
}: PostableShipment): GoodsShipped {
  const lines = units.map((unit) => shippedLine(order, unit)).filter((line) => line !== null)
  const base = sum(
    lines.map(
      (line) =>
        line.goodsMinor - sum(line.discounts.map((d) => d.amountMinor)) + line.shippingMinor,
    ),
  )
  const policy = order.policies.order.body
  return {
    shipmentId: shipment.id,
    orderId: order.id,
    entity: order.entityId,
    currency: order.currency,
    functionalCurrency: order.functionalCurrency,
    rateE9: order.rateE9,
    shippedOn,
    settlement: order.settlement,
    provider: order.provider,
    freightEstimateMinor: freightMinor,
    lines,
    ...(order.settlement === 'marketplace'
      ? {
          marketplaceFeesExpected: {
            commissionMinor: (base * BigInt(policy.expectedCommissionPpm)) / 1_000_000n,
            fulfilmentMinor: BigInt(policy.expectedFeeMinor),
          },
        }
      : {}),
  }
}

/** A gift card is no revenue but a debt; only what is charged for sending it is earned here. */
function shippedLine(order: SalesOrder, unit: ShippedUnits): ShippedLine | null {
  const money = moneyOfUnits(unit.line, unit.unitFrom, unit.unitFrom + unit.qty)
  if (unit.line.giftCard) {
    if (money.shippingMinor === 0n && money.taxMinor === 0n) return null
    Object.assign(money, { goodsMinor: 0n, discounts: [] })
  }
  return {
    orderLineId: unit.line.id,
    itemId: unit.line.itemId!,
    siteId: unit.siteId,
    channelId: order.channelId,
    segment: order.segment,
    qty: BigInt(unit.qty),
    goodsMinor: money.goodsMinor,
    shippingMinor: money.shippingMinor,
    taxes: money.taxes,
    discounts: money.discounts.map(({ code, fundedBy, amountMinor }) => ({
      promotion: code,
      fundedBy,
      amountMinor,
      ...(fundedBy === 'vendor' ? { party: `promotion/${code}` } : {}),
    })),
    layers: unit.costs.map((cost) => ({
      layerId: cost.layerId,
      qty: cost.qty,
      costMinor: cost.valueMinor,
      condition: 'sellable',
    })),
  }
}

/** A gift given away without price and without cost says nothing in money. */
function isFree(event: GoodsShipped): boolean {
  return (
    event.lines.every(
      (line) =>
        line.goodsMinor === 0n &&
        line.shippingMinor === 0n &&
        line.layers.every((layer) => layer.costMinor === 0n),
    ) && (event.freightEstimateMinor ?? 0n) === 0n
  )
}

/** Where the order is owed for, what was paid in before (a gift card, an early capture) settles it. */
async function depositApplied(
  tx: Tx,
  { order, shipment, units, shippedOn }: PostableShipment,
  event: GoodsShipped,
): Promise<JournalEntryDraft | null> {
  if (order.settlement !== 'receivable') return null
  const open = await openBalance(tx, order, 'CustomerDeposits')
  const cards = units.filter((unit) => unit.line.giftCard)
  const owed = sum(event.lines.map(grossOf)) + sum(cards.map(cardValue))
  const amountMinor = owed < open ? owed : open
  if (amountMinor <= 0n) return null
  return postDepositApplied({
    ...moneyOf(order),
    shipmentId: shipment.id,
    amountMinor,
    appliedOn: shippedOn,
  })
}

function grossOf(line: ShippedLine): bigint {
  const ours = line.taxes.filter((tax) => tax.collectedBy === 'seller')
  return (
    line.goodsMinor -
    sum(line.discounts.map((d) => d.amountMinor)) +
    line.shippingMinor +
    sum(ours.map((tax) => tax.amountMinor))
  )
}

function cardValue({ line, unitFrom, qty }: ShippedUnits): bigint {
  const money = moneyOfUnits(line, unitFrom, unitFrom + qty)
  return money.goodsMinor - money.discountMinor
}

function giftCardIssued(
  { order, shippedOn }: PostableShipment,
  unit: ShippedUnits,
  line: NewShipmentLine,
): JournalEntryDraft {
  return postGiftCardIssued({
    ...moneyOf(order),
    cardId: `${unit.line.id}-${unit.unitFrom}`,
    amountMinor: line.goodsMinor - line.discountMinor,
    issuedOn: shippedOn,
    settlement: order.settlement,
  })
}
