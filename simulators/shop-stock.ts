import { parseJson } from './http-simulator.ts'
import type { Call, Reply, Route, World } from './http-simulator.ts'

type Kind = 'shopify' | 'woocommerce'

interface Kept {
  quantity: number
  /** Of a WooCommerce variation. */
  parent: string | null
}

/** What a shop has for sale, by its own ids: variants of Shopify, products and variations of WooCommerce. */
export interface ShopStock {
  put(kind: Kind, id: string, quantity: number, parent?: string): void
  quantity(kind: Kind, id: string): number | undefined
  /** An order is taken: the shop itself lowers what it has of what it knows. */
  sell(kind: Kind, order: Record<string, unknown>): void
  routes: Route[]
}

export interface ShopStockOptions {
  /** Everything that is asked for exists, with nothing of it; for a demonstration. */
  sellsAnything?: boolean
  /** Shopify's bucket of query cost: what it holds, and what comes back in a second. */
  bucket?: { maximumAvailable: number; restoreRate: number }
}

const ITEM = 'gid://shopify/InventoryItem/'
const SET_COST = 10

/**
 * Stock as Shopify's Admin GraphQL API (version 2026-04: variants' inventory levels and
 * `inventorySetQuantities`) and WooCommerce's REST API v3 speak about it. A fault `decline` makes
 * the next call be throttled.
 */
export function shopStock(world: World, options: ShopStockOptions): ShopStock {
  const kept: Record<Kind, Map<string, Kept>> = { shopify: new Map(), woocommerce: new Map() }
  const find = (kind: Kind, id: string): Kept | undefined => {
    if (!kept[kind].has(id) && options.sellsAnything)
      kept[kind].set(id, { quantity: 0, parent: null })
    return kept[kind].get(id)
  }
  const set = (kind: Kind, id: string, quantity: number): void => {
    kept[kind].get(id)!.quantity = quantity
    world.journal.add({
      kind: 'effect',
      operation: `${kind}.stock.set`,
      reference: id,
      amount: quantity,
    })
  }
  const shop: Shop = { world, find, set, spend: bucketOf(world, options), answers: new Map() }
  return {
    put: (kind, id, quantity, parent) =>
      void kept[kind].set(id, { quantity, parent: parent ?? null }),
    quantity: (kind, id) => kept[kind].get(id)?.quantity,
    sell: (kind, order) => {
      for (const { id, quantity } of soldIn(kind, order)) {
        const known = kept[kind].get(id)
        if (known) known.quantity -= quantity
      }
    },
    routes: routesOf(shop, (kind, id, quantity) => kept[kind].set(id, { quantity, parent: null })),
  }
}

interface Shop {
  world: World
  find(kind: Kind, id: string): Kept | undefined
  set(kind: Kind, id: string, quantity: number): void
  spend(cost: number): { throttled: boolean; extensions: object }
  /** Answers by idempotency key. */
  answers: Map<string, unknown>
}

function soldIn(kind: Kind, order: Record<string, unknown>): { id: string; quantity: number }[] {
  const lines = (order['line_items'] ?? []) as Record<string, unknown>[]
  return lines.map((line) => ({
    id: String(
      kind === 'shopify' ? line['variant_id'] : line['variation_id'] || line['product_id'],
    ),
    quantity: Number(line['quantity'] ?? 0),
  }))
}

function bucketOf(world: World, { bucket }: ShopStockOptions): Shop['spend'] {
  const { maximumAvailable, restoreRate } = bucket ?? { maximumAvailable: 2000, restoreRate: 100 }
  let available = maximumAvailable
  let at = world.now()
  return (cost) => {
    const now = world.now()
    available = Math.min(maximumAvailable, available + ((now - at) / 1000) * restoreRate)
    at = now
    const throttled = cost > available
    if (!throttled) available -= cost
    const throttleStatus = {
      maximumAvailable,
      currentlyAvailable: Math.floor(available),
      restoreRate,
    }
    return { throttled, extensions: { cost: { requestedQueryCost: cost, throttleStatus } } }
  }
}

function routesOf(shop: Shop, put: (kind: Kind, id: string, quantity: number) => void): Route[] {
  return [
    {
      method: 'POST',
      path: '/_stock',
      operation: '_stock',
      handle({ rawBody }) {
        const { kind, id, quantity } = parseJson(rawBody) as {
          kind: Kind
          id: string
          quantity: number
        }
        put(kind, id, quantity)
        return { status: 200, json: { kind, id, quantity } }
      },
    },
    {
      method: 'POST',
      path: '/admin/api/:version/graphql.json',
      operation: 'shopify.graphql',
      handle: (call) => graphql(shop, call),
    },
    {
      method: 'GET',
      path: '/wp-json/wc/v3/products',
      operation: 'woocommerce.products',
      handle: (call) => listProducts(shop, call, null),
    },
    {
      method: 'GET',
      path: '/wp-json/wc/v3/products/:id',
      operation: 'woocommerce.product',
      handle: (call) => oneProduct(shop, call),
    },
    {
      method: 'POST',
      path: '/wp-json/wc/v3/products/batch',
      operation: 'woocommerce.batch',
      handle: (call) => batch(shop, call, null),
    },
    {
      method: 'GET',
      path: '/wp-json/wc/v3/products/:parent/variations',
      operation: 'woocommerce.variations',
      handle: (call) => listProducts(shop, call, call.params['parent']!),
    },
    {
      method: 'POST',
      path: '/wp-json/wc/v3/products/:parent/variations/batch',
      operation: 'woocommerce.batch',
      handle: (call) => batch(shop, call, call.params['parent']!),
    },
  ]
}

