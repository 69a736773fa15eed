/** A vendor's bill as it came in, however it came: what the vendor says, before anybody checks it. */
export interface BillDocument {
  /** Our code of the supplier, or its address in electronic interchange; one of both. */
  supplier: string | null
  supplierEdiId: string | null
  number: string
  billedOn: string
  /** ISO 4217; null: the supplier's. */
  currency: string | null
  /** The purchase order that its lines are for, unless a line names another. */
  poNumber: string | null
  terms: BillTerms | null
  lines: BillDocumentLine[]
  /** Recoverable input tax; tax that is a cost is a charge. */
  taxes: BillDocumentTax[]
  /** What the vendor wants, tax included. */
  totalMinor: bigint
}

export interface BillTerms {
  termsDays: number
  discountPpm: number
  discountDays: number
}

export interface BillDocumentLine {
  /** `charge`: freight, handling or tax that is a cost; it is spread over the bill's goods. */
  kind: 'goods' | 'charge'
  sku: string | null
  vendorSku: string | null
  description: string
  /** Base units; zero for a charge. */
  qty: bigint
  /** Before recoverable tax; below zero for an allowance. */
  netMinor: bigint
  poNumber: string | null
  /** Our number of the receipt, where the vendor repeats it. */
  receiptNo: string | null
}

export interface BillDocumentTax {
  /** As `DE`; null: the country of the company that is billed. */
  jurisdiction: string | null
  taxCode: string
  amountMinor: bigint
}
