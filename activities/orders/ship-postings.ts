import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import { insertGiftCard } from '#db/stores/gift-cards'
import type { SalesOrder } from '#db/stores/orders'
import { insertShipmentLines, type NewShipmentLine } from '#db/stores/shipments'
import { unitShare } from '#domain/apportion'
import type { DiscountShare } from '#domain/ledger/discounts'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import { takeBooked, type OpenValue } from '#domain/ledger/open-value'
import type { OrderMoney } from '#domain/ledger/posting-payments'
import {
  postGoodsDelivered,
  postGoodsDispatched,
  postGoodsLost,
  postGoodsShipped,
  type GoodsShipped,
  type ShippedLine,
} from '#domain/ledger/posting-sales'
import { postGiftCardIssued } from '#domain/ledger/posting-tenders'
import { shipmentKey } from '#domain/ledger/sales-terms'
import type { PaidBefore } from '#domain/ledger/settlement'
import { sum } from '#domain/money'
import { moneyOfUnits, type UnitsMoney } from '#domain/orders/shares'
import { intendTaxCommit } from './order-tax.ts'
import { moneyOn, openDeposit, partyOf } from './order-money.ts'
import type { ShippedUnits } from './ship.ts'
import { prepaidVat } from './tax-point.ts'
import { jurisdictionOf } from './tenders.ts'

/** What the carrier is owed for a shipment, and which carrier it is. */
export interface Freight {
  minor: bigint
  party: string | undefined
}

export interface PostableShipment {
  order: SalesOrder
  shipment: { id: bigint }
  units: readonly ShippedUnits[]
  lines: readonly NewShipmentLine[]
  shippedOn: string
  freight: Freight
  actor: string
}

/** Posts what leaving the building means by the order's revenue policy, and keeps the shipment's lines. */
export async function postShipment(tx: Tx, shipped: PostableShipment): Promise<void> {
  const { order, shipment, units, lines } = shipped
  await insertShipmentLines(tx, shipment.id, lines)
  const selling = await sellingOf(tx, shipped)
  const event = goodsShipped(shipped, selling)
  const drafts: JournalEntryDraft[] = []
  const onDelivery = order.policies.order.body.revenueOn === 'delivered'
  if (onDelivery && hasCost(event)) drafts.push(postGoodsDispatched(event))
  if (!onDelivery && event.lines.length > 0 && !isFree(event)) {
    drafts.push(postGoodsShipped(await paid(tx, order, event, selling)))
    await intendTaxCommit(tx, order, { shipmentId: shipment.id, on: shipped.shippedOn })
  }
  for (const unit of units)
    if (unit.line.giftCard) drafts.push(...(await giftCardsIssued(tx, shipped, unit, selling)))
  await sendEntries(tx, drafts, shipped.actor)
}

/** Revenue and cost of a shipment whose policy waits for delivery, when its last parcel has arrived. */
export async function postDelivery(
  tx: Tx,
  order: SalesOrder,
  delivery: {
    shipmentId: bigint
    units: readonly ShippedUnits[]
    deliveredOn: string
    freight: Freight
    actor: string
  },
): Promise<void> {
  const shipped = shipmentOf(order, { ...delivery, on: delivery.deliveredOn })
  const selling = await sellingOf(tx, shipped)
  const event = goodsShipped(shipped, selling)
  if (isFree(event)) return
  await sendEntries(tx, [postGoodsDelivered(await paid(tx, order, event, selling))], delivery.actor)
  const { shipmentId, deliveredOn: on } = delivery
  await intendTaxCommit(tx, order, { shipmentId, on })
}

/** The cost of a shipment that got lost before it was the customer's. */
export async function postLoss(
  tx: Tx,
  order: SalesOrder,
  loss: {
    shipmentId: bigint
    units: readonly ShippedUnits[]
    lostOn: string
    freight: Freight
    actor: string
  },
): Promise<void> {
  const shipped = shipmentOf(order, { ...loss, on: loss.lostOn })
  const event = goodsShipped(shipped, await sellingOf(tx, shipped))
  if (hasCost(event) || loss.freight.minor > 0n)
    await sendEntries(tx, [postGoodsLost(event)], loss.actor)
}

function shipmentOf(
  order: SalesOrder,
  facts: {
    shipmentId: bigint
    units: readonly ShippedUnits[]
    on: string
    freight: Freight
    actor: string
  },
): PostableShipment {
  const { shipmentId, units, on, freight, actor } = facts
  return { order, shipment: { id: shipmentId }, units, lines: [], shippedOn: on, freight, actor }
}

/** What the entries of one shipment share: the day's rate, and the deposit that they use up in turn. */
interface Selling {
  money: OrderMoney
  deposit: OpenValue | undefined
}

async function sellingOf(
  tx: Tx,
  { order, shippedOn }: Pick<PostableShipment, 'order' | 'shippedOn'>,
): Promise<Selling> {
  const money = await moneyOn(tx, order, shippedOn)
  // A deposit in our own currency is worth what it says, and the guard sees that there is enough.
  const asks =
    order.settlement === 'receivable' ||
    (order.settlement === 'deposit' && order.currency !== order.functionalCurrency)
  return { money, deposit: asks ? await openDeposit(tx, order) : undefined }
}

