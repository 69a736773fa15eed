import type { BuyLabels } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { boxBecomesParcel, labelBoxes, type LabelledBox } from '#db/stores/packed-boxes'
import { intendEffect, recordDecisions } from '#db/stores/records'
import { latestDelivery } from '#db/queries/routing'
import { isNamed, type RateWish } from '#domain/orders/service-choice'
import { Refusal } from '#domain/refusal'
import type { Effect } from './effect-outcomes.ts'
import type { LabelOffer, LabelRequest } from './gateways.ts'

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

interface ToLabel {
  id: bigint
  siteId: number
  carrier: string | null
  service: string | null
  parcels: bigint
  latestTransitDays: number | null
  allowed: RateWish['allowed'] | null
}

/** A parcel row and an intended label purchase for each parcel; the purchase itself follows as an effect. */
export async function intendLabels(tx: Tx, order: SalesOrder, command: BuyLabels): Promise<void> {
  const fulfilment = await toLabel(tx, order, command.fulfilmentId)
  if (command.service) await recordOverride(tx, order, command, fulfilment)
  const wish = {
    carrier: command.service?.carrier ?? fulfilment.carrier,
    service: command.service?.service ?? fulfilment.service,
    chosenBy: whoChose(order, command, fulfilment),
    allowed: fulfilment.allowed ?? [],
    latestTransitDays: fulfilment.latestTransitDays,
    ...(command.service ? { overrideReason: command.service.reason } : {}),
  }
  const parcels: (BuyLabels['parcels'][number] & Partial<Pick<LabelledBox, 'id'>>)[] =
    command.packed ? await labelBoxes(tx, fulfilment.id) : command.parcels
  for (const [n, parcel] of parcels.entries()) {
    const parcelNo = Number(fulfilment.parcels) + n + 1
    const key = `label/${fulfilment.id}/${parcelNo}`
    const [row] = await tx<{ id: bigint }[]>`
      INSERT INTO parcel (order_id, fulfilment_id, parcel_no, weight_g, label_effect_key) VALUES (${order.id}, ${fulfilment.id}, ${parcelNo}, ${parcel.weightG}, ${key}) RETURNING id`
    if (parcel.id !== undefined) await boxBecomesParcel(tx, parcel.id, row!.id)
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
        currency: order.functionalCurrency,
        ...wish,
      },
    })
  }
}

/**
 * What the choice of a service needs: the services set up for the site, and the days that are
 * left from the day it leaves until the day that was promised to this customer.
 */
async function toLabel(tx: Tx, order: SalesOrder, fulfilmentId: string): Promise<ToLabel> {
  const [fulfilment] = await tx<ToLabel[]>`
    SELECT f.id, f.site_id AS "siteId", f.carrier, f.service, (SELECT count(*) FROM parcel p WHERE p.fulfilment_id = f.id) AS parcels,
      coalesce(${latestDelivery(order)}::date, f.promise_on) - greatest(f.ship_on, (now() AT TIME ZONE s.timezone)::date) AS "latestTransitDays",
      (SELECT jsonb_agg(jsonb_build_object('carrier', v.carrier, 'service', v.service, 'transitDays', v.transit_days) ORDER BY v.id)
        FROM carrier_service v WHERE v.from_country = s.country AND v.status = 'active' AND v.to_zone = (
          SELECT z.zone FROM shipping_zone z WHERE z.from_country = s.country AND z.to_country = ${order.shipCountry ?? ''}
            AND starts_with(${order.shipPostalCode ?? ''}, z.to_postal_prefix) ORDER BY length(z.to_postal_prefix) DESC LIMIT 1)) AS allowed
    FROM fulfilment_order f JOIN site s ON s.id = f.site_id
    WHERE f.id = ${BigInt(fulfilmentId)} AND f.order_id = ${order.id} AND f.state = 'released' FOR NO KEY UPDATE OF f`
  if (!fulfilment)
    throw new Refusal(
      'FulfilmentNotOpen',
      `Fulfilment order ${fulfilmentId} is not with the warehouse.`,
    )
  return fulfilment
}

function whoChose(
  order: SalesOrder,
  command: BuyLabels,
  { carrier, service }: ToLabel,
): LabelRequest['chosenBy'] {
  if (command.service) return 'person'
  const planned = { carrier: carrier ?? '', service: service ?? '' }
  return isNamed(planned, order.requestedService) ? 'customer' : 'rule'
}

/** A person chose another service than the rule did at release: why, and which it would have been. */
async function recordOverride(
  tx: Tx,
  order: SalesOrder,
  command: BuyLabels,
  { carrier, service }: ToLabel,
): Promise<void> {
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'carrier-service',
      rule: 'person',
      ruleVersion: 1,
      inputs: { fulfilmentId: command.fulfilmentId },
      choice: command.service,
      alternatives: [{ carrier, service, reason: 'overridden' }],
      actor: command.actor,
    },
  ])
}

/**
 * FUL-20: which service the label was bought by and at what cost, what came next, why each other
 * one lost, and why somebody overrode the rule. A label that a person typed in was not chosen here.
 */
export async function recordLabelChoice(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  facts: Record<string, unknown>,
): Promise<void> {
  const [row] = await tx<{ offer: LabelOffer | null }[]>`
    SELECT prepared AS offer FROM external_effect WHERE key = ${effect.key}`
  const { providerId, choice } = row?.offer ?? {}
  if (!choice || facts['providerId'] !== providerId) return
  const { carrier, service, chosenBy, without, latestTransitDays, overrideReason } = effect.request
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'label',
      rule: 'rate-choice',
      ruleVersion: 1,
      inputs: {
        effectKey: effect.key,
        planned: { carrier, service, chosenBy },
        without: without ?? [],
        latestTransitDays,
      },
      choice: {
        ...(choice['chosen'] as object),
        reason: choice['reason'],
        ...(overrideReason === undefined ? {} : { overrideReason }),
      },
      alternatives: choice['others'] as unknown[],
      actor: 'system',
    },
  ])
}

/** The service that was asked for this label, where the carrier had made an offer. */
export function chosenService({ prepared }: Effect): string | undefined {
  return (prepared?.choice?.['chosen'] as { service: string } | undefined)?.service
}
