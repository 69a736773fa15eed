import { SHOPIFY, WHOLESALE, WOOCOMMERCE } from './company.ts'

export interface KnownCustomer {
  channel: string
  externalId: string
  class: 'vip' | 'wholesale' | 'standard'
  segment: 'retail' | 'wholesale'
  termsDays: number
  blockedReason: string | null
  shipComplete: boolean
  person: { name: string; email: string }
}

const SHOPS = [
  'Blue Heron Gifts',
  'Copperfield & Daughters',
  'The Larder on Fifth',
  'Maple Row Interiors',
  'Saltbox Supply',
  'Juniper General Store',
  'Fernway Home',
  'Old Mill Mercantile',
  'Quince & Quill',
  'Lantern Street',
  'Harvest Moon Market',
  'Tidewater Trading Post',
]

const VIPS = [
  'Grace Abernathy',
  'Theo Castellano',
  'Imani Brooks',
  'Noah Feldstein',
  'Priya Raman',
  'Lucas Oyelaran',
  'Sofia Delgado',
  'Hannah Whitcombe',
]

const mail = (name: string) =>
  `${name
    .toLowerCase()
    .replace(/[^a-z]+/g, '.')
    .replace(/^\.|\.$/g, '')}@customers.example`

/** Shops buy on account, one of them is blocked; regular buyers of the web shops are served first. */
export const KNOWN_CUSTOMERS: readonly KnownCustomer[] = [
  ...SHOPS.map((name, n): KnownCustomer => ({
    channel: WHOLESALE,
    externalId: `W-${1001 + n}`,
    class: 'wholesale',
    segment: 'wholesale',
    termsDays: n % 3 === 0 ? 60 : 30,
    blockedReason: n === SHOPS.length - 1 ? 'two invoices are 45 days overdue' : null,
    shipComplete: n % 4 === 1,
    person: { name, email: mail(name) },
  })),
  ...VIPS.map((name, n): KnownCustomer => ({
    channel: n % 4 === 3 ? WOOCOMMERCE : SHOPIFY,
    externalId: n % 4 === 3 ? String(300 + n) : String(7_100_000_000_000 + n * 4099),
    class: 'vip',
    segment: 'retail',
    termsDays: 0,
    blockedReason: null,
    shipComplete: false,
    person: { name, email: mail(name) },
  })),
]
