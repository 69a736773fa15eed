import { z } from 'zod'
import { caseSummary, listCases, type CaseRow } from '#db/queries/exceptions'
import { allows } from '#domain/access'
import { PARAM_KINDS, paramsOf } from '#domain/orders/choice-params'
import { decidersOf, mayDecideCase } from '#domain/orders/case-roles'
import { CASE_RESOLUTIONS, type CaseType, type Resolution } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { caseKindOf, decidedSchemas, previewedSchemas } from '../case-kinds.ts'
import { answerOf, caseInScope, notOpen } from '../case-scope.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { callerOf } from '../order-commands.ts'
import { A_NUMBER, AN_ID, AN_INSTANT, cursorParts, pageOf, pageQuery, toPage } from '../paging.ts'
import { forbidden } from '../problem.ts'
import { actorName, bigId, jsonObject, money, shortText } from '../schemas.ts'

const tags = ['exceptions']
const params = z.object({ caseId: bigId })
const types = Object.keys(CASE_RESOLUTIONS) as [CaseType, ...CaseType[]]
const choices = [...new Set(Object.values(CASE_RESOLUTIONS).flat())] as [
  Resolution,
  ...Resolution[],
]

const exceptionCase = z.object({
  id: z.string(),
  type: z.string(),
  state: z.string(),
  subjectType: z.string(),
  subjectId: z.string(),
  workflowId: z.string(),
  entity: z.string(),
  channel: z.string().nullable(),
  site: z.string().nullable(),
  ownerTeam: z.string(),
  ownerUser: z.string().nullable(),
  ownerName: actorName,
  severity: z.string(),
  escalations: z.int(),
  dueAt: z.string(),
  openedAt: z.string(),
  openedBy: z.string(),
  openedByName: actorName,
  moneyAtRisk: money,
  customerClass: z.string(),
  summary: z.string(),
  evidence: jsonObject,
  allowed: z.array(z.string()),
  choices: z
    .array(
      z.object({
        resolution: z.string(),
        mayChoose: z.boolean().describe('Whether the caller may decide the case this way.'),
        params: z.array(
          z.object({ name: z.string(), kind: z.enum(PARAM_KINDS), required: z.boolean() }),
        ),
      }),
    )
    .describe('The allowed resolutions with what each has to be told in `params`.'),
  resolution: z.string().nullable(),
  resolvedBy: z.string().nullable(),
  resolvedByName: actorName,
  resolvedAt: z.string().nullable(),
  reopened: z.int(),
  rank: z.string(),
  rankParts: z.object({
    money: z.string().describe('Whole units of the company’s currency, with decimals.'),
    currency: z.string(),
    hoursLeft: z.string(),
    classWeight: z.string(),
  }),
})
const choice = z.strictObject({
  resolution: z.enum(choices),
  params: z
    .record(z.string().max(60), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
    .optional(),
})

/** The exception queue: what is stuck, why, whose it is and what may be done about it. */
export async function exceptionRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addSummary(server, deps)
  addDecisions(server, deps)
  addPreview(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/exceptions',
    {
      config: { permission: 'exceptions:read' },
      schema: {
        summary: 'The queue, ranked by money, time left and customer class',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: z.enum(['open', 'resolved', 'self-healed']).default('open'),
          type: z.enum(types).optional(),
          team: shortText.optional(),
          subjectId: bigId.optional(),
        }),
        response: { 200: pageOf(exceptionCase) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      // Ranks change with the clock: every page shows them as they were when the first was read.
      const [instant, rank, id] = cursorParts(cursor, [AN_INSTANT, A_NUMBER, AN_ID]) ?? []
      const at = instant ?? new Date().toISOString()
      const rows = await listCases(db, {
        ...filter,
        limit: limit + 1,
        at,
        behind: rank === undefined || id === undefined ? undefined : { rank, id: BigInt(id) },
        scopes: principal.scopes,
      })
      return toPage(
        rows,
        limit,
        (row) => [at, row.exactRank, row.id],
        (row) => toCase(row, principal),
      )
    },
  )
}

