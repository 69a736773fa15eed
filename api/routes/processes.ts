import { z } from 'zod'
import { listInbox } from '#db/queries/inbox'
import { placeOfProcess } from '#db/queries/orders'
import { EVERYWHERE, scopesInclude } from '#domain/scopes'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { mayDecideCase } from '#domain/orders/case-roles'
import { decideDocument } from '../document-decisions.ts'
import { orderInScope } from '../order-commands.ts'
import { documentDecided } from '../order-schemas.ts'
import { forbidden, notFound } from '../problem.ts'
import { standingOfOrder, standingOfProcess } from '../process-standing.ts'
import { visible } from '../scope.ts'
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

function addWaiting(server: ApiServer, deps: ApiDeps): void {
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
      const place = await orderInScope(deps.db, request, request.params.orderId)
      return standingOfOrder(deps, place)
    },
  )
  server.get(
    '/processes/:workflowId/waiting-for',
    {
      config: { permission: 'processes:read' },
      schema: {
        summary: 'What any process waits for, until when and who may act',
        description:
          'Send the id percent-encoded: it holds slashes. A process that is no order’s is of all companies, so only for callers without limits.',
        tags,
        params: z.object({
          workflowId: z.string().min(3).max(400).meta({ example: 'notification/outbox' }),
        }),
        response: { 200: waiting.extend({ orderId: z.string().nullable() }) },
      },
    },
    async ({ params: { workflowId }, principal }) => {
      const place = await placeOfProcess(deps.db, workflowId)
      if (place) {
        visible(principal, place, 'process', ({ entity, channel }) => ({ entity, channel }))
        return standingOfOrder(deps, place)
      }
      if (!scopesInclude(principal.scopes, EVERYWHERE)) throw notFound('process')
      return standingOfProcess(deps, workflowId)
    },
  )
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
