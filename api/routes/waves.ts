import { z } from 'zod'
import { fulfilmentOfTask, listWaves, pickList, type WaveRow } from '#db/queries/waves'
import { placeOfOrder } from '#db/queries/orders'
import { saveGtin } from '#db/stores/scans'
import { itemIdOf, siteByCode } from '#db/stores/stock-settings'
import { joinWave, planWave, startWave } from '#db/stores/waves'
import { confirmPick } from '#contracts/order-to-cash'
import { EVERYWHERE } from '#domain/scopes'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { documentNo } from '../document-schemas.ts'
import { fulfilmentInScope } from '../fulfilment-scope.ts'
import { callerOf, commandOrder } from '../order-commands.ts'
import { progress } from '../order-schemas.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, businessDate, code, reason, sku } from '../schemas.ts'
import { requireEverywhere, requireScope, visible } from '../scope.ts'

const tags = ['picking']
const text = z.string()
const params = z.object({ waveNo: documentNo })
const wave = z.object({
  waveNo: text,
  site: text,
  carrier: text.nullable(),
  zone: text.nullable(),
  shipUntil: text,
  startedAt: text.nullable(),
  state: text,
  orders: z.int(),
  toPick: z.int(),
  done: z.int(),
})
const task = z.object({
  taskId: text,
  fulfilmentId: text,
  orderId: text,
  orderNumber: text,
  orderLineId: text,
  bin: text,
  zone: text,
  lot: text,
  expiresOn: text.nullable(),
  sku: text,
  name: text,
  qty: z.int(),
  picked: z.int(),
  state: text,
  reason: text.nullable(),
  tote: text,
})
const scan = z
  .string()
  .max(200)
  .describe('What the scanner read: a SKU, a GTIN or a GS1 element string.')
const plan = z.strictObject({
  waveNo: documentNo,
  site: code,
  carrier: z.string().trim().min(1).max(60).optional(),
  zone: z.string().trim().min(1).max(60).optional().describe('Every item must lie there.'),
  shipUntil: businessDate.optional().describe('Absent: today.'),
  maxOrders: z.int().min(1).max(500).default(100),
})

/** Waves of a site, their pick lists, and the scans that pick them (FUL-31, FUL-32). */
export async function waveRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addPlan(server, deps)
  addJoin(server, deps)
  addStart(server, deps)
  addPick(server, deps)
  addGtin(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/waves',
    {
      config: { permission: 'fulfilment:read' },
      schema: {
        summary: 'Waves, the oldest first',
        tags,
        querystring: z.strictObject({ ...pageQuery, site: code.optional() }),
        response: { 200: pageOf(wave) },
      },
    },
    async ({ query: { limit, cursor, site }, principal: { scopes } }) => {
      const rows = await listWaves(db, { after: idCursor(cursor), limit: limit + 1, site, scopes })
      return toPage(rows, limit, (row) => row.id, toWave)
    },
  )
  server.get(
    '/waves/:waveNo/pick-list',
    {
      config: { permission: 'fulfilment:read' },
      schema: {
        summary: 'What to pick, in the order of the bins; empty until the wave is started',
        tags,
        params,
        response: { 200: z.object({ wave, items: z.array(task) }) },
      },
    },
    async ({ params: { waveNo }, principal }) => {
      const row = await waveInScope(db, principal, waveNo)
      return { wave: toWave(row), items: await pickList(db, row.id, principal.scopes) }
    },
  )
}

function addPlan(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/waves',
    permission: 'fulfilment:create',
    summary:
      'Plan a wave of released orders, by carrier, zone and the day on which they must leave',
    tags,
    body: plan,
    response: { 201: z.object({ waveNo: text, orders: z.int() }) },
    work: async (tx, { body, principal }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      const orders = await planWave(tx, {
        ...{ waveNo: body.waveNo, maxOrders: body.maxOrders },
        ...{ carrier: body.carrier ?? null, zone: body.zone ?? null },
        siteId: site.siteId,
        shipUntil: body.shipUntil ?? site.today,
        channels: principal.scopes.channels,
        actor: principal.actor,
      })
      return { status: 201, body: { waveNo: body.waveNo, orders } }
    },
  })
}

