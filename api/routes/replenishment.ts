import { z } from 'zod'
import * as contract from '#contracts/replenishment'
import {
  listProposals,
  listRuns,
  type ProposalRow,
  type RunListRow,
} from '#db/queries/replenishment'
import { listEntities } from '#db/queries/masters'
import type { Permission } from '#domain/access'
import { EVERYWHERE } from '#domain/scopes'
import { PROPOSAL_STATES } from '#domain/replenishment/proposal-states'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { callerOf } from '../order-commands.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { invalidInput, notFound } from '../problem.ts'
import { authorityOf, commandReplenished, runProgress } from '../replenishment-commands.ts'
import { bigId, businessDate, code, jsonObject, money, reason, sku } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const tags = ['replenishment']
const text = z.string()
const proposal = z.object({
  id: text,
  runId: text,
  entity: text,
  sku: text,
  site: text,
  state: text,
  kind: text,
  computedQty: text,
  qty: text,
  supplier: text.nullable(),
  fromSite: text.nullable(),
  cost: money,
  arrivesOn: text,
  runsOutOn: text.nullable(),
  coverDays: z.int(),
  inputs: jsonObject.describe('Every number that the formula took, and what it gave.'),
  alternatives: z.array(jsonObject).describe('What lost, and why.'),
  ownerMode: text,
  lotAsks: z.boolean(),
  overBudget: z.boolean(),
  outsideBand: z.boolean(),
  changedBy: text.nullable(),
  approvedBy: text.nullable(),
  convertedBy: text.nullable(),
  snoozedUntil: text.nullable(),
  reason: text.nullable(),
  poNumber: text.nullable(),
  transferNo: text.nullable(),
  supersededBy: text.nullable(),
  version: z.int(),
})
const COUNTS = {
  total: true,
  done: true,
  proposed: true,
  superseded: true,
  kept: true,
  unsourced: true,
  overBudget: true,
} as const
const run = z.object({
  id: text,
  entity: text,
  runOn: text,
  cause: text,
  actor: text,
  state: text,
  ...runProgress.pick(COUNTS).shape,
  startedAt: text,
  endedAt: text.nullable(),
})
const decided = z.object({
  proposals: z.array(z.object({ id: text, state: text, version: z.int() })),
  documents: z.array(z.object({ type: z.enum(['purchase-order', 'transfer']), no: text })),
})
const proposalIds = z.array(bigId).min(1).max(200)

/** What a company needs at its sites: runs, what they propose, and what people decide. */
export async function replenishmentRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addRuns(server, deps)
  addRunNow(server, deps)
  addProposals(server, deps)
  addDecision(server, deps, {
    url: '/replenishment/approvals',
    permission: 'purchase-orders:approve',
    summary: 'Sign what is above a buyer’s limit, beyond a budget or outside a site’s band',
    body: z.strictObject({ proposalIds, reason }).transform((body) => ({
      ...body,
      decision: 'approve' as const,
    })),
  })
  addDecision(server, deps, {
    url: '/replenishment/decisions',
    permission: 'replenishment:decide',
    summary: 'Convert, change, snooze or dismiss proposals: all of them, or none',
    body: z
      .strictObject({
        decision: z.enum(['convert', 'change', 'snooze', 'dismiss']),
        proposalIds,
        qty: z
          .string()
          .regex(/^[1-9]\d{0,11}$/, { error: 'send whole units as text, from "1"' })
          .optional(),
        until: businessDate.optional(),
        reason,
      })
      .refine((body) => (body.decision === 'change') === (body.qty !== undefined), {
        error: 'send qty to change one, and only then',
        path: ['qty'],
      })
      .refine((body) => body.decision !== 'change' || body.proposalIds.length === 1, {
        error: 'change one proposal at a time',
        path: ['proposalIds'],
      })
      .refine((body) => (body.decision === 'snooze') === (body.until !== undefined), {
        error: 'send until to snooze, and only then',
        path: ['until'],
      }),
  })
}

