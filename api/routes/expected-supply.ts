import { z } from 'zod'
import { listExpectedSupply, type ExpectedSupplyRow } from '#db/queries/supply'
import { itemIdOf, siteByCode } from '#db/stores/stock-settings'
import { changeSupply, expectSupply } from '#db/stores/supply'
import { EVERYWHERE } from '#domain/scopes'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { bigId, businessDate, code, reason, shortText, sku } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const tags = ['stock']
const text = z.string()
const units = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, { error: 'send whole units as text, from "1"' })
  .meta({ example: '50' })
const supply = z.object({
  id: text,
  sku: text,
  site: text,
  qty: text,
  received: text,
  promised: text.describe('Units of it that order lines are promised.'),
  dueOn: text,
  confidencePct: z.int(),
  source: z.object({ type: text, id: text }),
  state: text,
})
const created = z.object({ id: text })

/** Goods that are to come, from which units that wait are promised. */
export async function expectedSupplyRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addRead(server, deps)
  addCreate(server, deps)
  addChange(server, deps)
}

function addRead(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/expected-supply',
    {
      config: { permission: 'stock:read' },
      schema: {
        summary: 'Goods that are to come, and how much of them is promised',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          sku: sku.optional(),
          state: z.enum(['open', 'closed']).optional(),
        }),
        response: { 200: pageOf(supply) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      const rows = await listExpectedSupply(db, {
        ...filter,
        after: idCursor(cursor),
        limit: limit + 1,
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => row.id, toSupply)
    },
  )
}

function addCreate(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/expected-supply',
    permission: 'purchase-orders:create',
    summary: 'Say what will come and when; orders that wait are promised from it',
    tags,
    body: z.strictObject({
      sku,
      site: code,
      qty: units,
      dueOn: businessDate,
      confidencePct: z.int().min(0).max(100).optional(),
      source: z.strictObject({
        type: z.enum(['purchase-order', 'transfer', 'production', 'return']),
        id: shortText,
      }),
      reason: reason.optional(),
    }),
    response: { 201: created },
    work: async (tx, { body, principal }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      const id = await expectSupply(tx, {
        itemId: await itemIdOf(tx, body.sku),
        siteId: site.siteId,
        qty: BigInt(body.qty),
        dueOn: body.dueOn,
        confidencePct: body.confidencePct ?? 90,
        sourceType: body.source.type,
        sourceId: body.source.id,
        reason: body.reason ?? null,
        actor: principal.actor,
      })
      return { status: 201, body: { id: id.toString() } }
    },
  })
}

function addChange(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PATCH',
    url: '/expected-supply/:supplyId',
    permission: 'purchase-orders:update',
    summary: 'Another date or quantity, or nothing more: orders promised from it are told',
    tags,
    params: z.object({ supplyId: bigId }),
    body: z
      .strictObject({
        qty: units.optional(),
        dueOn: businessDate.optional(),
        closed: z.literal(true).optional().describe('Nothing more will come.'),
        reason,
      })
      .refine((body) => body.qty ?? body.dueOn ?? body.closed, {
        error: 'send qty, dueOn or closed',
      }),
    response: { 200: supply },
    work: async (tx, { body, params, principal, commandKey }) => {
      const id = BigInt(params.supplyId)
      const only = { id, after: 0n, limit: 1, scopes: EVERYWHERE }
      const [found] = await listExpectedSupply(tx, only)
      const place = ({ site, entity }: ExpectedSupplyRow) => ({ site, entity })
      const { site, entity } = visible(principal, found, 'expected supply', place)
      requireScope(principal, { site, entity })
      await changeSupply(tx, id, {
        ...(body.qty ? { qty: BigInt(body.qty) } : {}),
        ...(body.dueOn ? { dueOn: body.dueOn } : {}),
        ...(body.closed ? { closed: true } : {}),
        reason: body.reason,
        actor: principal.actor,
        key: commandKey,
      })
      const [after] = await listExpectedSupply(tx, only)
      return { body: toSupply(after!) }
    },
  })
}

function toSupply({ id, qty, received, promised, entity: _, ...row }: ExpectedSupplyRow) {
  const { sourceType, sourceId, ...rest } = row
  return {
    ...rest,
    id: `${id}`,
    qty: `${qty}`,
    received: `${received}`,
    promised: `${promised}`,
    source: { type: sourceType, id: sourceId },
  }
}
