import type { MoneyDto } from '../money.ts'
import type { TaxTreatment } from '../tax/calculate.ts'

/**
 * The neutral sales order document. Every channel's own document, the bulk importer and
 * `POST /v1/orders` are translated into this shape before anything is stored. Amounts are
 * minor units as strings, in `currency`; quantities are whole units of the listing, whose pack
 * factor says how many items one is.
 */
export interface OrderDocument {
  /** Code of the channel that the order came in by, e.g. `shopify-us`. */
  channel: string
  /** The channel's own order id, kept as text whatever it looks like. */
  externalId: string
  /** Orders two versions of the same external order: an ISO instant or a padded counter. */
  externalVersion: string
  /** What the customer sees, e.g. `#1001`. */
  orderNumber: string
  placedAt: string
  currency: string
  pricesIncludeTax: boolean
  customer: CustomerDocument
  shipTo: AddressDocument | null
  billTo: AddressDocument | null
  lines: OrderLineDocument[]
  shipping: ShippingChargeDocument[]
  /** Discounts on the whole order that the channel has not already split over its lines. */
  orderDiscounts: DiscountDocument[]
  payment: PaymentDocument
  /** What the channel says that the customer pays in all, tax and shipping included. */
  total: MoneyDto
  /** Who remits the tax: `marketplace` for a marketplace facilitator's own collection. */
  taxCollectedBy: 'seller' | 'marketplace'
  /** `merchant` ships from our sites; `channel` is shipped by the channel from its own (FBA). */
  fulfilledBy: 'merchant' | 'channel'
  requestedService?: string
  shipBy?: string
  deliverBy?: string
  shipComplete?: boolean
  /** Present when the channel already tells that the whole order is cancelled. */
  cancelled?: { at: string; reason: string }
  note?: string
  /** The agent who typed the order in, for orders taken by customer service. */
  enteredBy?: string
}

export interface CustomerDocument {
  /** The channel's customer id; null for a guest. */
  externalId: string | null
  name: string | null
  email: string | null
  phone: string | null
  class?: string
}

export interface AddressDocument {
  name: string | null
  company: string | null
  line1: string | null
  line2: string | null
  city: string | null
  region: string | null
  postalCode: string | null
  /** ISO 3166-1 alpha-2. */
  country: string | null
}

export interface OrderLineDocument {
  externalLineId: string
  /** The channel's ids of what was sold; the listing or, failing it, the SKU finds the item. */
  externalListingId: string | null
  sku: string | null
  title: string
  quantity: number
  /** Per unit, before discount, as the channel states it (see `pricesIncludeTax`). */
  unitPriceMinor: string
  discounts: DiscountDocument[]
  taxes: TaxDocument[]
  requiresShipping: boolean
  giftCard: boolean
  /** Set on a line that the customer may get something else for without being asked; no rule reads it yet. */
  substitutionConsent?: boolean
}

export interface DiscountDocument {
  /** Promotion code, campaign or `manual`. */
  code: string
  /** Positive: what is taken off, in the same tax basis as the price. */
  amountMinor: string
  fundedBy: 'merchant' | 'marketplace' | 'vendor'
  /** Who funds it, when a vendor does: the supplier's code. */
  vendor?: string
}

export interface TaxDocument {
  /** Jurisdiction as the channel names it, e.g. `US-NY`, `State tax`. */
  jurisdiction: string
  /** Parts per million: 8.25% is 82500. */
  ratePpm: number
  amountMinor: string
  collectedBy: 'seller' | 'marketplace'
  /** Only where we found the tax ourselves: its return, or why there is none. */
  treatment?: TaxTreatment
}

export interface ShippingChargeDocument {
  title: string
  /** Before discounts, in the same tax basis as prices. */
  amountMinor: string
  discounts: DiscountDocument[]
  taxes: TaxDocument[]
}

export interface PaymentDocument {
  /**
   * `captured`: money is already with the processor. `authorised`: capture at shipment.
   * `pending`: none yet, the order waits. `terms`: on account, invoiced at shipment.
   * `marketplace`: the marketplace collects and settles later.
   */
  state: 'captured' | 'authorised' | 'pending' | 'terms' | 'marketplace'
  /** `stripe`, `shopify_payments`, `paypal`…; clearing accounts are kept per provider. */
  provider: string
  /** Provider's reference of the authorisation or capture, when the channel tells it. */
  reference: string | null
  /** What has been captured or authorised so far; equals the total in the usual case. */
  amountMinor: string
  authorisationExpiresAt?: string
  /** A gift card or store credit that pays a part. */
  otherTenders?: { kind: 'gift-card' | 'store-credit'; reference: string; amountMinor: string }[]
}

/** A later message about an order that the channel has already sent. */
export type ChannelOrderEvent =
  | { kind: 'placed' | 'updated'; order: OrderDocument }
  | { kind: 'paid'; order: OrderDocument }
  | { kind: 'cancelled'; order: OrderDocument; reason: string }

/** Why a document was not accepted; `field` is the path inside the channel's own document. */
export interface DocumentProblem {
  code: string
  field: string
  message: string
}
