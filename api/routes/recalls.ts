import { z } from 'zod'
import * as contract from '#contracts/recall'
import { listRecalls, type RecallRow } from '#db/queries/recalls'
import { RECALL_OUTCOMES } from '#domain/stock/recall'
import { documentCommand } from '../document-routes.ts'
import { documentNo } from '../document-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { positiveInt, shortText, sku } from '../schemas.ts'
import { requireEverywhere } from '../scope.ts'

const tags = ['recalls']
const text = z.string()
const params = z.object({ recallNo: documentNo })
const recall = z.object({
  recallNo: text,
  entity: text,
  sku: text,
  lot: text,
  phase: text,
  version: z.int(),
  reason: text,
  requestedBy: text,
  recordedAt: text,
  blocked: z.array(z.object({ site: text, bin: text, units: text })),
  orders: z.array(
    z.object({
      orderId: text,
      orderNumber: text,
      units: text,
      outcome: text.nullable(),
      note: text.nullable(),
      decidedBy: text.nullable(),
    }),
  ),
})
const outcomes = z.strictObject({
  orders: z
    .array(
      z.strictObject({
        orderId: z.string().regex(/^\d{1,18}$/, { error: 'send the id of an order' }),
        outcome: z.enum(RECALL_OUTCOMES),
        note: shortText.optional(),
      }),
    )
    .min(1)
    .max(1000),
  expectedVersion: positiveInt.optional(),
})

/** Recalls of lots: who was sent some, and what came of it. A lot is everybody's, whatever their site. */
export async function recallRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  const recalls = {
    ...{ url: '/recalls/:recallNo', tags, params, subject: 'recall' as const },
    find: (principal: Principal, { recallNo }: z.output<typeof params>) =>
      recallOf(deps, principal, recallNo),
  }
  documentCommand(server, deps, recalls, {
    ...{ path: 'outcomes', permission: 'exceptions:decide', body: outcomes },
    summary: 'Say what became of the units that orders were sent; the last one ends the recall',
    update: contract.recordOutcomes,
  })
}

function addReads(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/recalls',
    {
      config: { permission: 'items:read' },
      schema: {
        summary: 'Recalls of lots, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          sku: sku.optional(),
          open: z.enum(['true', 'false']).optional(),
        }),
        response: { 200: pageOf(recall) },
      },
    },
    async ({ query: { limit, cursor, open, ...filter }, principal }) => {
      requireEverywhere(principal, 'recall')
      const rows = await listRecalls(deps.db, {
        ...filter,
        open: open === undefined ? undefined : open === 'true',
        after: idCursor(cursor),
        limit: limit + 1,
      })
      return toPage(rows, limit, (row) => row.id, shown)
    },
  )
  server.get(
    '/recalls/:recallNo',
    {
      config: { permission: 'items:read' },
      schema: {
        summary: 'One recall, with every order that was sent some of the lot',
        tags,
        params,
        response: { 200: recall },
      },
    },
    async ({ params: { recallNo }, principal }) => shown(await recallOf(deps, principal, recallNo)),
  )
}

async function recallOf({ db }: ApiDeps, principal: Principal, no: string): Promise<RecallRow> {
  requireEverywhere(principal, 'recall')
  const [found] = await listRecalls(db, { no, after: 0n, limit: 1 })
  if (!found) throw notFound('recall')
  return found
}

function shown({ id: _, workflowId: __, no, ...row }: RecallRow) {
  return { recallNo: no, ...row }
}
