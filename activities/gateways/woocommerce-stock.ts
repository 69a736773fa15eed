import { z } from 'zod'
import { groupBy } from '#domain/groups'
import { readAs } from './json-client.ts'
import { GatewayHiccup, NoAnswer } from './outcome.ts'
import {
  callJson,
  type RefusedListing,
  type StockAccess,
  type StockGateway,
  type StockListing,
  type StockRead,
  type StockToSet,
} from './shop-stock.ts'

const id = z.union([z.string(), z.number()]).transform(String)
const product = z.looseObject({
  id,
  type: z.string().optional(),
  parent_id: id.optional(),
  /** A variation may follow its product: then the product's number counts and not ours. */
  manage_stock: z.union([z.boolean(), z.string()]).nullish(),
  stock_quantity: z.union([z.string(), z.number()]).nullish(),
})
const written = z.object({
  update: z.array(
    z.looseObject({
      id,
      stock_quantity: z.union([z.string(), z.number()]).nullish(),
      error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
    }),
  ),
})

/**
 * WooCommerce's REST API v3 knows no compare-and-set: the numbers are read, those that are not what
 * we believe in are left alone, and the others are written. An order that the shop takes in between
 * is overwritten; the order lowers our number too, and the sweep finds what is left of it.
 */
export const WOOCOMMERCE_STOCK: StockGateway = {
  read,
  async set(access, _key, listings) {
    const { found, missing } = await read(access, listings)
    const standing = new Map(found.map(({ listingId, qty }) => [listingId, qty]))
    const stale = listings.filter(
      ({ listingId, theirs }) => standing.has(listingId) && standing.get(listingId) !== theirs,
    )
    const sure = listings.filter(({ listingId, theirs }) => standing.get(listingId) === theirs)
    const done: number[] = []
    const refused: RefusedListing[] = [...missing]
    for (const [parent, some] of byParent(sure)) {
      const answer = await writeSome(access, parent, some, done.length > 0)
      done.push(...answer.done)
      refused.push(...answer.refused)
    }
    return { done, stale: stale.map((one) => one.listingId), refused, throttle: null }
  },
}

/** Products by one list; a variation is found by its own id once, and with its parent from then on. */
async function read(access: StockAccess, listings: readonly StockListing[]): Promise<StockRead> {
  const found: StockRead['found'] = []
  const missing: RefusedListing[] = []
  for (const [parent, some] of byParent(listings)) {
    const ids = some.map((one) => ownId(one))
    const query = new URLSearchParams({ include: ids.join(','), per_page: '100' })
    const { json } = await call(access, 'GET', `${pathOf(parent)}?${query}`)
    const there = new Map(
      readAs(z.array(product), json, 'list of WooCommerce products').map((one) => [one.id, one]),
    )
    for (const listing of some) {
      const one = there.get(ownId(listing)) ?? (await alone(access, listing))
      const refusal = whyNot(one)
      if (one && refusal === null)
        found.push({
          listingId: listing.listingId,
          remoteRef: refOf(one),
          qty: BigInt(one.stock_quantity ?? 0),
        })
      else
        missing.push({ listingId: listing.listingId, absent: true, message: refusal ?? 'absent' })
    }
  }
  return { found, missing, throttle: null }
}

type Product = z.output<typeof product>

async function alone(access: StockAccess, listing: StockListing): Promise<Product | undefined> {
  if (listing.remoteRef !== null) return undefined
  const { json, status } = await call(access, 'GET', `/products/${ownId(listing)}`)
  return status === 404 ? undefined : readAs(product, json, 'WooCommerce product')
}

function whyNot(one: Product | undefined): string | null {
  if (!one) return 'there is no such product'
  return one.manage_stock === true ? null : 'its stock is not managed there'
}

function refOf(one: Product): string {
  const parent = one.type === 'variation' ? (one.parent_id ?? '0') : '0'
  return parent === '0' ? one.id : `${parent}/${one.id}`
}

async function writeSome(
  access: StockAccess,
  parent: string | null,
  listings: readonly StockToSet[],
  afterOthers: boolean,
): Promise<{ done: number[]; refused: RefusedListing[] }> {
  const update = listings.map((one) => ({
    id: Number(ownId(one)),
    stock_quantity: Number(one.qty),
  }))
  const { json, status } = await call(access, 'POST', `${pathOf(parent)}/batch`, { update }).catch(
    (error: unknown) => {
      // Part of the call has been carried out, so it cannot be said any more that nothing was.
      if (afterOthers) throw new NoAnswer(String(error), { cause: error })
      throw error
    },
  )
  if (status === 404) throw new NoAnswer('the product of these variations is gone')
  const answers = new Map(
    readAs(written, json, 'answer to a batch').update.map((one) => [one.id, one]),
  )
  const done: number[] = []
  const refused: RefusedListing[] = []
  for (const listing of listings) {
    const answer = answers.get(ownId(listing))
    if (answer?.error)
      refused.push({
        listingId: listing.listingId,
        absent: answer.error.code.endsWith('invalid_id'),
        message: `${answer.error.code}: ${answer.error.message}`,
      })
    else if (answer && String(answer.stock_quantity) === listing.qty.toString())
      done.push(listing.listingId)
  }
  return { done, refused }
}

async function call(
  { baseUrl, credential }: StockAccess,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): ReturnType<typeof callJson> {
  const answer = await callJson(
    method,
    `${baseUrl}/wp-json/wc/v3${path}`,
    { authorization: `Basic ${Buffer.from(credential).toString('base64')}` },
    body,
  )
  if (answer.status === 404 && path.startsWith('/products?'))
    throw new GatewayHiccup('the shop has no REST API v3 of WooCommerce at this address')
  return answer
}

function pathOf(parent: string | null): string {
  return parent === null ? '/products' : `/products/${parent}/variations`
}

function ownId({ remoteRef, externalId }: StockListing): string {
  return (remoteRef ?? externalId).split('/').at(-1) ?? externalId
}

/** Variations by their product; a product, or a variation of which nobody knows the product yet, under none. */
function byParent<L extends StockListing>(listings: readonly L[]): Map<string | null, L[]> {
  return groupBy(listings, ({ remoteRef }) =>
    remoteRef?.includes('/') ? remoteRef.split('/')[0]! : null,
  )
}
