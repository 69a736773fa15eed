import { randomUUID } from 'node:crypto'
import type { OrderDocument, OrderLineDocument } from '#contracts/order-intake'
import type { Db, Tx } from '#db/client'
import { openStock } from '#db/stores/goods'
import type { PolicyKind } from '#domain/orders/policies'

export interface Company {
  entityId: number
  east: number
  west: number
  items: Map<string, number>
}

/** A small company: one entity in US dollars, two sites, three channels, four items with stock. */
export async function foundCompany(
  admin: Db,
  stock: Record<string, { east?: number; west?: number }> = {
    MUG: { east: 100 },
    LAMP: { east: 10, west: 10 },
    CHAIR: { west: 5 },
    TEA: {},
  },
): Promise<Company> {
  const [entity] = await admin<
    { id: number }[]
  >`INSERT INTO entity (code, name, functional_currency, country) VALUES ('ACME-US', 'Acme Inc', 'USD', 'US') RETURNING id`
  const entityId = entity!.id
  await admin`SELECT open_periods(${entityId}, ${new Date().getUTCFullYear()})`
  const sites = await admin<{ id: number; code: string }[]>`
    INSERT INTO site (entity_id, code, name, kind, country, region, postal_code, cutoff_local) VALUES (${entityId}, 'EAST', 'East', 'own', 'US', 'NJ', '07001', '23:59'), (${entityId}, 'WEST', 'West', 'own', 'US', 'CA', '94103', '23:59') RETURNING id, code`
  await admin`INSERT INTO shipping_zone (from_country, to_country, zone) VALUES ('US', 'US', 'domestic'), ('US', 'CA', 'north')`
  await admin`INSERT INTO carrier_service (carrier, service, from_country, to_zone, transit_days, base_minor, per_kg_minor, currency) VALUES ('UPS', 'Ground', 'US', 'domestic', 3, 500, 50, 'USD'), ('UPS', 'NextDay', 'US', 'domestic', 1, 2500, 300, 'USD')`
  await admin`INSERT INTO channel (code, name, kind, entity_id, currency, marketplace, priority) VALUES ('web', 'Web shop', 'shopify', ${entityId}, 'USD', false, 50), ('b2b', 'Wholesale', 'b2b', ${entityId}, 'USD', false, 20), ('market', 'Marketplace', 'amazon', ${entityId}, 'USD', true, 80)`
  const items = new Map<string, number>()
  for (const [sku, cost] of [
    ['MUG', 400],
    ['LAMP', 4000],
    ['CHAIR', 9000],
    ['TEA', 100],
  ] as const) {
    const [item] = await admin<{ id: number }[]>`
      INSERT INTO item (sku, name, status, weight_g, length_mm, width_mm, height_mm, hs_code, origin, list_price_minor, list_currency)
      VALUES (${sku}, ${sku.toLowerCase()}, 'active', 500, 100, 100, 100, '6912.00', 'CN', ${(cost * 5) / 2}, 'USD') RETURNING id`
    items.set(sku, item!.id)
  }
  const company = {
    entityId,
    east: sites.find((s) => s.code === 'EAST')!.id,
    west: sites.find((s) => s.code === 'WEST')!.id,
    items,
  }
  const lines = Object.entries(stock).flatMap(([sku, at]) => {
    const unit: Record<string, number> = { MUG: 400, LAMP: 4000, CHAIR: 9000, TEA: 100 }
    return [
      [company.east, at.east],
      [company.west, at.west],
    ].flatMap(([siteId, qty]) =>
      qty
        ? [
            {
              itemId: items.get(sku)!,
              siteId: siteId!,
              qty: BigInt(qty),
              valueMinor: BigInt(qty * unit[sku]!),
            },
          ]
        : [],
    )
  })
  await admin.begin((tx) =>
    openStock(tx as unknown as Tx, {
      openingId: 'test',
      entityId,
      functionalCurrency: 'USD',
      openedOn: `${new Date().getUTCFullYear()}-01-01`,
      actor: 'test',
      lines,
    }),
  )
  return company
}

let orders = 0

