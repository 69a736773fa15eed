import { formatMinor } from '#domain/money'
import { shownNumber, type Sale, type SaleLine } from './sale.ts'

export interface ShopifyState {
  /** Raised by each change; the later document wins. */
  updatedAt: string
  reference: string | null
  payment: Sale['payment']
  note?: string
  cancelledAt?: string
}

interface PricedLine extends SaleLine {
  id: number
  grossMinor: number
  discountMinor: number
  taxMinor: number
}

/** The body of a Shopify `orders/*` webhook (REST Admin API 2025-01), taxes on top of prices. */
export function shopifyDocument(sale: Sale, state: ShopifyState): Record<string, unknown> {
  const { buyer } = sale
  const lines = sale.lines.map((line, n) => priced(sale, line, n))
  const sums = sumsOf(sale, lines)
  const id = shopifyId(sale)
  return {
    id,
    admin_graphql_api_id: `gid://shopify/Order/${id}`,
    app_id: 580111,
    buyer_accepts_marketing: false,
    cancel_reason: state.cancelledAt ? 'customer' : null,
    cancelled_at: state.cancelledAt ?? null,
    confirmed: true,
    contact_email: buyer.email,
    created_at: sale.placedAt,
    currency: sale.currency,
    customer: buyer.externalId === null ? null : customer(sale),
    customer_locale: 'en-US',
    discount_applications: sums.discountMinor > 0 ? [welcomeCode(sale)] : [],
    discount_codes:
      sums.discountMinor > 0
        ? [{ code: 'WELCOME10', amount: usd(sums.discountMinor), type: 'percentage' }]
        : [],
    email: buyer.email,
    financial_status: financialStatus(state),
    fulfillment_status: null,
    line_items: lines.map((line) => lineItem(sale, line)),
    name: `#${shownNumber(sale)}`,
    note: state.note ?? null,
    order_number: shownNumber(sale),
    payment_gateway_names: ['stripe'],
    phone: null,
    presentment_currency: sale.currency,
    processed_at: sale.placedAt,
    shipping_address: address(sale),
    billing_address: address(sale),
    shipping_lines: shippingLines(sale),
    source_name: 'web',
    subtotal_price: usd(sums.goodsMinor - sums.discountMinor),
    tags: '',
    tax_lines: sums.taxMinor > 0 ? [taxLine(sale, sums.taxMinor)] : [],
    taxes_included: false,
    test: false,
    total_discounts: usd(sums.discountMinor),
    total_line_items_price: usd(sums.goodsMinor),
    total_price: usd(sums.totalMinor),
    total_price_set: moneySet(sums.totalMinor),
    total_shipping_price_set: moneySet(sale.shippingMinor),
    total_tax: usd(sums.taxMinor),
    total_tip_received: '0.00',
    total_weight: 0,
    transactions: transactions(sale, state, sums.totalMinor),
    updated_at: state.updatedAt,
  }
}

/** What the buyer pays in all, in cents: what is authorised at the processor. */
export function shopifyTotalMinor(sale: Sale): number {
  return sumsOf(
    sale,
    sale.lines.map((line, n) => priced(sale, line, n)),
  ).totalMinor
}

export function shopifyId(sale: Sale): number {
  return 5_400_000_000_000 + sale.number
}

function priced(sale: Sale, line: SaleLine, n: number): PricedLine {
  const grossMinor = line.unitMinor * line.qty
  const discountMinor = Math.round((grossMinor * sale.discountPercent) / 100)
  const taxMinor = Math.round(((grossMinor - discountMinor) * sale.buyer.taxPpm) / 1_000_000)
  const id = 13_900_000_000_000 + sale.number * 10 + n
  return { ...line, id, grossMinor, discountMinor, taxMinor }
}

