import { z } from 'zod'
import { listCarrierClaims, type ClaimRow } from '#db/queries/carrier-claims'
import { answerClaim } from '#db/stores/parcel-losses'
import { isInScope } from '#domain/scopes'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, businessDate, minorText, money, shortText } from '../schemas.ts'

const tags = ['shipments']
const text = z.string()
const claim = z.object({
  id: text,
  entity: text,
  channel: text,
  orderId: text,
  orderNumber: text,
  parcelId: text,
  trackingNumber: text.nullable(),
  carrier: text.nullable(),
  cost: money.describe('What the lost goods had cost us; zero where nobody knows what it held.'),
  claimBy: text.nullable().describe('Until when the carrier takes the claim.'),
  claimedOn: text,
  outcome: text.nullable(),
  paidMinor: text.nullable(),
  reference: text.nullable(),
  decidedOn: text.nullable(),
})
const answer = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('paid'),
    paidMinor: minorText.describe('In the company’s currency.'),
    reference: shortText,
    decidedOn: businessDate,
  }),
  z.strictObject({ outcome: z.literal('refused'), reference: shortText, decidedOn: businessDate }),
])

/** What carriers owe for parcels that they lost, and what they say to it. */
export async function carrierClaimRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  server.get(
    '/carrier-claims',
    {
      config: { permission: 'payments:read' },
      schema: {
        summary: 'Claims against carriers for lost parcels, newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: z.enum(['open', 'paid', 'refused']).optional(),
        }),
        response: { 200: pageOf(claim) },
      },
    },
    async ({ query: { limit, cursor, state }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listCarrierClaims(deps.db, { scopes, before, limit: limit + 1, state })
      return toPage(rows, limit, (row) => row.id, toClaim)
    },
  )
  commandRoute(server, deps, {
    method: 'POST',
    url: '/carrier-claims/:claimId/answer',
    permission: 'payments:create',
    summary: 'Book what a carrier says to a claim: it has paid, or it refuses',
    tags,
    params: z.object({ claimId: bigId }),
    body: answer,
    response: { 204: z.null() },
    work: async (tx, { body, params, principal: { scopes, actor } }) => {
      const id = BigInt(params.claimId)
      const every = { entities: null, channels: null }
      const ask = { scopes: every, before: MAX_BIGINT, limit: 1, id }
      const [found] = await listCarrierClaims(tx, ask)
      if (!found || !isInScope(scopes, { entity: found.entity, channel: found.channel }))
        throw notFound('carrier claim')
      const paidMinor = body.outcome === 'paid' ? BigInt(body.paidMinor) : 0n
      const { outcome, reference, decidedOn } = body
      await answerClaim(tx, id, { outcome, paidMinor, reference, decidedOn, actor })
      return {}
    },
  })
}

function toClaim({ costMinor, currency, ...row }: ClaimRow) {
  return {
    ...row,
    id: `${row.id}`,
    orderId: `${row.orderId}`,
    parcelId: `${row.parcelId}`,
    cost: { currency, minor: `${costMinor}` },
    paidMinor: row.paidMinor === null ? null : `${row.paidMinor}`,
  }
}
