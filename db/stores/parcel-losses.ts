import { postClaimAnswered } from '#domain/ledger/posting-losses'
import { parcelKey } from '#domain/ledger/sales-terms'
import { Refusal } from '#domain/refusal'
import type { Tx } from '../client.ts'
import { lockOpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'
import { json } from './records.ts'

export interface ParcelContent {
  parcelId: bigint
  orderLineId: bigint
  /** The first of its units, by their numbers on the order line. */
  unitFrom: number
  qty: number
}

export async function parcelsOfShipment(
  tx: Tx,
  shipmentId: bigint,
): Promise<{ id: bigint; trackingNumber: string | null }[]> {
  return tx<{ id: bigint; trackingNumber: string | null }[]>`
    SELECT id, tracking_number AS "trackingNumber" FROM parcel WHERE shipment_id = ${shipmentId} ORDER BY id`
}

export async function keepContents(tx: Tx, contents: readonly ParcelContent[]): Promise<void> {
  await tx`
    INSERT INTO parcel_content (parcel_id, order_line_id, unit_from, qty)
    SELECT "parcelId", "orderLineId", "unitFrom", qty FROM jsonb_to_recordset(${json(tx, contents)}) AS c ("parcelId" bigint, "orderLineId" bigint, "unitFrom" int, qty int)`
}

export interface LostUnits extends ParcelContent {
  shipmentId: bigint
  netMinor: bigint
  taxMinor: bigint
  costMinor: bigint
  /** They had been earned when they left. */
  takenBack: boolean
}

export async function keepLostUnits(tx: Tx, units: readonly LostUnits[]): Promise<void> {
  if (units.length === 0) return
  await tx`
    INSERT INTO lost_units (parcel_id, order_line_id, shipment_id, unit_from, qty, net_minor, tax_minor, cost_minor, taken_back)
    SELECT "parcelId", "orderLineId", "shipmentId", "unitFrom", qty, "netMinor", "taxMinor", "costMinor", "takenBack"
    FROM jsonb_to_recordset(${json(tx, units)}) AS u ("parcelId" bigint, "orderLineId" bigint, "shipmentId" bigint, "unitFrom" int, qty int, "netMinor" bigint, "taxMinor" bigint, "costMinor" bigint, "takenBack" boolean)`
}

export async function keepClaim(
  tx: Tx,
  claim: {
    parcelId: bigint
    orderId: bigint
    entityId: number
    costMinor: bigint
    claimBy: string | null
    on: string
    actor: string
  },
): Promise<void> {
  await tx`
    INSERT INTO carrier_claim (parcel_id, order_id, entity_id, cost_minor, claim_by, claimed_on, actor)
    VALUES (${claim.parcelId}, ${claim.orderId}, ${claim.entityId}, ${claim.costMinor}, ${claim.claimBy}, ${claim.on}, ${claim.actor})
    ON CONFLICT (parcel_id) DO NOTHING`
}

interface OpenClaim {
  parcelId: bigint
  orderId: bigint
  entityId: number
  functionalCurrency: string
  carrier: string | null
}

/**
 * A carrier has paid for a lost parcel, or says no: what it does not pay is our loss, what it pays
 * beyond the cost a gain. Once a claim.
 * @throws Refusal `ClaimAnswered`
 */
export async function answerClaim(
  tx: Tx,
  claimId: bigint,
  answer: {
    outcome: 'paid' | 'refused'
    paidMinor: bigint
    reference: string
    decidedOn: string
    actor: string
  },
): Promise<void> {
  const first = await tx`
    INSERT INTO carrier_claim_outcome (claim_id, outcome, paid_minor, reference, decided_on, actor)
    VALUES (${claimId}, ${answer.outcome}, ${answer.paidMinor}, ${answer.reference}, ${answer.decidedOn}, ${answer.actor})
    ON CONFLICT (claim_id) DO NOTHING RETURNING claim_id`
  if (first.length === 0)
    throw new Refusal(
      'ClaimAnswered',
      `The carrier has answered claim ${claimId} already: read it.`,
    )
  const [claim] = await tx<OpenClaim[]>`
    SELECT c.parcel_id AS "parcelId", c.order_id AS "orderId", c.entity_id AS "entityId", e.functional_currency AS "functionalCurrency", p.carrier
    FROM carrier_claim c JOIN entity e ON e.id = c.entity_id JOIN parcel p ON p.id = c.parcel_id WHERE c.id = ${claimId}`
  const { parcelId, orderId, entityId, functionalCurrency, carrier } = claim!
  const key = parcelKey(parcelId)
  const item = await lockOpenItem(tx, {
    ...{ entityId, account: 'Claims', currency: functionalCurrency, key },
  })
  const openMinor = item?.balanceMinor ?? 0n
  if (openMinor === 0n && answer.paidMinor === 0n) return
  const entry = postClaimAnswered({
    ...{ claimId, parcelId, orderId, entity: entityId, functionalCurrency, openMinor },
    ...{ answeredOn: answer.decidedOn, paidMinor: answer.paidMinor },
    ...(carrier === null ? {} : { party: `carrier/${carrier}` }),
    lines: await lostLines(tx, parcelId),
  })
  await postEntries(tx, [entry], answer.actor)
}

async function lostLines(tx: Tx, parcelId: bigint) {
  return tx<
    {
      orderLineId: bigint
      itemId: number
      siteId: number
      channelId: number
      segment: string
      costMinor: bigint
    }[]
  >`
    SELECT u.order_line_id AS "orderLineId", l.item_id AS "itemId", h.site_id AS "siteId", o.channel_id AS "channelId", o.segment, u.cost_minor AS "costMinor"
    FROM lost_units u JOIN sales_order_line l ON l.id = u.order_line_id JOIN shipment h ON h.id = u.shipment_id JOIN sales_order o ON o.id = h.order_id
    WHERE u.parcel_id = ${parcelId} AND u.cost_minor > 0 ORDER BY 1`
}
