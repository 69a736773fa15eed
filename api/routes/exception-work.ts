import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { readUser } from '#db/queries/access'
import { listCases } from '#db/queries/exceptions'
import { assignCase } from '#db/stores/cases'
import { allows } from '#domain/access'
import { mayDecideCase } from '#domain/orders/case-roles'
import { CASE_RESOLUTIONS, type CaseType, type Resolution } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { caseKindOf, isBulkType } from '../case-kinds.ts'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { takeAddressOut } from '../given-address.ts'
import { callerOf, type CommandCaller } from '../order-commands.ts'
import { progress } from '../order-schemas.ts'
import { forbidden, toProblem } from '../problem.ts'
import { bigId, intId, reason, shortText } from '../schemas.ts'
import { answerOf, caseInScope } from '../case-scope.ts'

const tags = ['exceptions']
const params = z.object({ caseId: bigId })
const types = (Object.keys(CASE_RESOLUTIONS) as CaseType[]).filter(isBulkType) as [
  CaseType,
  ...CaseType[],
]
/** A correction is one address for one order. */
const choices = [...new Set(Object.values(CASE_RESOLUTIONS).flat())].filter(
  (choice) => choice !== 'correct',
) as [Resolution, ...Resolution[]]
const AT_MOST = 200
const AT_A_TIME = 8

const bulk = z.strictObject({
  type: z.enum(types),
  resolution: z.enum(choices),
  params: z
    .record(z.string().max(60), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
    .optional(),
  caseIds: z
    .array(bigId)
    .min(1)
    .max(AT_MOST)
    .optional()
    .describe(`Absent: the ${AT_MOST} open cases of the type that rank highest.`),
  team: shortText.optional(),
})
const outcome = z.object({
  caseId: z.string(),
  outcome: z.enum(['done', 'refused', 'not-answered']),
  phase: z.string().nullable(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
})

/** Work on the queue beside the single decision: many at once, whose a case is, and once more. */
export async function exceptionWorkRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addBulk(server, deps)
  addAssignment(server, deps)
  addReopening(server, deps)
}

function addBulk(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/exceptions/bulk-resolution',
    {
      config: { permission: 'exceptions:decide' },
      schema: {
        summary:
          'The same choice for many cases of one type; each succeeds or is refused by itself',
        description:
          'Which cases are meant is kept with the key, so the same request again means the same cases.',
        tags,
        body: bulk,
        response: { 200: z.object({ items: z.array(outcome) }) },
      },
    },
    async (request) => {
      const { type, resolution, params: given } = request.body
      const { principal, commandKey } = request
      if (!mayDecideCase(principal.roles, type, resolution))
        throw forbidden(
          'NotAllowed',
          `${principal.roles.join(', ')} may not decide ${type} cases by "${resolution}".`,
        )
      const ids = await chosenCases(deps.db, request, request.body)
      const items: z.output<typeof outcome>[] = []
      for (let from = 0; from < ids.length; from += AT_A_TIME) {
        const some = ids.slice(from, from + AT_A_TIME).map((caseId) => {
          const caller = { ...callerOf(request), commandKey: `${commandKey}/${caseId}` }
          return decideOne(deps, request, caller, { caseId, type, resolution, params: given })
        })
        items.push(...(await Promise.all(some)))
      }
      return { items }
    },
  )
}

async function chosenCases(
  db: Db,
  { commandKey, principal }: { commandKey: string; principal: Principal },
  { type, team, caseIds, resolution, params: given }: z.output<typeof bulk>,
): Promise<string[]> {
  const asked = { type, resolution, params: given, caseIds, team }
  const command = { key: `${commandKey}/cases`, request: asked, actor: principal.actor }
  return commitOnce(db, command, async (tx) => {
    if (caseIds) return [...new Set(caseIds)]
    const scopes = principal.scopes
    const filter = {
      type,
      team,
      state: 'open',
      limit: AT_MOST,
      at: new Date().toISOString(),
      scopes,
    }
    return (await listCases(tx, filter)).map((row) => row.id.toString())
  })
}

async function decideOne(
  deps: ApiDeps,
  request: FastifyRequest,
  caller: CommandCaller,
  choice: {
    caseId: string
    type: CaseType
    resolution: Resolution
    params: Record<string, unknown> | undefined
  },
): Promise<z.output<typeof outcome>> {
  const { caseId, type, resolution } = choice
  try {
    const found = await caseInScope(deps.db, request.principal, caseId)
    if (found.type !== type)
      throw new Refusal('CaseOfAnotherType', `Case ${caseId} is a ${found.type}, not a ${type}.`)
    const { bulk, decide } = caseKindOf(found)
    if (!bulk)
      throw new Refusal('DecidedOneByOne', 'Cases of outside warehouses are decided one by one.')
    const params = resolution === 'create-item' ? choice.params : takeAddressOut(choice.params).rest
    const decision = { found, chosen: { resolution, params }, caller, request }
    const decided = await decide.by(deps, decision).catch((error: unknown) => {
      throw answerOf(found, error)
    })
    return { caseId, outcome: 'done', phase: phaseOf(decided), code: null, detail: null }
  } catch (error) {
    const { code, detail, status } = toProblem(error)
    const known = status < 500 && status !== 202
    return { caseId, outcome: known ? 'refused' : 'not-answered', phase: null, code, detail }
  }
}

/** Where the subject then stands, where its kind has such a word. */
function phaseOf(decided: unknown): string | null {
  const { phase, outcome } = decided as { phase?: string; outcome?: string }
  return phase ?? outcome ?? null
}

function addAssignment(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/exceptions/:caseId/assignment',
    permission: 'exceptions:decide',
    summary: 'Say whose a case is; null gives it back to its team',
    tags,
    params,
    body: z.strictObject({ userId: intId.nullable() }),
    response: { 204: z.undefined() },
    work: async (tx, { body: { userId }, params: { caseId }, principal, audit }) => {
      const found = await caseInScope(tx, principal, caseId)
      const user = userId === null ? null : await readUser(tx, Number(userId))
      const able =
        user &&
        user.disabledAt === null &&
        allows(user.roles, 'exceptions:decide') &&
        mayDecideCase(user.roles, found.type as CaseType)
      if (userId !== null && !able)
        throw new Refusal(
          'CannotDecide',
          `User ${userId} does not exist, is disabled, or may not decide ${found.type} cases.`,
        )
      const owner = userId === null ? null : `user:${userId}`
      if (!(await assignCase(tx, found.id, owner)))
        throw new Refusal('CaseNotOpen', `Case ${caseId} is ${found.state}: nobody need own it.`)
      await audit({
        subjectType: 'exception',
        subjectId: caseId,
        action: 'assigned',
        before: { ownerUser: found.ownerUser },
        after: { ownerUser: owner },
      })
      return { status: 204 }
    },
  })
}

function addReopening(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/exceptions/:caseId/reopening',
    {
      config: { permission: 'exceptions:decide' },
      schema: {
        summary:
          'Think a decision over that moved nothing: an answered cancellation, a disputed recall',
        tags,
        params,
        body: z.strictObject({ reason }),
        response: { 200: progress },
      },
    },
    async (request) => {
      const { principal } = request
      const found = await caseInScope(deps.db, principal, request.params.caseId)
      if (!mayDecideCase(principal.roles, found.type as CaseType))
        throw forbidden('NotAllowed', `A ${found.type} case is decided by ${found.ownerTeam}.`)
      const { reopen } = caseKindOf(found)
      if (typeof reopen === 'string') throw new Refusal('NotReopenable', reopen)
      return reopen(deps, found, { reason: request.body.reason, request })
    },
  )
}