function addRuns(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/replenishment/runs',
    {
      config: { permission: 'replenishment:read' },
      schema: {
        summary: 'Runs, the newest first, and how far they are',
        tags,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(run) },
      },
    },
    async ({ query: { limit, cursor }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listRuns(db, { before, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toRun)
    },
  )
  server.get(
    '/replenishment/runs/:runId',
    {
      config: { permission: 'replenishment:read' },
      schema: {
        summary: 'How far a run is',
        tags,
        params: z.object({ runId: bigId }),
        response: { 200: run },
      },
    },
    async ({ params, principal }) => {
      const only = { id: BigInt(params.runId), before: MAX_BIGINT, limit: 1, scopes: EVERYWHERE }
      const [row] = await listRuns(db, only)
      return toRun(visible(principal, row, 'replenishment run', ({ entity }) => ({ entity })))
    },
  )
}

function toRun({ id, ...row }: RunListRow) {
  return { ...row, id: id.toString() }
}

function addRunNow(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/replenishment/runs',
    {
      config: { permission: 'replenishment:create', asksProcess: true },
      schema: {
        summary: 'Look now at what is needed',
        description:
          'Answers the run that begins, or the one that is under way: then another follows it. Null where no policy speaks of anything.',
        tags,
        body: z.strictObject({ entity: code, reason }),
        response: { 200: z.object({ run: runProgress.nullable() }) },
      },
    },
    async (request) => {
      const { entity, reason: why } = request.body
      requireScope(request.principal, { entity })
      if (!(await listEntities(deps.db, EVERYWHERE)).some((known) => known.code === entity))
        throw notFound('entity')
      const command = { reason: why }
      const caller = callerOf(request)
      return { run: await commandReplenished(deps, entity, contract.runNow, command, caller) }
    },
  )
}

function addProposals(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/replenishment/proposals',
    {
      config: { permission: 'replenishment:read' },
      schema: {
        summary: 'What is proposed, with every number that it was made of',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: z.enum(PROPOSAL_STATES).optional(),
          sku: sku.optional(),
          site: code.optional(),
        }),
        response: { 200: pageOf(proposal) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const ask = { ...filter, after: idCursor(cursor), limit: limit + 1, scopes }
      return toPage(await listProposals(db, ask), limit, (row) => row.id, toProposal)
    },
  )
  server.get(
    '/replenishment/proposals/:proposalId',
    {
      config: { permission: 'replenishment:read' },
      schema: {
        summary: 'One proposal',
        tags,
        params: z.object({ proposalId: bigId }),
        response: { 200: proposal },
      },
    },
    async ({ params, principal }) => {
      const [row] = await proposalsInScope(db, principal, [params.proposalId])
      return toProposal(row!)
    },
  )
}

/** All of them, when each exists and lies in the caller's reach. */
async function proposalsInScope(
  db: ApiDeps['db'],
  principal: Principal,
  ids: readonly string[],
): Promise<ProposalRow[]> {
  const wanted = [...new Set(ids)]
  const ask = { ids: wanted, after: 0n, limit: wanted.length, scopes: EVERYWHERE }
  const rows = await listProposals(db, ask)
  if (rows.length < wanted.length) throw notFound('replenishment proposal')
  return rows.map((row) =>
    visible(principal, row, 'replenishment proposal', ({ entity, site }) => ({ entity, site })),
  )
}

function addDecision(
  server: ApiServer,
  deps: ApiDeps,
  route: {
    url: string
    permission: Permission
    summary: string
    body: z.ZodType<Omit<contract.DecideProposals, 'key' | 'actor' | 'entity' | 'sites'>>
  },
): void {
  server.post(
    route.url,
    {
      config: { permission: route.permission, asksProcess: true },
      schema: { summary: route.summary, tags, body: route.body, response: { 200: decided } },
    },
    async (request) => {
      const { principal, body } = request
      const [first, ...others] = await proposalsInScope(deps.db, principal, body.proposalIds)
      const { entity } = first!
      if (others.some((other) => other.entity !== entity))
        throw invalidInput({ field: 'body.proposalIds', message: 'send those of one company' })
      const command = { ...body, entity, ...authorityOf(principal) }
      return commandReplenished(deps, entity, contract.decideProposals, command, callerOf(request))
    },
  )
}

function toProposal({ costMinor, currency, computedQty, qty, ...row }: ProposalRow) {
  return {
    ...row,
    ...{ id: row.id.toString(), runId: row.runId.toString() },
    ...{ computedQty: computedQty.toString(), qty: qty.toString() },
    cost: { currency, minor: costMinor.toString() },
    supersededBy: row.supersededBy?.toString() ?? null,
  }
}
