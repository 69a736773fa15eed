import { z } from 'zod'
import * as contract from '#contracts/order-to-cash'
import { boxesOf, toCartonise } from '#db/queries/packing'
import { placeOfOrder } from '#db/queries/orders'
import { closeBox, emptyBox, packUnits, savePackageType } from '#db/stores/packing'
import { siteByCode } from '#db/stores/stock-settings'
import { Refusal } from '#domain/refusal'
import { cartonise, type UnitsToPack } from '#domain/warehouse/cartonise'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { fulfilmentInScope } from '../fulfilment-scope.ts'
import { callerOf, commandOrder } from '../order-commands.ts'
import { progress } from '../order-schemas.ts'
import { bigId, businessDate, code, positiveInt, reason, shortText } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['packing']
const text = z.string()
const params = z.object({ fulfilmentId: bigId })
const boxParams = params.extend({ boxNo: z.coerce.number().int().min(1).max(999) })
const size = { lengthMm: positiveInt, widthMm: positiveInt, heightMm: positiveInt }
const packageType = {
  ...size,
  tareG: z.int().min(0).max(100_000),
  maxWeightG: positiveInt,
  status: z.enum(['active', 'retired']).default('active'),
}
const line = z.object({ orderLineId: text, sku: text, qty: z.int() })
const suggested = z.object({ package: text, expectedG: z.int(), lines: z.array(line) })
const box = z.object({
  boxNo: z.int(),
  package: text,
  lengthMm: z.int(),
  widthMm: z.int(),
  heightMm: z.int(),
  expectedG: z.int().nullable(),
  weightG: z.int().nullable(),
  weightReason: text.nullable(),
  state: text,
  lines: z.array(line),
})

/** Boxes: which to take, what was scanned into them, and what they weigh (FUL-21, FUL-33). */
export async function packingRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addPackageTypes(server, deps)
  addScans(server, deps)
  addClosing(server, deps)
  addEmptying(server, deps)
  addPackedCommands(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/fulfilment-orders/:fulfilmentId/box-suggestion',
    {
      config: { permission: 'fulfilment:read' },
      schema: {
        summary: 'Which boxes to take for what is to leave, and what goes into each',
        tags,
        params,
        response: { 200: z.object({ boxes: z.array(suggested) }) },
      },
    },
    async ({ params: { fulfilmentId }, principal }) => {
      await fulfilmentInScope(db, principal, fulfilmentId)
      const { units, types } = await toCartonise(db, BigInt(fulfilmentId))
      return { boxes: cartonise(units.map(measured), types) }
    },
  )
  server.get(
    '/fulfilment-orders/:fulfilmentId/boxes',
    {
      config: { permission: 'fulfilment:read' },
      schema: {
        summary: 'The boxes of a fulfilment order',
        tags,
        params,
        response: { 200: z.object({ items: z.array(box) }) },
      },
    },
    async ({ params: { fulfilmentId }, principal }) => {
      await fulfilmentInScope(db, principal, fulfilmentId)
      return { items: await boxesOf(db, BigInt(fulfilmentId)) }
    },
  )
}

/** FUL-40: nobody guesses a size; the item's master names who must fill it in. */
function measured(units: Awaited<ReturnType<typeof toCartonise>>['units'][number]): UnitsToPack {
  const { lengthMm, widthMm, heightMm, weightG } = units
  if (lengthMm === null || widthMm === null || heightMm === null || weightG === null)
    throw new Refusal(
      'SizeMissing',
      `${units.sku} has no size or weight. Measure it and fill its master in, or choose a box yourself.`,
    )
  return { ...units, lengthMm, widthMm, heightMm, weightG }
}

function addPackageTypes(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/sites/:code/package-types/:package',
    permission: 'sites:update',
    summary: 'Set up a box of the site’s company, or change it; all its sites use the same ones',
    tags,
    params: z.object({ code, package: code }),
    body: z.strictObject({ ...packageType, reason }),
    response: { 200: z.object({ code: text, ...packageType }) },
    work: async (tx, { body, params: at, principal, audit }) => {
      const { reason: why, ...after } = body
      const site = await siteByCode(tx, at.code)
      requireScope(principal, { entity: site.entity, site: at.code })
      const before = await savePackageType(tx, site.entityId, { code: at.package, ...after })
      const subjectId = `${site.entity}/${at.package}`
      const action = before ? 'update' : 'create'
      await audit({ subjectType: 'package-type', subjectId, action, before, after, reason: why })
      return { body: { code: at.package, ...after } }
    },
  })
}

