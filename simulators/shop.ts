import { createWorld, parseJson, serve } from './http-simulator.ts'
import type { Call, Reply, Route, Simulator, SimulatorOptions, World } from './http-simulator.ts'
import { shopStock, type ShopStock, type ShopStockOptions } from './shop-stock.ts'

export type ShopKind = 'shopify' | 'woocommerce'
type ShopOrder = Record<string, unknown>

export interface Webhook {
  url: string
  headers: Record<string, string>
  /** The very bytes that its signature was made over. */
  body: string
}

export interface ShopOptions extends SimulatorOptions, ShopStockOptions {
  /** Every so many webhooks one is lost on its way; none unless told. */
  dropEvery?: number
  /** Most orders on one page, whatever the caller asks for. */
  pageSize?: number
}

export interface ShopSimulator extends Simulator {
  /** The order as the shop now has it; a later version replaces the earlier one. */
  put(kind: ShopKind, order: ShopOrder): void
  stock: Omit<ShopStock, 'routes'>
}

interface Shop {
  world: World
  orders: Record<ShopKind, Map<string, ShopOrder>>
  pageSize: number
  dropEvery: number
  announced: number
  stock: ShopStock
}

/**
 * The order lists and the stock of Shopify and WooCommerce, and a shop that sends webhooks and loses some.
 * `POST /_orders {kind, order, webhook?}` puts an order into the shop and delivers its webhook;
 * a fault `decline` on `webhook` loses the next one.
 */
export async function startShopSimulator(options: ShopOptions): Promise<ShopSimulator> {
  const world = createWorld(options)
  const shop: Shop = {
    world,
    orders: { shopify: new Map(), woocommerce: new Map() },
    pageSize: options.pageSize ?? 250,
    dropEvery: options.dropEvery ?? 0,
    announced: 0,
    stock: shopStock(world, options),
  }
  const simulator = await serve(world, [...routes(shop), ...shop.stock.routes], options)
  return { ...simulator, put: (kind, order) => put(shop, kind, order), stock: shop.stock }
}

function routes(shop: Shop): Route[] {
  return [
    { method: 'POST', path: '/_orders', operation: '_orders', handle: (call) => take(shop, call) },
    {
      method: 'GET',
      path: '/admin/api/:version/orders.json',
      operation: 'shopify.orders',
      handle: (call) => listShopify(shop, call),
    },
    {
      method: 'GET',
      path: '/wp-json/wc/v3/orders',
      operation: 'woocommerce.orders',
      handle: (call) => listWoocommerce(shop, call),
    },
  ]
}

const CHANGED: Record<ShopKind, string> = {
  shopify: 'updated_at',
  woocommerce: 'date_modified_gmt',
}

/** Messages overtake one another; the shop itself knows which version is the later one. */
function put({ orders, stock }: Shop, kind: ShopKind, order: ShopOrder): void {
  const id = String(order['id'])
  const known = orders[kind].get(id)
  if (known && instantOf(known, CHANGED[kind]) > instantOf(order, CHANGED[kind])) return
  if (!known) stock.sell(kind, order)
  orders[kind].set(id, order)
}

function instantOf(order: ShopOrder, field: string): number {
  const text = String(order[field])
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`)
}

/** Answers before the webhook is delivered: a shop does not wait for those who listen. */
function take(shop: Shop, { rawBody }: Call): Reply {
  const wanted = parseJson(rawBody) as {
    kind?: ShopKind
    order?: ShopOrder
    webhook?: Webhook
  } | null
  if (!wanted?.kind || !(wanted.kind in shop.orders) || !wanted.order)
    return { status: 400, json: { error: 'send kind, order and, where it is told, webhook' } }
  put(shop, wanted.kind, wanted.order)
  if (!wanted.webhook) return { status: 200, json: { webhook: 'none' } }
  const lost = isLost(shop)
  if (!lost) void deliver(shop, wanted.webhook)
  else shop.world.journal.add({ kind: 'webhook', operation: 'webhook', fault: 'lost' })
  return { status: 200, json: { webhook: lost ? 'lost' : 'sent' } }
}

function isLost(shop: Shop): boolean {
  shop.announced += 1
  if (shop.world.faults.take(['decline'], 'webhook')) return true
  return shop.dropEvery > 0 && shop.announced % shop.dropEvery === 0
}

const ATTEMPTS = 8

/** Again on any answer but 2xx, a little later each time. */
async function deliver({ world }: Shop, { url, headers, body }: Webhook): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const status = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(30_000),
    }).then(
      (answer) => answer.status,
      () => 0,
    )
    world.journal.add({ kind: 'webhook', operation: 'webhook', status })
    if (status >= 200 && status < 300) return
    await new Promise((resume) => setTimeout(resume, 500 * attempt).unref())
  }
}

function listShopify(shop: Shop, { query, headers, decline }: Call): Reply {
  if (!headers['x-shopify-access-token'])
    return { status: 401, json: { errors: '[API] Invalid API key or access token' } }
  if (decline) return slowDown({ errors: 'Exceeded 2 calls per second for api client.' })
  const mark = query.get('page_info')
  const { since, from } = mark ? readMark(mark) : { since: query.get('updated_at_min'), from: 0 }
  const size = Math.min(Number(query.get('limit') ?? 50), shop.pageSize)
  const changed = sorted(shop.orders.shopify, 'updated_at').filter(
    ({ at }) => since === null || at >= Date.parse(since),
  )
  const orders = changed.slice(from, from + size).map(({ order }) => order)
  const left = changed.length > from + size
  const next = `${Buffer.from(JSON.stringify({ since, from: from + size })).toString('base64url')}`
  const link = `<https://shop.example/orders.json?limit=${size}&page_info=${next}>; rel="next"`
  return { status: 200, json: { orders }, ...(left ? { headers: { link } } : {}) }
}

function readMark(mark: string): { since: string | null; from: number } {
  return JSON.parse(Buffer.from(mark, 'base64url').toString()) as {
    since: string | null
    from: number
  }
}

function listWoocommerce(shop: Shop, { query, headers, decline }: Call): Reply {
  if (!headers.authorization?.startsWith('Basic '))
    return { status: 401, json: { code: 'woocommerce_rest_cannot_view' } }
  if (decline) return slowDown({ code: 'too_many_requests' })
  const size = Math.min(Number(query.get('per_page') ?? 10), shop.pageSize)
  const from = (Number(query.get('page') ?? 1) - 1) * size
  const after = query.get('modified_after')
  const changed = sorted(shop.orders.woocommerce, 'date_modified_gmt').filter(
    ({ at }) => after === null || at > Date.parse(`${after}Z`),
  )
  return {
    status: 200,
    json: changed.slice(from, from + size).map(({ order }) => order),
    headers: {
      'x-wp-total': `${changed.length}`,
      'x-wp-totalpages': `${Math.ceil(changed.length / size)}`,
    },
  }
}

function slowDown(json: object): Reply {
  return { status: 429, json, headers: { 'retry-after': '1.0' } }
}

function sorted(orders: Map<string, ShopOrder>, field: string): { order: ShopOrder; at: number }[] {
  return [...orders.values()]
    .map((order) => ({ order, at: instantOf(order, field) }))
    .sort((a, b) => a.at - b.at)
}
