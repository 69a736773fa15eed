import { z } from 'zod'
import { kitComponents, listItems, readItem, substitutesOf } from '#db/queries/masters'
import { addSubstitute, insertItem, setKitComponents, updateItem } from '#db/stores/masters'
import { ITEM_STATUSES } from '#domain/item-status'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { pageOf, pageQuery, textCursor, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { country, money, moneyInput, positiveInt, reason, shortText, sku } from '../schemas.ts'

const tags = ['items']
const params = z.object({ sku })
const KINDS = ['stock', 'kit', 'service', 'gift-card'] as const
const mm = positiveInt.nullable()

const fields = {
  name: shortText,
  kind: z.enum(KINDS),
  status: z.enum(ITEM_STATUSES),
  uom: z.string().trim().min(1).max(20),
  class: shortText.nullable(),
  brand: shortText.nullable(),
  lengthMm: mm,
  widthMm: mm,
  heightMm: mm,
  weightG: mm,
  shipAlone: z.boolean(),
  hazmatClass: z.string().trim().min(1).max(20).nullable(),
  restrictedCountries: z.array(country).max(250),
  minimumAge: z.int().min(0).max(120).nullable(),
  hsCode: z
    .string()
    .regex(/^\d{6,12}$/, { error: 'send 6 to 12 digits' })
    .nullable(),
  origin: country.nullable(),
  taxCategory: z.string().trim().min(1).max(60),
  lotPolicy: z
    .enum(['none', 'lot', 'lot-expiry', 'serial'])
    .describe('What whoever receives it must say of its units.'),
  minShelfLifeDays: z
    .int()
    .min(0)
    .max(36_500)
    .nullable()
    .describe('Goods that would last for fewer days from their receipt are set aside.'),
  costMethod: z.enum(['fifo', 'moving-average']),
  listPrice: moneyInput
    .refine(({ minor }) => !minor.startsWith('-'), { error: 'a price is not negative' })
    .nullable(),
}
const LOGISTICS = ['weightG', 'lengthMm', 'widthMm', 'heightMm', 'origin', 'hsCode'] as const

const item = z.object({
  ...fields,
  sku: z.string(),
  name: z.string(),
  class: z.string().nullable(),
  brand: z.string().nullable(),
  hsCode: z.string().nullable(),
  uom: z.string(),
  taxCategory: z.string(),
  hazmatClass: z.string().nullable(),
  minimumAge: z.int().nullable(),
  restrictedCountries: z.array(z.string()),
  origin: z.string().nullable(),
  listPrice: money.nullable(),
  version: z.int(),
  missing: z.array(z.string()).meta({ example: ['hsCode', 'origin'] }),
  ready: z.boolean(),
  recordedAt: z.string(),
})

const component = z.object({ sku: z.string(), qty: z.string() })
const substitute = z.object({ sku: z.string(), rank: z.int(), ratio: z.int() })
const itemDetail = item.extend({
  components: z.array(component),
  substitutes: z.array(substitute),
})

const newItem = z
  .strictObject({ ...fields, sku })
  .partial()
  .required({ sku: true, name: true })
  .meta({
    example: { sku: 'TSHIRT-M-BLUE', name: 'T-shirt, blue, M', weightG: 180, origin: 'PT' },
  })
const version = positiveInt.describe('The version that you read; another one in between refuses.')
const itemChange = z
  .strictObject({ ...fields, version, reason })
  .partial()
  .required({ version: true })
  .meta({ example: { version: 1, hsCode: '610910', reason: 'New supplier data sheet' } })

const qty = z.string().regex(/^[1-9]\d{0,8}$/, { error: 'send a whole number from 1 as text' })
const components = z.strictObject({
  version,
  components: z
    .array(z.strictObject({ sku, qty }))
    .min(1)
    .max(100)
    .refine((list) => new Set(list.map((row) => row.sku)).size === list.length, {
      error: 'name each item once',
    }),
})

/** Item masters: what may be sold and received, and what is still missing for it (INV-3). */
export async function itemRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addCommands(server, deps)
  addParts(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/items',
    {
      config: { permission: 'items:read' },
      schema: {
        summary: 'List items by SKU',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          status: z.enum(ITEM_STATUSES).optional(),
          kind: z.enum(KINDS).optional(),
          skuPrefix: z.string().min(1).max(100).optional(),
          missing: z.enum(LOGISTICS).optional().describe('Only items that lack this field.'),
        }),
        response: { 200: pageOf(item) },
      },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const rows = await listItems(db, { ...filter, after: textCursor(cursor), limit: limit + 1 })
      return toPage(
        rows,
        limit,
        (row) => row.sku,
        (row) => row,
      )
    },
  )

  server.get(
    '/items/:sku',
    {
      config: { permission: 'items:read' },
      schema: { summary: 'One item, with its parts', tags, params, response: { 200: itemDetail } },
    },
    async (request) => {
      const found = await readItem(db, request.params.sku)
      if (!found) throw notFound(`item ${request.params.sku}`)
      const [parts, substitutes] = await Promise.all([
        kitComponents(db, found.id),
        substitutesOf(db, found.id),
      ])
      return { ...found, components: parts, substitutes }
    },
  )
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/items',
    permission: 'items:create',
    summary: 'Create an item',
    description: 'It starts as a draft; ask for status `active` when all fields are there.',
    tags,
    body: newItem,
    response: { 201: item },
    work: async (tx, { body, audit }) => {
      const after = await insertItem(tx, body)
      await audit({ subjectType: 'item', subjectId: after.sku, action: 'create', after })
      return { status: 201, body: after }
    },
  })

  commandRoute(server, deps, {
    method: 'PATCH',
    url: '/items/:sku',
    permission: 'items:update',
    summary: 'Change an item',
    tags,
    params,
    body: itemChange,
    response: { 200: item },
    work: async (tx, { body: { version: seen, reason: why, ...change }, params: at, audit }) => {
      const { before, after } = await updateItem(tx, at.sku, seen, change)
      const event = { subjectType: 'item', subjectId: at.sku, action: 'update', before, after }
      await audit({ ...event, reason: why ?? null })
      return { body: after }
    },
  })
}

function addParts(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/items/:sku/components',
    permission: 'items:update',
    summary: 'Say what a kit is made of, once',
    tags,
    params,
    body: components,
    response: { 200: z.array(component) },
    work: async (tx, { body, params: at, audit }) => {
      const changed = await setKitComponents(tx, at.sku, body.version, body.components)
      await audit({ subjectType: 'item', subjectId: at.sku, action: 'components', ...changed })
      return { body: changed.after }
    },
  })

  commandRoute(server, deps, {
    method: 'POST',
    url: '/items/:sku/substitutes',
    permission: 'items:update',
    summary: 'Name an item that may stand in for this one',
    tags,
    params,
    body: z.strictObject({
      sku,
      rank: z.int().min(1).max(1000).default(1),
      ratio: z.int().min(1).max(1000).default(1).describe('Units of it for one of this.'),
    }),
    response: { 201: substitute },
    work: async (tx, { body, params: at, audit }) => {
      await addSubstitute(tx, at.sku, body)
      await audit({ subjectType: 'item', subjectId: at.sku, action: 'substitute', after: body })
      return { status: 201, body }
    },
  })
}
