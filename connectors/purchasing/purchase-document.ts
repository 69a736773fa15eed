/** What a supplier is sent, whatever the form. */
export interface PurchaseDocument {
  poNumber: string
  revision: number
  orderedOn: string
  currency: string
  /** Decimal places of the currency. */
  exponent: number
  buyer: { code: string; name: string }
  supplier: { code: string; name: string; ediId: string | null }
  termsDays: number
  incoterm: string | null
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

/** Minor units as a decimal number, such as `12.50`. */
export function decimal(minor: bigint, exponent: number): string {
  const digits = minor.toString().padStart(exponent + 1, '0')
  return exponent === 0
    ? digits
    : `${digits.slice(0, -exponent)}.${digits.slice(digits.length - exponent)}`
}

/** What one unit costs, with as many places as it takes up to six. */
export function unitDecimal(line: PurchaseDocument['lines'][number], exponent: number): string {
  const scale = 10n ** 6n
  const scaled = (line.unitPriceMinor * scale) / line.pricePer
  const text = decimal(scaled, exponent + 6)
  const [whole, places = ''] = text.split('.')
  return `${whole}.${places.replace(/0+$/, '').padEnd(exponent, '0')}`.replace(/\.$/, '')
}
