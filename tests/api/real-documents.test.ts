import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import {
  eventually,
  post,
  runningApi,
  shopifyWebhook,
  woocommerceWebhook,
  type RunningApi,
} from './running-api.ts'
import type { Caller } from './support.ts'

const shared = join(import.meta.dirname, '../../../shared/data')
const tally = new Map<string, number>()

describe.skipIf(!existsSync(shared))('documents that nobody here wrote, over HTTP', () => {
  let api: RunningApi
  let connector: Caller
  beforeAll(async () => {
    api = await runningApi()
    connector = await api.as('connector')
    const { admin } = api.system
    await admin`
      INSERT INTO channel (code, name, kind, entity_id, currency, marketplace, secret_refs)
      SELECT code, code, kind, ${api.company.entityId}, 'USD', kind = 'amazon', secrets::text[]
      FROM (VALUES ('real-shop', 'shopify', '{SHOP_NEW}'), ('real-woo', 'woocommerce', '{WOO}'), ('real-amazon', 'amazon', '{}')) c (code, kind, secrets)`
    await admin`
      INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source)
      VALUES ('EUR', 'USD', '2000-01-01', 1080000000, 'test'), ('GBP', 'USD', '2000-01-01', 1270000000, 'test')`
  })
  afterAll(async () => {
    await api.close()
    console.table([...tally].sort().map(([outcome, documents]) => ({ outcome, documents })))
  })

  const shopify = [
    ...filesIn('shopify-webhooks', /^orders/),
    ...filesIn('shopify-rest-examples/2022_04/order'),
    ...filesIn('shopify-rest-examples/2025_07/order'),
    ...filesIn('shopify-python-fixtures', /^orders?(_risks?)?\.json/),
    ...filesIn('shopify-vcr-recordings'),
  ]
  test.each(shopify)('Shopify %s', async (file) => {
    const raw = readFileSync(join(shared, file), 'utf8')
    for (const [n, document] of apart(raw, 'orders').entries()) {
      const sent = await shopifyWebhook(api, document, { eventId: `${file}/${n}` }, 'real-shop')
      await expectKept(api, 'shopify', `${file}/${n}`, sent)
      const again = await shopifyWebhook(api, document, { eventId: `${file}/${n}` }, 'real-shop')
      expect(again.statusCode).toBe(sent.statusCode)
      await expectKept(api, 'shopify again', `${file}/${n}`, again)
    }
  })

  const woocommerce = [
    ...filesIn('woocommerce-docs-examples/v3', /^orders/),
    ...filesIn('woocommerce-docs-examples/wp-api-v3', /^orders/),
  ]
  test.each(woocommerce)('WooCommerce %s', async (file) => {
    const raw = readFileSync(join(shared, file), 'utf8')
    for (const [n, document] of apart(raw, 'orders').entries()) {
      const options = { eventId: `${file}/${n}` }
      const sent = await woocommerceWebhook(api, document, options, 'real-woo')
      await expectKept(api, 'woocommerce', `${file}/${n}`, sent)
    }
  })

  const amazon = [
    ...filesIn('amazon-spapi-examples/ordersV0'),
    ...filesIn('amazon-peddler-recordings/vcr', /^OrdersV0/),
    ...filesIn('amazon-spapi-examples/orders_2026-01-01'),
  ]
  test.each(amazon)('Amazon %s', async (file) => {
    const document = JSON.parse(readFileSync(join(shared, file), 'utf8')) as AmazonFile
    const listed = document.payload?.Orders
    const bodies = listed
      ? [
          { orders: document, items: {} },
          { orders: document, items: Object.fromEntries(listed.map(itemsOf)) },
        ]
      : file.includes('2026')
        ? [document]
        : [document, { order: document, items: itemsOf(document.payload ?? {})[1] }]
    for (const body of bodies) {
      const before = await inboxRows(api)
      const answer = await post(connector, '/v1/webhooks/amazon/real-amazon', body)
      const added = (await inboxRows(api)) - before
      if (answer.statusCode === 422) {
        expect(answer.json().errors.length).toBeGreaterThan(0)
        expect(added).toBeLessThanOrEqual(1)
        count('amazon refused')
        continue
      }
      expect(answer.statusCode, answer.body).toBe(202)
      const { items } = answer.json() as {
        items: { outcome: string; duplicate: boolean; problems?: { field: string }[] }[]
      }
      expect(added).toBe(items.filter((item) => !item.duplicate).length)
      for (const { outcome, problems } of items) {
        if (outcome === 'refused') expect(problems?.[0]?.field).toBeTruthy()
        count(`amazon ${outcome}`)
      }
    }
  })

  test('each accepted document has its order, each other one its reason; nothing is half there', async () => {
    const { admin, db } = api.system
    await eventually(
      () => admin`SELECT id FROM inbox WHERE outcome = 'received'`,
      (waiting) => waiting.length === 0,
    )
    const inbox = await admin<{ outcome: string; order: bigint | null; field: string | null }[]>`
      SELECT i.outcome, o.id AS order, i.problems->0->>'field' AS field FROM inbox i
      LEFT JOIN channel c ON c.code = i.document->>'channel'
      LEFT JOIN sales_order o ON o.channel_id = c.id AND o.external_id = i.document->>'externalId'`
    expect(inbox.length).toBeGreaterThan(50)
    for (const row of inbox) {
      if (row.outcome === 'refused') expect(row.field).toBeTruthy()
      else expect(row.order).not.toBeNull()
      count(`inbox ${row.outcome}`)
    }
    const empty = await admin`
      SELECT o.id FROM sales_order o WHERE NOT EXISTS (SELECT FROM sales_order_line l WHERE l.order_id = o.id)`
    expect([...empty]).toEqual([])
    const proofs = await allProofs()
    const broken = (await runProofs(db, proofs)).filter((result) => result.broken.length > 0)
    expect(broken.map(({ proof, broken: rows }) => [proof.name, rows])).toEqual([])
  })
})