function addJoin(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/waves/:waveNo/orders',
    permission: 'fulfilment:create',
    summary: 'Let a late order join a wave that nobody has started',
    tags,
    params,
    body: z.strictObject({ fulfilmentId: bigId }),
    response: { 200: z.object({ waveNo: text, fulfilmentId: text }) },
    work: async (tx, { body: { fulfilmentId }, params: { waveNo }, principal }) => {
      await waveInScope(tx, principal, waveNo)
      await fulfilmentInScope(tx, principal, fulfilmentId)
      await joinWave(tx, waveNo, BigInt(fulfilmentId), principal.actor)
      return { body: { waveNo, fulfilmentId } }
    },
  })
}

function addStart(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/waves/:waveNo/start',
    permission: 'fulfilment:create',
    summary: 'Start a wave: its pick list is cut, and no order joins any more',
    tags,
    params,
    response: { 200: z.object({ waveNo: text, lines: z.int() }) },
    work: async (tx, { params: { waveNo }, principal }) => {
      await waveInScope(tx, principal, waveNo)
      return { body: { waveNo, lines: await startWave(tx, waveNo, principal.actor) } }
    },
  })
}

function addPick(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/pick-tasks/:taskId/pick',
    {
      config: { permission: 'fulfilment:confirm', asksProcess: true },
      schema: {
        summary: 'Pick a task: bin and item are scanned; less than asked needs a reason',
        tags,
        params: z.object({ taskId: bigId }),
        body: z.strictObject({
          bin: z.string().trim().max(60).describe('Empty: the place without a bin.'),
          scan: scan.default('').describe('May be left out where nothing was found.'),
          scans: z
            .array(scan.min(1))
            .min(1)
            .max(1000)
            .optional()
            .describe('Each code that was read: what they stand for is what was picked.'),
          picked: z.int().min(0).max(1_000_000).optional().describe('Absent: all of it.'),
          shortReason: reason.optional(),
        }),
        response: { 200: progress },
      },
    },
    async (request) => {
      const { taskId } = request.params
      const fulfilmentId = await fulfilmentOfTask(deps.db, BigInt(taskId))
      if (fulfilmentId === undefined) throw notFound('pick task')
      const row = await fulfilmentInScope(deps.db, request.principal, fulfilmentId)
      const place = (await placeOfOrder(deps.db, row.orderId))!
      const { picked, shortReason, scans, ...rest } = request.body
      const said = {
        ...rest,
        taskId,
        ...(scans === undefined ? {} : { scans }),
        ...(picked === undefined ? {} : { picked }),
        ...(shortReason === undefined ? {} : { shortReason }),
      }
      const command = { fulfilmentId, lines: [], task: said }
      return commandOrder(deps, place, confirmPick, command, callerOf(request))
    },
  )
}

function addGtin(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/items/:sku/gtins/:gtin',
    permission: 'items:update',
    summary: 'Give an item a GTIN that scanners read; a case has its own, with its units',
    tags,
    params: z.object({ sku, gtin: z.string().regex(/^\d{8,14}$/) }),
    body: z.strictObject({ units: z.int().min(1).max(100_000).default(1), reason }),
    response: { 200: z.object({ sku: text, gtin: text, units: z.int() }) },
    work: async (tx, { body: { units, reason: why }, params: at, principal, audit }) => {
      requireEverywhere(principal, 'GTIN')
      const before = await saveGtin(tx, await itemIdOf(tx, at.sku), at.gtin, units)
      const after = { sku: at.sku, units }
      await audit({
        ...{ subjectType: 'gtin', subjectId: at.gtin, action: before ? 'update' : 'create' },
        ...{ before, after, reason: why },
      })
      return { body: { ...after, gtin: at.gtin } }
    },
  })
}

async function waveInScope(
  db: Parameters<typeof listWaves>[0],
  principal: Principal,
  waveNo: string,
): Promise<WaveRow> {
  const [row] = await listWaves(db, { after: 0n, limit: 1, waveNo, scopes: EVERYWHERE })
  return visible(principal, row, `wave ${waveNo}`, ({ entity, site }) => ({ entity, site }))
}

function toWave({ id: _id, entity: _entity, ...row }: WaveRow) {
  return row
}
