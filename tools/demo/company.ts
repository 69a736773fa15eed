/** The demonstration's company: Harbor & Pine sells things for the home in the US and in Europe. */

export const ENTITIES = [
  {
    code: 'HP-US',
    name: 'Harbor & Pine Inc.',
    functional_currency: 'USD',
    country: 'US',
    timezone: 'America/New_York',
    tax_ids: { ein: '00-0000000' },
  },
  {
    code: 'HP-DE',
    name: 'Harbor & Pine GmbH',
    functional_currency: 'EUR',
    country: 'DE',
    timezone: 'Europe/Berlin',
    tax_ids: { vat: 'DE000000000', oss: 'EU000000000' },
  },
] as const

export const SITES = [
  {
    code: 'NJ1',
    entity: 'HP-US',
    name: 'Newark, New Jersey',
    kind: 'own',
    country: 'US',
    region: 'NJ',
    postalCode: '07114',
    timezone: 'America/New_York',
    cutoffLocal: '16:00',
    dailyCapacity: 2500,
    status: 'active',
  },
  {
    code: 'CA1',
    entity: 'HP-US',
    name: 'Oakland, California',
    kind: 'own',
    country: 'US',
    region: 'CA',
    postalCode: '94621',
    timezone: 'America/Los_Angeles',
    cutoffLocal: '15:00',
    dailyCapacity: 1500,
    status: 'active',
  },
  {
    code: 'LEJ1',
    entity: 'HP-DE',
    name: 'Leipzig',
    kind: 'own',
    country: 'DE',
    region: 'SN',
    postalCode: '04158',
    timezone: 'Europe/Berlin',
    cutoffLocal: '14:30',
    dailyCapacity: 2000,
    status: 'active',
  },
] as const

export const SHOPIFY = 'shopify-us'
export const WOOCOMMERCE = 'woo-de'
export const AMAZON = 'amazon-us'
export const WHOLESALE = 'wholesale-us'
/** Takes the past orders of `npm run import`; it sells nothing itself. */
export const UCI = 'uci-wholesale'

const channel = { marketplace: false, status: 'active' as const }

export const CHANNELS = [
  {
    ...channel,
    code: SHOPIFY,
    name: 'harborandpine.example (Shopify)',
    kind: 'shopify',
    entity: 'HP-US',
    currency: 'USD',
    priority: 50,
  },
  {
    ...channel,
    code: WOOCOMMERCE,
    name: 'harborandpine.example/de (WooCommerce)',
    kind: 'woocommerce',
    entity: 'HP-DE',
    currency: 'EUR',
    priority: 50,
  },
  {
    ...channel,
    code: AMAZON,
    name: 'Amazon.com',
    kind: 'amazon',
    entity: 'HP-US',
    currency: 'USD',
    marketplace: true,
    priority: 80,
  },
  {
    ...channel,
    code: WHOLESALE,
    name: 'Wholesale and phone',
    kind: 'b2b',
    entity: 'HP-US',
    currency: 'USD',
    priority: 30,
  },
  {
    ...channel,
    code: UCI,
    name: 'Past orders of a UK gift wholesaler',
    kind: 'import',
    entity: 'HP-DE',
    currency: 'GBP',
    priority: 10,
  },
] as const

const zones = (from: string, zone: string, countries: string) =>
  countries.split(' ').map((to) => ({
    from_country: from,
    to_country: to,
    to_postal_prefix: '',
    zone,
  }))

export const SHIPPING_ZONES = [
  ...zones('US', 'domestic', 'US'),
  ...['995', '996', '997', '998', '999', '967', '968', '006', '007', '009'].map((prefix) => ({
    from_country: 'US',
    to_country: 'US',
    to_postal_prefix: prefix,
    zone: 'remote',
  })),
  ...zones('US', 'north', 'CA'),
  ...zones('US', 'south', 'MX'),
  ...zones('US', 'overseas', 'GB IE DE FR NL BE ES IT AT DK SE PL AU JP'),
  ...zones('DE', 'domestic', 'DE'),
  ...zones('DE', 'eu-near', 'AT NL BE LU FR DK PL CZ'),
  ...zones('DE', 'eu-far', 'ES IT PT IE SE FI GR HU'),
  ...zones('DE', 'third', 'GB CH NO'),
  ...zones('DE', 'overseas', 'US CA AU JP'),
]

type Rate = [string, string, string, string, number, number, number]
const service = ([carrier, name, from, zone, transit, base, perKg]: Rate) => ({
  carrier,
  service: name,
  from_country: from,
  to_zone: zone,
  transit_days: transit,
  base_minor: base,
  per_kg_minor: perKg,
  currency: from === 'US' ? 'USD' : 'EUR',
  status: 'active',
})

