import type { Tx } from '#db/client'
import { sendEntries } from '#db/stores/ledger'
import { insertDeferrals } from '#db/stores/deferred-revenue'
import { insertGiftCard } from '#db/stores/gift-cards'
import { openItem } from '#db/stores/ledger-open-items'
import type { SalesOrder } from '#db/stores/orders'
import { insertShipmentLines, type NewShipmentLine } from '#db/stores/shipments'
import { unitShare } from '#domain/apportion'
import { accountOfRole } from '#domain/ledger/chart'
import type { DiscountShare } from '#domain/ledger/discounts'
import { impliedRate } from '#domain/ledger/fx'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import { takeBooked, type OpenValue } from '#domain/ledger/open-value'
import type { OrderMoney } from '#domain/ledger/posting-payments'
import { postGoodsLost, postSaleTakenBack } from '#domain/ledger/posting-losses'
import {
  deferredMinor,
  postGoodsDelivered,
  postGoodsDispatched,
  postGoodsShipped,
  type GoodsShipped,
  type ShippedLine,
} from '#domain/ledger/posting-sales'
import { postGiftCardIssued } from '#domain/ledger/posting-tenders'
import { deferralKey, shipmentKey } from '#domain/ledger/sales-terms'
import type { PaidBefore } from '#domain/ledger/settlement'
import { sum } from '#domain/money'
import { isDeferred, waitsForDelivery } from '#domain/orders/revenue'
import { moneyOfUnits, type UnitsMoney } from '#domain/orders/shares'
import { intendTaxCommit } from './order-tax.ts'
import { moneyOn, openDeposit, partyOf } from './order-money.ts'
import type { ShippedUnits } from './ship.ts'
import { prepaidVat, type Earning } from './tax-point.ts'
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

/**
 * Posts what leaving the building means, line by line by when each is earned, and keeps the
 * shipment's lines. Freight goes with the goods that are earned last.
 */
export async function postShipment(tx: Tx, shipped: PostableShipment): Promise<void> {
  const { order, shipment, units, lines } = shipped
  await insertShipmentLines(tx, shipment.id, lines)
  const selling = await sellingOf(tx, shipped)
  const waiting = units.filter(({ line }) => waitsForDelivery(order, line))
  const leaving = units.filter(({ line }) => !waitsForDelivery(order, line))
  const mixed = waiting.length > 0 && leaving.length > 0
  const freight = waiting.length > 0 ? { ...shipped.freight, minor: 0n } : shipped.freight
  const dispatched = goodsShipped({ ...shipped, units: waiting }, selling)
  const sold = goodsShipped({ ...shipped, units: leaving, freight }, selling)
  const drafts: JournalEntryDraft[] = []
  if (hasCost(dispatched)) drafts.push(postGoodsDispatched(dispatched))
  if (sold.lines.length > 0 && !isFree(sold)) {
    const earning = { shipmentId: shipment.id, onDelivery: false }
    drafts.push(postGoodsShipped(await paid(tx, order, sold, { selling, earning })))
    const report = { shipmentId: shipment.id, on: shipped.shippedOn }
    await intendTaxCommit(tx, order, { ...report, ...(mixed ? { part: partOf(leaving) } : {}) })
  }
  await defer(tx, shipped, leaving)
  for (const unit of units)
    if (unit.line.giftCard) drafts.push(...(await giftCardsIssued(tx, shipped, unit, selling)))
  await sendEntries(tx, drafts, shipped.actor)
}

function partOf(units: readonly ShippedUnits[], name = 'shipped') {
  return { name, orderLineIds: [...new Set(units.map(({ line }) => line.id.toString()))] }
}

/** Keeps what of a shipment is billed and earned later. */
async function defer(
  tx: Tx,
  { order, shipment, shippedOn }: PostableShipment,
  units: readonly ShippedUnits[],
): Promise<void> {
  const deferrals = units
    .filter(({ line }) => isDeferred(line))
    .map(({ line, unitFrom, qty }) => {
      const money = moneyOfUnits(line, unitFrom, unitFrom + qty)
      const minor = deferredMinor({ goodsMinor: money.goodsMinor, discounts: discountsOf(money) })
      return { orderLineId: line.id, minor, termMonths: line.termMonths }
    })
    .filter(({ minor }) => minor > 0n)
  const { entityId, currency } = order
  await insertDeferrals(
    tx,
    { shipmentId: shipment.id, entityId, currency, startsOn: shippedOn },
    deferrals,
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
    freight: Freight
    actor: string
  },
): Promise<void> {
  const { shipmentId, deliveredOn: on, units } = delivery
  const shipped = shipmentOf(order, { ...delivery, on })
  const selling = await sellingOf(tx, shipped)
  const event = goodsShipped(shipped, selling)
  if (isFree(event)) return
  const earning = { shipmentId, onDelivery: true }
  const earned = await paid(tx, order, event, { selling, earning })
  await sendEntries(tx, [postGoodsDelivered(earned)], delivery.actor)
  const [other] = await tx`
    SELECT 1 FROM journal_entry WHERE idem_key = ${`goods-shipped/${shipmentId}`}`
  const part = other ? { part: partOf(units, 'delivered') } : {}
  await intendTaxCommit(tx, order, { shipmentId, on, ...part })
}

