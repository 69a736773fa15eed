import type { RecordTracking } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { dateAt } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { arrived } from './arrival.ts'
import { healOrderCases, openOrderCase } from './cases.ts'
import { loseParcel } from './loss.ts'

interface TrackedParcel {
  id: bigint
  shipmentId: bigint | null
  deliveredAt: string | null
  /** Lost, or taken back: nobody waits for it any longer. */
  voidedAt?: string | null
}

/** A carrier's event about a parcel, once per event id; events may come late and out of order. */
export async function recordTracking(
  tx: Tx,
  order: SalesOrder,
  event: RecordTracking,
): Promise<void> {
  const [parcel] = await tx<TrackedParcel[]>`
    SELECT id, shipment_id AS "shipmentId", delivered_at AS "deliveredAt", voided_at AS "voidedAt" FROM parcel
    WHERE order_id = ${order.id} AND tracking_number = ${event.trackingNumber} ORDER BY voided_at IS NOT NULL, id LIMIT 1 FOR NO KEY UPDATE`
  if (!parcel)
    throw new Refusal(
      'ParcelNotFound',
      `Order ${order.orderNumber} has no parcel ${event.trackingNumber}.`,
    )
  const added = await tx`
    INSERT INTO tracking_event (parcel_id, provider_event_id, status, happened_at, details)
    VALUES (${parcel.id}, ${event.providerEventId}, ${event.status}, ${event.at}, ${event.details ?? null})
    ON CONFLICT (provider_event_id) DO NOTHING RETURNING id`
  if (added.length === 0) return
  // What is heard of a parcel that was given up is kept for the claim, and moves nothing.
  if (parcel.deliveredAt || parcel.voidedAt) return
  if (event.status === 'delivered') return deliver(tx, order, parcel, event)
  if (await isOvertaken(tx, parcel.id, event.at)) return
  if (event.status === 'exception' || event.status === 'returned') {
    const details = event.details ? `, ${event.details}` : ''
    return stalled(tx, order, parcel.id, `the carrier reports: ${event.status}${details}`)
  }
  const moves = 'the parcel moves again'
  await healOrderCases(tx, order, ['parcel-stalled'], moves, parcel.id.toString())
}

/** An event that comes late says where the parcel was, not where it is. */
async function isOvertaken(tx: Tx, parcelId: bigint, at: string): Promise<boolean> {
  const later = await tx`
    SELECT 1 FROM tracking_event WHERE parcel_id = ${parcelId} AND happened_at > ${at} LIMIT 1`
  return later.length > 0
}

/** A parcel is with the customer; with the last one its shipment has arrived. */
export async function deliver(
  tx: Tx,
  order: SalesOrder,
  parcel: TrackedParcel,
  event: { at: string; actor: string },
): Promise<void> {
  await tx`UPDATE parcel SET delivered_at = ${event.at} WHERE id = ${parcel.id}`
  const { id, shipmentId } = parcel
  await healOrderCases(tx, order, ['parcel-stalled'], 'the parcel was delivered', id.toString())
  if (shipmentId === null) return
  if ((await parcelsOf(tx, shipmentId)).underway > 0n) return
  await arrived(tx, order, shipmentId, {
    deliveredOn: dateAt(event.at, order.timezone),
    actor: event.actor,
  })
}

/**
 * A parcel got lost: nobody waits for it any longer, and what it held is lost with it. With the
 * last parcel its shipment has arrived, as far as it ever will.
 */
export async function lose(
  tx: Tx,
  order: SalesOrder,
  { id, shipmentId }: TrackedParcel,
  by: { on: string; actor: string; claimBy: string | null },
): Promise<void> {
  await tx`UPDATE parcel SET voided_at = clock_timestamp() WHERE id = ${id}`
  if (shipmentId === null) return
  const { underway, delivered } = await parcelsOf(tx, shipmentId)
  const isLast = underway === 0n && delivered === 0n
  await loseParcel(tx, order, { id, shipmentId, isLast }, by)
  if (underway === 0n && delivered > 0n)
    await arrived(tx, order, shipmentId, { deliveredOn: by.on, actor: by.actor })
}

async function parcelsOf(
  tx: Tx,
  shipmentId: bigint,
): Promise<{ underway: bigint; delivered: bigint }> {
  const [parcels] = await tx<{ underway: bigint; delivered: bigint }[]>`
    SELECT count(*) FILTER (WHERE delivered_at IS NULL) AS underway, count(*) FILTER (WHERE delivered_at IS NOT NULL) AS delivered
    FROM parcel WHERE shipment_id = ${shipmentId} AND voided_at IS NULL AND tracking_number IS NOT NULL`
  return parcels!
}

/** FUL-36: a parcel that does not move opens a case that names the last day for a carrier claim. */
export async function stalled(
  tx: Tx,
  order: SalesOrder,
  parcelId: bigint,
  why: string,
): Promise<void> {
  const [parcel] = await tx<
    {
      trackingNumber: string
      carrier: string | null
      recordedAt: string
      lastEvent: string | null
    }[]
  >`
    UPDATE parcel p SET stalled_at = clock_timestamp() WHERE id = ${parcelId}
    RETURNING tracking_number AS "trackingNumber", carrier, recorded_at AS "recordedAt",
      (SELECT t.status || ' at ' || t.happened_at FROM tracking_event t WHERE t.parcel_id = p.id ORDER BY t.happened_at DESC LIMIT 1) AS "lastEvent"`
  const claimBy = new Date(
    Date.parse(parcel!.recordedAt) + order.policies.order.body.claimWithinDays * 86_400_000,
  )
    .toISOString()
    .slice(0, 10)
  await openOrderCase(tx, order, {
    type: 'parcel-stalled',
    discriminator: parcelId.toString(),
    openedBy: 'rule: tracking',
    summary: `${order.orderNumber}: parcel ${parcel!.trackingNumber} is stalled (${why}); claim by ${claimBy}`,
    evidence: {
      parcelId: parcelId.toString(),
      trackingNumber: parcel!.trackingNumber,
      carrier: parcel!.carrier,
      lastEvent: parcel!.lastEvent,
      claimBy,
    },
  })
}