/** What was paid in before (a deposit, a gift card, an early capture) settles what is owed now. */
function payOf(owedMinor: bigint, { deposit }: Selling): PaidBefore | undefined {
  if (deposit === undefined) return undefined
  const amountMinor = owedMinor < deposit.amountMinor ? owedMinor : deposit.amountMinor
  return { amountMinor, bookedFuncMinor: takeBooked(deposit, amountMinor) }
}

async function paid(
  tx: Tx,
  order: SalesOrder,
  event: GoodsShipped,
  selling: Selling,
): Promise<GoodsShipped> {
  const taxes = event.lines.flatMap((line) => line.taxes)
  const prepaidTaxes = await prepaidVat(tx, order, BigInt(event.shipmentId), taxes)
  const prepaidMinor = sum(prepaidTaxes.map((tax) => tax.amountMinor))
  const owedMinor = sum(event.lines.map(grossOf)) - prepaidMinor
  return { ...event, prepaidTaxes, paidBefore: payOf(owedMinor, selling) }
}

function goodsShipped(
  { order, shipment, units, shippedOn, freight }: PostableShipment,
  { money }: Selling,
): GoodsShipped {
  return {
    ...money,
    ...owedBy(order, shipment),
    shipmentId: shipment.id,
    shippedOn,
    // When control passes is this policy's to say (FIN-1).
    policies: { order: order.policies.order.version },
    provider: order.provider,
    freightMinor: freight.minor,
    freightParty: freight.party,
    lines: units.map((unit) => shippedLine(order, unit)).filter((line) => line !== null),
  }
}

/** One receivable an invoice: each has its own due date. */
function owedBy(order: SalesOrder, shipment: { id: bigint }) {
  const { settlement } = order
  if (settlement !== 'receivable') return { settlement }
  return { settlement, party: partyOf(order), settlementKey: shipmentKey(shipment.id) }
}

/** A gift card is no revenue but a debt; only what is charged for sending it is earned here. */
function shippedLine(order: SalesOrder, unit: ShippedUnits): ShippedLine | null {
  const { line, unitFrom, qty } = unit
  const money = moneyOfUnits(line, unitFrom, unitFrom + qty)
  if (line.giftCard) {
    if (money.shippingMinor === 0n && money.taxMinor === 0n) return null
    Object.assign(money, { goodsMinor: 0n, discounts: [] })
  }
  const share = (total: bigint) => unitShare(total, line.ordered, unitFrom, unitFrom + qty)
  return {
    ...soldLine(order, unit),
    qty: BigInt(qty),
    goodsMinor: money.goodsMinor,
    shippingMinor: money.shippingMinor,
    taxes: money.taxes,
    discounts: discountsOf(money),
    feesExpected: {
      commissionMinor: share(line.commissionMinor),
      fulfilmentMinor: share(line.feeMinor),
    },
    layers: unit.costs.map((cost) => ({
      layerId: cost.layerId,
      qty: cost.qty,
      costMinor: cost.valueMinor,
      condition: 'sellable',
    })),
  }
}

function soldLine(order: SalesOrder, { line, siteId }: ShippedUnits) {
  return {
    orderLineId: line.id,
    itemId: line.itemId!,
    siteId,
    channelId: order.channelId,
    segment: order.segment,
  }
}

function discountsOf(money: UnitsMoney): DiscountShare[] {
  return money.discounts.map(({ code, fundedBy, vendor, amountMinor }) => ({
    promotion: code,
    fundedBy,
    amountMinor,
    ...(vendor ? { party: `supplier/${vendor}` } : {}),
  }))
}

/** A gift given away without price and without cost says nothing in money. */
function isFree(event: GoodsShipped): boolean {
  const priced = event.lines.some((line) => line.goodsMinor > 0n || line.shippingMinor > 0n)
  return !priced && !hasCost(event) && (event.freightMinor ?? 0n) === 0n
}

function hasCost(event: GoodsShipped): boolean {
  return event.lines.some((line) => line.layers.some((layer) => layer.costMinor > 0n))
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

/** One card a unit, each owed at its face value whatever was paid for it. */
async function giftCardsIssued(
  tx: Tx,
  { order, shipment, shippedOn, actor }: PostableShipment,
  sold: ShippedUnits,
  selling: Selling,
): Promise<JournalEntryDraft[]> {
  const drafts: JournalEntryDraft[] = []
  for (let unit = sold.unitFrom; unit < sold.unitFrom + sold.qty; unit += 1) {
    const money = moneyOfUnits(sold.line, unit, unit + 1)
    if (money.goodsMinor === 0n) continue
    const card = await insertGiftCard(tx, {
      entityId: order.entityId,
      channelId: order.channelId,
      currency: order.currency,
      faceMinor: money.goodsMinor,
      sold: { orderLineId: sold.line.id, unit },
      jurisdiction: jurisdictionOf(order),
      issuedOn: shippedOn,
      actor,
    })
    drafts.push(
      postGiftCardIssued({
        ...selling.money,
        ...owedBy(order, shipment),
        cardId: card.id,
        faceMinor: money.goodsMinor,
        discounts: discountsOf(money),
        paidBefore: payOf(money.goodsMinor - money.discountMinor, selling),
        issuedOn: shippedOn,
        line: soldLine(order, sold),
      }),
    )
  }
  return drafts
}