function sumsOf(sale: Sale, lines: readonly PricedLine[]) {
  const total = (of: (line: PricedLine) => number) => lines.reduce((all, l) => all + of(l), 0)
  const goodsMinor = total((line) => line.grossMinor)
  const discountMinor = total((line) => line.discountMinor)
  const taxMinor = total((line) => line.taxMinor)
  const totalMinor = goodsMinor - discountMinor + taxMinor + sale.shippingMinor
  return { goodsMinor, discountMinor, taxMinor, totalMinor }
}

function lineItem(sale: Sale, line: PricedLine): object {
  return {
    id: line.id,
    admin_graphql_api_id: `gid://shopify/LineItem/${line.id}`,
    current_quantity: line.qty,
    discount_allocations:
      line.discountMinor > 0
        ? [
            {
              amount: usd(line.discountMinor),
              amount_set: moneySet(line.discountMinor),
              discount_application_index: 0,
            },
          ]
        : [],
    fulfillable_quantity: line.qty,
    gift_card: false,
    name: line.title,
    price: usd(line.unitMinor),
    price_set: moneySet(line.unitMinor),
    product_id: 8_100_000_000_000 + (Number(line.listingId) % 1_000_000),
    quantity: line.qty,
    requires_shipping: true,
    sku: line.sku,
    tax_lines: line.taxMinor > 0 ? [taxLine(sale, line.taxMinor)] : [],
    taxable: true,
    title: line.title,
    total_discount: '0.00',
    variant_id: Number(line.listingId),
    vendor: 'Harbor & Pine',
  }
}

function taxLine({ buyer }: Sale, taxMinor: number): object {
  return {
    channel_liable: false,
    price: usd(taxMinor),
    price_set: moneySet(taxMinor),
    rate: buyer.taxPpm / 1_000_000,
    title: buyer.taxName,
  }
}

function shippingLines({ shippingMinor }: Sale): object[] {
  const free = shippingMinor === 0
  return [
    {
      id: 4_400_000_000_000,
      code: free ? 'Free' : 'Standard',
      title: free ? 'Free shipping' : 'Standard',
      price: usd(shippingMinor),
      price_set: moneySet(shippingMinor),
      discounted_price: usd(shippingMinor),
      discount_allocations: [],
      tax_lines: [],
    },
  ]
}

function transactions(sale: Sale, state: ShopifyState, totalMinor: number): object[] {
  if (state.reference === null) return []
  return [
    {
      id: 6_300_000_000_000 + sale.number,
      amount: usd(totalMinor),
      authorization: state.reference,
      currency: sale.currency,
      gateway: 'stripe',
      kind: state.payment === 'authorised' ? 'authorization' : 'sale',
      status: 'success',
    },
  ]
}

function financialStatus({ payment, cancelledAt }: ShopifyState): string {
  if (payment === 'pending') return 'pending'
  if (payment === 'captured') return 'paid'
  return cancelledAt ? 'voided' : 'authorized'
}

function welcomeCode({ discountPercent }: Sale): object {
  return {
    allocation_method: 'across',
    code: 'WELCOME10',
    target_selection: 'all',
    target_type: 'line_item',
    type: 'discount_code',
    value: `${discountPercent}.0`,
    value_type: 'percentage',
  }
}

function customer({ buyer }: Sale): object {
  const { externalId, email, first, last } = buyer
  return { id: Number(externalId), email, first_name: first, last_name: last, state: 'enabled' }
}

function address({ buyer }: Sale): object {
  return {
    first_name: buyer.first,
    last_name: buyer.last,
    name: `${buyer.first} ${buyer.last}`.trim(),
    company: buyer.company,
    address1: buyer.line1,
    address2: null,
    city: buyer.city,
    province_code: buyer.region || null,
    zip: buyer.postalCode,
    country_code: buyer.country,
    phone: buyer.phone,
  }
}

function moneySet(minor: number): object {
  const money = { amount: usd(minor), currency_code: 'USD' }
  return { shop_money: money, presentment_money: money }
}

function usd(minor: number): string {
  return formatMinor(BigInt(minor), 'USD')
}
