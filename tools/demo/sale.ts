import { buyerOf, placeOf, shopOf, type Buyer } from './buyers.ts'
import { demoCatalogue, type DemoItem, type DemoListing } from './catalogue.ts'
import { AMAZON, DENIED_PARTIES, SHOPIFY, WHOLESALE, WOOCOMMERCE } from './company.ts'
import { KNOWN_CUSTOMERS } from './customers.ts'
import { stockPlan } from './load-stock.ts'
import { seededRandom, type Random } from './random.ts'

/** What will keep the order waiting for somebody; `clean` is nothing. */
export type Trouble =
  | 'clean'
  | 'short-stock'
  | 'bad-address'
  | 'fraud'
  | 'unknown-sku'
  | 'compliance'
  | 'price-slip'
  | 'draft-item'
  | 'unpaid'

export interface SaleLine {
  listingId: string
  sku: string
  title: string
  qty: number
  /** One unit of the listing, in the channel's currency, as the shop shows it. */
  unitMinor: number
}

/** An order as a buyer means it, before a channel writes it down in its own way. */
export interface Sale {
  channel: string
  /** Unique and rising: the channels make their ids of it. */
  number: number
  placedAt: string
  currency: 'USD' | 'EUR'
  buyer: Buyer
  lines: SaleLine[]
  shippingMinor: number
  /** Share of the goods that a discount code takes off, in percent. */
  discountPercent: number
  payment: 'authorised' | 'captured' | 'pending'
  trouble: Trouble
}

/** What people see and say: the tenth of a second, in seven digits. */
export function shownNumber({ number }: Sale): number {
  return Math.floor(number / 100) % 10_000_000
}

const CHANNEL_MIX = [
  ...Array<string>(9).fill(SHOPIFY),
  ...Array<string>(5).fill(WOOCOMMERCE),
  ...Array<string>(4).fill(AMAZON),
  ...Array<string>(2).fill(WHOLESALE),
]

/** About one order in ten; the warehouse adds short picks and the bank declined captures. */
const TROUBLES: Record<string, Trouble[]> = {
  [SHOPIFY]: [
    'short-stock',
    'bad-address',
    'fraud',
    'unknown-sku',
    'compliance',
    'price-slip',
    'draft-item',
    'unpaid',
  ],
  [WOOCOMMERCE]: ['short-stock', 'bad-address', 'fraud', 'compliance', 'draft-item'],
  [AMAZON]: ['short-stock', 'unknown-sku', 'bad-address'],
  [WHOLESALE]: ['fraud', 'price-slip', 'unknown-sku'],
}
export const TROUBLE_SHARE = 0.095

/** Controlled goods come up only in orders that compliance should look at. */
const CONTROLLED = /^(DIFF|POWER|KNIFE|SPY)-/

interface Assortment {
  safe: DemoListing[]
  scarce: DemoListing[]
  drafts: DemoListing[]
  dear: DemoListing[]
  controlled: DemoListing[]
}

const catalogue = demoCatalogue()
const itemOf = new Map(catalogue.items.map((item) => [item.sku, item]))
const assortments = new Map(
  [SHOPIFY, WOOCOMMERCE, AMAZON, WHOLESALE].map((channel) => [channel, assortmentOf(channel)]),
)

/** The order that stands at this place of the stream: the same seed tells the same story. */
export function nextSale(seed: string, number: number, placedAt: string): Sale {
  const random = seededRandom(seed)
  const channel = random.pick(CHANNEL_MIX)
  const trouble = random.chance(TROUBLE_SHARE) ? random.pick(TROUBLES[channel]!) : 'clean'
  return saleOf(channel, trouble, { random, number, placedAt })
}

interface Moment {
  random: Random
  number: number
  placedAt: string
}

export function saleOf(channel: string, trouble: Trouble, moment: Moment): Sale {
  const { random, number, placedAt } = moment
  const goods = assortments.get(channel)!
  const sale: Sale = {
    channel,
    number,
    placedAt,
    currency: channel === WOOCOMMERCE ? 'EUR' : 'USD',
    buyer: buyerOf(channel, random),
    lines: basket(channel, goods.safe, random),
    shippingMinor: channel === WHOLESALE || random.chance(0.4) ? 0 : random.pick([495, 695, 995]),
    discountPercent: channel === SHOPIFY && random.chance(0.15) ? 10 : 0,
    payment: channel === SHOPIFY && random.chance(0.75) ? 'authorised' : 'captured',
    trouble,
  }
  return inTrouble(sale, goods, random)
}

function basket(channel: string, from: readonly DemoListing[], random: Random): SaleLine[] {
  const lines = new Map<string, SaleLine>()
  const wanted = channel === AMAZON ? random.pick([1, 1, 1, 2]) : random.whole(1, 3)
  while (lines.size < wanted) {
    const listing = random.popular(from)
    const most = channel === WHOLESALE ? 3 : 2
    lines.set(listing.externalId, lineOf(listing, random.whole(1, most)))
  }
  return [...lines.values()]
}