/** A paid web order of one lamp unless the test says otherwise; its total always foots. */
export function anOrder(
  changes: Partial<OrderDocument> & { line?: Partial<OrderLineDocument> } = {},
): OrderDocument {
  orders += 1
  const { line, ...rest } = changes
  const externalId = rest.externalId ?? `T${process.pid}-${orders}`
  const document: OrderDocument = {
    channel: 'web',
    externalId,
    externalVersion: '2026-01-01T00:00:00.000Z',
    orderNumber: `#${externalId}`,
    placedAt: new Date().toISOString(),
    currency: 'USD',
    pricesIncludeTax: false,
    customer: { externalId: 'C1', name: 'Ada Jones', email: 'ada@example.com', phone: null },
    shipTo: {
      name: 'Ada Jones',
      company: null,
      line1: '1 Main St',
      line2: null,
      city: 'Newark',
      region: 'NJ',
      postalCode: '07102',
      country: 'US',
    },
    billTo: null,
    lines: [aLine(line)],
    shipping: [],
    orderDiscounts: [],
    payment: {
      state: 'captured',
      provider: 'stripe',
      reference: `pi_${externalId}`,
      amountMinor: '0',
    },
    total: { currency: 'USD', minor: '0' },
    taxCollectedBy: 'seller',
    fulfilledBy: 'merchant',
    ...rest,
  }
  const total = totalOf(document)
  document.total = { currency: document.currency, minor: total.toString() }
  if (!rest.payment || rest.payment.amountMinor === 'all')
    document.payment = { ...document.payment, amountMinor: total.toString() }
  return document
}

/** A guest whom nobody has met: what is decided about one order must not teach the rules about the next test's. */
export function aStranger(): OrderDocument['customer'] {
  strangers += 1
  const email = `stranger-${process.pid}-${strangers}@example.com`
  return { externalId: null, name: 'Sam Stranger', email, phone: null }
}
let strangers = 0

export function aLine(changes: Partial<OrderLineDocument> = {}): OrderLineDocument {
  return {
    externalLineId: changes.sku ?? 'L1',
    externalListingId: null,
    sku: 'LAMP',
    title: 'Lamp',
    quantity: 1,
    unitPriceMinor: '10000',
    discounts: [],
    taxes: [],
    requiresShipping: true,
    giftCard: false,
    ...changes,
  }
}

function totalOf(order: OrderDocument): bigint {
  const minor = (texts: { amountMinor: string }[]) =>
    texts.reduce((all, { amountMinor }) => all + BigInt(amountMinor), 0n)
  const lines = order.lines.reduce(
    (all, l) =>
      all +
      BigInt(l.unitPriceMinor) * BigInt(l.quantity) -
      minor(l.discounts) +
      (order.pricesIncludeTax ? 0n : minor(l.taxes)),
    0n,
  )
  const shipping = order.shipping.reduce(
    (all, s) =>
      all +
      BigInt(s.amountMinor) -
      minor(s.discounts) +
      (order.pricesIncludeTax ? 0n : minor(s.taxes)),
    0n,
  )
  return lines + shipping - minor(order.orderDiscounts)
}

/** A policy from now on, for every channel unless one is named. */
export async function setPolicy(
  admin: Db,
  kind: PolicyKind,
  body: Record<string, unknown>,
  scope = '*',
): Promise<void> {
  await admin`
    INSERT INTO policy (kind, scope, version, owner, body)
    SELECT ${kind}, ${scope}, coalesce(max(version), 0) + 1, 'test', ${admin.json(body as never)} FROM policy WHERE kind = ${kind} AND scope = ${scope}`
}

/** Units that arrive at a site, at this cost each. */
export async function bringIn(
  admin: Db,
  company: Company,
  goods: { sku: string; site: 'east' | 'west'; qty: number; unitMinor: number },
): Promise<void> {
  await admin.begin((tx) =>
    openStock(tx as unknown as Tx, {
      openingId: `more-${randomUUID()}`,
      entityId: company.entityId,
      functionalCurrency: 'USD',
      openedOn: new Date().toISOString().slice(0, 10),
      actor: 'test',
      lines: [
        {
          itemId: company.items.get(goods.sku)!,
          siteId: company[goods.site],
          qty: BigInt(goods.qty),
          valueMinor: BigInt(goods.qty * goods.unitMinor),
        },
      ],
    }),
  )
}

/** The next version of a document, changed by the test; its total foots again. */
export function nextVersion(
  document: OrderDocument,
  change: Partial<OrderDocument>,
): OrderDocument {
  const version = new Date(Date.parse(document.externalVersion) + 60_000).toISOString()
  const next = { ...document, externalVersion: version, ...change }
  return { ...next, total: { currency: next.currency, minor: totalOf(next).toString() } }
}
