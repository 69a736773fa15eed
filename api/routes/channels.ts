import { z } from 'zod'
import { listChannels, listListings, readChannel, readListing } from '#db/queries/masters'
import { insertChannel, insertListing, updateChannel, updateListing } from '#db/stores/masters'
import { Refusal } from '#domain/refusal'
import { SECRET_NAME } from '../channel-secrets.ts'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { intCursor, pageOf, pageQuery, textCursor, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { code, currency, intId, positiveInt, reason, shortText, sku } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const STATUSES = ['active', 'paused'] as const
const KINDS = ['shopify', 'woocommerce', 'amazon', 'b2b', 'phone', 'edi', 'import'] as const
const channelCode = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,40}$/, { error: 'send 2 to 41 small letters, digits and dashes' })
  .meta({ example: 'shopify-us' })
const params = z.object({ code: channelCode })
const secretRefs = z
  .array(z.string().regex(SECRET_NAME, { error: 'send a name such as SHOPIFY_SECRET_EU' }))
  .max(5)
  .describe('Environment variables that hold the signing secrets, newest first.')

const polling = {
  pollUrl: z
    .url({ protocol: /^https?$/, error: 'send the http(s) address of the shop' })
    .nullable()
    .describe('Where its orders can be listed, for those that no webhook told; null: nobody asks.'),
  pollSecretRef: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{2,80}$/, { error: 'send a name such as SHOPIFY_TOKEN' })
    .nullable()
    .describe('Environment variable of the worker that holds the credential for it.'),
  pollSeconds: z.int().min(1).max(86_400).describe('Seconds between two sweeps.'),
}

const channel = z.object({
  code: z.string(),
  entity: z.string(),
  name: z.string(),
  kind: z.string(),
  currency: z.string(),
  marketplace: z.boolean(),
  priority: z.int(),
  status: z.enum(STATUSES),
  ...polling,
  syncedTo: z.string().nullable().describe('Its orders were looked at up to this change.'),
  sweptAt: z.string().nullable(),
})

const changeable = {
  ...polling,
  name: shortText,
  priority: z.int().min(0).max(1000),
  status: z.enum(STATUSES),
  secretRefs,
}

const newChannel = z.strictObject({
  code: channelCode,
  entity: code,
  name: shortText,
  kind: z.enum(KINDS),
  currency,
  marketplace: z.boolean().default(false),
  priority: changeable.priority.default(50),
  status: changeable.status.default('active'),
  secretRefs: secretRefs.default([]),
  pollUrl: polling.pollUrl.default(null),
  pollSecretRef: polling.pollSecretRef.default(null),
  pollSeconds: polling.pollSeconds.default(60),
})

const buffer = z
  .string()
  .regex(/^\d{1,12}$/, { error: 'send a whole number from 0 as text' })
  .describe('Units that this channel is never told of.')
const listingChange = {
  packFactor: positiveInt.describe('Items in one unit of this listing.'),
  buffer,
  state: z.enum(['live', 'paused']),
}
const listing = z.object({
  id: z.string(),
  channel: z.string(),
  externalId: z.string(),
  sku: z.string(),
  packFactor: z.int(),
  buffer: z.string(),
  state: z.enum(['live', 'paused']),
})

/** Where we sell, and which item each listing there is (INV-1). */
export async function channelRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addChannelReads(server, deps)
  addChannelCommands(server, deps)
  addListingReads(server, deps)
  addListingCommands(server, deps)
}

function addChannelReads(server: ApiServer, { db }: ApiDeps): void {
  const tags = ['channels']
  server.get(
    '/channels',
    {
      config: { permission: 'channels:read' },
      schema: {
        summary: 'List channels by code',
        tags,
        querystring: z.strictObject({ ...pageQuery, status: z.enum(STATUSES).optional() }),
        response: { 200: pageOf(channel) },
      },
    },
    async ({ query: { limit, cursor, status }, principal: { scopes } }) => {
      const after = textCursor(cursor)
      const rows = await listChannels(db, { after, limit: limit + 1, scopes, status })
      return toPage(
        rows,
        limit,
        (row) => row.code,
        (row) => row,
      )
    },
  )

  server.get(
    '/channels/:code',
    {
      config: { permission: 'channels:read' },
      schema: { summary: 'One channel', tags, params, response: { 200: channel } },
    },
    async (request) => {
      const found = await readChannel(db, request.params.code)
      return visible(request.principal, found, `channel ${request.params.code}`, (row) => ({
        entity: row.entity,
        channel: row.code,
      }))
    },
  )
}

