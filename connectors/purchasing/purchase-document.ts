import { formatScaled, minorExponent } from '#domain/money'

/** What a supplier is sent, whatever the form. */
export interface PurchaseDocument {
  poNumber: string
  revision: number
  orderedOn: string
  currency: string
  buyer: { code: string; name: string }
  supplier: { code: string; name: string; ediId: string | null }
  termsDays: number
  incoterm: string | null
  /** The buyer to whom the supplier ships all of it, where it does not come to us. */
  shipTo?: {
    name: string
    street: string[]
    city: string
    region: string
    postalCode: string
    country: string
  }
  note: string | null
  lines: {
    lineNo: number
    sku: string
    vendorSku: string | null
    title: string
    site: string
    qty: bigint
    unitPriceMinor: bigint
    pricePer: bigint
    amountMinor: bigint
    neededOn: string
  }[]
  totalMinor: bigint
}

/** What one unit costs, with as many places as it takes up to six. */
export function unitDecimal(line: PurchaseDocument['lines'][number], currency: string): string {
  const exponent = minorExponent(currency)
  const scale = 10n ** 6n
  const scaled = (line.unitPriceMinor * scale) / line.pricePer
  const text = formatScaled(scaled, exponent + 6)
  const [whole, places = ''] = text.split('.')
  return `${whole}.${places.replace(/0+$/, '').padEnd(exponent, '0')}`.replace(/\.$/, '')
}
