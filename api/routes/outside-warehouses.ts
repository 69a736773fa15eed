import { z } from 'zod'
import {
  listOutsideWarehouses,
  listStockDifferences,
  listWarehouseDocuments,
} from '#db/queries/outside-warehouses'
import { linkWarehouse } from '#db/stores/outside-warehouses'
import { siteByCode } from '#db/stores/stock-settings'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { code, shortText } from '../schemas.ts'
import { requireScope } from '../scope.ts'
import { takeInterchange } from '../warehouse-intake.ts'

const tags = ['outside warehouses']
const text = z.string()
const OUTCOMES = ['received', 'applied', 'refused', 'rejected'] as const
const problem = z.object({ code: text, message: text }).nullable()
const ediId = z
  .string()
  .regex(/^[\w.-]{2,15}$/, { error: 'send an ISA address: 2 to 15 letters, digits and .-_' })
const link = z.strictObject({
  ediId: ediId.describe('ISA06 of what the warehouse sends.'),
  ourEdiId: ediId.describe('ISA06 of what we send it.'),
  reasons: z
    .record(z.string().regex(/^[\w-]{1,10}$/), shortText)
    .default({})
    .describe('Adjustment codes of the warehouse (947 W1901) and what each means.'),
})
const linked = z.object({
  site: text,
  ediId: text,
  ourEdiId: text,
  reasons: z.record(text, text),
})

/** Warehouses that others run for us: their addresses, what they send, and where they and the books differ. */
export async function outsideWarehouseRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addLinks(server, deps)
  addDocuments(server, deps)
  addDifferences(server, deps)
}

function addLinks(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/outside-warehouses',
    {
      config: { permission: 'sites:read' },
      schema: {
        summary: 'Sites that others run, with their EDI addresses',
        tags,
        response: { 200: z.object({ items: z.array(linked), nextCursor: z.null() }) },
      },
    },
    async ({ principal }) => {
      const rows = await listOutsideWarehouses(deps.db, { scopes: principal.scopes })
      return {
        items: rows.map(({ siteId: _, entity: __, ...row }) => row),
        nextCursor: null,
      }
    },
  )
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/outside-warehouses/:code',
    permission: 'sites:update',
    summary:
      'Link a site of kind 3pl to whoever runs it; its orders go out as X12 940 from then on',
    tags,
    params: z.object({ code }),
    body: link,
    response: { 200: linked },
    work: async (tx, { body, params, principal, audit }) => {
      const site = await siteByCode(tx, params.code)
      requireScope(principal, { entity: site.entity, site: params.code })
      const before = await linkWarehouse(tx, site.siteId, body)
      await audit({
        ...{ subjectType: 'site', subjectId: params.code, action: 'link-warehouse' },
        ...{ before, after: body },
      })
      return { body: { site: params.code, ...body } }
    },
  })
}

function addDocuments(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/warehouse-documents',
    {
      config: { permission: 'warehouse-documents:create', asksProcess: true },
      schema: {
        summary: 'Take an X12 interchange of a warehouse: 945, 944, 947 and 846',
        description:
          'Each document is carried out, or refused with a case, by itself. The same one again changes nothing.',
        tags,
        body: z.strictObject({ document: z.string().min(100).max(500_000) }),
        response: {
          200: z.object({
            items: z.array(
              z.object({
                ...{ documentId: text, setType: text, number: text },
                ...{ outcome: z.enum(OUTCOMES), problem },
              }),
            ),
          }),
        },
      },
    },
    async (request) => ({ items: await takeInterchange(deps, request, request.body.document) }),
  )
  server.get(
    '/warehouse-documents',
    {
      config: { permission: 'warehouse-documents:read' },
      schema: {
        summary: 'What warehouses have sent, newest first, and what became of it',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          site: code.optional(),
          outcome: z.enum(OUTCOMES).optional(),
        }),
        response: {
          200: pageOf(
            z.object({
              ...{ id: text, site: text, setType: text, number: text, outcome: text, problem },
              ...{ actor: text, receivedAt: text, settledAt: text.nullable() },
            }),
          ),
        },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const ask = { ...filter, scopes, before, limit: limit + 1 }
      return toPage(
        await listWarehouseDocuments(deps.db, ask),
        limit,
        (row) => row.id,
        (row) => ({ ...row, id: `${row.id}` }),
      )
    },
  )
}

function addDifferences(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/warehouse-differences',
    {
      config: { permission: 'stock:read' },
      schema: {
        summary: 'Where the newest snapshot of each warehouse and the books of its time differ',
        tags,
        querystring: z.strictObject({ site: code.optional() }),
        response: {
          200: z.object({
            items: z.array(
              z.object({
                ...{ site: text, sku: text, condition: text },
                ...{ asserted: text, booked: text, difference: text, asOf: text },
              }),
            ),
            nextCursor: z.null(),
          }),
        },
      },
    },
    async ({ query, principal: { scopes } }) => {
      const rows = await listStockDifferences(db, { scopes, ...query })
      return {
        items: rows.map(({ asserted, booked, ...row }) => ({
          ...row,
          ...{ asserted: `${asserted}`, booked: `${booked}`, difference: `${asserted - booked}` },
        })),
        nextCursor: null,
      }
    },
  )
}