interface Quantity {
  inventoryItemId: string
  quantity: number
  changeFromQuantity: number | null
}

function graphql(shop: Shop, { headers, rawBody, decline }: Call): Reply {
  if (!headers['x-shopify-access-token'])
    return { status: 401, json: { errors: '[API] Invalid API key or access token' } }
  const { query, variables } = parseJson(rawBody) as {
    query: string
    variables: { ids?: string[]; key?: string; input?: { quantities: Quantity[] } }
  }
  const cost = variables.input ? SET_COST : 1 + (variables.ids?.length ?? 0)
  const { throttled, extensions } = shop.spend(cost)
  if (throttled || decline) {
    const errors = [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }]
    return { status: 200, json: { errors, extensions } }
  }
  if (!variables.input)
    return {
      status: 200,
      json: { data: { nodes: variants(shop, variables.ids ?? []) }, extensions },
    }
  if (!query.includes('@idempotent') || !variables.key)
    return {
      status: 200,
      json: { errors: [{ message: 'The @idempotent directive is required' }], extensions },
    }
  const data = shop.answers.get(variables.key) ?? setQuantities(shop, variables.input.quantities)
  shop.answers.set(variables.key, data)
  return { status: 200, json: { data, extensions } }
}

function variants({ find }: Shop, ids: string[]): unknown[] {
  return ids.map((gid) => {
    const id = gid.split('/').at(-1)!
    const kept = find('shopify', id)
    if (!kept) return null
    const quantities = [{ name: 'available', quantity: kept.quantity }]
    return {
      id: gid,
      inventoryItem: { id: `${ITEM}${id}`, tracked: true, inventoryLevel: { quantities } },
    }
  })
}

/** All of them or none, as the whole mutation is one change of Shopify's. */
function setQuantities({ find, set, world }: Shop, quantities: Quantity[]): unknown {
  const userErrors = quantities.flatMap(({ inventoryItemId, changeFromQuantity }, n) => {
    const kept = find('shopify', inventoryItemId.slice(ITEM.length))
    const field = ['input', 'quantities', `${n}`]
    if (!kept) return [{ code: 'INVALID_INVENTORY_ITEM', field, message: 'The item was not found' }]
    if (changeFromQuantity === null || changeFromQuantity === kept.quantity) return []
    const message = 'The changeFromQuantity no longer matches the persisted quantity.'
    return [
      { code: 'CHANGE_FROM_QUANTITY_STALE', field: [...field, 'changeFromQuantity'], message },
    ]
  })
  if (userErrors.length === 0)
    for (const { inventoryItemId, quantity } of quantities)
      set('shopify', inventoryItemId.slice(ITEM.length), quantity)
  const group = { id: world.nextId('gid://shopify/InventoryAdjustmentGroup/') }
  return {
    inventorySetQuantities: {
      inventoryAdjustmentGroup: userErrors.length === 0 ? group : null,
      userErrors,
    },
  }
}

function refusal({ headers, decline }: Call): Reply | null {
  if (!headers.authorization?.startsWith('Basic '))
    return { status: 401, json: { code: 'woocommerce_rest_cannot_view' } }
  if (!decline) return null
  return { status: 429, json: { code: 'too_many_requests' }, headers: { 'retry-after': '1' } }
}

function productOf(id: string, { quantity, parent }: Kept): object {
  const place =
    parent === null
      ? { type: 'simple', parent_id: 0 }
      : { type: 'variation', parent_id: Number(parent) }
  return { id: Number(id), ...place, manage_stock: true, stock_quantity: quantity }
}

/** The list of products has no variations in it; they stand below their product. */
function listProducts({ find }: Shop, call: Call, parent: string | null): Reply {
  const wanted = (call.query.get('include') ?? '').split(',')
  const there = wanted.flatMap((id) => {
    const kept = find('woocommerce', id)
    return kept && kept.parent === parent ? [productOf(id, kept)] : []
  })
  return refusal(call) ?? { status: 200, json: there }
}

function oneProduct({ find }: Shop, call: Call): Reply {
  const id = call.params['id']!
  const kept = find('woocommerce', id)
  const absent = { code: 'woocommerce_rest_product_invalid_id', message: 'Invalid ID.' }
  return (
    refusal(call) ??
    (kept ? { status: 200, json: productOf(id, kept) } : { status: 404, json: absent })
  )
}

function batch({ find, set }: Shop, call: Call, parent: string | null): Reply {
  const refused = refusal(call)
  if (refused) return refused
  const { update } = parseJson(call.rawBody) as { update: { id: number; stock_quantity: number }[] }
  const answers = update.map(({ id, stock_quantity }) => {
    const kept = find('woocommerce', `${id}`)
    if (!kept || kept.parent !== parent)
      return { id, error: { code: 'woocommerce_rest_product_invalid_id', message: 'Invalid ID.' } }
    set('woocommerce', `${id}`, stock_quantity)
    return productOf(`${id}`, kept)
  })
  return { status: 200, json: { update: answers } }
}
