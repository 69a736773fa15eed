import { apportion } from '../apportion.ts'
import { sum } from '../money.ts'
import { impliedRate, RATE_ONE } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  type Dimensions,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import type { PostingRule } from './rule-versions.ts'
import { orderKey, shipmentKey, taxAccount, type TaxShare } from './sales-terms.ts'
import {
  discountLines,
  mainPromotion,
  soldDimensions,
  type DiscountShare,
  type SoldLine,
} from './discounts.ts'
import { settlementLines, type PaidBefore, type Settlement } from './settlement.ts'

/** Units of one cost layer, at its own cost in functional currency. */
export interface LayerShare {
  layerId: bigint
  qty: bigint
  costMinor: bigint
  condition: string
}

/** One order line's part of a shipment: the frozen shares of the units that left, no more. */
export interface ShippedLine extends SoldLine {
  qty: bigint
  /** Price of the units before discounts and tax. */
  goodsMinor: bigint
  discounts: readonly DiscountShare[]
  shippingMinor: bigint
  taxes: readonly TaxShare[]
  layers: readonly LayerShare[]
  /** Earned later than it is billed: the open item that it is owed under until then. */
  deferredAs?: string
  /** What the marketplace is expected to keep back of these units, in the order's currency. */
  feesExpected?: { commissionMinor: bigint; fulfilmentMinor: bigint }
}

/** Goods have left, or by the channel's policy arrived, and control has passed. */
export interface GoodsShipped {
  shipmentId: bigint | string
  orderId: bigint
  entity: number
  /** Currency of the order; costs, freight and expected fees beside it are as their fields say. */
  currency: string
  functionalCurrency: string
  /** Functional units for one of `currency` on the day of shipment, times 1e9. */
  rateE9?: bigint
  shippedOn: string
  /** Versions of the policies that the order was placed under. */
  policies?: Readonly<Record<string, number>>
  settlement: Settlement
  /** What of it was paid in before; all of it where the settlement is a deposit. */
  paidBefore?: PaidBefore
  /** VAT of these units that was posted when they were paid for (R17): it is in no deposit any more. */
  prepaidTaxes?: readonly TaxShare[]
  provider?: string
  /** Customer, when the sale is on account. */
  party?: string
  /** Names the open item that the buyer owes: an invoice's, or the order's own. */
  settlementKey?: string
  lines: readonly ShippedLine[]
  /** Carrier cost in functional currency: the labels' own, or an estimate until there is one. */
  freightMinor?: bigint
  /** Who is owed for it, as `carrier/UPS/Ground`. */
  freightParty?: string
}

/**
 * Dr Customer deposits (or Receivables, or Marketplace clearing)   Cr Product sales
 * Dr Discounts (or who funds them)                                 Cr Shipping income, Deferred revenue
 *                                                                  Cr Sales tax, or VAT
 * Dr Commission, Fulfilment fee                                    Cr Marketplace clearing
 * Dr Cost of goods sold                                            Cr Inventory, per layer
 * Dr Freight out                                                   Cr Freight-out accrual
 *
 * Rows 3, 3a, 3b, 7 and 7a: revenue and cost post together, so a month end can never fall between
 * them. Tax that a marketplace collects is its own and leaves no line here (R11).
 */
export function postGoodsShipped(event: GoodsShipped): JournalEntryDraft {
  return revenueAndCost(event, 'goods-shipped', 'Inventory')
}

/**
 * Dr In transit to customer   Cr Inventory, per layer
 *
 * Row 3c, policy "on delivery": the goods are out of the building and still ours.
 */
export function postGoodsDispatched(event: GoodsShipped): JournalEntryDraft {
  return journalEntry({
    ...header(event, 'goods-dispatched'),
    area: 'INV',
    lines: event.lines.flatMap((line) =>
      line.layers.flatMap((layer) => [
        debit('InTransitToCustomer', layer.costMinor, layerDimensions(event, line, layer, 1n)),
        credit('Inventory', layer.costMinor, layerDimensions(event, line, layer, -1n)),
      ]),
    ),
  })
}

