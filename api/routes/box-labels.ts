import { z } from 'zod'
import { boxToLabel } from '#db/queries/packing'
import { saveGs1Prefix } from '#db/stores/packing'
import { siteByCode } from '#db/stores/stock-settings'
import { Refusal } from '#domain/refusal'
import { boxLabel } from '#domain/warehouse/box-label'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { fulfilmentInScope } from '../fulfilment-scope.ts'
import { notFound } from '../problem.ts'
import { bigId, code, reason } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['packing']
const text = z.string()
const prefix = z.string().regex(/^\d{8,11}$/, {
  error: 'send the extension digit and the GS1 company prefix, 8 to 11 digits',
})

/** The numbers of boxes (SSCC) and the labels that carry them. */
export async function boxLabelRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  server.get(
    '/fulfilment-orders/:fulfilmentId/boxes/:boxNo/label',
    {
      config: { permission: 'fulfilment:read' },
      schema: {
        summary: 'The label of a box: its SSCC as GS1-128, in ZPL for a thermal printer',
        tags,
        params: z.object({ fulfilmentId: bigId, boxNo: z.coerce.number().int().min(1).max(999) }),
        response: { 200: z.object({ sscc: text, zpl: text }) },
      },
    },
    async ({ params: { fulfilmentId, boxNo }, principal }) => {
      await fulfilmentInScope(deps.db, principal, fulfilmentId)
      const box = await boxToLabel(deps.db, BigInt(fulfilmentId), boxNo)
      if (!box) throw notFound('box')
      if (box.prefix === null)
        throw new Refusal(
          'Gs1PrefixMissing',
          'The company has no GS1 prefix, so that its boxes have no number. Set it at one of its sites.',
        )
      return boxLabel({ ...box, prefix: box.prefix })
    },
  )
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/sites/:code/gs1-prefix',
    permission: 'sites:update',
    summary: 'Say from which GS1 prefix the site’s company numbers its boxes',
    tags,
    params: z.object({ code }),
    body: z.strictObject({ prefix, reason }),
    response: { 200: z.object({ prefix: text }) },
    work: async (tx, { body, params: at, principal, audit }) => {
      const site = await siteByCode(tx, at.code)
      requireScope(principal, { entity: site.entity, site: at.code })
      const after = { prefix: body.prefix }
      const before = await saveGs1Prefix(tx, site.entityId, body.prefix)
      await audit({
        ...{ subjectType: 'gs1-prefix', subjectId: site.entity, before, after },
        ...{ action: before ? 'update' : 'create', reason: body.reason },
      })
      return { body: after }
    },
  })
}
