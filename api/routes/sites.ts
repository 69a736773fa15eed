import { z } from 'zod'
import { listEntities, listSites, readSite } from '#db/queries/masters'
import { insertSite, updateSite } from '#db/stores/masters'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { pageOf, pageQuery, textCursor, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { code, country, positiveInt, reason, shortText } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const tags = ['sites']
const params = z.object({ code })
const STATUSES = ['active', 'paused', 'closed'] as const

const timezone = z
  .string()
  .max(60)
  .refine(isTimezone, { error: 'send an IANA time zone such as America/New_York' })
  .meta({ example: 'America/New_York' })

const changeable = {
  name: shortText,
  region: shortText.nullable(),
  postalCode: z.string().trim().min(1).max(20).nullable(),
  timezone,
  cutoffLocal: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'send a time such as 15:00' }),
  dailyCapacity: positiveInt.nullable().describe('Orders that it can ship a day; null: no limit.'),
  status: z.enum(STATUSES),
}

const newSite = z.strictObject({
  ...changeable,
  code,
  entity: code,
  kind: z.enum(['own', '3pl', 'fba', 'store', 'dropship', 'virtual']),
  country,
  region: changeable.region.default(null),
  postalCode: changeable.postalCode.default(null),
  timezone: timezone.default('UTC'),
  cutoffLocal: changeable.cutoffLocal.default('15:00'),
  dailyCapacity: changeable.dailyCapacity.default(null),
  status: changeable.status.default('active'),
})

const site = z.object({
  code: z.string(),
  entity: z.string(),
  name: z.string(),
  kind: z.string(),
  country: z.string(),
  region: z.string().nullable(),
  postalCode: z.string().nullable(),
  timezone: z.string(),
  cutoffLocal: z.string().meta({ example: '15:00' }),
  dailyCapacity: z.int().nullable(),
  status: z.enum(STATUSES),
})

const entity = z.object({
  code: z.string(),
  name: z.string(),
  functionalCurrency: z.string(),
  country: z.string(),
  timezone: z.string(),
})

/** Companies, and the places where stock lies. */
export async function siteRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)

  commandRoute(server, deps, {
    method: 'POST',
    url: '/sites',
    permission: 'sites:create',
    summary: 'Open a site',
    tags,
    body: newSite,
    response: { 201: site },
    work: async (tx, { body, principal, audit }) => {
      requireScope(principal, { entity: body.entity, site: body.code })
      const after = await insertSite(tx, body)
      await audit({ subjectType: 'site', subjectId: after.code, action: 'create', after })
      return { status: 201, body: after }
    },
  })

  commandRoute(server, deps, {
    method: 'PATCH',
    url: '/sites/:code',
    permission: 'sites:update',
    summary: 'Change a site',
    tags,
    params,
    body: z.strictObject({ ...changeable, reason }).partial(),
    response: { 200: site },
    work: async (tx, { body: { reason: why, ...change }, params: at, principal, audit }) => {
      const changed = await updateSite(tx, at.code, change)
      if (!changed) throw notFound(`site ${at.code}`)
      requireScope(principal, { entity: changed.before.entity, site: at.code })
      const event = { subjectType: 'site', subjectId: at.code, action: 'update', ...changed }
      await audit({ ...event, reason: why ?? null })
      return { body: changed.after }
    },
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/entities',
    {
      config: { permission: 'entities:read' },
      schema: {
        summary: 'List the companies',
        tags,
        response: { 200: z.object({ items: z.array(entity), nextCursor: z.null() }) },
      },
    },
    async ({ principal }) => ({
      items: await listEntities(db, principal.scopes),
      nextCursor: null,
    }),
  )

  server.get(
    '/sites',
    {
      config: { permission: 'sites:read' },
      schema: {
        summary: 'List sites by code',
        tags,
        querystring: z.strictObject({ ...pageQuery, status: z.enum(STATUSES).optional() }),
        response: { 200: pageOf(site) },
      },
    },
    async ({ query: { limit, cursor, status }, principal: { scopes } }) => {
      const after = textCursor(cursor)
      const rows = await listSites(db, { after, limit: limit + 1, scopes, status })
      return toPage(
        rows,
        limit,
        (row) => row.code,
        (row) => row,
      )
    },
  )

  server.get(
    '/sites/:code',
    {
      config: { permission: 'sites:read' },
      schema: { summary: 'One site', tags, params, response: { 200: site } },
    },
    async (request) => {
      const found = await readSite(db, request.params.code)
      return visible(request.principal, found, `site ${request.params.code}`, (row) => ({
        entity: row.entity,
        site: row.code,
      }))
    },
  )
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return /^[A-Za-z]/.test(name)
  } catch {
    return false
  }
}
