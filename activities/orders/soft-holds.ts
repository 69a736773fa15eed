import type { Tx } from '#db/client'
import type { LiveReservation, SalesOrder } from '#db/stores/orders'
import { recordDecisions } from '#db/stores/records'
import { releaseReserved } from './cancel.ts'
import { lineOf } from './plan.ts'

/**
 * Units of an order that is held are kept for `softHoldHours` only (INV-6); the clock starts when
 * the hold and the units meet, and stops when the last hold goes.
 */
export async function settleSoftHolds(tx: Tx, order: SalesOrder): Promise<void> {
  const { softHoldHours } = order.policies.order.body
  const held = order.holds.length > 0 && softHoldHours > 0
  const changed = order.reservations.filter(
    (reservation) => isSoft(reservation) && held === (reservation.expiresAt === null),
  )
  if (changed.length === 0) return
  const ids = changed.map((reservation) => reservation.id.toString())
  const rows = await tx<{ id: bigint; expiresAt: string | null }[]>`
    UPDATE reservation SET expires_at = CASE WHEN ${held} THEN clock_timestamp() + make_interval(hours => ${softHoldHours}) END
    WHERE id = ANY(${ids}::bigint[]) RETURNING id, expires_at AS "expiresAt"`
  for (const row of rows)
    changed.find((reservation) => reservation.id === row.id)!.expiresAt = row.expiresAt
}

export function softHoldDeadlines(order: SalesOrder): string[] {
  return order.reservations.flatMap((r) => (isSoft(r) && r.expiresAt ? [r.expiresAt] : []))
}

/** Nobody decided in time: others may have the units; the order plans anew when its holds are gone. */
export async function expireSoftHolds(
  tx: Tx,
  order: SalesOrder,
  now: string,
  actor: string,
): Promise<void> {
  const expired = order.reservations.filter(
    (reservation) => isSoft(reservation) && reservation.expiresAt && reservation.expiresAt <= now,
  )
  if (expired.length === 0 || order.holds.length === 0) return
  for (const reservation of expired) {
    const line = lineOf(order, reservation.orderLineId)
    line.allocated -= await releaseReserved(tx, [reservation], reservation.live)
    line.promiseOn = null
  }
  // Otherwise the order would take its units again at the next occasion, held as it is.
  await tx`UPDATE order_hold SET keeps_stock = false WHERE order_id = ${order.id} AND released_at IS NULL`
  for (const hold of order.holds) hold.keepsStock = false
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'soft-hold-expired',
      rule: 'order: softHoldHours',
      ruleVersion: order.policies.order.version,
      inputs: { softHoldHours: order.policies.order.body.softHoldHours, holds: order.holds },
      choice: { released: expired.map((r) => ({ itemId: r.itemId, site: r.siteCode })) },
      actor,
    },
  ])
}

function isSoft(reservation: LiveReservation): boolean {
  return reservation.live > reservation.onFulfilment
}
