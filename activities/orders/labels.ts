import type { BuyLabels } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { intendEffect, recordDecisions } from '#db/stores/records'
import { Refusal } from '#domain/refusal'

/**
 * FUL-34: a label that was bought and will not be used is given back to the carrier, or it is
 * paid for. Parcels whose label was never bought, or was written by hand, have nothing to void.
 */
export async function voidLabels(
  tx: Tx,
  order: SalesOrder,
  parcelIds: readonly bigint[],
): Promise<void> {
  if (parcelIds.length === 0) return
  const bought = await tx<{ parcelId: bigint; labelKey: string; providerId: string | null }[]>`
    SELECT p.id AS "parcelId", e.key AS "labelKey", e.outcome->'facts'->>'providerId' AS "providerId"
    FROM parcel p JOIN external_effect e ON e.key = p.label_effect_key
    WHERE p.id = ANY(${parcelIds.map(String)}::bigint[]) AND e.operation = 'buy-label' AND e.state = 'confirmed' ORDER BY p.id`
  for (const label of bought)
    await intendEffect(tx, {
      key: `void/${label.labelKey}`,
      gateway: 'carrier',
      operation: 'void-label',
      subjectType: 'order',
      subjectId: order.id.toString(),
      request: label,
    })
}

/** A parcel row and an intended label purchase for each parcel; the purchase itself follows as an effect. */
export async function intendLabels(tx: Tx, order: SalesOrder, command: BuyLabels): Promise<void> {
  const [fulfilment] = await tx<
    {
      id: bigint
      siteId: number
      carrier: string | null
      service: string | null
      parcels: bigint
    }[]
  >`
    SELECT f.id, f.site_id AS "siteId", f.carrier, f.service, (SELECT count(*) FROM parcel p WHERE p.fulfilment_id = f.id) AS parcels
    FROM fulfilment_order f WHERE f.id = ${BigInt(command.fulfilmentId)} AND f.order_id = ${order.id} AND f.state = 'released' FOR NO KEY UPDATE`
  if (!fulfilment)
    throw new Refusal(
      'FulfilmentNotOpen',
      `Fulfilment order ${command.fulfilmentId} is not with the warehouse.`,
    )
  if (command.service) {
    await recordDecisions(tx, [
      {
        subjectType: 'order',
        subjectId: order.id.toString(),
        kind: 'carrier-service',
        rule: 'person',
        ruleVersion: 1,
        inputs: { fulfilmentId: command.fulfilmentId },
        choice: command.service,
        alternatives: [
          { carrier: fulfilment.carrier, service: fulfilment.service, reason: 'overridden' },
        ],
        actor: command.actor,
      },
    ])
  }
  for (const [n, parcel] of command.parcels.entries()) {
    const parcelNo = Number(fulfilment.parcels) + n + 1
    const key = `label/${fulfilment.id}/${parcelNo}`
    const [row] = await tx<{ id: bigint }[]>`
      INSERT INTO parcel (order_id, fulfilment_id, parcel_no, weight_g, label_effect_key) VALUES (${order.id}, ${fulfilment.id}, ${parcelNo}, ${parcel.weightG}, ${key}) RETURNING id`
    await intendEffect(tx, {
      key,
      gateway: 'carrier',
      operation: 'buy-label',
      subjectType: 'order',
      subjectId: order.id.toString(),
      request: {
        parcelId: row!.id,
        siteId: fulfilment.siteId,
        weightG: parcel.weightG,
        lengthMm: parcel.lengthMm ?? 300,
        widthMm: parcel.widthMm ?? 200,
        heightMm: parcel.heightMm ?? 150,
        carrier: command.service?.carrier ?? fulfilment.carrier,
        service: command.service?.service ?? fulfilment.service,
        currency: order.functionalCurrency,
      },
    })
  }
}
