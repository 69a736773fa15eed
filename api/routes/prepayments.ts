import { z } from 'zod'
import type { Tx } from '#db/client'
import { listPrepayments, type PrepaymentRow } from '#db/queries/prepayments'
import { placeOfPurchase } from '#db/queries/purchase-orders'
import {
  approvePrepayment,
  cancelPrepayment,
  lockPrepayment,
  requestPrepayment,
  type Prepayment,
} from '#db/stores/prepayments'
import { lockPurchase } from '#db/stores/purchase-orders'
import { isInScope } from '#domain/scopes'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { reaches } from '../purchase-commands.ts'
import { bigId, businessDate, code, minorText, money, reason } from '../schemas.ts'

const tags = ['prepayments']
const text = z.string()
const params = z.object({ prepaymentId: bigId })
const prepayment = z.object({
  id: text,
  entity: text,
  supplier: text,
  poNumber: text,
  amount: money,
  left: money.describe('What has paid no bill yet and has not come back.'),
  sharePpm: z.int().nullable(),
  dueOn: text,
  reason: text,
  state: text.describe('requested, approved, in-run, paid or cancelled'),
  requestedBy: text,
  approvedBy: text.nullable(),
  runId: text.nullable(),
  uses: z.array(z.object({ kind: text, billNumber: text.nullable(), minor: text, usedOn: text })),
})
const wish = z
  .strictObject({
    sharePpm: z.int().min(1).max(1_000_000).optional().describe('Of the order’s value.'),
    amountMinor: minorText.optional().describe('In the order’s currency.'),
    dueOn: businessDate,
    reason,
  })
  .refine(({ sharePpm, amountMinor }) => (sharePpm === undefined) !== (amountMinor === undefined), {
    error: 'send a share or an amount, one of both',
  })

/** Money that suppliers get before their goods come: asked for, approved by another, paid by a run. */
export async function prepaymentRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addRequest(server, deps)
  addDecisions(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/prepayments',
    {
      config: { permission: 'payments:read' },
      schema: {
        summary: 'Prepayments of purchase orders, newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          poNumber: code.optional(),
          state: z.enum(['requested', 'approved', 'in-run', 'paid', 'cancelled']).optional(),
        }),
        response: { 200: pageOf(prepayment) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listPrepayments(db, { ...filter, before, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toPrepayment)
    },
  )
}

function addRequest(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/purchase-orders/:poNumber/prepayments',
    permission: 'purchase-orders:update',
    summary: 'Ask that a part of an approved order is paid before its goods come',
    tags,
    params: z.object({ poNumber: code }),
    body: wish,
    response: { 201: z.object({ prepaymentId: text }) },
    work: async (tx, { body, params: { poNumber }, principal }) => {
      const place = await placeOfPurchase(tx, poNumber)
      if (!place || !reaches(principal, place)) throw notFound('purchase order')
      const { amountMinor, ...rest } = body
      const prepaymentId = await requestPrepayment(tx, await lockPurchase(tx, place.id), {
        ...{ ...rest, actor: principal.actor },
        ...(amountMinor === undefined ? {} : { amountMinor: BigInt(amountMinor) }),
      })
      return { status: 201, body: { prepaymentId: prepaymentId.toString() } }
    },
  })
}

function addDecisions(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/prepayments/:prepaymentId/approval',
    permission: 'bills:approve',
    summary: 'Approve a prepayment; not by who asked for it',
    tags,
    params,
    body: z.strictObject({}),
    response: { 204: z.null() },
    work: async (tx, { params: { prepaymentId }, principal }) => {
      const found = await prepaymentOf(tx, prepaymentId, principal)
      await approvePrepayment(tx, found, principal.actor)
      return {}
    },
  })
  commandRoute(server, deps, {
    method: 'POST',
    url: '/prepayments/:prepaymentId/cancellation',
    permission: 'purchase-orders:update',
    summary: 'Give up a prepayment that no payment run holds',
    tags,
    params,
    body: z.strictObject({ reason }),
    response: { 204: z.null() },
    work: async (tx, { body, params: { prepaymentId }, principal }) => {
      const found = await prepaymentOf(tx, prepaymentId, principal)
      await cancelPrepayment(tx, found, { ...body, actor: principal.actor })
      return {}
    },
  })
}

async function prepaymentOf(tx: Tx, id: string, { scopes }: Principal): Promise<Prepayment> {
  const every = { entities: null, channels: null, sites: null }
  const ask = { id: BigInt(id), before: MAX_BIGINT, limit: 1, scopes: every }
  const [found] = await listPrepayments(tx, ask)
  if (!found || !isInScope(scopes, { entity: found.entity })) throw notFound('prepayment')
  return lockPrepayment(tx, found.id)
}

function toPrepayment({ currency, amountMinor, leftMinor, ...row }: PrepaymentRow) {
  return {
    ...row,
    id: row.id.toString(),
    amount: { currency, minor: amountMinor.toString() },
    left: { currency, minor: leftMinor.toString() },
  }
}