function lineOf(listing: DemoListing, qty: number): SaleLine {
  return {
    listingId: listing.externalId,
    sku: listing.packFactor === 1 ? listing.sku : `${listing.sku}-P${listing.packFactor}`,
    title: nameOf(listing),
    qty,
    unitMinor: listing.priceMinor,
  }
}

function nameOf(listing: DemoListing): string {
  const { name } = itemOf.get(listing.sku)!
  return listing.packFactor === 1 ? name : `${name} (pack of ${listing.packFactor})`
}

function inTrouble(sale: Sale, goods: Assortment, random: Random): Sale {
  switch (sale.trouble) {
    case 'short-stock':
      return { ...sale, lines: [lineOf(random.pick(goods.scarce), random.whole(9, 14))] }
    case 'bad-address':
      return { ...sale, buyer: { ...sale.buyer, ...random.pick(ADDRESS_SLIPS) } }
    case 'fraud':
      return suspicious(sale, goods, random)
    case 'unknown-sku':
      return { ...sale, lines: [...sale.lines, unlisted(sale, random)] }
    case 'compliance':
      return controlled(sale, goods, random)
    case 'price-slip': {
      const [first, ...rest] = sale.lines
      return {
        ...sale,
        lines: [{ ...first!, unitMinor: Math.round(first!.unitMinor / 10) }, ...rest],
      }
    }
    case 'draft-item':
      return { ...sale, lines: [lineOf(random.pick(goods.drafts), 1)] }
    case 'unpaid':
      return { ...sale, payment: 'pending' }
    case 'clean':
      return sale
  }
}

const ADDRESS_SLIPS: Partial<Buyer>[] = [
  { postalCode: '1O2 45' },
  { postalCode: '' },
  { line1: '' },
  { city: '', postalCode: '0' },
]

/** Much more than people buy; at wholesale, a customer who does not pay. */
function suspicious(sale: Sale, goods: Assortment, random: Random): Sale {
  if (sale.channel !== WHOLESALE)
    return { ...sale, lines: [lineOf(random.pick(goods.dear), random.whole(16, 22))] }
  const blocked = KNOWN_CUSTOMERS.find((customer) => customer.blockedReason !== null)!
  return { ...sale, buyer: shopOf(blocked, placeOf(WHOLESALE, random), random) }
}

function unlisted(sale: Sale, random: Random): SaleLine {
  const sku = `LIMITED-${random.whole(10, 99)}`
  const listingId = sale.channel === AMAZON ? `B0XX${sku.slice(-2)}LTD9` : `9${sale.number}`
  return { listingId, sku, title: 'Limited edition', qty: 1, unitMinor: 2495 }
}

function controlled(sale: Sale, goods: Assortment, random: Random): Sale {
  if (random.chance(0.4)) {
    const everywhere = DENIED_PARTIES.filter((party) => party.country === null)
    const [first, ...last] = random.pick(everywhere).name.split(' ')
    return { ...sale, buyer: { ...sale.buyer, first: first!, last: last.join(' ') } }
  }
  const knives = goods.controlled.filter((listing) => listing.sku.startsWith('KNIFE-'))
  return { ...sale, lines: [lineOf(random.pick(knives), 1)] }
}

function assortmentOf(channel: string): Assortment {
  const scarceSkus = new Set(
    stockPlan(catalogue.items)
      .filter((line) => line.qty < 10)
      .map((line) => line.sku),
  )
  const scarce = (item: DemoItem) =>
    scarceSkus.has(item.sku) || item.components.some((part) => scarceSkus.has(part.sku))
  const listings = catalogue.listings.filter((listing) => listing.channel === channel)
  const those = (wanted: (item: DemoItem) => boolean) =>
    shuffled(listings.filter((listing) => wanted(itemOf.get(listing.sku)!)))
  const free = (item: DemoItem) => item.status === 'active' && !CONTROLLED.test(item.sku)
  return {
    safe: those((item) => free(item) && !scarce(item)),
    scarce: those((item) => free(item) && item.kind === 'stock' && scarceSkus.has(item.sku)),
    drafts: those((item) => item.status === 'draft'),
    dear: those((item) => free(item) && !scarce(item) && item.listMinor >= 6900),
    controlled: those((item) => CONTROLLED.test(item.sku)),
  }
}

/** So that what is popular on a channel is not simply what stands first in the catalogue. */
function shuffled(listings: readonly DemoListing[]): DemoListing[] {
  const random = seededRandom(`popularity/${listings[0]?.channel ?? ''}`)
  return listings
    .map((listing) => ({ listing, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ listing }) => listing)
}
