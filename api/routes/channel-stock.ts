import { z } from 'zod'
import { channelStockPolicy, stockSyncOf, syncedListings } from '#db/queries/channel-stock'
import { readChannel } from '#db/queries/masters'
import { setStockSync, wantSweep } from '#db/stores/channel-stock'
import { lagBuffer } from '#domain/channel-stock'
import { Refusal } from '#domain/refusal'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { intCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { reason } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const tags = ['channels']
const text = z.string()
const params = z.object({
  code: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,40}$/, { error: 'send the code of a channel' })
    .meta({ example: 'shopify-us' }),
})
const state = z.enum(['on', 'paused', 'off'])
const sync = z.object({
  channel: text,
  state,
  location: text.nullable(),
  lagSeconds: z.int().describe('Age of the oldest change that the channel has not been told.'),
  lagBuffer: z.int().describe('Units of each listing that are kept back while it lags.'),
  listings: z.int(),
  open: z.int().describe('Listings whose number there is not known to be ours.'),
  held: z.int(),
  failed: z.int(),
  absent: z.int().describe('Listings that the channel does not know.'),
  lookedTo: text.nullable().describe('Changes of stock were looked at up to this instant.'),
  waitsUntil: text.nullable(),
  waitsBecause: text.nullable(),
  throttle: z
    .record(text, z.unknown())
    .nullable()
    .describe('What the channel last said of its limit.'),
  failures: z.int(),
  failingSince: text.nullable(),
  lastError: text.nullable(),
  sweepUnderWay: z.boolean(),
  sweptAt: text.nullable(),
  sweepRead: z.int(),
  sweepDrift: z.int(),
})
const listing = z.object({
  id: text,
  externalId: text,
  sku: text,
  listingState: text,
  state: z.enum(['unknown', 'intended', 'sent', 'confirmed', 'failed', 'absent']),
  listable: text.describe('What `GET /v1/stock/ats` shows of it, over all sites.'),
  lagBuffer: text.describe('What was kept back of it in the last push.'),
  wanted: text,
  theirs: text.nullable().describe('What is believed to stand there.'),
  theirsAt: text.nullable(),
  confirmedAt: text.nullable(),
  unknownSince: text.nullable().describe('The oldest change that the channel has not been told.'),
  version: text,
  attempts: z.int(),
  held: z.boolean().describe('Too large a difference to be raised before somebody has looked.'),
  error: text.nullable(),
  drift: z
    .object({
      ours: text.describe('What we had left there.'),
      theirs: text.describe('What stood there instead.'),
      since: text,
      cause: text,
      repairedAt: text.nullable(),
    })
    .nullable(),
})

/** What a channel is told that it may sell, and what stands there (INV-16, INV-17). */
export async function channelStockRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addCommands(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/channels/:code/stock-sync',
    {
      config: { permission: 'channels:read' },
      schema: { summary: 'How a channel’s stock stands', tags, params, response: { 200: sync } },
    },
    async ({ params: { code }, principal }) => {
      await seenChannel(db, principal, code)
      return standing(db, code)
    },
  )
  server.get(
    '/channels/:code/stock-sync/listings',
    {
      config: { permission: 'listings:read' },
      schema: {
        summary: 'Each listing: what ATS shows, what is wanted there, what stands there, drift',
        tags,
        params,
        querystring: z.strictObject({
          ...pageQuery,
          only: z.enum(['open', 'drift']).optional().describe('`drift`: not repaired yet.'),
        }),
        response: { 200: pageOf(listing) },
      },
    },
    async ({ params: { code }, query: { limit, cursor, only }, principal }) => {
      await seenChannel(db, principal, code)
      const after = intCursor(cursor)
      const rows = await syncedListings(db, { channel: code, after, limit: limit + 1, only })
      return toPage(
        rows,
        limit,
        (row) => row.id,
        ({ id, listable, lagBuffer: kept, wanted, theirs, version, ...row }) => ({
          ...row,
          id: `${id}`,
          listable: `${listable}`,
          lagBuffer: `${kept}`,
          wanted: `${wanted}`,
          theirs: theirs === null ? null : `${theirs}`,
          version: `${version}`,
        }),
      )
    },
  )
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/channels/:code/stock-sync',
    permission: 'channels:update',
    summary: 'Say whether a channel is told what it may sell',
    description: 'Its process begins or ends within a round of the notification process.',
    tags,
    params,
    body: z.strictObject({
      state,
      location: z
        .string()
        .trim()
        .min(1)
        .max(100)
        .optional()
        .describe('Shopify: the id of the location that shows our number.'),
      reason: reason.optional(),
    }),
    response: { 200: sync },
    work: async (tx, { body, params: { code }, principal, audit }) => {
      await commandedChannel(tx, principal, code)
      const { before, location } = await setStockSync(tx, code, {
        state: body.state,
        location: body.location ?? null,
        actor: principal.actor,
      })
      await audit({
        subjectType: 'channel',
        subjectId: code,
        action: 'stock-sync',
        before: { state: before },
        after: { state: body.state, location },
        reason: body.reason ?? null,
      })
      return { body: await standing(tx, code) }
    },
  })

  commandRoute(server, deps, {
    method: 'POST',
    url: '/channels/:code/stock-sync/sweep',
    permission: 'stock:update',
    summary: 'Read everything back from the channel now, list what drifted and repair it',
    tags,
    params,
    response: { 202: sync },
    work: async (tx, { params: { code }, principal, audit }) => {
      await commandedChannel(tx, principal, code)
      if (!(await wantSweep(tx, code, principal.actor)))
        throw new Refusal(
          'StockSyncOff',
          `${code} is not told what it may sell: switch it on first with PUT /v1/channels/${code}/stock-sync.`,
        )
      await audit({ subjectType: 'channel', subjectId: code, action: 'stock-sweep' })
      return { status: 202, body: await standing(tx, code) }
    },
  })
}

async function seenChannel(
  db: Parameters<typeof readChannel>[0],
  principal: Principal,
  code: string,
): Promise<void> {
  const found = await readChannel(db, code)
  visible(principal, found, `channel ${code}`, (row) => ({ entity: row.entity, channel: row.code }))
}

async function commandedChannel(
  tx: Parameters<typeof readChannel>[0],
  principal: Principal,
  code: string,
): Promise<void> {
  const found = await readChannel(tx, code)
  if (!found) throw notFound(`channel ${code}`)
  requireScope(principal, { entity: found.entity, channel: code })
}

/** A channel that nobody has ever asked to be told is off. */
async function standing(
  reader: Parameters<typeof readChannel>[0],
  code: string,
): Promise<z.output<typeof sync>> {
  const row = (await stockSyncOf(reader, code)) ?? NEVER
  const policy = await channelStockPolicy(reader, code)
  return { ...row, channel: code, lagBuffer: lagBuffer(policy, row.lagSeconds) }
}

const NEVER = {
  state: 'off' as const,
  location: null,
  lagSeconds: 0,
  listings: 0,
  open: 0,
  held: 0,
  failed: 0,
  absent: 0,
  lookedTo: null,
  waitsUntil: null,
  waitsBecause: null,
  throttle: null,
  failures: 0,
  failingSince: null,
  lastError: null,
  sweepUnderWay: false,
  sweptAt: null,
  sweepRead: 0,
  sweepDrift: 0,
}
