import { z } from 'zod'
import {
  listDemandEvents,
  listReplenishmentPolicies,
  type RuleRow,
} from '#db/queries/replenishment'
import { addDemandEvent } from '#db/stores/replenishment-choices'
import {
  addBudget,
  addLane,
  addReplenishmentPolicy,
  ruleScope,
  withdrawDemandEvent,
  type PolicyFields,
} from '#db/stores/replenishment-rules'
import { EVERYWHERE } from '#domain/scopes'
import { Refusal } from '#domain/refusal'
import { METHODS, SERVICE_Z } from '#domain/replenishment/levels'
import { OWNER_MODES } from '#domain/replenishment/policy'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { bigId, businessDate, code, jsonObject, reason, shortText, sku } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const tags = ['replenishment']
const text = z.string()
const units = z.string().regex(/^\d{1,12}$/, { error: 'send whole units as text, from "0"' })
const minorFromZero = z
  .string()
  .regex(/^\d{1,15}$/, { error: 'send whole minor units as text, from "0"' })
const days = (most: number) => z.int().min(0).max(most)
const scope = {
  entity: code,
  sku: sku.optional().describe('One item; absent: all, or all of the class.'),
  itemClass: shortText.optional(),
  site: code.optional().describe('One site; absent: all of the company.'),
}
const oneScope = (body: { sku?: string | undefined; itemClass?: string | undefined }) =>
  body.sku === undefined || body.itemClass === undefined
const ONE_SCOPE = { error: 'name an item or a class, not both' }
const rule = z.object({
  id: text,
  entity: text,
  sku: text.nullable(),
  itemClass: text.nullable(),
  site: text.nullable(),
  rule: jsonObject,
})
const created = z.object({ id: text })

const safety = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('service'),
    value: z
      .int()
      .refine((ppm) => ppm in SERVICE_Z, {
        error: `send one of ${Object.keys(SERVICE_Z).join(', ')}`,
      })
      .meta({ example: 950_000 }),
  }),
  z.strictObject({ kind: z.literal('days'), value: z.int().min(0).max(730) }),
  z.strictObject({ kind: z.literal('units'), value: z.int().min(0).max(1_000_000_000) }),
])
const policy = z
  .strictObject({
    ...scope,
    basedOn: days(1_000_000).describe('The newest version that you read; 0 for the first.'),
    effectiveFrom: businessDate,
    method: z.enum(METHODS),
    safety,
    minUnits: units.default('0'),
    maxUnits: units.default('0'),
    coverDays: days(730).default(0),
    reviewDays: days(365).default(7),
    historyDays: z.int().min(7).max(730).default(91),
    leadTime: z.enum(['planned', 'actual']).default('planned'),
    leadDays: days(730).nullable().default(null),
    maxCoverDays: z.int().min(1).max(3650).nullable().default(null),
    shelfLifeDays: z.int().min(1).max(3650).nullable().default(null),
    ownerMode: z.enum(OWNER_MODES).default('central'),
    bandPpm: z.int().min(0).max(10_000_000).default(0),
    dismissDays: days(365).default(14),
    reason,
  })
  .refine(oneScope, ONE_SCOPE)
  .refine(
    (body) => body.method !== 'min-max' || BigInt(`${body.maxUnits}`) >= BigInt(`${body.minUnits}`),
    {
      error: 'send a maximum that is not below the minimum',
      path: ['maxUnits'],
    },
  )
const event = z
  .strictObject({
    ...scope,
    kind: z.enum(['season', 'promotion', 'one-off', 'new-level']),
    name: shortText,
    fromOn: businessDate,
    toOn: businessDate,
    factorPpm: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .default(1_000_000)
      .describe('Parts per million of the usual demand: 1500000 is half as much again.'),
    unitsPerDay: units.default('0').describe('What a promotion adds a day.'),
    reason,
  })
  .refine(oneScope, ONE_SCOPE)
  .refine((body) => body.toOn >= body.fromOn, {
    error: 'send a last day that is not before the first',
    path: ['toOn'],
  })
  .refine((body) => Number(body.unitsPerDay) <= 1_000_000_000, {
    error: 'send at most 1000000000 units a day',
    path: ['unitsPerDay'],
  })