interface Loss {
  shipmentId: bigint
  parcelId: bigint
  /** Units that were still ours, or units that had been earned when they left. */
  units: readonly ShippedUnits[]
  lostOn: string
  freight: Freight
  actor: string
}

/** The cost of units that got lost before they were the customer's. */
export async function postLoss(tx: Tx, order: SalesOrder, loss: Loss): Promise<void> {
  const shipped = shipmentOf(order, { ...loss, on: loss.lostOn })
  const event = goodsShipped(shipped, await sellingOf(tx, shipped))
  if (!hasCost(event) && loss.freight.minor === 0n) return
  await sendEntries(tx, [postGoodsLost({ ...event, parcelId: loss.parcelId })], loss.actor)
}

/** Takes back what was earned of units that got lost, at the rate that it was earned at. */
export async function postTakenBack(tx: Tx, order: SalesOrder, loss: Loss): Promise<void> {
  const shipped = shipmentOf(order, { ...loss, on: loss.lostOn })
  const event = goodsShipped(shipped, await sellingOf(tx, shipped))
  if (isFree(event)) return
  const rateE9 = (await rateOfSale(tx, order, loss.shipmentId)) ?? event.rateE9
  const stillOwed = await stillOwedOf(tx, order, event)
  const { parcelId } = loss
  const draft = postSaleTakenBack({
    ...event,
    ...(rateE9 === undefined ? {} : { rateE9 }),
    ...(stillOwed ? { stillOwed } : {}),
    parcelId,
  })
  await sendEntries(tx, [draft], loss.actor)
}

async function rateOfSale(
  tx: Tx,
  { currency, functionalCurrency }: SalesOrder,
  shipmentId: bigint,
): Promise<bigint | undefined> {
  if (currency === functionalCurrency) return undefined
  const [sold] = await tx<{ amountMinor: bigint | null; funcMinor: bigint }[]>`
    SELECT -sum(l.amount_minor)::bigint AS "amountMinor", -sum(l.func_minor)::bigint AS "funcMinor" FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.idem_key = ${`goods-shipped/${shipmentId}`} AND l.account_id = ${accountOfRole.ProductSales} AND l.currency = ${currency}`
  const { amountMinor, funcMinor } = sold!
  if (amountMinor === null || amountMinor === 0n) return undefined
  return impliedRate({ amountMinor, funcMinor }, currency, functionalCurrency)
}

/** What the buyer has not paid of these units' invoice. */
async function stillOwedOf(
  tx: Tx,
  order: SalesOrder,
  event: GoodsShipped,
): Promise<{ amountMinor: bigint; bookedFuncMinor: bigint } | undefined> {
  if (order.settlement !== 'receivable') return undefined
  const { entityId, currency } = order
  const key = shipmentKey(event.shipmentId)
  const item = await openItem(tx, { entityId, account: 'Receivables', currency, key })
  const open = { amountMinor: item?.balanceMinor ?? 0n, funcMinor: item?.funcMinor ?? 0n }
  const owedMinor = sum(event.lines.map(grossOf))
  const amountMinor = owedMinor < open.amountMinor ? owedMinor : open.amountMinor
  if (amountMinor <= 0n) return undefined
  return { amountMinor, bookedFuncMinor: takeBooked(open, amountMinor) }
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
  { selling, earning }: { selling: Selling; earning: Earning },
): Promise<GoodsShipped> {
  const taxes = event.lines.flatMap((line) => line.taxes)
  const prepaidTaxes = await prepaidVat(tx, order, earning, taxes)
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
    policies: { order: order.policies.order.version, ...productRules(units) },
    provider: order.provider,
    freightMinor: freight.minor,
    freightParty: freight.party,
    lines: units
      .map((unit) => shippedLine(order, shipment.id, unit))
      .filter((line) => line !== null),
  }
}

/** The rules of products that said it instead, each a version by itself. */
function productRules(units: readonly ShippedUnits[]): Record<string, number> {
  const rules = units.flatMap(({ line }) => line.revenuePolicy ?? [])
  return Object.fromEntries(rules.map((id) => [`revenue/${id}`, 1]))
}

/** One receivable an invoice: each has its own due date. */
function owedBy(order: SalesOrder, shipment: { id: bigint }) {
  const { settlement } = order
  if (settlement !== 'receivable') return { settlement }
  return { settlement, party: partyOf(order), settlementKey: shipmentKey(shipment.id) }
}

/** A gift card is no revenue but a debt; only what is charged for sending it is earned here. */
function shippedLine(
  order: SalesOrder,
  shipmentId: bigint,
  unit: ShippedUnits,
): ShippedLine | null {
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
    ...(isDeferred(line) ? { deferredAs: deferralKey(shipmentId, line.id) } : {}),
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
