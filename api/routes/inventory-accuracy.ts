import { z } from 'zod'
import { countedLines, inventoryAccuracy, type AccuracyRow } from '#db/queries/counts'
import { countedLine, toCountedLine } from '../count-schemas.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { businessDate, code } from '../schemas.ts'

const tags = ['reports']
const text = z.string()
const span = {
  from: businessDate.describe('First day on which counts were settled (UTC).'),
  to: businessDate.describe('Last day.'),
  site: code.optional(),
}
const figures = z.object({
  site: text,
  currency: text,
  places: z.int(),
  placesWithin: z.int(),
  units: text,
  unitsWithin: text,
  valueMinor: text,
  valueWithinMinor: text,
  accuracyPpm: z
    .object({ places: z.int(), units: z.int(), value: z.int() })
    .describe('Counted within tolerance ÷ counted, in parts per million; of nothing counted: all.'),
  gainMinor: text,
  lossMinor: text,
  lines: text.describe('Where the counts behind the figures are.'),
})

/** RPT-13: how well books and shelf agree, down to each count. */
export async function inventoryAccuracyRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/reports/inventory-accuracy',
    {
      config: { permission: 'reports:read' },
      schema: {
        summary: 'Counted within tolerance ÷ counted, by places, units and value, a site a row',
        tags,
        querystring: z.strictObject(span),
        response: { 200: z.object({ items: z.array(figures) }) },
      },
    },
    async ({ query, principal: { scopes } }) => {
      const rows = await inventoryAccuracy(db, { ...query, scopes })
      return { items: rows.map((row) => toFigures(row, query)) }
    },
  )
  server.get(
    '/reports/inventory-accuracy/lines',
    {
      config: { permission: 'reports:read' },
      schema: {
        summary: 'The counts behind the figures',
        tags,
        querystring: z.strictObject({ ...pageQuery, ...span }),
        response: { 200: pageOf(countedLine) },
      },
    },
    async ({ query: { limit, cursor, from, to, site }, principal: { scopes } }) => {
      const ask = { after: idCursor(cursor), limit: limit + 1, settled: { from, to }, site, scopes }
      return toPage(await countedLines(db, ask), limit, (row) => row.lineId, toCountedLine)
    },
  )
}

function toFigures(row: AccuracyRow, { from, to }: { from: string; to: string }) {
  const { units, unitsWithin, valueMinor, valueWithinMinor, gainMinor, lossMinor } = row
  return {
    ...row,
    units: `${units}`,
    unitsWithin: `${unitsWithin}`,
    valueMinor: `${valueMinor}`,
    valueWithinMinor: `${valueWithinMinor}`,
    gainMinor: `${gainMinor}`,
    lossMinor: `${lossMinor}`,
    accuracyPpm: {
      places: ppm(BigInt(row.placesWithin), BigInt(row.places)),
      units: ppm(unitsWithin, units),
      value: ppm(valueWithinMinor, valueMinor),
    },
    lines: `/v1/reports/inventory-accuracy/lines?from=${from}&to=${to}&site=${row.site}`,
  }
}

function ppm(part: bigint, whole: bigint): number {
  return whole === 0n ? 1_000_000 : Number((part * 1_000_000n) / whole)
}
