import { z } from 'zod'
import { endQuarantine } from '#db/stores/quarantine'
import { itemIdOf, siteByCode } from '#db/stores/stock-settings'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { someUnits } from '../document-schemas.ts'
import { businessDate, code, reason, sku } from '../schemas.ts'
import { requireScope } from '../scope.ts'

/** What becomes of goods that were set aside. */
export async function quarantineRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/stock/quarantine-decisions',
    permission: 'adjustments:create',
    summary: 'Release units that were set aside to the shelf, or scrap them, with their value',
    tags: ['stock'],
    body: z.strictObject({
      site: code,
      sku,
      qty: someUnits,
      condition: z.enum(['quarantine', 'damaged']).default('quarantine'),
      bin: z.string().trim().max(60).default(''),
      lot: z.string().trim().max(100).default('').describe('Or the serial, where units have one.'),
      decision: z.enum(['release', 'scrap']),
      reason,
      decidedOn: businessDate.optional(),
    }),
    response: { 201: z.object({ decisionId: z.string() }) },
    work: async (tx, { body, principal, commandKey }) => {
      const site = await siteByCode(tx, body.site)
      requireScope(principal, { entity: site.entity, site: body.site })
      await endQuarantine(tx, {
        ...body,
        decisionId: commandKey,
        entityId: site.entityId,
        functionalCurrency: site.functionalCurrency,
        siteId: site.siteId,
        itemId: await itemIdOf(tx, body.sku),
        qty: BigInt(body.qty),
        decidedOn: body.decidedOn ?? site.today,
        actor: principal.actor,
      })
      return { status: 201, body: { decisionId: commandKey } }
    },
  })
}
