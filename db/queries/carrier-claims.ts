import type { Scopes } from '#domain/scopes'
import type { Reader } from '../client.ts'

export interface ClaimRow {
  id: bigint
  entity: string
  channel: string
  orderId: bigint
  orderNumber: string
  parcelId: bigint
  trackingNumber: string | null
  carrier: string | null
  currency: string
  costMinor: bigint
  claimBy: string | null
  claimedOn: string
  outcome: string | null
  paidMinor: bigint | null
  reference: string | null
  decidedOn: string | null
}

interface Ask {
  scopes: Pick<Scopes, 'entities' | 'channels'>
  before: bigint
  limit: number
  id?: bigint
  state?: 'open' | 'paid' | 'refused' | undefined
}

/** Claims against carriers for lost parcels, the newest first. */
export async function listCarrierClaims(
  db: Reader,
  { scopes, before, limit, id, state }: Ask,
): Promise<ClaimRow[]> {
  return db<ClaimRow[]>`
    SELECT c.id, e.code AS entity, ch.code AS channel, o.id AS "orderId", o.order_number AS "orderNumber", p.id AS "parcelId", p.tracking_number AS "trackingNumber", p.carrier,
      e.functional_currency AS currency, c.cost_minor AS "costMinor", c.claim_by AS "claimBy", c.claimed_on AS "claimedOn",
      a.outcome, a.paid_minor AS "paidMinor", a.reference, a.decided_on AS "decidedOn"
    FROM carrier_claim c JOIN entity e ON e.id = c.entity_id JOIN sales_order o ON o.id = c.order_id JOIN channel ch ON ch.id = o.channel_id
    JOIN parcel p ON p.id = c.parcel_id LEFT JOIN carrier_claim_outcome a ON a.claim_id = c.id
    WHERE c.id < ${before} ${id === undefined ? db`` : db`AND c.id = ${id}`}
      ${state === undefined ? db`` : state === 'open' ? db`AND a.claim_id IS NULL` : db`AND a.outcome = ${state}`}
      AND (${scopes.entities === null} OR e.code = ANY(${[...(scopes.entities ?? [])]}::text[]))
      AND (${scopes.channels === null} OR ch.code = ANY(${[...(scopes.channels ?? [])]}::text[]))
    ORDER BY c.id DESC LIMIT ${limit}`
}