function addScans(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/fulfilment-orders/:fulfilmentId/boxes/:boxNo/scans',
    permission: 'fulfilment:confirm',
    summary: 'Scan picked units into a box; another item is refused by its name',
    tags,
    params: boxParams,
    body: z.strictObject({
      scan: z.string().min(1).max(200).describe('A SKU, a GTIN or a GS1 element string.'),
      qty: z.int().min(1).max(100_000).default(1),
      package: code.optional().describe('Opens the box; may be left out for one that is open.'),
    }),
    response: { 200: z.object({ boxNo: z.int(), sku: text, packed: z.int() }) },
    work: async (tx, { body, params: at, principal }) => {
      const { site } = await fulfilmentInScope(tx, principal, at.fulfilmentId)
      const { today } = await siteByCode(tx, site)
      const packed = await packUnits(tx, {
        ...{ scan: body.scan, qty: body.qty, boxNo: at.boxNo },
        ...(body.package === undefined ? {} : { package: body.package }),
        fulfilmentId: BigInt(at.fulfilmentId),
        today,
        actor: principal.actor,
      })
      return { body: { boxNo: at.boxNo, ...packed } }
    },
  })
}

function addClosing(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/fulfilment-orders/:fulfilmentId/boxes/:boxNo/closing',
    permission: 'fulfilment:confirm',
    summary: 'Close a box at its weight; one that differs from what is in it needs a reason',
    tags,
    params: boxParams,
    body: z.strictObject({ weightG: positiveInt, reason: reason.optional() }),
    response: { 200: z.object({ boxNo: z.int(), weightG: z.int(), expectedG: z.int() }) },
    work: async (tx, { body, params: at, principal }) => {
      await fulfilmentInScope(tx, principal, at.fulfilmentId)
      const { expectedG } = await closeBox(tx, {
        fulfilmentId: BigInt(at.fulfilmentId),
        boxNo: at.boxNo,
        weightG: body.weightG,
        reason: body.reason ?? null,
        actor: principal.actor,
      })
      return { body: { boxNo: at.boxNo, weightG: body.weightG, expectedG } }
    },
  })
}

function addEmptying(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/fulfilment-orders/:fulfilmentId/boxes/:boxNo/emptying',
    permission: 'fulfilment:confirm',
    summary: 'Take everything out of a box that has not left, to pack it again',
    tags,
    params: boxParams,
    body: z.strictObject({ reason }),
    response: { 200: z.object({ boxNo: z.int() }) },
    work: async (tx, { body, params: { fulfilmentId, boxNo }, principal, audit }) => {
      await fulfilmentInScope(tx, principal, fulfilmentId)
      await emptyBox(tx, BigInt(fulfilmentId), boxNo)
      const subjectId = `${fulfilmentId}/${boxNo}`
      await audit({ subjectType: 'box', subjectId, action: 'emptied', reason: body.reason })
      return { body: { boxNo } }
    },
  })
}

function addPackedCommands(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/fulfilment-orders/:fulfilmentId/packed-labels',
    {
      config: { permission: 'shipments:confirm', asksProcess: true },
      schema: {
        summary: 'Buy a label for each closed box that has none, by its size and weight',
        tags,
        params,
        body: z.strictObject({
          service: z.strictObject({ carrier: shortText, service: shortText, reason }).optional(),
        }),
        response: { 200: progress },
      },
    },
    async (request) => {
      const { fulfilmentId } = request.params
      const { service } = request.body
      const row = await fulfilmentInScope(deps.db, request.principal, fulfilmentId)
      const place = (await placeOfOrder(deps.db, row.orderId))!
      const command = {
        ...{ fulfilmentId, parcels: [], packed: true as const },
        ...(service ? { service } : {}),
      }
      return commandOrder(deps, place, contract.buyLabels, command, callerOf(request))
    },
  )
  server.post(
    '/fulfilment-orders/:fulfilmentId/packed-shipments',
    {
      config: { permission: 'shipments:confirm', asksProcess: true },
      schema: {
        summary: 'Confirm that the closed boxes have left, with exactly what was scanned into them',
        tags,
        params,
        body: z.strictObject({
          reference: z.string().regex(/^[\w.:#-]{1,80}$/, {
            error: 'send the warehouse’s own reference, letters, digits and .:#-_',
          }),
          shippedOn: businessDate.optional(),
        }),
        response: { 200: progress },
      },
    },
    async (request) => {
      const { fulfilmentId } = request.params
      const { reference, shippedOn } = request.body
      const row = await fulfilmentInScope(deps.db, request.principal, fulfilmentId)
      const place = (await placeOfOrder(deps.db, row.orderId))!
      const command = {
        ...{ fulfilmentId, reference, packed: true as const },
        ...(shippedOn === undefined ? {} : { shippedOn }),
      }
      return commandOrder(deps, place, contract.confirmShipment, command, callerOf(request))
    },
  )
}
