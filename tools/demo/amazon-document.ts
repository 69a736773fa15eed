import { formatMinor } from '#domain/money'
import type { Sale, SaleLine } from './sale.ts'

export interface AmazonState {
  updatedAt: string
  status: 'Unshipped' | 'Canceled'
}

interface PricedLine extends SaleLine {
  n: number
  priceMinor: number
  taxMinor: number
  shippingMinor: number
}

/** What `getOrder` and `getOrderItems` of the Selling Partner API answer; Amazon remits the tax. */
export function amazonDocuments(
  sale: Sale,
  state: AmazonState,
): { order: Record<string, unknown>; items: Record<string, unknown> } {
  const lines = sale.lines.map((line, n): PricedLine => {
    const priceMinor = line.unitMinor * line.qty
    const taxMinor = Math.round((priceMinor * sale.buyer.taxPpm) / 1_000_000)
    const shippingMinor = n === 0 ? sale.shippingMinor : 0
    return { ...line, n, priceMinor, taxMinor, shippingMinor }
  })
  const OrderItems = lines.map((line) => orderItem(sale, line))
  return {
    order: { payload: orderHeader(sale, state, lines) },
    items: { payload: { AmazonOrderId: amazonId(sale), OrderItems } },
  }
}

function orderHeader(sale: Sale, state: AmazonState, lines: readonly PricedLine[]): object {
  const totalMinor = lines.reduce(
    (all, line) => all + line.priceMinor + line.taxMinor + line.shippingMinor,
    0,
  )
  return {
    AmazonOrderId: amazonId(sale),
    PurchaseDate: sale.placedAt,
    LastUpdateDate: state.updatedAt,
    OrderStatus: state.status,
    FulfillmentChannel: 'MFN',
    SalesChannel: 'Amazon.com',
    ShipServiceLevel: 'Std US D2D Dom',
    ShipmentServiceLevelCategory: 'Standard',
    OrderType: 'StandardOrder',
    OrderTotal: money(totalMinor),
    NumberOfItemsShipped: 0,
    NumberOfItemsUnshipped: lines.reduce((units, line) => units + line.qty, 0),
    MarketplaceId: 'ATVPDKIKX0DER',
    EarliestShipDate: sale.placedAt,
    LatestShipDate: later(sale.placedAt, 2),
    LatestDeliveryDate: later(sale.placedAt, 9),
    IsPrime: false,
    IsBusinessOrder: false,
    IsReplacementOrder: false,
    BuyerInfo: { BuyerEmail: `${sale.number.toString(36)}@marketplace.example` },
    ShippingAddress: address(sale),
  }
}

function address({ buyer }: Sale): object {
  return {
    Name: `${buyer.first} ${buyer.last}`,
    AddressLine1: buyer.line1,
    City: buyer.city,
    StateOrRegion: buyer.region,
    PostalCode: buyer.postalCode,
    CountryCode: buyer.country,
  }
}

function orderItem(sale: Sale, line: PricedLine): object {
  return {
    ASIN: line.listingId,
    OrderItemId: String(70_000_000_000_000 + sale.number * 10 + line.n),
    SellerSKU: line.sku,
    Title: line.title,
    QuantityOrdered: line.qty,
    QuantityShipped: 0,
    ItemPrice: money(line.priceMinor),
    ItemTax: money(line.taxMinor),
    ...(line.shippingMinor > 0
      ? { ShippingPrice: money(line.shippingMinor), ShippingTax: money(0) }
      : {}),
    PromotionDiscount: money(0),
    TaxCollection: {
      Model: 'MarketplaceFacilitator',
      ResponsibleParty: 'Amazon Services, Inc.',
    },
  }
}

/** `111-1234567-1234567`. */
export function amazonId({ number }: Sale): string {
  const digits = String(number).padStart(14, '0')
  return `111-${digits.slice(0, 7)}-${digits.slice(7, 14)}`
}

function later(instant: string, days: number): string {
  return new Date(Date.parse(instant) + days * 86_400_000).toISOString()
}

function money(minor: number): object {
  return { CurrencyCode: 'USD', Amount: formatMinor(BigInt(minor), 'USD') }
}
