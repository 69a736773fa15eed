import { AMAZON, SHOPIFY, WHOLESALE, WOOCOMMERCE } from './company.ts'
import { FAMILIES, type Family } from './families.ts'
import { seededRandom, type Random } from './random.ts'

export interface DemoItem {
  sku: string
  name: string
  kind: 'stock' | 'kit'
  status: 'active' | 'draft'
  class: string
  brand: string
  lengthMm: number | null
  widthMm: number | null
  heightMm: number | null
  weightG: number | null
  shipAlone: boolean
  hazmatClass: string | null
  restrictedCountries: readonly string[]
  minimumAge: number | null
  hsCode: string | null
  origin: string | null
  taxCategory: string
  costMethod: 'fifo' | 'moving-average'
  /** US cents. */
  listMinor: number
  costMinor: number
  components: { sku: string; qty: number }[]
}

export interface DemoListing {
  channel: string
  externalId: string
  sku: string
  packFactor: number
  buffer: number
  /** What the channel asks for one unit of the listing, in the channel's currency's cents. */
  priceMinor: number
}

export interface Catalogue {
  items: DemoItem[]
  listings: DemoListing[]
  substitutes: { sku: string; substitute: string; rank: number; ratio: number }[]
}

const KITS: [string, string, [string, number][]][] = [
  [
    'KIT-BREAKFAST',
    'Breakfast for two',
    [
      ['MUG-SND', 2],
      ['BOWL-SND', 2],
      ['TEA-EBF', 1],
    ],
  ],
  [
    'KIT-COFFEE',
    'Coffee corner',
    [
      ['PRESS-STL', 1],
      ['COFFEE-HSE', 2],
      ['MUG-INK', 2],
    ],
  ],
  [
    'KIT-BATH',
    'Bath set',
    [
      ['TOWEL-FOG', 2],
      ['SOAP-LAV', 3],
    ],
  ],
  [
    'KIT-DESK',
    'Desk set',
    [
      ['LAMP-BLK', 1],
      ['NOTE-FOG', 2],
    ],
  ],
  [
    'KIT-CABIN',
    'Cabin evening',
    [
      ['BLANKET-INK', 1],
      ['CANDLE-PNE', 2],
      ['TEA-CHM', 1],
    ],
  ],
  [
    'KIT-KITCHEN',
    'First kitchen',
    [
      ['BOARD-OAK', 1],
      ['PAN-CST', 1],
      ['APRON-SND', 1],
    ],
  ],
  [
    'KIT-TABLE',
    'Table for four',
    [
      ['PLATE-SND', 4],
      ['BOWL-SND', 4],
      ['GLASS-CLR', 4],
    ],
  ],
  [
    'KIT-GARDEN',
    'Balcony garden',
    [
      ['PLANTER-TER', 3],
      ['SEEDS-HRB', 2],
    ],
  ],
  [
    'KIT-PICNIC',
    'Picnic',
    [
      ['BASKET-NAT', 1],
      ['BOTTLE-STL', 2],
      ['BLANKET-MOS', 1],
    ],
  ],
]

/** Written down on the way from the supplier: their facts are not all known yet. */
const DRAFTS: [string, string, Partial<DemoItem>][] = [
  ['STOOL-ASH', 'Stool, ash', { weightG: 4200, origin: 'PL' }],
  ['STOOL-OAK', 'Stool, oak', { weightG: 4600 }],
  ['CLOCK-BRS', 'Wall clock, brass', { hsCode: '9105.21', origin: 'CN' }],
  ['CLOCK-BLK', 'Wall clock, black', { hsCode: '9105.21' }],
  ['RUG-JUTE', 'Rug, jute 120 × 180 cm', { weightG: 3100, hsCode: '5702.91' }],
  ['HAMMOCK-NAT', 'Hammock, natural', {}],
]

/** The same two hundred items on every machine, with what each channel sells of them. */
export function demoCatalogue(): Catalogue {
  const random = seededRandom('catalogue')
  const stock = FAMILIES.flatMap((family) => familyItems(family, random))
  const bySku = new Map(stock.map((item) => [item.sku, item]))
  const kits = KITS.map(([sku, name, parts]) => kit(sku, name, parts, bySku))
  const drafts = DRAFTS.map(([sku, name, facts]) => draft(sku, name, facts, random))
  const items = [...stock, ...kits, ...drafts]
  return { items, listings: listingsOf(items, random), substitutes: substitutesOf(stock) }
}

