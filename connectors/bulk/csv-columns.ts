/**
 * The columns of a bulk order file. Amounts are decimals in the order's currency (`10.99`),
 * instants carry a zone. Columns of the order need be filled in only on its first row.
 *
 * Order: order_id*, order_number, version, channel, placed_at*, currency*, prices_include_tax,
 * customer_id, customer_name, email, phone, customer_class, ship_name, ship_company, ship_line1,
 * ship_line2, ship_city, ship_region, ship_postal_code, ship_country, shipping, shipping_title,
 * shipping_tax, order_discount, order_discount_code, total*, payment_state, payment_provider,
 * payment_reference, paid_amount, requested_service, ship_by, note.
 *
 * Line: line_id, sku, listing_id, title, quantity*, unit_price*, discount, discount_code, tax,
 * tax_name, tax_rate (percent), requires_shipping, gift_card.
 */
export const ORDER_COLUMNS = [
  'order_id',
  'order_number',
  'version',
  'channel',
  'placed_at',
  'currency',
  'prices_include_tax',
  'customer_id',
  'customer_name',
  'email',
  'phone',
  'customer_class',
  'ship_name',
  'ship_company',
  'ship_line1',
  'ship_line2',
  'ship_city',
  'ship_region',
  'ship_postal_code',
  'ship_country',
  'shipping',
  'shipping_title',
  'shipping_tax',
  'order_discount',
  'order_discount_code',
  'total',
  'payment_state',
  'payment_provider',
  'payment_reference',
  'paid_amount',
  'requested_service',
  'ship_by',
  'note',
] as const

export const LINE_COLUMNS = [
  'line_id',
  'sku',
  'listing_id',
  'title',
  'quantity',
  'unit_price',
  'discount',
  'discount_code',
  'tax',
  'tax_name',
  'tax_rate',
  'requires_shipping',
  'gift_card',
] as const

export const CSV_COLUMNS = [...ORDER_COLUMNS, ...LINE_COLUMNS] as const

export type CsvColumn = (typeof CSV_COLUMNS)[number]

/** The total is required because it is what tells that a row got lost. */
export const REQUIRED_COLUMNS: readonly CsvColumn[] = [
  'order_id',
  'placed_at',
  'currency',
  'total',
  'quantity',
  'unit_price',
]

/** `Order ID`, `order-id` and `OrderId` are `order_id`; null for a column that is not ours. */
export function columnOf(header: string): CsvColumn | null {
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')
  return CSV_COLUMNS.find((column) => plain(column) === plain(header)) ?? null
}
