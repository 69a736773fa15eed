import type { AccountRole } from './chart.ts'

/** A tax share as frozen on the document. */
export interface TaxShare {
  /** `US-CA`, `DE`, or the member state that an OSS return names. */
  jurisdiction: string
  taxCode: string
  amountMinor: bigint
  /** A marketplace facilitator's tax is a memo on the document, never ours to remit. */
  collectedBy: 'seller' | 'marketplace'
  /** Which return it goes to; by the tax code's `/oss` or `/ioss`, else sales tax in North America and domestic VAT elsewhere. */
  kind?: 'sales-tax' | 'vat' | 'oss' | 'ioss'
}

const accountOfTaxKind = {
  'sales-tax': 'SalesTaxPayable',
  vat: 'OutputVat',
  oss: 'OssVat',
  ioss: 'IossVat',
} as const satisfies Record<string, AccountRole>

export function taxAccount(share: TaxShare): AccountRole {
  const domestic = /^(US|CA)(-|$)/.test(share.jurisdiction) ? 'sales-tax' : 'vat'
  const [, scheme] = /\/(oss|ioss)$/.exec(share.taxCode) ?? []
  return accountOfTaxKind[share.kind ?? (scheme as 'oss' | 'ioss' | undefined) ?? domestic]
}

/** Open-item keys: one per thing that somebody still waits for. */
export const orderKey = (orderId: bigint) => `order/${orderId}`
export const shipmentKey = (shipmentId: bigint | string) => `shipment/${shipmentId}`
/** Units of a line that were billed with a shipment and are earned later. */
export const deferralKey = (shipmentId: bigint | string, orderLineId: bigint | string) =>
  `deferral/${shipmentId}/${orderLineId}`
/** What the carrier owes for a parcel that it lost. */
export const parcelKey = (parcelId: bigint) => `parcel/${parcelId}`
export const captureKey = (provider: string, captureId: string) => `${provider}/${captureId}`
export const refundKey = (refundId: bigint | string) => `refund/${refundId}`
/** Where recognised breakage stands beside the cards, which keep what is on them. */
export const BREAKAGE_KEY = 'breakage'
export const giftCardKey = (cardId: bigint | string) => `gift-card/${cardId}`