/** As {@link postGoodsShipped}, with Cr In transit to customer: row 3c, the parcel has arrived. */
export function postGoodsDelivered(event: GoodsShipped): JournalEntryDraft {
  return revenueAndCost(event, 'goods-delivered', 'InTransitToCustomer')
}

function revenueAndCost(
  event: GoodsShipped,
  eventType: 'goods-shipped' | 'goods-delivered',
  stock: 'Inventory' | 'InTransitToCustomer',
): JournalEntryDraft {
  return journalEntry({
    ...header(event, eventType),
    area: 'AR',
    // The carrier says when it arrived; nobody can be asked to confirm another day.
    ...(eventType === 'goods-delivered' ? { late: 'next-open' as const } : {}),
    lines: [
      ...settlementOf(event),
      ...event.lines.flatMap((line) => revenueLines(event, line)),
      ...taxLines(event),
      ...feeLines(event),
      ...event.lines.flatMap((line) => costLines(event, line, stock)),
      ...freightLines(event),
    ],
  })
}

export function header(event: GoodsShipped, eventType: PostingRule) {
  return {
    entityId: event.entity,
    effectiveOn: event.shippedOn,
    eventType,
    sourceType: 'shipment',
    sourceId: String(event.shipmentId),
    key: `${eventType}/${event.shipmentId}`,
    policies: event.policies,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: saleRate(event),
  }
}

/** What was paid in before is earned at the rate it came in at (IFRIC 22, row 30). */
function saleRate(event: GoodsShipped): bigint {
  const { paidBefore, currency, functionalCurrency } = event
  const amountMinor = paidBefore?.amountMinor ?? 0n
  const funcMinor = paidBefore?.bookedFuncMinor
  if (funcMinor === undefined || amountMinor === 0n || amountMinor < owedFor(event))
    return event.rateE9 ?? RATE_ONE
  return impliedRate({ amountMinor, funcMinor }, currency, functionalCurrency)
}

/** What the buyer has to pay for exactly these units, with the tax that is posted with them. */
export function owedFor(event: GoodsShipped): bigint {
  const net = sum(event.lines.map((line) => netOf(line) + line.shippingMinor))
  return net + sum(taxesToPost(event).map((share) => share.amountMinor))
}

function settlementOf(event: GoodsShipped): LineInput[] {
  const { channelId, segment } = event.lines[0] ?? {}
  return settlementLines(event, owedFor(event), {
    orderId: event.orderId,
    channelId,
    segment,
    provider: event.provider,
  })
}

export function revenueLines(event: GoodsShipped, line: ShippedLine): LineInput[] {
  const dimensions = lineDimensions(event, line)
  if (line.deferredAs !== undefined) return deferredLines(event, line, line.deferredAs)
  return [
    ...discountLines(event, line, line.discounts),
    credit('ProductSales', line.goodsMinor, { ...dimensions, qty: -line.qty }),
    credit('ShippingIncome', line.shippingMinor, dimensions),
  ]
}

/** What is earned later is owed net of the discounts that we bear; whoever else bears one owes it now. */
function deferredLines(event: GoodsShipped, line: ShippedLine, openKey: string): LineInput[] {
  const dimensions = lineDimensions(event, line)
  const others = line.discounts.filter((share) => share.fundedBy !== 'merchant')
  return [
    ...discountLines(event, line, others),
    credit('DeferredRevenue', deferredMinor(line), { ...dimensions, openKey }),
    credit('ShippingIncome', line.shippingMinor, dimensions),
  ]
}

/** What units that are earned later will earn: their price less the discounts that we bear. */
export function deferredMinor({
  goodsMinor,
  discounts,
}: Pick<ShippedLine, 'goodsMinor' | 'discounts'>): bigint {
  const ours = discounts.filter((share) => share.fundedBy === 'merchant')
  return goodsMinor - sum(ours.map((share) => share.amountMinor))
}

