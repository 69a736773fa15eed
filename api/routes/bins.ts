import { z } from 'zod'
import { listBins, putAwayBins, type BinRow } from '#db/queries/bins'
import { readSite } from '#db/queries/masters'
import { moveBetweenBins, saveBin, type Bin } from '#db/stores/bins'
import { itemIdOf, siteByCode } from '#db/stores/stock-settings'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { someUnits } from '../document-schemas.ts'
import { pageOf, pageQuery, textCursor, toPage } from '../paging.ts'
import { businessDate, code, reason, shortText, sku } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const tags = ['bins']
const text = z.string()
const params = z.object({ code })
const kind = z.enum(['pick', 'bulk', 'stage', 'dock', 'quarantine', 'scrap'])
const status = z.enum(['active', 'blocked'])
const binCode = z.string().trim().max(60).describe('Empty: the place without a bin.')
const settings = {
  zone: z.string().trim().max(60).default(''),
  kind: kind.default('pick'),
  capacity: someUnits.nullable().default(null).describe('Units; null: nobody has said.'),
  pickSeq: z.int().min(0).max(1_000_000).default(0),
  mixesItems: z.boolean().default(true),
  allocatable: z.boolean().default(true).describe('False: nothing in it is promised to an order.'),
  status: status.default('active'),
}
const bin = z.object({
  code: text,
  zone: text,
  kind: text,
  capacity: text.nullable(),
  pickSeq: z.int(),
  mixesItems: z.boolean(),
  allocatable: z.boolean(),
  status: text,
  units: text,
})

/** Bins of a site, what is put into them, and what is moved between them (INV-11, INV-46). */
export async function binRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addPutAway(server, deps)
  addMaster(server, deps)
  addMoves(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/sites/:code/bins',
    {
      config: { permission: 'sites:read' },
      schema: {
        summary: 'The bins of a site, with the units that lie in each',
        tags,
        params,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(bin) },
      },
    },
    async ({ params: { code: site }, query: { limit, cursor }, principal }) => {
      visible(principal, await readSite(db, site), `site ${site}`, ({ entity }) => ({
        entity,
        site,
      }))
      const rows = await listBins(db, { site, after: textCursor(cursor), limit: limit + 1 })
      return toPage(rows, limit, (row) => row.code, toBin)
    },
  )
}

function addPutAway(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/stock/put-away',
    {
      config: { permission: 'stock:read' },
      schema: {
        summary: 'Bins with room for units of an item, the best first',
        tags,
        querystring: z.strictObject({ site: code, sku, qty: someUnits }),
        response: {
          200: z.object({
            items: z.array(
              z.object({ code: text, zone: text, room: text.nullable(), holdsItem: z.boolean() }),
            ),
          }),
        },
      },
    },
    async ({ query, principal }) => {
      const found = await readSite(db, query.site)
      visible(principal, found, `site ${query.site}`, ({ entity }) => ({
        entity,
        site: query.site,
      }))
      const items = await putAwayBins(db, { ...query, qty: BigInt(query.qty) })
      return { items: items.map((row) => ({ ...row, room: row.room?.toString() ?? null })) }
    },
  )
}

function addMaster(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/sites/:code/bins/:bin',
    permission: 'sites:update',
    summary: 'Set a bin up, or change it; a blocked one is promised to nobody from then on',
    tags,
    params: params.extend({ bin: code }),
    body: z.strictObject({ ...settings, reason }),
    response: { 200: bin.omit({ units: true }) },
    work: async (tx, { body, params: at, principal, audit, commandKey }) => {
      const { reason: why, ...given } = body
      const site = await siteByCode(tx, at.code)
      requireScope(principal, { entity: site.entity, site: at.code })
      const capacity = given.capacity === null ? null : BigInt(given.capacity)
      const after: Bin = { code: at.bin, ...given, capacity }
      const before = await saveBin(tx, site.siteId, after, commandKey)
      await audit({
        subjectType: 'bin',
        subjectId: `${at.code}/${at.bin}`,
        action: before ? 'update' : 'create',
        before,
        after,
        reason: why,
      })
      return { body: { ...after, capacity: given.capacity } }
    },
  })
}

function addMoves(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/stock/bin-moves',
    permission: 'receipts:confirm',
    summary: 'Put units away, or into another bin; no value moves',
    tags,
    body: z.strictObject({
      site: code,
      sku,
      qty: someUnits,
      fromBin: binCode.default(''),
      toBin: binCode,
      lot: z.string().trim().max(100).default(''),
      toLot: z
        .string()
        .trim()
        .max(100)
        .optional()
        .describe('The lot that they are found to be of.'),
      condition: z.enum(['sellable', 'quarantine', 'damaged', 'b-stock']).default('sellable'),
      scannedBin: shortText.optional().describe('What the scanner read at the target.'),
      movedOn: businessDate.optional(),
      reason: reason.optional(),
    }),
    response: { 201: z.object({ moveId: text }) },
    work: async (tx, { body, principal, commandKey }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      const { site: _, movedOn, toLot, scannedBin, reason: why, ...move } = body
      await moveBetweenBins(tx, {
        ...move,
        siteId: site.siteId,
        itemId: await itemIdOf(tx, body.sku),
        qty: BigInt(body.qty),
        moveId: commandKey,
        actor: principal.actor,
        movedOn: movedOn ?? site.today,
        ...(toLot === undefined ? {} : { toLot }),
        ...(scannedBin === undefined ? {} : { scannedBin }),
        ...(why === undefined ? {} : { reason: why }),
      })
      return { status: 201, body: { moveId: commandKey } }
    },
  })
}

function toBin({ capacity, units, ...row }: BinRow) {
  return { ...row, capacity: capacity?.toString() ?? null, units: `${units}` }
}
