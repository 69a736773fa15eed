import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox, intendEffect } from '#db/stores/records'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'

/** Each parcel that is under way is to be stopped, by a call under one key for the case that asks for it. */
export async function intendIntercepts(tx: Tx, order: SalesOrder, caseId: bigint): Promise<void> {
  const parcels = await tx<{ id: bigint; trackingNumber: string; carrier: string | null }[]>`
    SELECT id, tracking_number AS "trackingNumber", carrier FROM parcel
    WHERE order_id = ${order.id} AND shipment_id IS NOT NULL AND tracking_number IS NOT NULL AND delivered_at IS NULL AND voided_at IS NULL ORDER BY id`
  for (const { id, trackingNumber, carrier } of parcels)
    await intendEffect(tx, {
      key: `intercept/${id}/${caseId}`,
      gateway: 'carrier',
      operation: 'intercept',
      subjectType: 'order',
      subjectId: order.id.toString(),
      request: { parcelId: id, trackingNumber, carrier },
    })
}

/**
 * The carriers' interface that we speak (EasyPost's) stops no parcel, so somebody asks the carrier
 * and says what came of it, as for every call whose outcome only a person can find out.
 */
export function interceptByPerson({ request }: Effect): KeptOutcome {
  const { trackingNumber, carrier } = request
  return {
    outcome: 'unknown',
    message: `ask ${carrier ?? 'the carrier'} to stop ${trackingNumber} and send it back, then say whether it will`,
    forPerson: true,
  }
}

/** The parcel comes back as its tracking will say; one that cannot be stopped is told to the customer. */
export async function interceptOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: Exclude<KeptOutcome, { outcome: 'unknown' }>,
): Promise<void> {
  if (outcome.outcome === 'confirmed') return
  await mailAnswer(tx, order, 'too-late', effect.key)
}

/** What the customer reads; a marketplace tells its own. */
export async function mailAnswer(
  tx: Tx,
  order: SalesOrder,
  template: 'intercepting' | 'too-late',
  key: string,
): Promise<void> {
  if (order.settlement === 'marketplace') return
  const body = { template, orderId: order.id }
  await addToOutbox(tx, [{ topic: 'mail', key: `${template}/${key}`, body }])
}
