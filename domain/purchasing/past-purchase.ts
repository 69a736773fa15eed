/**
 * What a file tells of purchases that are over: rows to judge suppliers by, without a process.
 * Money is minor units of the purchase's currency, dates are `YYYY-MM-DD`, quantities are whole
 * units as they were ordered.
 */
export interface PurchaseHistory {
  suppliers: PastSupplier[]
  items: PastItem[]
  terms: PastTerms[]
  purchases: PastPurchase[]
  rejected: RejectedRow[]
  /** Rows of the files without their headings: `total` is the sum of the other two. */
  rows: { total: number; taken: number; rejected: number }
}

/** A row that was not taken; `row` is its line in the file, counted from 1. */
export interface RejectedRow {
  file: string
  row: number
  field: string
  code: string
  message: string
}

export interface PastSupplier {
  code: string
  name: string
  currency: string
  standing: 'preferred' | 'regular'
  /** Nothing is bought there any more. */
  ended: boolean
  origin: string
}

export interface PastItem {
  sku: string
  name: string
  /** Unit in which it is ordered, such as CTN. */
  uom: string
}

/** A price of four decimals stays exact: `priceMinor` buys `pricePer` units. */
export interface Price {
  priceMinor: bigint
  pricePer: bigint
}

/** What a supplier asks for an item when nothing else was agreed. */
export interface PastTerms {
  supplier: string
  sku: string
  vendorSku: string
  leadTimeDays: number
  moq: number
  price: Price
  /** The day on which the price was written down. */
  validFrom: string
}

export interface PastPurchase {
  /** The order's number at the source; once for a supplier. */
  externalId: string
  supplier: string
  currency: string
  /** complete: nothing more is expected of it; open: the file was written before it ended. */
  state: 'complete' | 'open'
  /** As the file says it, such as `Rejected`. */
  status: string
  goodsMinor: bigint
  taxMinor: bigint
  freightMinor: bigint
  insuranceMinor: bigint
  /** The sum of the four, to the minor unit. */
  totalMinor: bigint
  lines: PastPurchaseLine[]
  origin: string
}

/**
 * Whether freight is in `freightMinor`: charged to this shipment, shared with other rows of it,
 * included in the price, invoiced separately (then nobody knows it here), or a share of the
 * order's.
 */
export type FreightTerms = 'charged' | 'shared' | 'included' | 'separate' | 'order'

/** `null` is what the file does not tell; `orderedGap` says what stands there instead of a day. */
export interface PastPurchaseLine {
  externalLineId: string
  sku: string
  orderedOn: string | null
  orderedGap: string | null
  promisedOn: string | null
  receivedOn: string | null
  qtyOrdered: number
  qtyReceived: number | null
  qtyRejected: number | null
  /** What the supplier asked or had quoted. */
  agreed: Price | null
  /** What was charged for the line in whole; the lines sum to the order's goods. */
  goodsMinor: bigint
  freightMinor: bigint
  freightTerms: FreightTerms
  insuranceMinor: bigint
  incoterm: string | null
  mode: string | null
  shipmentNo: string | null
  origin: string
}
