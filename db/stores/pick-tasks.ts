import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'

export interface PickTask {
  id: bigint
  fulfilmentId: bigint
  orderLineId: bigint
  itemId: number
  sku: string
  name: string
  siteId: number
  bin: string
  lot: string
  qty: number
  picked: number
  state: string
  pickedBy: string | null
  /** Units of its order line on this fulfilment order: asked for, and picked so far. */
  lineAsked: number
  linePicked: number
  /** Other tasks of the line that are still to be picked, and why others came short. */
  otherTasks: number
  otherReasons: string[]
}

/**
 * The task, locked, with what its order line has come to.
 * @throws Refusal `PickTaskUnknown`.
 */
export async function lockPickTask(tx: Tx, fulfilmentId: bigint, id: bigint): Promise<PickTask> {
  const locked = await tx`
    SELECT 1 FROM pick_task WHERE id = ${id} AND fulfilment_id = ${fulfilmentId} FOR UPDATE`
  if (locked.length === 0)
    throw new Refusal('PickTaskUnknown', `Fulfilment order ${fulfilmentId} has no pick task ${id}.`)
  const [task] = await tx<PickTask[]>`
    SELECT t.id, t.fulfilment_id AS "fulfilmentId", t.order_line_id AS "orderLineId", t.item_id AS "itemId", i.sku, i.name, t.site_id AS "siteId", t.bin, t.lot, t.qty, t.picked, t.state,
      t.picked_by AS "pickedBy", l.asked AS "lineAsked", l.picked AS "linePicked", o.open AS "otherTasks", o.reasons AS "otherReasons"
    FROM pick_task t JOIN item i ON i.id = t.item_id
    CROSS JOIN LATERAL (SELECT coalesce(sum(f.qty - f.cancelled), 0)::int AS asked, coalesce(sum(f.picked), 0)::int AS picked FROM fulfilment_line f
      WHERE f.fulfilment_id = t.fulfilment_id AND f.order_line_id = t.order_line_id) l
    CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE x.state = 'to-pick')::int AS open, coalesce(jsonb_agg(DISTINCT x.reason) FILTER (WHERE x.state = 'will-not-pick'), '[]') AS reasons
      FROM pick_task x WHERE x.fulfilment_id = t.fulfilment_id AND x.order_line_id = t.order_line_id AND x.id <> t.id) o
    WHERE t.id = ${id}`
  return task!
}

/** Says what came of a task; fewer units than it asked for have a reason. */
export async function settlePickTask(
  tx: Tx,
  id: bigint,
  done: { picked: number; reason: string | null; actor: string },
): Promise<void> {
  await tx`
    UPDATE pick_task SET picked = ${done.picked}, state = CASE WHEN ${done.reason === null} THEN 'picked' ELSE 'will-not-pick' END, reason = ${done.reason},
      picked_by = ${done.actor}, picked_at = clock_timestamp() WHERE id = ${id}`
}
