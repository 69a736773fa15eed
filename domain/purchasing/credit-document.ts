import type { BillDocumentTax } from './bill-document.ts'

/** A vendor's credit note as it came in: what the vendor gives back, before anybody checks it. */
export interface CreditDocument {
  /** Our code of the supplier, or its address in electronic interchange; one of both. */
  supplier: string | null
  supplierEdiId: string | null
  number: string
  creditedOn: string
  /** ISO 4217; null: the supplier's. */
  currency: string | null
  /** What it is for: our number of the goods' return, or the vendor's number of its bill. */
  returnNo: string | null
  billNumber: string | null
  /** Before recoverable tax; above zero, as everything here. */
  netMinor: bigint
  taxes: BillDocumentTax[]
  /** What we get back, tax included. */
  totalMinor: bigint
}
