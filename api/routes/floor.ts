import { z } from 'zod'
import { gtinsOf, packageTypesAt } from '#db/queries/floor'
import { readSite } from '#db/queries/masters'
import { gtin14 } from '#domain/warehouse/gs1'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { code, sku } from '../schemas.ts'
import { visible } from '../scope.ts'

const text = z.string()
const gtin = z.string().regex(/^\d{8,14}$/, { error: 'send 8 to 14 digits' })
/** A query names one, or the same name several times. */
const someOf = (one: z.ZodString | typeof sku) => z.union([one, z.array(one).min(1).max(100)])

/** What a device on the warehouse floor takes with it, to check scans where there is no network (CLD-7). */
export async function floorRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/gtins',
    {
      config: { permission: 'items:read' },
      schema: {
        summary: 'The GTINs of items, and the items of GTINs',
        tags: ['items'],
        querystring: z.strictObject({
          sku: someOf(sku).optional(),
          gtin: someOf(gtin).optional(),
        }),
        response: {
          200: z.object({
            items: z.array(z.object({ gtin: text, sku: text, name: text, units: z.int() })),
          }),
        },
      },
    },
    async ({ query }) => {
      const skus = [query.sku ?? []].flat()
      const gtins = [query.gtin ?? []].flat().map(gtin14)
      return { items: await gtinsOf(db, { skus, gtins }) }
    },
  )
  server.get(
    '/sites/:code/package-types',
    {
      config: { permission: 'sites:read' },
      schema: {
        summary: 'The boxes that a site may pack into',
        tags: ['packing'],
        params: z.object({ code }),
        response: {
          200: z.object({
            items: z.array(
              z.object({
                code: text,
                lengthMm: z.int(),
                widthMm: z.int(),
                heightMm: z.int(),
                tareG: z.int(),
                maxWeightG: z.int(),
              }),
            ),
          }),
        },
      },
    },
    async ({ params: { code: site }, principal }) => {
      visible(principal, await readSite(db, site), `site ${site}`, ({ entity }) => ({
        entity,
        site,
      }))
      return { items: await packageTypesAt(db, site) }
    },
  )
}