/** The order area keeps its own list; it may be younger than this test. */
async function allProofs() {
  const path: string = '../../db/queries/order-proofs.ts'
  const others = (await import(/* @vite-ignore */ path).catch(() => ({}))) as Record<
    string,
    typeof ledgerProofs
  >
  return [
    ...ledgerProofs,
    ...Object.values(others)
      .filter((list) => Array.isArray(list))
      .flat(),
  ]
}

interface AmazonFile extends Record<string, unknown> {
  payload?: { Orders?: AmazonHeader[] } & AmazonHeader
}
interface AmazonHeader {
  AmazonOrderId?: string
  OrderTotal?: { CurrencyCode: string; Amount: string }
}

/** One item that costs what the order says; Amazon's examples come without items. */
function itemsOf({ AmazonOrderId = 'none', OrderTotal }: AmazonHeader): [string, object] {
  const ItemPrice = OrderTotal ?? { CurrencyCode: 'USD', Amount: '11.01' }
  const item = { OrderItemId: '1', SellerSKU: 'LAMP', QuantityOrdered: 1, ItemPrice }
  return [AmazonOrderId, { payload: { AmazonOrderId, OrderItems: [item] } }]
}

async function expectKept(
  { system: { admin } }: RunningApi,
  channel: string,
  eventId: string,
  answer: LightMyRequestResponse,
): Promise<void> {
  const rows = await admin`SELECT outcome FROM inbox WHERE event_id = ${eventId}`
  expect(rows).toHaveLength(1)
  expect(answer.statusCode, answer.body).toBe(202)
  const { outcome, problems } = answer.json() as {
    outcome: string
    problems?: { field: string }[]
  }
  if (outcome === 'refused' && problems) {
    expect(problems.length).toBeGreaterThan(0)
    for (const { field } of problems) expect(field).toBeTruthy()
    expect(rows[0]?.['outcome']).toBe('refused')
  }
  count(`${channel} ${outcome}`)
}

async function inboxRows({ system: { admin } }: RunningApi): Promise<number> {
  const [row] = await admin<{ n: number }[]>`SELECT count(*)::int AS n FROM inbox`
  return row!.n
}

/** A page as the webhooks that would have told its orders; text keeps ids beyond 2^53. */
function apart(raw: string, name: string): (string | object)[] {
  const parsed = JSON.parse(raw) as Record<string, unknown> | unknown[]
  const page = Array.isArray(parsed) ? parsed : parsed[name]
  return Array.isArray(page) ? (page as object[]) : [raw]
}

function count(outcome: string): void {
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1)
}

function filesIn(folder: string, name = /\.json$/): string[] {
  const path = join(shared, folder)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .filter((file) => name.test(file))
    .sort()
    .map((file) => join(folder, file))
}
