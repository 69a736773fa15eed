import { z } from 'zod'
import { commandAgain } from '#clients/order-process'
import { resolveTrouble } from '#contracts/replenishment'
import { reopenException, resolveException, type ReopenException } from '#contracts/order-to-cash'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { readUser } from '#db/queries/access'
import { listCases, type CaseRow } from '#db/queries/exceptions'
import { shippedOrder } from '#db/queries/orders'
import { assignCase } from '#db/stores/cases'
import { allows } from '#domain/access'
import { mayDecideCase } from '#domain/orders/case-roles'
import { CASE_RESOLUTIONS, type CaseType, type Resolution } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { commandRoute } from '../command-route.ts'
import { decideBill, decideUnbilledReceipt } from '../bill-commands.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { takeAddressOut } from '../given-address.ts'
import { callerOf, commandOrder, type CommandCaller } from '../order-commands.ts'
import { progress } from '../order-schemas.ts'
import { commandReplenished } from '../replenishment-commands.ts'
import { forbidden, toProblem } from '../problem.ts'
import { bigId, intId, reason, shortText } from '../schemas.ts'
import { answerOf, caseInScope } from '../case-scope.ts'
import { STOCK_CASES } from '../stock-decisions.ts'
import { isWarehouseCase } from '../warehouse-decisions.ts'

const tags = ['exceptions']
const params = z.object({ caseId: bigId })
/** A refused document is read anew by itself, and a channel's stock is no order's; all others are told to the process of their order. */
const types = Object.keys(CASE_RESOLUTIONS).filter(
  (type) => type !== 'document-refused' && !STOCK_CASES.includes(type),
) as [CaseType, ...CaseType[]]
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
          const caller = { ...callerOf(request), commandKey: `${commandKey}/${caseId}`, principal }
          return decideOne(deps, caller, { caseId, type, resolution, params: given })
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
  caller: CommandCaller & { principal: Principal },
  choice: {
    caseId: string
    type: CaseType
    resolution: Resolution
    params: Record<string, unknown> | undefined
  },
): Promise<z.output<typeof outcome>> {
  const { caseId, type, resolution } = choice
  try {
    const found = await caseInScope(deps.db, caller.principal, caseId)
    if (found.type !== type)
      throw new Refusal('CaseOfAnotherType', `Case ${caseId} is a ${found.type}, not a ${type}.`)
    if (found.subjectType === 'purchase-order' || isWarehouseCase(found))
      throw new Refusal(
        'DecidedOneByOne',
        'Cases of purchases and of outside warehouses are decided one by one.',
      )
    const kept = resolution === 'create-item' ? choice.params : takeAddressOut(choice.params).rest
    const told = kept ? { params: kept } : {}
    if (found.subjectType === 'receipt-line') {
      const { outcome: phase } = await decideUnbilledReceipt(
        deps,
        found,
        { resolution, ...told },
        caller,
      )
      return { caseId, outcome: 'done', phase, code: null, detail: null }
    }
    if (found.subjectType === 'vendor-bill') {
      const { phase } = await decideBill(deps, found, { resolution, ...told }, caller)
      return { caseId, outcome: 'done', phase, code: null, detail: null }
    }
    const command = { caseId, resolution, ...told }
    if (found.subjectType === 'item') {
      await commandReplenished(deps, found.entity, resolveTrouble, command, caller)
      return { caseId, outcome: 'done', phase: null, code: null, detail: null }
    }
    const { phase } = await commandOrder(
      deps,
      placeOf(found),
      resolveException,
      command,
      caller,
    ).catch((error: unknown) => {
      throw answerOf(found, error)
    })
    return { caseId, outcome: 'done', phase, code: null, detail: null }
  } catch (error) {
    const { code, detail, status } = toProblem(error)
    const known = status < 500 && status !== 202
    return { caseId, outcome: known ? 'refused' : 'not-answered', phase: null, code, detail }
  }
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

function addReopening(server: ApiServer, { db, temporal, orderTaskQueue }: ApiDeps): void {
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
      const found = await caseInScope(db, principal, request.params.caseId)
      if (!mayDecideCase(principal.roles, found.type as CaseType))
        throw forbidden('NotAllowed', `A ${found.type} case is decided by ${found.ownerTeam}.`)
      if (found.subjectType === 'purchase-order')
        throw new Refusal(
          'NotReopenable',
          'What was chosen about a purchase has moved goods or money.',
        )
      if (found.subjectType === 'vendor-bill' || found.subjectType === 'receipt-line')
        throw new Refusal(
          'NotReopenable',
          'A decision on a bill has moved its books: answer it by a credit, or by another bill.',
        )
      if (STOCK_CASES.includes(found.type))
        throw new Refusal(
          'NotReopenable',
          'What was decided about a channel has been carried out: change the listing, or how the channel is told.',
        )
      if (found.subjectType !== 'order')
        throw new Refusal(
          'NotReopenable',
          `What was chosen on a ${found.subjectType} has moved goods. What is still wrong opens a case by itself.`,
        )
      const command = { caseId: found.id.toString(), reason: request.body.reason }
      const takeUp = async (told: ReopenException, updateId: string) => {
        const ended = await shippedOrder(db, found.workflowId)
        const queue = orderTaskQueue ? { taskQueue: orderTaskQueue } : {}
        const again = { command: told, updateId, ...queue }
        return ended && commandAgain(temporal, ended, reopenException, again)
      }
      return commandOrder(
        { db, temporal },
        placeOf(found),
        reopenException,
        command,
        callerOf(request),
        takeUp,
      )
    },
  )
}

function placeOf(found: CaseRow) {
  const { subjectId, workflowId, entity, channel } = found
  return { id: BigInt(subjectId), workflowId, entity, channel: channel ?? '' }
}
