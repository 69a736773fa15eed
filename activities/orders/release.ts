import type { Tx } from '#db/client'
import { candidateNodes, type RoutedNode } from '#db/queries/routing'
import type { LiveReservation, SalesOrder } from '#db/stores/orders'
import { intendShippingOrder } from '#db/stores/shipping-orders'
import { recordDecisions } from '#db/stores/records'
import { addDays } from '#domain/dates'
import { openUnits, unplannedUnits } from '#domain/orders/phase'
import type { ServiceChoice } from '#domain/orders/service-choice'
import { renewBeforePicking } from './authorisation.ts'
import { lineOf, needsStock } from './plan.ts'
import { lateLines } from './promise-check.ts'
import { shipServices } from './ship.ts'

/** Whether nothing stands between the order and the warehouse. */
export function mayRelease(order: SalesOrder): boolean {
  if (order.holds.length > 0) return false
  if (order.lines.some((line) => unplannedUnits(line) > 0)) return false
  if (lateLines(order).length > 0) return false
  if (order.shipComplete && order.lines.some((line) => line.backordered > 0)) return false
  return order.lines.some((line) => line.allocated > line.released)
}

/**
 * Hands allocated units to the warehouse: one fulfilment order per site, due on the first day
 * whose capacity is not used up, by the carrier service that was chosen for it.
 */
export async function releaseToWarehouse(
  tx: Tx,
  order: SalesOrder,
  by: { actor: string; today: string },
  /** The sites as the plan of this very commit saw them. */
  planned?: readonly RoutedNode[],
): Promise<void> {
  await renewBeforePicking(tx, order, by.today)
  const waiting = order.reservations.filter(
    (reservation) => reservation.live > reservation.onFulfilment,
  )
  if (waiting.length === 0) {
    const goodsToCome = order.lines.some((line) => line.itemKind === 'stock' && openUnits(line) > 0)
    if (!goodsToCome) await shipServices(tx, order, by)
    return
  }
  const nodes = planned ?? (await candidateNodes(tx, order))
  for (const siteId of [...new Set(waiting.map((reservation) => reservation.siteId))].sort(
    (a, b) => a - b,
  )) {
    const node = nodes.find((candidate) => candidate.siteId === siteId)!
    const rows = waiting.filter((reservation) => reservation.siteId === siteId)
    await releaseAt(tx, order, node, rows, by)
  }
  for (const line of order.lines)
    if (!needsStock(line) && line.itemId !== null) line.released = line.allocated
}

async function releaseAt(
  tx: Tx,
  order: SalesOrder,
  node: RoutedNode,
  rows: readonly LiveReservation[],
  by: { actor: string; today: string },
): Promise<void> {
  const { siteId } = node
  const units = rows.map((r) => ({ itemId: r.itemId, qty: r.live - r.onFulfilment }))
  const service = node.choose(units)
  const { freightMinor, transitDays } = node.quote(units)
  const earliest = addDays(by.today, node.shipInDays)
  const shipOn = node.limited ? await firstDayWithCapacity(tx, siteId, earliest) : earliest
  const promiseOn = addDays(shipOn, transitDays)
  const [fulfilment] = await tx<{ id: bigint; outside: boolean }[]>`
    WITH fulfilment AS (
      INSERT INTO fulfilment_order (order_id, site_id, carrier, service, freight_estimate_minor, promise_on, ship_on, released_by)
      VALUES (${order.id}, ${siteId}, ${service?.chosen.carrier ?? null}, ${service?.chosen.service ?? null}, ${freightMinor},
        ${promiseOn}, ${shipOn}, ${by.actor}) RETURNING id
    ), lines AS (
      INSERT INTO fulfilment_line (fulfilment_id, order_line_id, reservation_id, item_id, qty)
      SELECT fulfilment.id, r.* FROM fulfilment, unnest(${rows.map((r) => r.orderLineId.toString())}::bigint[], ${rows.map((r) => r.id.toString())}::bigint[],
        ${rows.map((r) => r.itemId)}::int[], ${rows.map((r) => r.live - r.onFulfilment)}::int[]) AS r
    )
    SELECT id, EXISTS (SELECT FROM outside_warehouse w WHERE w.site_id = ${siteId}) AS outside FROM fulfilment`
  for (const row of rows) {
    const line = lineOf(order, row.orderLineId)
    line.released += row.live - row.onFulfilment
    if (line.promiseOn && line.promiseOn < promiseOn) line.promiseOn = promiseOn
    row.onFulfilment = row.live
  }
  await recordRelease(tx, order, { node, service, fulfilmentId: fulfilment!.id, shipOn }, by.actor)
  if (fulfilment!.outside) await intendShippingOrder(tx, fulfilment!.id)
}

interface Released {
  node: RoutedNode
  service: ServiceChoice | null
  fulfilmentId: bigint
  shipOn: string
}

/** Which rule, and whose, let the order go now, and why by this carrier service. */
async function recordRelease(
  tx: Tx,
  order: SalesOrder,
  { node, service, fulfilmentId, shipOn }: Released,
  actor: string,
): Promise<void> {
  const { deliverBy, requestedService } = order
  const { version, owner, body } = order.policies.order
  const about = { subjectType: 'order', subjectId: order.id.toString(), actor }
  await recordDecisions(tx, [
    {
      ...about,
      kind: 'release',
      rule: body.autoRelease ? 'order: autoRelease' : 'person',
      ruleVersion: version,
      inputs: {
        site: node.code,
        ruleOwner: owner ?? 'built in',
        autoRelease: body.autoRelease,
        shipInDays: node.shipInDays,
        capacityLimited: node.limited,
      },
      choice: { fulfilmentId, shipOn },
    },
    {
      ...about,
      kind: 'carrier-service',
      rule: 'service-choice',
      ruleVersion: 1,
      inputs: { site: node.code, zone: node.zone, deliverBy, requested: requestedService },
      choice: {
        fulfilmentId,
        ...service?.chosen,
        reason: service?.reason ?? 'no carrier service is set up',
        shipOn,
      },
      alternatives: service?.nextBest ? [{ ...service.nextBest, reason: 'next best' }] : [],
    },
  ])
}

/** Under the site's lock: two orders at once must not both take the last place of a day. */
async function firstDayWithCapacity(tx: Tx, siteId: number, from: string): Promise<string> {
  await tx`SELECT 1 FROM site WHERE id = ${siteId} FOR NO KEY UPDATE`
  const [row] = await tx<{ day: string | null }[]>`
    SELECT min(d)::date AS day FROM site s, generate_series(${from}::date, ${from}::date + 60, interval '1 day') AS d
    WHERE s.id = ${siteId} AND (s.daily_capacity IS NULL OR s.daily_capacity > (
      SELECT count(*) FROM fulfilment_order f WHERE f.site_id = s.id AND f.ship_on = d::date AND f.state IN ('released', 'recall-requested', 'shipped')))`
  return row?.day ?? addDays(from, 60)
}
