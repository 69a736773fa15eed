import { apportion } from '../apportion.ts'
import { sum } from '../money.ts'
import { RATE_ONE } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  type Dimensions,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import { orderKey, shipmentKey, taxAccount, type TaxShare } from './sales-terms.ts'

/** Who bears a discount: a merchant's own lowers revenue, another's is owed to us. */
export interface DiscountShare {
  promotion: string
  fundedBy: 'merchant' | 'marketplace' | 'vendor'
  amountMinor: bigint
  /** The vendor that funds it, as `supplier/12`; the promotion itself until it is known. */
  party?: string
}

/** Units of one cost layer, at its own cost in functional currency. */
export interface LayerShare {
  layerId: bigint
  qty: bigint
  costMinor: bigint
  condition: string
}

/** One order line's part of a shipment: the frozen shares of the units that left, no more. */
export interface ShippedLine {
  orderLineId: bigint
  itemId: number
  siteId: number
  channelId: number
  segment: string
  qty: bigint
  /** Price of the units before discounts and tax. */
  goodsMinor: bigint
  discounts: readonly DiscountShare[]
  shippingMinor: bigint
  taxes: readonly TaxShare[]
  layers: readonly LayerShare[]
}

/** Goods have left, or by the channel's policy arrived, and control has passed. */
export interface GoodsShipped {
  shipmentId: bigint | string
  orderId: bigint
  entity: number
  /** Currency of the order; costs, freight and expected fees beside it are as their fields say. */
  currency: string
  functionalCurrency: string
  /** Functional units for one of `currency`, times 1e9; of a deposit, the rate it was booked at. */
  rateE9?: bigint
  shippedOn: string
  settlement: 'deposit' | 'receivable' | 'marketplace'
  /** `payment` where the capture has already posted the VAT; then only the net is earned here. */
  taxPoint?: 'shipment' | 'payment'
  /** Fees that the marketplace will keep back, in the order's currency. */
  marketplaceFeesExpected?: { commissionMinor: bigint; fulfilmentMinor: bigint }
  provider?: string
  /** Customer, when the sale is on account. */
  party?: string
  /** Names the open item that the buyer owes or paid; the order's own unless an invoice has one. */
  settlementKey?: string
  lines: readonly ShippedLine[]
  /** Expected carrier cost, in functional currency. */
  freightEstimateMinor?: bigint
}

/**
 * Dr Customer deposits (or Receivables, or Marketplace clearing)   Cr Product sales
 * Dr Discounts (or who funds them)                                 Cr Shipping income
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
      settlementLine(event),
      ...event.lines.flatMap((line) => revenueLines(event, line)),
      ...taxLines(event),
      ...feeLines(event),
      ...event.lines.flatMap((line) => costLines(event, line, stock)),
      ...freightLines(event),
    ],
  })
}

function header(event: GoodsShipped, eventType: string) {
  return {
    entityId: event.entity,
    effectiveOn: event.shippedOn,
    eventType,
    sourceType: 'shipment',
    sourceId: String(event.shipmentId),
    key: `${eventType}/${event.shipmentId}`,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: event.rateE9 ?? RATE_ONE,
  }
}

/** What the buyer owes, or has paid, for exactly these units. */
function settlementLine(event: GoodsShipped): LineInput {
  const owed = sum(event.lines.map((line) => netOf(line) + line.shippingMinor))
  const tax = sum(ownTaxes(event).map((share) => share.amountMinor))
  const { channelId, segment } = event.lines[0] ?? {}
  const account = {
    deposit: 'CustomerDeposits',
    receivable: 'Receivables',
    marketplace: 'MarketplaceClearing',
  } as const
  return debit(account[event.settlement], owed + tax, {
    orderId: event.orderId,
    openKey: event.settlementKey ?? orderKey(event.orderId),
    channelId,
    segment,
    party: event.party,
    provider: event.provider,
  })
}

function revenueLines(event: GoodsShipped, line: ShippedLine): LineInput[] {
  const dimensions = lineDimensions(event, line)
  return [
    ...line.discounts.map((share) => discountLine(event, line, share)),
    credit('ProductSales', line.goodsMinor, { ...dimensions, qty: -line.qty }),
    credit('ShippingIncome', line.shippingMinor, dimensions),
  ]
}

function discountLine(event: GoodsShipped, line: ShippedLine, share: DiscountShare): LineInput {
  const dimensions = { ...lineDimensions(event, line), promotion: share.promotion }
  if (share.fundedBy === 'merchant') return debit('Discounts', share.amountMinor, dimensions)
  if (share.fundedBy === 'marketplace') {
    const openKey = event.settlementKey ?? orderKey(event.orderId)
    return debit('MarketplaceClearing', share.amountMinor, { ...dimensions, openKey })
  }
  const openKey = `promotion/${share.promotion}`
  return debit('VendorReceivable', share.amountMinor, {
    ...dimensions,
    openKey,
    party: share.party ?? openKey,
  })
}

/** One line per kind, jurisdiction and code: the tax ledger is summed by these, never by item. */
function taxLines(event: GoodsShipped): LineInput[] {
  const owed = new Map<string, { share: TaxShare; amountMinor: bigint }>()
  for (const share of ownTaxes(event)) {
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
  const fees = event.marketplaceFeesExpected
  if (!fees) return []
  const channelId = event.lines[0]?.channelId
  return [
    ...overLines(event, fees.commissionMinor).map(({ line, shareMinor }) =>
      debit('Commission', shareMinor, lineDimensions(event, line)),
    ),
    ...overLines(event, fees.fulfilmentMinor).map(({ line, shareMinor }) =>
      debit('FulfilmentFee', shareMinor, lineDimensions(event, line)),
    ),
    credit('MarketplaceClearing', fees.commissionMinor + fees.fulfilmentMinor, {
      orderId: event.orderId,
      openKey: event.settlementKey ?? orderKey(event.orderId),
      channelId,
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
function freightLines(event: GoodsShipped): LineInput[] {
  const estimate = event.freightEstimateMinor ?? 0n
  const currency = event.functionalCurrency
  return [
    ...overLines(event, estimate).map(({ line, shareMinor }) =>
      debit('FreightOut', shareMinor, { ...lineDimensions(event, line), currency }),
    ),
    credit('FreightOutAccrual', estimate, {
      orderId: event.orderId,
      openKey: shipmentKey(event.shipmentId),
      currency,
    }),
  ]
}

/** Splits what belongs to the whole shipment over its lines by their net value. */
function overLines(event: GoodsShipped, totalMinor: bigint) {
  const weights = event.lines.map((line) => (netOf(line) > 0n ? netOf(line) : 0n))
  const shares = totalMinor === 0n ? [] : apportion(totalMinor, weights)
  return shares.map((shareMinor, nth) => ({ line: event.lines[nth]!, shareMinor }))
}

function ownTaxes(event: GoodsShipped): TaxShare[] {
  if (event.taxPoint === 'payment') return []
  return event.lines.flatMap((line) => line.taxes.filter((share) => share.collectedBy === 'seller'))
}

/** Price less every discount, whoever funds it: what the buyer pays for the goods. */
function netOf(line: ShippedLine): bigint {
  return line.goodsMinor - sum(line.discounts.map((share) => share.amountMinor))
}

function lineDimensions(event: GoodsShipped, line: ShippedLine): Dimensions {
  return {
    orderId: event.orderId,
    orderLineId: line.orderLineId,
    channelId: line.channelId,
    itemId: line.itemId,
    siteId: line.siteId,
    segment: line.segment,
  }
}

function layerDimensions(
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