function addSummary(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/exceptions/summary',
    {
      config: { permission: 'exceptions:read' },
      schema: {
        summary: 'Open cases by type and owner, with money and age',
        tags,
        response: {
          200: z.object({
            items: z.array(
              z.object({
                type: z.string(),
                ownerTeam: z.string(),
                open: z.int(),
                overdue: z.int(),
                moneyAtRisk: money,
                oldest: z.string(),
              }),
            ),
          }),
        },
      },
    },
    async ({ principal }) => {
      const rows = await caseSummary(db, principal.scopes)
      return {
        items: rows.map(({ moneyAtRiskMinor, currency, ...row }) => ({
          ...row,
          moneyAtRisk: { currency, minor: moneyAtRiskMinor.toString() },
        })),
      }
    },
  )
  server.get(
    '/exceptions/:caseId',
    {
      config: { permission: 'exceptions:read' },
      schema: { summary: 'One case', tags, params, response: { 200: exceptionCase } },
    },
    async (request) =>
      toCase(await caseInScope(db, request.principal, request.params.caseId), request.principal),
  )
}

function addDecisions(server: ApiServer, deps: ApiDeps): void {
  const { db } = deps
  server.post(
    '/exceptions/:caseId/resolution',
    {
      config: { permission: 'exceptions:decide', asksProcess: true },
      schema: {
        summary: 'Resolve a case; its process goes on',
        tags,
        params,
        body: choice,
        response: {
          200: z.union(decidedSchemas),
        },
      },
    },
    async (request) => {
      const found = await decidable(db, request.principal, request.params.caseId, request.body)
      const decision = { found, chosen: request.body, caller: callerOf(request), request }
      // Asked all the same: whoever repeats the request that closed the case gets its answer.
      return caseKindOf(found)
        .decide.by(deps, decision)
        .catch((error: unknown) => {
          throw answerOf(found, error)
        })
    },
  )
}

function addPreview(server: ApiServer, deps: ApiDeps): void {
  const { db } = deps
  if (!deps.previews) return
  server.post(
    '/exceptions/:caseId/resolution/preview',
    {
      config: { permission: 'exceptions:decide', idempotencyKey: false },
      schema: {
        summary: 'What a resolution would do to stock, money, promise and margin; changes nothing',
        tags,
        params,
        body: choice,
        response: { 200: z.union(previewedSchemas) },
      },
    },
    async (request) => {
      const found = await decidable(db, request.principal, request.params.caseId, request.body)
      if (found.state !== 'open') throw notOpen(found)
      const { preview } = caseKindOf(found)
      if (typeof preview === 'string') throw new Refusal('NothingToPreview', preview)
      return preview.by(deps, { found, chosen: request.body, caller: callerOf(request), request })
    },
  )
}

async function decidable(
  db: ApiDeps['db'],
  principal: Principal,
  id: string,
  { resolution }: { resolution: Resolution },
): Promise<CaseRow> {
  const found = await caseInScope(db, principal, id)
  if (!mayDecideCase(principal.roles, found.type as CaseType))
    throw forbidden(
      'NotAllowed',
      `A ${found.type} case is decided by ${found.ownerTeam}, not by ${principal.roles.join(', ')}.`,
    )
  if (!mayDecideCase(principal.roles, found.type as CaseType, resolution))
    throw forbidden(
      'NotAllowed',
      `"${resolution}" is the choice of ${decidersOf(resolution).join(' or ')}: assign the case to one of them, or choose another way.`,
    )
  return found
}

function toCase(
  { id, moneyAtRiskMinor, currency, exactRank: _, ...row }: CaseRow,
  { roles }: Principal,
) {
  const type = row.type as CaseType
  const decides = allows(roles, 'exceptions:decide')
  return {
    ...row,
    choices: (row.allowed as Resolution[]).map((resolution) => ({
      resolution,
      mayChoose: decides && mayDecideCase(roles, type, resolution),
      params: [...paramsOf(type, resolution)],
    })),
    id: id.toString(),
    moneyAtRisk: { currency, minor: moneyAtRiskMinor.toString() },
  }
}
