import { z } from 'zod'
import { readAs } from './json-client.ts'
import { GatewayHiccup, NoAnswer } from './outcome.ts'
import { SlowDown } from './shop.ts'
import {
  callJson,
  type RefusedListing,
  type StockAccess,
  type StockGateway,
  type StockToSet,
} from './shop-stock.ts'

/** The first version that demands both `changeFromQuantity` and `@idempotent`; the earlier fields end with it. */
const VERSION = '2026-04'

const READ = `query stockThere($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on ProductVariant {
      id
      inventoryItem {
        id
        tracked
        inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } }
      }
    }
  }
}`

const SET = `mutation setStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}`

const whole = z.union([z.number().int(), z.string().regex(/^-?\d+$/)]).transform(BigInt)
const points = z.coerce.number()
const throttleStatus = z.object({
  maximumAvailable: points,
  currentlyAvailable: points,
  restoreRate: points,
})
const envelope = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z.looseObject({ code: z.string().optional() }).optional(),
      }),
    )
    .optional(),
  extensions: z
    .object({
      cost: z.looseObject({ requestedQueryCost: points.nullish(), throttleStatus }).optional(),
    })
    .optional(),
})
const nodes = z.object({
  nodes: z.array(
    z
      .object({
        id: z.string(),
        inventoryItem: z.object({
          id: z.string(),
          tracked: z.boolean(),
          inventoryLevel: z
            .object({ quantities: z.array(z.object({ name: z.string(), quantity: whole })) })
            .nullable(),
        }),
      })
      .nullable(),
  ),
})
const payload = z.object({
  inventorySetQuantities: z.object({
    inventoryAdjustmentGroup: z.object({ id: z.string() }).nullish(),
    userErrors: z.array(
      z.object({
        code: z.string().nullish(),
        field: z.array(z.union([z.string(), z.number()]).transform(String)).nullish(),
        message: z.string(),
      }),
    ),
  }),
})

/** Shopify's Admin GraphQL API: a number is set only where the one that we believe in stands. */
export const SHOPIFY_STOCK: StockGateway = {
  async read(access, listings) {
    const ids = listings.map(({ externalId }) => gid('ProductVariant', externalId))
    const { data, throttle } = await ask(access, READ, { ids, location: locationOf(access) })
    const there = readAs(nodes, data, 'list of Shopify variants').nodes
    const found = []
    const missing: RefusedListing[] = []
    for (const [n, { listingId }] of listings.entries()) {
      const item = there[n]?.inventoryItem
      const level = item?.inventoryLevel?.quantities.find(({ name }) => name === 'available')
      if (item?.tracked && level) found.push({ listingId, remoteRef: item.id, qty: level.quantity })
      else missing.push({ listingId, absent: true, message: whyMissing(item) })
    }
    return { found, missing, throttle }
  },

  async set(access, key, listings) {
    const locationId = locationOf(access)
    const input = {
      name: 'available',
      reason: 'correction',
      quantities: listings.map(({ remoteRef, theirs, qty }) => ({
        inventoryItemId: remoteRef,
        locationId,
        quantity: Number(qty),
        changeFromQuantity: Number(theirs),
      })),
    }
    const { data, throttle } = await ask(access, SET, { input, key })
    const { userErrors } = readAs(payload, data, 'answer to set quantities').inventorySetQuantities
    if (userErrors.length === 0)
      return { done: listings.map((one) => one.listingId), stale: [], refused: [], throttle }
    return { done: [], ...blamed(userErrors, listings), throttle }
  },
}

interface UserError {
  code?: string | null | undefined
  field?: string[] | null | undefined
  message: string
}

/**
 * One error and nothing of the call is set; the listings that no error names are not in the answer,
 * so they are asked about like those of a lost answer. An error that names none refuses them all.
 */
function blamed(
  errors: readonly UserError[],
  listings: readonly StockToSet[],
): { stale: number[]; refused: RefusedListing[] } {
  const stale: number[] = []
  const refused: RefusedListing[] = []
  for (const { code, field, message } of errors) {
    const at = field?.[field.indexOf('quantities') + 1]
    const named = field?.includes('quantities') ? listings[Number(at)] : undefined
    if (named && code?.endsWith('_QUANTITY_STALE')) stale.push(named.listingId)
    else
      for (const { listingId } of named ? [named] : listings)
        refused.push({
          listingId,
          absent: named !== undefined && ABSENT.includes(code ?? ''),
          message: `${code ?? 'refused'}: ${message}`,
        })
  }
  return { stale, refused }
}

const ABSENT = ['INVALID_INVENTORY_ITEM', 'ITEM_NOT_STOCKED_AT_LOCATION']

function whyMissing(item: { tracked: boolean } | undefined): string {
  if (!item) return 'there is no such variant'
  return item.tracked ? 'it is not stocked at the location' : 'its stock is not tracked there'
}

async function ask(
  { baseUrl, credential }: StockAccess,
  query: string,
  variables: Record<string, unknown>,
): Promise<{ data: unknown; throttle: Record<string, number> | null }> {
  const url = `${baseUrl}/admin/api/${VERSION}/graphql.json`
  const headers = { 'x-shopify-access-token': credential }
  const { json, status } = await callJson('POST', url, headers, { query, variables })
  if (status !== 200) throw new GatewayHiccup(`Shopify answered ${status}`)
  const { data, errors, extensions } = readAs(envelope, json, 'GraphQL answer')
  const cost = extensions?.cost
  const throttle = cost?.throttleStatus ?? null
  if (errors?.some((error) => error.extensions?.code === 'THROTTLED'))
    throw new SlowDown(
      'Shopify',
      throttle ? waitFor(cost?.requestedQueryCost ?? 1, throttle) : 2000,
    )
  if (errors && errors.length > 0) {
    const said = errors.map(({ message }) => message).join('; ')
    // Without data nothing was carried out; an error beside data says nothing of what was.
    if (data === undefined || data === null) throw new GatewayHiccup(`Shopify: ${said}`)
    throw new NoAnswer(`Shopify: ${said}`)
  }
  return { data, throttle }
}

/** Until the bucket holds what the call costs. */
function waitFor(
  cost: number,
  { currentlyAvailable, restoreRate }: z.output<typeof throttleStatus>,
): number {
  return Math.max(500, Math.ceil(((cost - currentlyAvailable) / Math.max(restoreRate, 1)) * 1000))
}

function locationOf({ location }: StockAccess): string {
  if (location === null) throw new GatewayHiccup('the channel names no location')
  return gid('Location', location)
}

function gid(kind: string, id: string): string {
  return id.startsWith('gid://') ? id : `gid://shopify/${kind}/${id}`
}
