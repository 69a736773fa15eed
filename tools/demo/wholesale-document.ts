import { shownNumber, type Sale } from './sale.ts'

/** The body of `POST /v1/orders`: a shop buys by the dozen, on account and free of sales tax. */
export function wholesaleDocument(sale: Sale): Record<string, unknown> {
  const { buyer } = sale
  const totalMinor = sale.lines.reduce((all, line) => all + line.unitMinor * line.qty, 0)
  return {
    channel: sale.channel,
    externalId: `PO-${sale.number}`,
    externalVersion: sale.placedAt,
    orderNumber: `PO-${shownNumber(sale)}`,
    placedAt: sale.placedAt,
    currency: 'USD',
    pricesIncludeTax: false,
    customer: {
      externalId: buyer.externalId,
      name: buyer.company,
      email: buyer.email,
      phone: buyer.phone,
      class: 'wholesale',
    },
    shipTo: {
      name: buyer.company,
      company: buyer.company,
      line1: buyer.line1,
      line2: null,
      city: buyer.city,
      region: buyer.region,
      postalCode: buyer.postalCode,
      country: buyer.country,
    },
    billTo: null,
    lines: sale.lines.map((line, n) => ({
      externalLineId: String(n + 1),
      externalListingId: line.listingId,
      sku: line.sku,
      title: line.title,
      quantity: line.qty,
      unitPriceMinor: String(line.unitMinor),
      discounts: [],
      taxes: [],
      requiresShipping: true,
      giftCard: false,
    })),
    shipping: [],
    orderDiscounts: [],
    payment: { state: 'terms', provider: 'account', reference: null, amountMinor: '0' },
    total: { currency: 'USD', minor: String(totalMinor) },
  }
}