/** What replenishment goes by: policies, events, ways between sites, budgets. */
export async function replenishmentRuleRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addPolicies(server, deps)
  addEvents(server, deps)
  addLanes(server, deps)
  addBudgets(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  const lists = [
    ['policies', 'Policies, every version', listReplenishmentPolicies],
    ['events', 'Seasons, promotions and explained demand', listDemandEvents],
  ] as const
  for (const [name, summary, list] of lists)
    server.get(
      `/replenishment/${name}`,
      {
        config: { permission: 'replenishment:read' },
        schema: {
          summary,
          tags,
          querystring: z.strictObject(pageQuery),
          response: { 200: pageOf(rule) },
        },
      },
      async ({ query: { limit, cursor }, principal: { scopes } }) => {
        const rows = await list(db, { after: idCursor(cursor), limit: limit + 1, scopes })
        return toPage(rows, limit, (row) => row.id, toRule)
      },
    )
}

function toRule({ id, ...row }: RuleRow) {
  return { ...row, id: id.toString() }
}

/** A rule for all sites is for whoever is limited to none. */
function requireRuleScope(principal: Principal, entity: string, site: string | undefined): void {
  requireScope(principal, { entity, ...(site === undefined ? {} : { site }) })
  if (site === undefined && principal.scopes.sites !== null) requireScope(principal, { site: '' })
}

function addPolicies(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/replenishment/policies',
    permission: 'replenishment:update',
    summary: 'Begin the next version of how items are kept at sites',
    tags,
    body: policy,
    response: { 201: created },
    work: async (tx, { body, principal, audit }) => {
      requireRuleScope(principal, body.entity, body.site)
      const { basedOn, ...fields } = body
      const id = await addReplenishmentPolicy(tx, await ruleScope(tx, body), {
        basedOn,
        fields: columnsOf(fields, principal.actor),
      })
      const subject = { subjectType: 'replenishment-policy', subjectId: id.toString() }
      await audit({ ...subject, action: 'new-version', after: body, reason: body.reason })
      return { status: 201, body: { id: id.toString() } }
    },
  })
}

function columnsOf(body: Omit<z.output<typeof policy>, 'basedOn'>, actor: string): PolicyFields {
  return {
    effective_from: body.effectiveFrom,
    method: body.method,
    safety_kind: body.safety.kind,
    safety_value: body.safety.value,
    min_units: body.minUnits,
    max_units: body.maxUnits,
    cover_days: body.coverDays,
    review_days: body.reviewDays,
    history_days: body.historyDays,
    lead_time: body.leadTime,
    lead_days: body.leadDays,
    max_cover_days: body.maxCoverDays,
    shelf_life_days: body.shelfLifeDays,
    owner_mode: body.ownerMode,
    band_ppm: body.bandPpm,
    dismiss_days: body.dismissDays,
    reason: body.reason,
    actor,
  }
}

