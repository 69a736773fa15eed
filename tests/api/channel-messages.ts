/** One paid Shopify order of a lamp at 100.00 unless the test says otherwise. */
export function aShopifyOrder(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const id = (changes['id'] as number | undefined) ?? nextId()
  return {
    id,
    name: `#${id}`,
    currency: 'USD',
    created_at: '2026-01-31T10:00:00Z',
    updated_at: '2026-01-31T10:00:05Z',
    financial_status: 'paid',
    taxes_included: false,
    subtotal_price: '100.00',
    total_tax: '0.00',
    total_price: '100.00',
    payment_gateway_names: ['stripe'],
    line_items: [
      { id: 11, variant_id: 21, sku: 'LAMP', title: 'Lamp', quantity: 1, price: '100.00' },
    ],
    shipping_lines: [],
    shipping_address: {
      first_name: 'Ann',
      last_name: 'Lee',
      address1: '1 Main St',
      city: 'Newark',
      province_code: 'NJ',
      zip: '07102',
      country_code: 'US',
    },
    customer: { id: 7, first_name: 'Ann', last_name: 'Lee', email: 'ann@example.com' },
    ...changes,
  }
}

/** One paid WooCommerce order of a lamp at 100.00. */
export function aWoocommerceOrder(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const id = (changes['id'] as number | undefined) ?? nextId()
  const address = {
    first_name: 'Ann',
    last_name: 'Lee',
    address_1: '1 Main St',
    city: 'Newark',
    state: 'NJ',
    postcode: '07102',
    country: 'US',
  }
  return {
    id,
    number: `W-${id}`,
    status: 'processing',
    currency: 'USD',
    date_created_gmt: '2026-01-31T10:00:00',
    date_modified_gmt: '2026-01-31T10:00:05',
    date_paid_gmt: '2026-01-31T10:00:04',
    payment_method: 'stripe',
    transaction_id: `ch_${id}`,
    prices_include_tax: false,
    total: '100.00',
    total_tax: '0.00',
    customer_id: 0,
    billing: { ...address, email: 'ann@example.com' },
    shipping: address,
    line_items: [
      {
        id: 1,
        name: 'Lamp',
        product_id: 7,
        variation_id: 0,
        sku: 'LAMP',
        quantity: 1,
        subtotal: '100.00',
        subtotal_tax: '0.00',
        total: '100.00',
        total_tax: '0.00',
        taxes: [],
      },
    ],
    shipping_lines: [],
    tax_lines: [],
    coupon_lines: [],
    fee_lines: [],
    ...changes,
  }
}

const usd = (Amount: string) => ({ CurrencyCode: 'USD', Amount })

/** One unshipped Amazon order of a lamp at 100.00, and its items apart. */
export function anAmazonOrder(changes: Record<string, unknown> = {}) {
  const id = (changes['AmazonOrderId'] as string | undefined) ?? `902-${nextId()}-1`
  return {
    order: {
      AmazonOrderId: id,
      PurchaseDate: '2026-01-31T10:00:00Z',
      LastUpdateDate: '2026-01-31T11:00:00Z',
      OrderStatus: 'Unshipped',
      FulfillmentChannel: 'MFN',
      OrderTotal: usd('100.00'),
      ShippingAddress: {
        Name: 'Ann Lee',
        AddressLine1: '1 Main St',
        City: 'Newark',
        StateOrRegion: 'NJ',
        PostalCode: '07102',
        CountryCode: 'US',
      },
      ...changes,
    },
    items: {
      payload: {
        AmazonOrderId: id,
        OrderItems: [
          {
            OrderItemId: '77',
            ASIN: 'B0',
            SellerSKU: 'LAMP',
            Title: 'Lamp',
            QuantityOrdered: 1,
            ItemPrice: usd('100.00'),
            ItemTax: usd('0.00'),
          },
        ],
      },
    },
  }
}

let ids = 1_000_000 + (process.pid % 1000) * 1000
function nextId(): number {
  ids += 1
  return ids
}
