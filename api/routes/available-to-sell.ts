import { z } from 'zod'
import { availableToSell, type AtsRow } from '#db/queries/stock'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { ANY_TEXT, cursorParts, pageOf, pageQuery, toPage } from '../paging.ts'
import { invalidInput } from '../problem.ts'
import { code, sku } from '../schemas.ts'
import { requireChannelScope } from '../scope.ts'

const tags = ['stock']
const text = z.string()
const ats = z.object({
  sku: text,
  site: text,
  ats: text,
  excluded: text.nullable().describe('Why nothing is available, whatever lies there.'),
  listable: text,
  packFactor: z.int(),
  listings: z.array(
    z.object({ externalId: text, packFactor: z.int(), buffer: text, listable: text }),
  ),
  confidence: z.object({
    lastCountedAt: text.nullable(),
    score: z.int(),
    reasons: z.array(text),
  }),
  components: z.object({
    onHand: text,
    reserved: text,
    safetyStock: text,
    otherPools: text,
    ownPool: text,
    buffer: text,
    caution: text.describe('Held back because the books may be wrong: see confidence.'),
    inbound: text,
    missing: text,
    blocked: text,
  }),
})
/** What may be sold now, and why not more. */
export async function availableToSellRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/stock/ats',
    {
      config: { permission: 'stock:read' },
      schema: {
        summary: 'Available to sell by SKU, channel and site, with its components',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          sku: z.union([sku.transform((one) => [one]), z.array(sku).max(200)]).optional(),
          channel: code.optional(),
          fulfilledBy: z.enum(['merchant', 'channel']).optional(),
        }),
        response: { 200: pageOf(ats) },
      },
    },
    async ({ query: { limit, cursor, sku: skus, channel, fulfilledBy }, principal }) => {
      if (channel !== undefined) await requireChannel(db, channel, principal)
      const [afterSku = '', afterSite = ''] = cursorParts(cursor, [ANY_TEXT, ANY_TEXT]) ?? []
      const rows = await availableToSell(db, {
        skus,
        channel,
        byChannel: fulfilledBy === 'channel',
        scopes: principal.scopes,
        afterSku,
        afterSite,
        limit: limit + 1,
      })
      return toPage(rows, limit, (row) => [row.sku, row.site], toAts)
    },
  )
}

function toAts({ sku, site, ats, excluded, listable, listings, packFactor, ...parts }: AtsRow) {
  return {
    sku,
    site,
    ats: `${ats}`,
    excluded,
    listable: `${listable}`,
    packFactor,
    listings,
    confidence: parts.confidence,
    components: {
      onHand: `${parts.onHand}`,
      reserved: `${parts.reserved}`,
      safetyStock: `${parts.safetyStock}`,
      otherPools: `${parts.otherPools}`,
      ownPool: `${parts.ownPool}`,
      buffer: `${parts.buffer}`,
      caution: `${parts.caution}`,
      inbound: `${parts.inbound}`,
      missing: `${parts.missing}`,
      blocked: `${parts.blocked}`,
    },
  }
}

/** A misspelt channel would show numbers that are nobody's. */
async function requireChannel(
  db: ApiDeps['db'],
  channel: string,
  principal: Principal,
): Promise<void> {
  await requireChannelScope(db, principal, channel)
  const known = await db`SELECT 1 FROM channel WHERE code = ${channel}`
  if (known.length === 0)
    throw invalidInput({ field: 'query.channel', message: 'name a channel that exists' })
}