function addChannelCommands(server: ApiServer, deps: ApiDeps): void {
  const tags = ['channels']
  commandRoute(server, deps, {
    method: 'POST',
    url: '/channels',
    permission: 'channels:create',
    summary: 'Open a channel',
    tags,
    body: newChannel,
    response: { 201: channel },
    work: async (tx, { body: { secretRefs: refs, ...body }, principal, audit }) => {
      requireScope(principal, { entity: body.entity, channel: body.code })
      const after = await insertChannel(tx, body, refs)
      await audit({ subjectType: 'channel', subjectId: after.code, action: 'create', after })
      return { status: 201, body: after }
    },
  })

  commandRoute(server, deps, {
    method: 'PATCH',
    url: '/channels/:code',
    permission: 'channels:update',
    summary: 'Change a channel',
    tags,
    params,
    body: z.strictObject({ ...changeable, reason }).partial(),
    response: { 200: channel },
    work: async (tx, { body: { reason: why, ...change }, params: at, principal, audit }) => {
      const changed = await updateChannel(tx, at.code, change)
      if (!changed) throw notFound(`channel ${at.code}`)
      requireScope(principal, { entity: changed.before.entity, channel: at.code })
      const event = { subjectType: 'channel', subjectId: at.code, action: 'update', ...changed }
      await audit({ ...event, reason: why ?? null })
      return { body: changed.after }
    },
  })
}

function addListingReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/listings',
    {
      config: { permission: 'listings:read' },
      schema: {
        summary: 'List listings: one item on many channels',
        tags: ['listings'],
        querystring: z.strictObject({
          ...pageQuery,
          channel: channelCode.optional(),
          sku: sku.optional(),
          state: listingChange.state.optional(),
        }),
        response: { 200: pageOf(listing) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const after = intCursor(cursor)
      const rows = await listListings(db, { ...filter, after, limit: limit + 1, scopes })
      return toPage(
        rows,
        limit,
        (row) => row.id,
        (row) => row,
      )
    },
  )
}

function addListingCommands(server: ApiServer, deps: ApiDeps): void {
  const tags = ['listings']
  commandRoute(server, deps, {
    method: 'POST',
    url: '/listings',
    permission: 'listings:create',
    summary: 'Say which item a listing of a channel is',
    tags,
    body: z.strictObject({
      channel: channelCode,
      externalId: z.string().trim().min(1).max(200).meta({ example: 'B0C1234567' }),
      sku,
      packFactor: listingChange.packFactor.default(1),
      buffer: buffer.default('0'),
      state: listingChange.state.default('live'),
    }),
    response: { 201: listing },
    work: async (tx, { body, principal, audit }) => {
      const found = await readChannel(tx, body.channel)
      if (!found)
        throw new Refusal('UnknownChannel', `There is no channel ${body.channel}.`, {
          field: 'body.channel',
        })
      requireScope(principal, { entity: found.entity, channel: found.code })
      const after = await insertListing(tx, body)
      await audit({ subjectType: 'listing', subjectId: after.id, action: 'create', after })
      return { status: 201, body: after }
    },
  })

  commandRoute(server, deps, {
    method: 'PATCH',
    url: '/listings/:id',
    permission: 'listings:update',
    summary: 'Change pack factor, buffer or state of a listing',
    tags,
    params: z.object({ id: intId }),
    body: z.strictObject({ ...listingChange, reason }).partial(),
    response: { 200: listing },
    work: async (tx, { body: { reason: why, ...change }, params: at, principal, audit }) => {
      const found = await readListing(tx, Number(at.id))
      if (!found) throw notFound(`listing ${at.id}`)
      requireScope(principal, { entity: found.entity, channel: found.channel })
      const changed = await updateListing(tx, Number(at.id), change)
      const event = { subjectType: 'listing', subjectId: at.id, action: 'update', ...changed }
      await audit({ ...event, reason: why ?? null })
      return { body: changed.after }
    },
  })
}