/** One line per kind, jurisdiction and code: the tax ledger is summed by these, never by item. */
export function taxLines(event: GoodsShipped): LineInput[] {
  const owed = new Map<string, { share: TaxShare; amountMinor: bigint }>()
  for (const share of taxesToPost(event)) {
    const key = JSON.stringify([taxAccount(share), share.jurisdiction, share.taxCode])
    const before = owed.get(key)?.amountMinor ?? 0n
    owed.set(key, { share, amountMinor: before + share.amountMinor })
  }
  const channelId = event.lines[0]?.channelId
  return [...owed.values()].map(({ share, amountMinor }) =>
    credit(taxAccount(share), amountMinor, {
      orderId: event.orderId,
      channelId,
      jurisdiction: share.jurisdiction,
      taxCode: share.taxCode,
    }),
  )
}

function feeLines(event: GoodsShipped): LineInput[] {
  const expected = event.lines.flatMap((line) =>
    line.feesExpected ? [{ line, ...line.feesExpected }] : [],
  )
  const kept = sum(expected.map((fee) => fee.commissionMinor + fee.fulfilmentMinor))
  return [
    ...expected.map(({ line, commissionMinor }) =>
      debit('Commission', commissionMinor, lineDimensions(event, line)),
    ),
    ...expected.map(({ line, fulfilmentMinor }) =>
      debit('FulfilmentFee', fulfilmentMinor, lineDimensions(event, line)),
    ),
    credit('MarketplaceClearing', kept, {
      orderId: event.orderId,
      openKey: orderKey(event.orderId),
      channelId: event.lines[0]?.channelId,
    }),
  ]
}

function costLines(
  event: GoodsShipped,
  line: ShippedLine,
  stock: 'Inventory' | 'InTransitToCustomer',
): LineInput[] {
  const cost = sum(line.layers.map((layer) => layer.costMinor))
  const currency = event.functionalCurrency
  return [
    debit('CostOfGoodsSold', cost, { ...lineDimensions(event, line), currency, qty: line.qty }),
    ...line.layers.map((layer) =>
      credit(stock, layer.costMinor, layerDimensions(event, line, layer, -1n)),
    ),
  ]
}

/** Row 27's first half: the carrier's bill is expected, and each order line bears its share. */
export function freightLines(event: GoodsShipped): LineInput[] {
  const freight = event.freightMinor ?? 0n
  const { functionalCurrency: currency, freightParty: party } = event
  return [
    ...overLines(event, freight).map(({ line, shareMinor }) =>
      debit('FreightOut', shareMinor, { ...lineDimensions(event, line), currency, party }),
    ),
    credit('FreightOutAccrual', freight, {
      orderId: event.orderId,
      openKey: shipmentKey(event.shipmentId),
      currency,
      party,
    }),
  ]
}

/** Splits what belongs to the whole shipment over its lines by their net value. */
function overLines(event: GoodsShipped, totalMinor: bigint) {
  const weights = event.lines.map((line) => (netOf(line) > 0n ? netOf(line) : 0n))
  const shares = totalMinor === 0n ? [] : apportion(totalMinor, weights)
  return shares.map((shareMinor, nth) => ({ line: event.lines[nth]!, shareMinor }))
}

/** What we collect of these units, less what the payment has posted of it. */
function taxesToPost(event: GoodsShipped): TaxShare[] {
  const ours = event.lines.flatMap((line) =>
    line.taxes.filter((share) => share.collectedBy === 'seller'),
  )
  const posted = event.prepaidTaxes ?? []
  return [...ours, ...posted.map((share) => ({ ...share, amountMinor: -share.amountMinor }))]
}

/** Price less every discount, whoever funds it: what the buyer pays for the goods. */
function netOf(line: ShippedLine): bigint {
  return line.goodsMinor - sum(line.discounts.map((share) => share.amountMinor))
}

/** A promotion's margin is that of the lines it was given on: all of them carry it. */
export function lineDimensions(event: GoodsShipped, line: ShippedLine): Dimensions {
  return { ...soldDimensions(event, line), promotion: mainPromotion(line.discounts) }
}

export function layerDimensions(
  event: GoodsShipped,
  line: ShippedLine,
  layer: LayerShare,
  direction: 1n | -1n,
): Dimensions & { currency: string } {
  return {
    ...lineDimensions(event, line),
    layerId: layer.layerId,
    condition: layer.condition,
    qty: direction * layer.qty,
    currency: event.functionalCurrency,
  }
}
