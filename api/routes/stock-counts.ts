import { z } from 'zod'
import { countStock } from '#db/stores/counts'
import { itemIdOf, siteByCode } from '#db/stores/stock-settings'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { businessDate, code, reason, sku } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const units = z.string().regex(/^\d{1,12}$/, { error: 'send whole units as text, e.g. "12"' })

/** What somebody counted on the shelf. */
export async function stockCountRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/stock/counts',
    permission: 'adjustments:create',
    summary: 'Say how many sellable units lie there; a difference is adjusted with its value',
    tags: ['stock'],
    body: z.strictObject({
      sku,
      site: code,
      counted: units,
      reason,
      countedOn: businessDate.optional(),
    }),
    response: { 201: z.object({ countId: z.string(), expected: z.string(), counted: z.string() }) },
    work: async (tx, { body, principal, commandKey }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      const { expected } = await countStock(tx, {
        countId: commandKey,
        entityId: site.entityId,
        functionalCurrency: site.functionalCurrency,
        siteId: site.siteId,
        itemId: await itemIdOf(tx, body.sku),
        counted: BigInt(body.counted),
        reason: body.reason,
        adjustedOn: body.countedOn ?? site.today,
        actor: principal.actor,
      })
      const answer = { countId: commandKey, expected: `${expected}`, counted: body.counted }
      return { status: 201, body: answer }
    },
  })
}
