import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface WaveRow {
  id: bigint
  waveNo: string
  site: string
  entity: string
  carrier: string | null
  zone: string | null
  shipUntil: string
  startedAt: string | null
  /** Derived: planned, picking, or picked when no task is left to pick. */
  state: string
  orders: number
  toPick: number
  done: number
}

/** Waves, the oldest first. */
export async function listWaves(
  reader: Reader,
  ask: {
    after: bigint
    limit: number
    site?: string | undefined
    waveNo?: string | undefined
    scopes: Scopes
  },
): Promise<WaveRow[]> {
  const { sites, entities } = ask.scopes
  return reader<WaveRow[]>`
    SELECT w.id, w.wave_no AS "waveNo", s.code AS site, e.code AS entity, w.carrier, w.zone, w.ship_until AS "shipUntil", w.started_at AS "startedAt",
      CASE WHEN w.started_at IS NULL THEN 'planned' WHEN t.open > 0 THEN 'picking' ELSE 'picked' END AS state,
      (SELECT count(*)::int FROM wave_order o WHERE o.wave_id = w.id) AS orders, t.open AS "toPick", t.done
    FROM wave w JOIN site s ON s.id = w.site_id JOIN entity e ON e.id = s.entity_id
    CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE t.state = 'to-pick' AND f.state = 'released')::int AS open, count(*) FILTER (WHERE t.state <> 'to-pick')::int AS done
      FROM pick_task t JOIN fulfilment_order f ON f.id = t.fulfilment_id WHERE t.wave_id = w.id) t
    WHERE w.id > ${ask.after} AND (${ask.waveNo ?? null}::text IS NULL OR w.wave_no = ${ask.waveNo ?? null}) AND (${ask.site ?? null}::text IS NULL OR s.code = ${ask.site ?? null})
      AND (${sites === null} OR s.code = ANY(${[...(sites ?? [])]}::text[])) AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
    ORDER BY w.id LIMIT ${ask.limit}`
}

export interface PickListRow {
  taskId: string
  fulfilmentId: string
  orderId: string
  orderNumber: string
  orderLineId: string
  bin: string
  zone: string
  lot: string
  expiresOn: string | null
  sku: string
  name: string
  qty: number
  picked: number
  /** to-pick, picked, will-not-pick; will-not-pick too where the order was taken back. */
  state: string
  reason: string | null
  tote: string
}

/** The tasks of a wave in the order in which somebody walks past their bins, those of one bin and item together. */
export async function pickList(
  reader: Reader,
  waveId: bigint,
  { channels }: Scopes,
): Promise<PickListRow[]> {
  return reader<PickListRow[]>`
    SELECT t.id::text AS "taskId", t.fulfilment_id::text AS "fulfilmentId", o.id::text AS "orderId", o.order_number AS "orderNumber", t.order_line_id::text AS "orderLineId", t.bin,
      coalesce(b.zone, '') AS zone, t.lot, l.expires_on AS "expiresOn", i.sku, i.name, t.qty, t.picked,
      CASE WHEN t.state = 'to-pick' AND f.state <> 'released' THEN 'will-not-pick' ELSE t.state END AS state, t.reason, 'TOTE/' || t.fulfilment_id AS tote
    FROM pick_task t JOIN item i ON i.id = t.item_id JOIN fulfilment_order f ON f.id = t.fulfilment_id JOIN sales_order o ON o.id = f.order_id JOIN channel c ON c.id = o.channel_id
    LEFT JOIN bin b ON b.site_id = t.site_id AND b.code = t.bin LEFT JOIN lot l ON l.item_id = t.item_id AND l.code = t.lot
    WHERE t.wave_id = ${waveId} AND (${channels === null} OR c.code = ANY(${[...(channels ?? [])]}::text[]))
    ORDER BY b.pick_seq NULLS LAST, t.bin, i.sku, l.expires_on NULLS LAST, t.lot, t.id`
}

/** Whose a pick task is. */
export async function fulfilmentOfTask(
  reader: Reader,
  taskId: bigint,
): Promise<string | undefined> {
  const [row] = await reader<{ fulfilmentId: string }[]>`
    SELECT fulfilment_id::text AS "fulfilmentId" FROM pick_task WHERE id = ${taskId}`
  return row?.fulfilmentId
}
