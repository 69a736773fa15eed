import { z } from 'zod'
import {
  listReturns,
  receivedNotRefunded,
  refundedNotReceived,
  type ReturnRow,
  type UnsettledUnits,
} from '#db/queries/customer-returns'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { returnAnswer, returnNo, unsettledAnswer } from '../return-schemas.ts'
import { bigId, code } from '../schemas.ts'

const tags = ['returns']

/** What comes back from customers, and what is given back to them. */
export async function returnRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/returns',
    {
      config: { permission: 'returns:read' },
      schema: {
        summary: 'Returns of customers, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          orderId: bigId.optional(),
          open: z.stringbool().optional(),
        }),
        response: { 200: pageOf(returnAnswer) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const after = idCursor(cursor)
      const rows = await listReturns(db, { ...filter, after, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toReturn)
    },
  )
  addUnsettled(server, db, {
    path: 'received-not-refunded',
    summary: 'Goods that are here and for which nobody has given money back, with their age',
    read: receivedNotRefunded,
  })
  addUnsettled(server, db, {
    path: 'refunded-not-received',
    summary: 'Money that went back for goods that have not come, with its age',
    read: refundedNotReceived,
  })
  server.get(
    '/returns/:returnNo',
    {
      config: { permission: 'returns:read' },
      schema: {
        summary: 'One return of a customer',
        tags,
        params: z.object({ returnNo }),
        response: { 200: returnAnswer },
      },
    },
    async ({ params, principal }) => toReturn(await returnInScope(db, principal, params.returnNo)),
  )
}

interface UnsettledList {
  path: string
  summary: string
  read: typeof receivedNotRefunded
}

function addUnsettled(
  server: ApiServer,
  db: ApiDeps['db'],
  { path, summary, read }: UnsettledList,
): void {
  server.get(
    `/returns/${path}`,
    {
      config: { permission: 'returns:read' },
      schema: {
        summary,
        tags,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(unsettledAnswer) },
      },
    },
    async ({ query: { limit, cursor }, principal: { scopes } }) => {
      const rows = await read(db, { after: idCursor(cursor), limit: limit + 1, scopes })
      return toPage(
        rows,
        limit,
        (row: UnsettledUnits) => row.id,
        ({ id: _, ...row }: UnsettledUnits) => row,
      )
    },
  )
}

/** The return, when it exists and its caller may see it. */
export async function returnInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  no: string,
): Promise<ReturnRow> {
  const [found] = await listReturns(db, { no, after: 0n, limit: 1, scopes })
  if (!found) throw notFound('return')
  return found
}

function toReturn({ id, no, workflowId: _, ...row }: ReturnRow) {
  return { ...row, id: id.toString(), returnNo: no }
}