/** In cents of the sending entity: the first kilogram is in the base. */
const RATES: Rate[] = [
  ['USPS', 'GroundAdvantage', 'US', 'domestic', 4, 520, 60],
  ['USPS', 'Priority', 'US', 'domestic', 2, 840, 140],
  ['UPS', 'Ground', 'US', 'domestic', 4, 780, 45],
  ['UPS', 'NextDayAir', 'US', 'domestic', 1, 3100, 420],
  ['USPS', 'Priority', 'US', 'remote', 5, 1450, 320],
  ['USPS', 'PriorityMailInternational', 'US', 'north', 7, 2450, 520],
  ['UPS', 'Standard', 'US', 'north', 5, 2190, 340],
  ['UPS', 'Standard', 'US', 'south', 7, 2790, 410],
  ['USPS', 'PriorityMailInternational', 'US', 'overseas', 9, 3690, 910],
  ['UPS', 'Expedited', 'US', 'overseas', 5, 6200, 1200],
  ['DHL', 'Paket', 'DE', 'domestic', 2, 410, 35],
  ['DPD', 'Classic', 'DE', 'domestic', 2, 380, 45],
  ['DHL', 'Express', 'DE', 'domestic', 1, 1490, 120],
  ['DHL', 'PaketInternational', 'DE', 'eu-near', 3, 890, 95],
  ['DPD', 'Classic', 'DE', 'eu-near', 3, 830, 110],
  ['DHL', 'PaketInternational', 'DE', 'eu-far', 5, 1190, 150],
  ['DPD', 'Classic', 'DE', 'eu-far', 5, 1240, 140],
  ['DHL', 'PaketInternational', 'DE', 'third', 5, 1690, 240],
  ['DHL', 'PaketInternational', 'DE', 'overseas', 9, 2890, 690],
]
export const CARRIER_SERVICES = RATES.map(service)

/** Every name is invented; none stands on a real list. */
export const DENIED_PARTIES = [
  { list: 'DEMO-DENIED', name: 'Viktor Malenko', country: null },
  { list: 'DEMO-DENIED', name: 'Orsola Trading House', country: null },
  { list: 'DEMO-ENTITY', name: 'Zephyr Gate Logistics', country: 'US' },
  { list: 'DEMO-ENTITY', name: 'Casimir Dovhan', country: null },
  { list: 'DEMO-EU', name: 'Almira Castellane', country: 'DE' },
  { list: 'DEMO-EU', name: 'Nordhafen Export Kontor', country: null },
]

const rate = (jurisdiction: string, ppm: number, category = 'standard') => ({
  jurisdiction,
  tax_category: category,
  rate_ppm: ppm,
  valid_from: '2020-01-01',
  valid_to: null,
})

export const TAX_RATES = [
  ...Object.entries({ NJ: 66_250, NY: 88_750, CA: 87_500, TX: 82_500, FL: 70_000 }).map(
    ([state, ppm]) => rate(`US-${state}`, ppm),
  ),
  ...Object.entries({ WA: 92_000, IL: 88_000, MA: 62_500, PA: 60_000, CO: 77_200, OR: 0 }).map(
    ([state, ppm]) => rate(`US-${state}`, ppm),
  ),
  ...Object.entries({
    DE: 190_000,
    AT: 200_000,
    FR: 200_000,
    NL: 210_000,
    BE: 210_000,
    ES: 210_000,
    IT: 220_000,
    DK: 250_000,
    PL: 230_000,
  }).map(([country, ppm]) => rate(country, ppm)),
  rate('DE', 70_000, 'reduced'),
  rate('AT', 100_000, 'reduced'),
  rate('FR', 55_000, 'reduced'),
]

const reasons = (domain: string, labels: Record<string, string>) =>
  Object.entries(labels).map(([code, label]) => ({ domain, code, label }))

export const REASON_CODES = [
  ...reasons('cancellation', {
    'customer-changed-mind': 'Customer changed their mind',
    'out-of-stock': 'Cannot be supplied',
    fraud: 'Fraud suspected',
    duplicate: 'Ordered twice',
  }),
  ...reasons('short-pick', {
    'not-found': 'Not at its place',
    damaged: 'Damaged on the shelf',
    'wrong-item': 'Another item lies there',
  }),
  ...reasons('adjustment', {
    'count-difference': 'Difference found by a count',
    damage: 'Damaged in the warehouse',
    theft: 'Lost or stolen',
    'found-again': 'Found again',
  }),
  ...reasons('receipt', {
    'short-delivered': 'Supplier delivered less',
    'over-delivered': 'Supplier delivered more',
    'not-ordered': 'Nobody ordered this',
    'transit-damage': 'Damaged on the way',
  }),
  ...reasons('return', {
    'does-not-fit': 'Does not fit or suit',
    defective: 'Does not work',
    'not-as-described': 'Not as described',
    'arrived-late': 'Arrived too late',
  }),
  ...reasons('hold', { 'customer-request': 'Customer asked', 'manual-review': 'Needs a look' }),
]

export const SUPPLIERS = [
  {
    ...{
      entity: 'HP-US',
      code: 'MAPLE',
      name: 'Maple Ridge Pottery',
      country: 'US',
      currency: 'USD',
    },
    ...{ termsDays: 30, email: 'orders@mapleridge.example', taxId: 'US 77-1000001' },
    ...{ incoterm: 'FOB', sendBy: 'mail' as const },
  },
  {
    ...{
      entity: 'HP-US',
      code: 'SUNDA',
      name: 'Sunda Home Textiles',
      country: 'ID',
      currency: 'USD',
    },
    ...{
      termsDays: 45,
      email: 'export@sunda.example',
      taxId: 'ID 01.234.567.8',
      ediId: 'SUNDAHOME',
    },
    ...{ incoterm: 'FOB', sendBy: 'edi' as const },
  },
  {
    ...{
      entity: 'HP-DE',
      code: 'NORDLICHT',
      name: 'Nordlicht Leuchten',
      country: 'DE',
      currency: 'EUR',
    },
    ...{ termsDays: 14, email: 'auftrag@nordlicht.example', taxId: 'DE811111111' },
    ...{ incoterm: 'DAP', sendBy: 'mail' as const },
  },
] as const
