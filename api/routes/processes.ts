import { WorkflowNotFoundError } from '@temporalio/client'
import { z } from 'zod'
import { orderProgress } from '#contracts/order-to-cash'
import { listInbox } from '#db/queries/inbox'
import { standingInBooks, type OrderStanding } from '#db/queries/orders'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { mayDecideCase } from '#domain/orders/case-roles'
import { decideDocument } from '../document-decisions.ts'
import { orderInScope } from '../order-commands.ts'
import { documentDecided } from '../order-schemas.ts'
import { forbidden } from '../problem.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { bigId, code } from '../schemas.ts'

const tags = ['processes']
const waiting = z.object({
  orderId: z.string(),
  workflowId: z.string(),
  running: z.boolean().nullable().describe('Null while the process engine does not answer.'),
  sentence: z.string(),
  phase: z.string(),
  waitingFor: z.string(),
  whoMayAct: z.string(),
  until: z.string().nullable(),
  cases: z.array(z.object({ id: z.string(), type: z.string(), dueAt: z.string() })),
  temporalUi: z.string().nullable(),
})
const message = z.object({
  id: z.string(),
  source: z.string(),
  eventId: z.string(),
  topic: z.string(),
  outcome: z.string(),
  problems: z.unknown(),
  workflowId: z.string().nullable(),
  receivedAt: z.string(),
})

/** What processes wait for, and what came in from outside. */
export async function processRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addWaiting(server, deps)
  addInbox(server, deps)
}

function addWaiting(server: ApiServer, { db, temporal, config }: ApiDeps): void {
  server.get(
    '/orders/:orderId/waiting-for',
    {
      config: { permission: 'orders:read' },
      schema: {
        summary: 'Why has this order not shipped: what it waits for, until when, who may act',
        tags,
        params: z.object({ orderId: bigId }),
        response: { 200: waiting },
      },
    },
    async (request) => {
      const place = await orderInScope(db, request, request.params.orderId)
      const [live, books] = await Promise.all([
        askProcess(temporal, place.workflowId),
        standingInBooks(db, place.id),
      ])
      const { open, ...stands } = { ...books, ...live.progress }
      const until = stands.until ? `, until ${stands.until}` : ''
      return {
        ...stands,
        orderId: place.id.toString(),
        workflowId: place.workflowId,
        running: live.running,
        temporalUi: config.TEMPORAL_UI_URL
          ? `${config.TEMPORAL_UI_URL}/namespaces/${config.TEMPORAL_NAMESPACE}/workflows/${encodeURIComponent(place.workflowId)}`
          : null,
        sentence: open
          ? `The order is ${stands.phase} and waits for ${stands.waitingFor}; ${stands.whoMayAct} may act${until}.`
          : `The order is ${stands.phase}; nothing is waited for.`,
      }
    },
  )
}

/** `running` is null when nobody can tell: the books still say where the order stands. */
async function askProcess(
  temporal: ApiDeps['temporal'],
  workflowId: string,
): Promise<{ running: boolean | null; progress?: Partial<OrderStanding> }> {
  try {
    const live = await temporal.workflow.getHandle(workflowId).query(orderProgress)
    if (!live) return { running: true }
    const { open, phase, waitingFor, whoMayAct, nextDeadline, cases } = live
    return {
      running: open,
      progress: { open, phase, waitingFor, whoMayAct, until: nextDeadline, cases },
    }
  } catch (error) {
    return { running: error instanceof WorkflowNotFoundError ? false : null }
  }
}

function addInbox(server: ApiServer, deps: ApiDeps): void {
  const { db } = deps
  server.post(
    '/inbox/:inboxId/retry',
    {
      config: { permission: 'exceptions:decide' },
      schema: {
        summary: 'Read a refused document again, now that its cause is mended',
        tags,
        params: z.object({ inboxId: bigId }),
        response: { 200: documentDecided },
      },
    },
    async (request) => {
      if (!mayDecideCase(request.principal.roles, 'document-refused'))
        throw forbidden('NotAllowed', 'Refused documents are decided by order-desk.')
      return decideDocument(deps, request, request.params.inboxId, 'retry')
    },
  )
  server.get(
    '/inbox',
    {
      config: { permission: 'imports:read' },
      schema: {
        summary: 'Documents that channels sent, with what became of them',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          outcome: z.enum(['received', 'accepted', 'refused', 'superseded']).optional(),
          channel: code.optional(),
        }),
        response: { 200: pageOf(message) },
      },
    },
    async ({ query, principal }) => {
      const rows = await listInbox(db, {
        before: idCursor(query.cursor, MAX_BIGINT),
        limit: query.limit + 1,
        outcome: query.outcome,
        channel: query.channel,
        scopes: principal.scopes,
      })
      return toPage(
        rows,
        query.limit,
        (row) => row.id,
        (row) => ({ ...row, id: row.id.toString() }),
      )
    },
  )
}
