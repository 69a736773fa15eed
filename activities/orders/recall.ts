import type { Tx } from '#db/client'
import { healCases } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import type { CancelBy, UnitsOfLine } from './cancel.ts'
import { openCaseAbout, openOrderCase } from './cases.ts'

export type RecallBy = Pick<CancelBy, 'actor' | 'reason' | 'key' | 'situation'> & {
  evidence?: Record<string, unknown>
}

/** Asks the warehouse to give released units back; it accepts, or it is too late. */
export async function recall(
  tx: Tx,
  order: SalesOrder,
  units: readonly UnitsOfLine[],
  by: RecallBy,
): Promise<void> {
  const asked = await fulfilmentsHolding(tx, order, units)
  await tx`UPDATE fulfilment_order SET state = 'recall-requested' WHERE id = ANY(${asked.map((f) => f.id.toString())}::bigint[])`
  await openOrderCase(tx, order, {
    type: 'channel-changed-after-release',
    discriminator: by.situation ?? by.key,
    addsToOpen: true,
    summary: `${order.orderNumber}: ${by.reason}, after release; the warehouse is asked to stop`,
    evidence: {
      fulfilments: asked.map((f) => f.id.toString()),
      units,
      reason: by.reason,
      askedBy: by.actor,
      ...by.evidence,
    },
    openedBy: 'rule: cancellation',
    ...(asked[0] ? { siteId: asked[0].siteId } : {}),
  })
}

/** Nobody wants these goods back any more: the case goes and the warehouse goes on. */
export async function withdrawRecall(
  tx: Tx,
  order: SalesOrder,
  situation: string,
  reason: string,
): Promise<void> {
  const open = await openCaseAbout(tx, order, 'channel-changed-after-release', situation)
  if (!open) return
  await healCases(tx, [open.id], reason)
  await letWarehouseGoOn(tx, order)
}

/** Fulfilment orders that nothing stops any longer are the warehouse's to pick again. */
export async function letWarehouseGoOn(tx: Tx, order: SalesOrder): Promise<void> {
  if (order.holds.length > 0 || order.lines.every((line) => line.released === 0)) return
  await tx`
    UPDATE fulfilment_order f SET state = 'released' WHERE f.order_id = ${order.id} AND f.state = 'recall-requested'
      AND NOT EXISTS (SELECT FROM exception_case c WHERE c.subject_type = 'order' AND c.subject_id = ${order.id.toString()} AND c.state = 'open'
        AND c.type = 'channel-changed-after-release' AND c.evidence->'fulfilments' ? f.id::text)`
}

async function fulfilmentsHolding(
  tx: Tx,
  order: SalesOrder,
  units: readonly UnitsOfLine[],
): Promise<{ id: bigint; siteId: number }[]> {
  const wanted = units.map((unit) => unit.orderLineId)
  const open = await tx<{ id: bigint; siteId: number; holdsThem: boolean }[]>`
    SELECT f.id, f.site_id AS "siteId", EXISTS (SELECT FROM fulfilment_line l WHERE l.fulfilment_id = f.id AND l.qty > l.shipped + l.cancelled
      AND l.order_line_id = ANY(${wanted}::bigint[])) AS "holdsThem"
    FROM fulfilment_order f WHERE f.order_id = ${order.id} AND f.state IN ('released', 'recall-requested') ORDER BY f.id`
  // A change that is about no goods (an address, a service) concerns all that is on its way out.
  const holding = open.filter((fulfilment) => fulfilment.holdsThem)
  return holding.length > 0 ? holding : open
}