function addEvents(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/replenishment/events',
    permission: 'replenishment:update',
    summary: 'Say what demand was or will be unlike the usual',
    tags,
    body: event,
    response: { 201: created },
    work: async (tx, { body, principal, audit }) => {
      requireRuleScope(principal, body.entity, body.site)
      const { kind, name, fromOn, toOn, factorPpm, unitsPerDay, reason: why } = body
      const id = await addDemandEvent(tx, {
        ...(await ruleScope(tx, body)),
        ...{ kind, name, fromOn, toOn, factorPpm: BigInt(factorPpm) },
        ...{ unitsPerDay: BigInt(unitsPerDay), reason: why, actor: principal.actor },
      })
      const subject = { subjectType: 'demand-event', subjectId: id.toString() }
      await audit({ ...subject, action: 'added', after: body, reason: why })
      return { status: 201, body: { id: id.toString() } }
    },
  })
  commandRoute(server, deps, {
    method: 'POST',
    url: '/replenishment/events/:eventId/withdrawal',
    permission: 'replenishment:update',
    summary: 'An event that is not: the next run forgets it',
    tags,
    params: z.object({ eventId: bigId }),
    body: z.strictObject({ reason }),
    response: { 200: created },
    work: async (tx, { body, params, principal, audit }) => {
      const id = BigInt(params.eventId)
      const [row] = await listDemandEvents(tx, { id, after: 0n, limit: 1, scopes: EVERYWHERE })
      const found = visible(principal, row, 'demand event', ({ entity, site }) => ({
        entity,
        site,
      }))
      requireRuleScope(principal, found.entity, found.site ?? undefined)
      if (!(await withdrawDemandEvent(tx, id, principal.actor)))
        throw new Refusal('EventWithdrawn', `Demand event ${id} has been withdrawn before.`)
      const subject = { subjectType: 'demand-event', subjectId: id.toString() }
      await audit({ ...subject, action: 'withdrawn', reason: body.reason })
      return { body: { id: id.toString() } }
    },
  })
}

function addLanes(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/replenishment/lanes',
    permission: 'replenishment:update',
    summary: 'A way between two sites of a company: its days and cost',
    tags,
    body: z
      .strictObject({
        entity: code,
        from: code,
        to: code,
        days: days(365),
        fixedMinor: minorFromZero,
        perUnitMinor: minorFromZero,
        status: z.enum(['active', 'paused']).default('active'),
        reason,
      })
      .refine((body) => body.from !== body.to, {
        error: 'send two different sites',
        path: ['to'],
      }),
    response: { 201: created },
    work: async (tx, { body, principal, audit }) => {
      for (const site of [body.from, body.to]) requireRuleScope(principal, body.entity, site)
      const from = await ruleScope(tx, { entity: body.entity, site: body.from })
      const to = await ruleScope(tx, { entity: body.entity, site: body.to })
      const id = await addLane(tx, {
        ...{ fromSiteId: from.siteId!, toSiteId: to.siteId!, days: body.days },
        ...{ fixedMinor: BigInt(body.fixedMinor), perUnitMinor: BigInt(body.perUnitMinor) },
        ...{ status: body.status, reason: body.reason, actor: principal.actor },
      })
      const subject = { subjectType: 'replenishment-lane', subjectId: id.toString() }
      await audit({ ...subject, action: 'added', after: body, reason: body.reason })
      return { status: 201, body: { id: id.toString() } }
    },
  })
}

function addBudgets(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/replenishment/budgets',
    permission: 'purchase-orders:approve',
    summary: 'What may be ordered in a month, of one supplier or of all',
    tags,
    body: z.strictObject({
      entity: code,
      supplier: code.optional(),
      month: z
        .string()
        .regex(/^2\d{3}-(0[1-9]|1[0-2])$/, { error: 'send a month such as 2026-01' })
        .meta({ example: '2026-01' }),
      limitMinor: minorFromZero.describe('In the company’s currency.'),
      reason,
    }),
    response: { 201: created },
    work: async (tx, { body, principal, audit }) => {
      requireRuleScope(principal, body.entity, undefined)
      const { entityId } = await ruleScope(tx, { entity: body.entity })
      const { supplier, month, limitMinor, reason: why } = body
      const id = await addBudget(tx, {
        ...{ entityId, supplier, month, limitMinor: BigInt(limitMinor) },
        ...{ reason: why, actor: principal.actor },
      })
      const subject = { subjectType: 'replenishment-budget', subjectId: id.toString() }
      await audit({ ...subject, action: 'set', after: body, reason: why })
      return { status: 201, body: { id: id.toString() } }
    },
  })
}
