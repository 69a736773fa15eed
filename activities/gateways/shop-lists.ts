import { z } from 'zod'
import { changedAt } from '#connectors/channel-document'
import { exchange } from './exchange.ts'
import { readAs } from './json-client.ts'
import { GatewayHiccup } from './outcome.ts'
import { getJson, type ShopAccess, type ShopAsk, type ShopLister, type ShopPage } from './shop.ts'

/** A hundred orders of a thousand lines still fit into one answer. */
const PAGE_SIZE = 100
const SHOPIFY_VERSION = '2025-07'

const shopifyPage = z.object({ orders: z.array(z.unknown()) })

/** Shopify: `GET orders.json`, the further pages by the mark in the `Link` header. */
export const SHOPIFY_LISTER: ShopLister = {
  async page({ baseUrl, credential }, { since, page }) {
    // A further page takes the mark and the size and nothing else.
    const query = new URLSearchParams(
      page === null
        ? {
            limit: `${PAGE_SIZE}`,
            status: 'any',
            updated_at_min: since,
            order: 'updated_at asc',
          }
        : { limit: `${PAGE_SIZE}`, page_info: page },
    )
    const answer = await getJson(`${baseUrl}/admin/api/${SHOPIFY_VERSION}/orders.json?${query}`, {
      'x-shopify-access-token': credential,
    })
    const { orders } = readAs(shopifyPage, answer.json, 'page of Shopify orders')
    return { orders, next: nextMark(answer.headers['link']) }
  },
}

/** Only the mark is taken from the header, so that our token never goes to another address. */
function nextMark(link: string | string[] | undefined): string | null {
  const next = [link ?? '']
    .flat()
    .join(',')
    .split(',')
    .find((part) => /rel="?next"?/.test(part))
  const url = next?.match(/<([^>]+)>/)?.[1]
  return url && URL.canParse(url) ? new URL(url).searchParams.get('page_info') : null
}

/**
 * WooCommerce counts its pages, and an order that changes meanwhile moves to the last one: the
 * page after is asked for by the last change seen, and by its number only within one second.
 */
export const WOOCOMMERCE_LISTER: ShopLister = {
  async page({ baseUrl, credential }, { since, page }) {
    const mark = page === null ? { after: since, page: 1 } : readMark(page)
    const query = new URLSearchParams({
      per_page: `${PAGE_SIZE}`,
      page: `${mark.page}`,
      orderby: 'modified',
      order: 'asc',
      // Exclusive, and by the second.
      modified_after: new Date(Date.parse(mark.after) - 1000).toISOString().slice(0, 19),
      dates_are_gmt: 'true',
    })
    const { json, headers } = await getJson(`${baseUrl}/wp-json/wc/v3/orders?${query}`, {
      authorization: `Basic ${Buffer.from(credential).toString('base64')}`,
    })
    const orders = readAs(z.array(z.unknown()), json, 'page of WooCommerce orders')
    if (Number(headers['x-wp-totalpages'] ?? 0) <= mark.page) return { orders, next: null }
    const last = changedAt('woocommerce', orders.at(-1)) ?? mark.after
    const next = last > mark.after ? { after: last, page: 1 } : { ...mark, page: mark.page + 1 }
    return { orders, next: JSON.stringify(next) }
  },
}

function readMark(page: string): { after: string; page: number } {
  const shape = z.object({ after: z.string(), page: z.number().int().positive() })
  return shape.parse(JSON.parse(page))
}

/** What the variable of an Amazon channel holds, as JSON. */
const amazonCredential = z.object({
  refreshToken: z.string(),
  clientId: z.string(),
  clientSecret: z.string(),
  marketplaceIds: z.array(z.string()).min(1),
  /** Log in with Amazon, unless another address stands in for it. */
  tokenUrl: z.url().default('https://api.amazon.com/auth/o2/token'),
})

const amazonPage = z.object({
  payload: z.object({ Orders: z.array(z.unknown()), NextToken: z.string().nullish() }),
})
const amazonItems = z.object({
  payload: z.looseObject({ NextToken: z.string().nullish() }),
})
const amazonId = z.looseObject({ AmazonOrderId: z.string() })

/** Amazon, orders API v0: `getOrders`, and `getOrderItems` for each order that is new to us. */
export function amazonLister(now: () => number = Date.now): ShopLister {
  const tokens = new Map<string, { token: string; until: number }>()
  const headers = async (credential: string) => {
    const known = tokens.get(credential)
    if (known && known.until > now()) return { 'x-amz-access-token': known.token }
    const fresh = await accessToken(parseCredential(credential))
    tokens.set(credential, { ...fresh, until: now() + fresh.forMs })
    return { 'x-amz-access-token': fresh.token }
  }
  return {
    page: async ({ baseUrl, credential }, ask) => {
      const url = `${baseUrl}/orders/v0/orders?${amazonQuery(credential, ask)}`
      const { json } = await getJson(url, await headers(credential))
      const { Orders, NextToken } = readAs(amazonPage, json, 'page of Amazon orders').payload
      return { orders: Orders, next: NextToken || null } satisfies ShopPage
    },
    complete: async (access, order) => {
      const { AmazonOrderId: id } = readAs(amazonId, order, 'Amazon order')
      return { order, items: await allItems(access, id, await headers(access.credential)) }
    },
  }
}

function amazonQuery(credential: string, { since, page }: ShopAsk): URLSearchParams {
  const MarketplaceIds = parseCredential(credential).marketplaceIds.join(',')
  return new URLSearchParams(
    page === null
      ? { MarketplaceIds, LastUpdatedAfter: since }
      : { MarketplaceIds, NextToken: page },
  )
}

async function allItems(
  { baseUrl }: ShopAccess,
  id: string,
  headers: Record<string, string>,
): Promise<unknown[]> {
  const pages: unknown[] = []
  for (let next: string | null = ''; next !== null;) {
    const query: string = next === '' ? '' : `?${new URLSearchParams({ NextToken: next })}`
    const url = `${baseUrl}/orders/v0/orders/${encodeURIComponent(id)}/orderItems${query}`
    const { payload } = readAs(amazonItems, (await getJson(url, headers)).json, 'page of items')
    // The reader refuses items that tell of more; here all of them are fetched.
    pages.push({ payload: { ...payload, NextToken: undefined } })
    next = payload.NextToken || null
  }
  return pages
}

function parseCredential(text: string): z.output<typeof amazonCredential> {
  try {
    return amazonCredential.parse(JSON.parse(text))
  } catch {
    // Neither the text nor the parser's message may reach a log: they hold the secret.
    throw new GatewayHiccup(
      'the credential of an Amazon channel must be JSON with refreshToken, clientId, clientSecret and marketplaceIds',
    )
  }
}

async function accessToken(
  credential: z.output<typeof amazonCredential>,
): Promise<{ token: string; forMs: number }> {
  const answer = await exchange({
    url: credential.tokenUrl,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credential.refreshToken,
      client_id: credential.clientId,
      client_secret: credential.clientSecret,
    }).toString(),
    timeoutMs: 30_000,
  })
  if (answer.status !== 200) throw new GatewayHiccup(`Log in with Amazon answered ${answer.status}`)
  const shape = z.object({ access_token: z.string(), expires_in: z.number() })
  const { access_token, expires_in } = readAs(shape, JSON.parse(answer.body), 'access token')
  return { token: access_token, forMs: Math.max(0, expires_in - 60) * 1000 }
}
