/** The two vocabularies of WooCommerce for the same order. Money is read alike in both. */
export interface Dialect {
  /** Whether `prices_include_tax` is told; the legacy API always states prices without tax. */
  tellsTaxBasis: boolean
  number: [string]
  created: [string, ...string[]]
  modified: [string, ...string[]]
  billing: string
  shipping: string
  note: string
}

/** REST API v1 to v3 and webhooks. Only `*_gmt` is an instant; the plain dates are local. */
export const REST: Dialect = {
  tellsTaxBasis: true,
  number: ['number'],
  created: ['date_created_gmt'],
  modified: ['date_modified_gmt'],
  billing: 'billing',
  shipping: 'shipping',
  note: 'customer_note',
}

/** The legacy API v1 to v3, wrapped in `order`. */
export const LEGACY: Dialect = {
  tellsTaxBasis: false,
  number: ['order_number'],
  created: ['created_at'],
  modified: ['updated_at'],
  billing: 'billing_address',
  shipping: 'shipping_address',
  note: 'note',
}
