import { formatMinor } from '#domain/money'
import { shownNumber, type Sale, type SaleLine } from './sale.ts'

export interface WoocommerceState {
  modifiedAt: string
  status: 'processing' | 'cancelled'
  reference: string
  note?: string
}

/** A price with its VAT inside, taken apart. */
interface Parts {
  net: string
  tax: string
}

/** The body of a WooCommerce `order.*` webhook (REST API v3), VAT within the prices. */
export function woocommerceDocument(sale: Sale, state: WoocommerceState): Record<string, unknown> {
  const { buyer } = sale
  const shipping = parts(sale, sale.shippingMinor)
  const totalMinor = woocommerceTotalMinor(sale)
  const taxMinor =
    taxIn(sale, sale.shippingMinor) +
    sale.lines.reduce((all, line) => all + taxIn(sale, line.unitMinor * line.qty), 0)
  return {
    id: woocommerceId(sale),
    parent_id: 0,
    status: state.status,
    currency: 'EUR',
    version: '9.4.2',
    prices_include_tax: true,
    date_created: local(sale.placedAt),
    date_created_gmt: local(sale.placedAt),
    date_modified: local(state.modifiedAt),
    date_modified_gmt: local(state.modifiedAt),
    date_paid: local(sale.placedAt),
    date_paid_gmt: local(sale.placedAt),
    discount_total: '0.00',
    discount_tax: '0.00',
    shipping_total: shipping.net,
    shipping_tax: shipping.tax,
    cart_tax: euro(taxMinor - taxIn(sale, sale.shippingMinor)),
    total: euro(totalMinor),
    total_tax: euro(taxMinor),
    customer_id: buyer.externalId === null ? 0 : Number(buyer.externalId),
    order_key: `wc_order_${sale.number.toString(36)}`,
    number: String(shownNumber(sale)),
    billing: { ...address(sale), email: buyer.email, phone: buyer.phone },
    shipping: address(sale),
    payment_method: 'stripe',
    payment_method_title: 'Kreditkarte',
    transaction_id: state.reference,
    customer_note: state.note ?? '',
    line_items: sale.lines.map((line, n) => lineItem(sale, line, n)),
    tax_lines: [taxLine(sale, taxMinor, shipping.tax)],
    shipping_lines: [
      {
        id: 1,
        method_title: sale.shippingMinor === 0 ? 'Kostenloser Versand' : 'DHL Paket',
        method_id: sale.shippingMinor === 0 ? 'free_shipping' : 'flat_rate',
        total: shipping.net,
        total_tax: shipping.tax,
        taxes: taxes(sale, shipping.tax),
      },
    ],
    fee_lines: [],
    coupon_lines: [],
    refunds: [],
  }
}

function lineItem(sale: Sale, line: SaleLine, n: number): object {
  const { net, tax } = parts(sale, line.unitMinor * line.qty)
  return {
    id: sale.number * 10 + n,
    name: line.title,
    product_id: Number(line.listingId),
    variation_id: 0,
    quantity: line.qty,
    tax_class: '',
    subtotal: net,
    subtotal_tax: tax,
    total: net,
    total_tax: tax,
    taxes: taxes(sale, tax),
    sku: line.sku,
    price: Number(net) / line.qty,
  }
}

/** In cents; the VAT is inside. */
export function woocommerceTotalMinor(sale: Sale): number {
  return sale.lines.reduce((all, line) => all + line.unitMinor * line.qty, sale.shippingMinor)
}

export function woocommerceId(sale: Sale): number {
  return sale.number
}

function parts(sale: Sale, grossMinor: number): Parts {
  const taxMinor = taxIn(sale, grossMinor)
  return { net: euro(grossMinor - taxMinor), tax: euro(taxMinor) }
}

function taxIn({ buyer }: Sale, grossMinor: number): number {
  return Math.round((grossMinor * buyer.taxPpm) / (1_000_000 + buyer.taxPpm))
}

function taxes(sale: Sale, tax: string): object[] {
  return [{ id: rateId(sale), total: tax, subtotal: tax }]
}

function taxLine(sale: Sale, taxMinor: number, shippingTax: string): object {
  return {
    id: 1,
    rate_code: sale.buyer.taxName,
    rate_id: rateId(sale),
    label: 'MwSt.',
    compound: false,
    tax_total: euro(taxMinor),
    shipping_tax_total: shippingTax,
    rate_percent: sale.buyer.taxPpm / 10_000,
  }
}

function rateId({ buyer }: Sale): number {
  return buyer.country.charCodeAt(0) * 100 + buyer.country.charCodeAt(1)
}

function address({ buyer }: Sale): object {
  return {
    first_name: buyer.first,
    last_name: buyer.last,
    company: buyer.company ?? '',
    address_1: buyer.line1,
    address_2: '',
    city: buyer.city,
    state: '',
    postcode: buyer.postalCode,
    country: buyer.country,
  }
}

function local(instant: string): string {
  return instant.slice(0, 19)
}

function euro(minor: number): string {
  return formatMinor(BigInt(minor), 'EUR')
}