function familyItems(family: Family, random: Random): DemoItem[] {
  const [length, width, height] = family.sizeMm
  return family.variants.map(([suffix, look], n) => {
    const costMinor = Math.round(family.costMinor * (0.94 + random.next() * 0.14))
    return {
      sku: `${family.code}-${suffix}`,
      name: `${family.name}, ${look}`,
      kind: 'stock',
      status: 'active',
      class: family.class,
      brand: 'Harbor & Pine',
      lengthMm: length,
      widthMm: width,
      heightMm: height,
      weightG: family.weightG,
      shipAlone: family.shipAlone ?? false,
      hazmatClass: family.hazmatClass ?? null,
      restrictedCountries: family.restrictedCountries ?? [],
      minimumAge: family.minimumAge ?? null,
      hsCode: family.hsCode,
      origin: family.origin,
      taxCategory: family.taxCategory ?? 'standard',
      costMethod: n === 0 ? 'moving-average' : 'fifo',
      listMinor: priceFor(family.costMinor),
      costMinor,
      components: [],
    }
  })
}

/** About two and a half times the cost, ending as shops end their prices. */
function priceFor(costMinor: number): number {
  return Math.max(2, Math.round((costMinor * 2.5) / 100)) * 100 - 5
}

function kit(
  sku: string,
  name: string,
  parts: [string, number][],
  bySku: ReadonlyMap<string, DemoItem>,
): DemoItem {
  const components = parts.map(([part, qty]) => ({ sku: part, qty }))
  const worth = components.reduce((all, part) => {
    const item = bySku.get(part.sku)
    if (!item) throw new Error(`${sku} names ${part.sku}, which is no item`)
    return all + item.listMinor * part.qty
  }, 0)
  return {
    ...draft(sku, name, {}, undefined),
    kind: 'kit',
    status: 'active',
    class: 'set',
    listMinor: Math.round((worth * 0.88) / 100) * 100 - 5,
    components,
  }
}

function draft(
  sku: string,
  name: string,
  facts: Partial<DemoItem>,
  random: Random | undefined,
): DemoItem {
  const costMinor = (random?.whole(20, 60) ?? 0) * 100
  return {
    sku,
    name,
    kind: 'stock',
    status: 'draft',
    class: 'furniture',
    brand: 'Harbor & Pine',
    lengthMm: null,
    widthMm: null,
    heightMm: null,
    weightG: null,
    shipAlone: false,
    hazmatClass: null,
    restrictedCountries: [],
    minimumAge: null,
    hsCode: null,
    origin: null,
    taxCategory: 'standard',
    costMethod: 'fifo',
    listMinor: priceFor(costMinor),
    costMinor,
    components: [],
    ...facts,
  }
}

/** Another look of the same thing may stand in for it; a double-size one counts for two. */
function substitutesOf(stock: readonly DemoItem[]): Catalogue['substitutes'] {
  return FAMILIES.flatMap((family) => {
    const skus = stock.map((item) => item.sku).filter((sku) => sku.startsWith(`${family.code}-`))
    return skus
      .slice(1)
      .flatMap((sku, n) => [
        { sku, substitute: skus[0]!, rank: 1, ratio: 1 },
        ...(n === 0 ? [{ sku: skus[0]!, substitute: sku, rank: 1, ratio: 1 }] : []),
      ])
  })
}

const EURO_PER_DOLLAR = 0.92
const GERMAN_VAT = 1.19
const WHOLESALE_SHARE = 0.62

function listingsOf(items: readonly DemoItem[], random: Random): DemoListing[] {
  return items.flatMap((item, n): DemoListing[] => {
    const base = { sku: item.sku, packFactor: 1, buffer: 0 }
    const euro = Math.round((item.listMinor * EURO_PER_DOLLAR * GERMAN_VAT) / 100) * 100 - 5
    const shopify: DemoListing = {
      ...base,
      channel: SHOPIFY,
      externalId: String(44_000_000_000_000 + n * 32_768 + 17),
      buffer: n % 10 === 3 ? 2 : 0,
      priceMinor: item.listMinor,
    }
    const woo: DemoListing = {
      ...base,
      channel: WOOCOMMERCE,
      externalId: String(2_000 + n),
      priceMinor: euro,
    }
    if (item.kind === 'kit' || item.status === 'draft') return [shopify, woo]
    const pack = n % 12 === 5 ? 2 : 1
    const amazon: DemoListing = {
      ...base,
      channel: AMAZON,
      externalId: asin(random),
      packFactor: pack,
      buffer: 3,
      priceMinor: item.listMinor * pack,
    }
    const dozen: DemoListing = {
      ...base,
      channel: WHOLESALE,
      externalId: `${item.sku}-C12`,
      packFactor: 12,
      priceMinor: Math.round(item.listMinor * WHOLESALE_SHARE) * 12,
    }
    return [shopify, woo, ...(n % 3 === 2 ? [] : [amazon]), dozen]
  })
}

function asin(random: Random): string {
  const letters = 'BCDFGHJKLMNPQRSTVWXYZ0123456789'
  return `B0${Array.from({ length: 8 }, () => random.pick([...letters])).join('')}`
}
