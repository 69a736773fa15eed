import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { closePolicies } from '#db/queries/period-closes'
import { DUE_DAYS, type CloseStep } from '#domain/ledger/close-policy'
import { approveClosePolicy, proposeClosePolicy } from '#db/stores/close-policies'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { notFound } from '../problem.ts'
import { code, intId, jsonObject, minorText, reason } from '../schemas.ts'
import { visible } from '../scope.ts'
import { entityCode } from './ledger-schemas.ts'
import { companyInReach, personOf } from './periods.ts'

const tags = ['period close']
const STEPS = Object.keys(DUE_DAYS) as [CloseStep, ...CloseStep[]]
/** Costs that belong to no order line, and so may be spread afterwards. */
const account = z.literal([5045, 6030, 6060, 6070, 6080, 6090])
const ppm = z.int().min(0).max(1_000_000)
const body = z.strictObject({
  materialityMinor: minorText.refine((text) => !text.startsWith('-'), {
    error: 'send minor units from "0"',
  }),
  fxRevaluation: z
    .enum(['reverse', 'carry'])
    .describe('Taken back on day one, or carried until the item is settled.'),
  creditLoss: z
    .array(z.strictObject({ fromDays: z.int().min(0).max(3650), ppm }))
    .max(20)
    .refine(
      (ages) => ages.every((age, nth) => nth === 0 || age.fromDays > ages[nth - 1]!.fromDays),
      {
        error: 'send ages from the youngest to the oldest',
      },
    )
    .describe('Share of receivables that is expected to be lost, by days past due.'),
  allocations: z
    .array(
      z.strictObject({
        ruleId: code,
        fromAccount: account,
        shares: z
          .array(z.strictObject({ account, channel: code.optional(), ppm }))
          .min(1)
          .max(50)
          .refine((shares) => shares.reduce((all, share) => all + share.ppm, 0) === 1_000_000, {
            error: 'shares sum to 1000000 parts per million',
          }),
      }),
    )
    .max(50)
    .refine((rules) => new Set(rules.map(({ ruleId }) => ruleId)).size === rules.length, {
      error: 'name each rule once',
    }),
  realisableValue: z
    .strictObject({
      costToSellPpm: ppm.describe('What a sale costs, of its price.'),
      lastSaleDays: z.int().min(0).max(3650),
      reverses: z
        .boolean()
        .describe('Up to cost again when the value comes back: IFRS, not US GAAP.'),
    })
    .optional()
    .describe('Lower of cost and net realisable value, item by item; by judgement only without.'),
  dueDays: z
    .partialRecord(z.enum(STEPS), z.int().min(0).max(366))
    .optional()
    .describe('Days after the period’s end by which the tasks of a step are to be done.'),
})
const version = z.object({
  version: z.int(),
  body: jsonObject,
  owner: z.string(),
  reason: z.string(),
  approvedBy: z.string().nullable(),
  recordedAt: z.string(),
})

/** How a company closes: written by one person, in force once another has approved it. */
export async function closePolicyRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addList(server, deps)
  addProposal(server, deps)
  addApproval(server, deps)
}

function addList(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/close-policies',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary: 'Rules by which a company closes, the newest version first',
        tags,
        querystring: z.strictObject({ entity: entityCode }),
        response: { 200: z.object({ items: z.array(version), nextCursor: z.null() }) },
      },
    },
    async ({ query: { entity }, principal }) => {
      const found = await companyByCode(deps.db, entity)
      const { id } = visible(principal, found, `entity ${entity}`, (row) => ({ entity: row.code }))
      const rows = await closePolicies(deps.db, id)
      const items = rows.map((row) => ({ ...row, body: { ...row.body } }))
      return { items, nextCursor: null }
    },
  )
}

function addProposal(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/close-policies',
    permission: 'periods:create',
    summary: 'Propose how a company closes',
    tags,
    body: z.strictObject({ entity: entityCode, rules: body, reason }),
    response: { 201: z.object({ entity: z.string(), version: z.int() }) },
    work: async (tx, { body: { entity, rules, reason: why }, principal, audit }) => {
      const { id } = await companyInReach(tx, principal, entity)
      const owner = personOf(principal)
      const added = await proposeClosePolicy(tx, id, {
        ...{ owner, reason: why },
        body: {
          ...given(rules),
          allocations: rules.allocations.map((rule) => ({
            ...rule,
            shares: rule.shares.map(({ channel, ...share }) =>
              channel === undefined ? share : { ...share, channel },
            ),
          })),
        },
      })
      const event = { subjectType: 'close-policy', subjectId: `${entity}/${added}` }
      await audit({ ...event, action: 'proposed', after: rules, reason: why })
      return { status: 201, body: { entity, version: added } }
    },
  })
}

function addApproval(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/close-policies/:entity/:version/approval',
    permission: 'periods:approve',
    summary: 'Approve a version; whoever wrote it may not',
    tags,
    params: z.object({ entity: entityCode, version: intId }),
    body: z.strictObject({ reason }),
    response: { 200: z.object({ entity: z.string(), version: z.int() }) },
    work: async (
      tx,
      { params: { entity, version: no }, body: { reason: why }, principal, audit },
    ) => {
      const { id } = await companyInReach(tx, principal, entity)
      const approved = { entityId: id, version: Number(no), approvedBy: personOf(principal) }
      if (!(await approveClosePolicy(tx, approved))) throw notFound(`version ${no}`)
      await audit({
        ...{ subjectType: 'close-policy', subjectId: `${entity}/${no}` },
        ...{ action: 'approved', reason: why },
      })
      return { body: { entity, version: Number(no) } }
    },
  })
}

/** Without what was left out. */
function given<T extends object>(rules: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
