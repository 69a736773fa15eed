import type { Tx } from '#db/client'
import type { Scopes } from '#domain/scopes'
import { Refusal } from '#domain/refusal'
import {
  cutTasks,
  type NewPickTask,
  type PickPlace,
  type PickWish,
} from '#domain/warehouse/pick-tasks'
import { json } from './records.ts'

export interface WavePlan {
  waveNo: string
  siteId: number
  carrier: string | null
  /** Only orders whose every item lies in this zone in the number that they need. */
  zone: string | null
  /** What must have left by this day; an order's own day follows from the cut-off of its site. */
  shipUntil: string
  maxOrders: number
  channels: Scopes['channels']
  actor: string
}

/**
 * FUL-32: puts released orders that nobody has begun into a wave, those that must leave first. Two
 * who plan at once never have the same order.
 * @throws Refusal `NothingToPick`; `WaveExists` by the database's guard.
 */
export async function planWave(tx: Tx, plan: WavePlan): Promise<number> {
  const [wave] = await tx<{ id: bigint }[]>`
    INSERT INTO wave (wave_no, site_id, carrier, zone, ship_until, planned_by)
    VALUES (${plan.waveNo}, ${plan.siteId}, ${plan.carrier}, ${plan.zone}, ${plan.shipUntil}, ${plan.actor}) RETURNING id`
  const joined = await tx`
    INSERT INTO wave_order (fulfilment_id, wave_id, joined_by)
    SELECT f.id, ${wave!.id}, ${plan.actor} FROM fulfilment_order f JOIN sales_order o ON o.id = f.order_id JOIN channel c ON c.id = o.channel_id
    WHERE f.site_id = ${plan.siteId} AND f.state = 'released' AND f.ship_on <= ${plan.shipUntil}
      AND (${plan.carrier}::text IS NULL OR f.carrier = ${plan.carrier})
      AND (${plan.channels === null} OR c.code = ANY(${[...(plan.channels ?? [])]}::text[]))
      AND NOT EXISTS (SELECT FROM wave_order w WHERE w.fulfilment_id = f.id)
      AND NOT EXISTS (SELECT FROM fulfilment_line l WHERE l.fulfilment_id = f.id AND l.picked > 0)
      AND (${plan.zone}::text IS NULL OR NOT EXISTS (SELECT FROM fulfilment_line l WHERE l.fulfilment_id = f.id AND l.qty > l.cancelled
        AND l.qty - l.cancelled > (SELECT coalesce(sum(q.qty), 0) FROM stock_quant q JOIN bin b ON b.site_id = q.site_id AND b.code = q.bin
          WHERE q.item_id = l.item_id AND q.site_id = f.site_id AND q.condition = 'sellable' AND b.zone = ${plan.zone})))
    ORDER BY f.ship_on, f.id LIMIT ${plan.maxOrders} ON CONFLICT DO NOTHING RETURNING 1`
  if (joined.length === 0)
    throw new Refusal(
      'NothingToPick',
      'No released order matches that is in no wave. Widen the filter, or wait for orders.',
    )
  return joined.length
}

/**
 * A late order joins a wave that nobody has started.
 * @throws Refusal `WaveStarted`, `FulfilmentNotOpen`; `InAnotherWave` by the database's guard.
 */
export async function joinWave(
  tx: Tx,
  waveNo: string,
  fulfilmentId: bigint,
  actor: string,
): Promise<void> {
  const wave = await lockWave(tx, waveNo)
  if (wave.isStarted)
    throw new Refusal('WaveStarted', `Wave ${waveNo} is being picked. Plan another one.`)
  const open = await tx`
    SELECT 1 FROM fulfilment_order f WHERE f.id = ${fulfilmentId} AND f.site_id = ${wave.siteId} AND f.state = 'released'
      AND NOT EXISTS (SELECT FROM fulfilment_line l WHERE l.fulfilment_id = f.id AND l.picked > 0)`
  if (open.length === 0)
    throw new Refusal(
      'FulfilmentNotOpen',
      `Fulfilment order ${fulfilmentId} does not wait to be picked at the site of wave ${waveNo}.`,
    )
  await tx`INSERT INTO wave_order (fulfilment_id, wave_id, joined_by) VALUES (${fulfilmentId}, ${wave.id}, ${actor})`
}

/**
 * Cuts the tasks of a wave: which units of which order come out of which bin and lot. One site cuts
 * one wave at a time, so that no two tasks count on the same units.
 * @throws Refusal `WaveStarted`, `NothingToPick`.
 */
export async function startWave(tx: Tx, waveNo: string, actor: string): Promise<number> {
  const wave = await lockWave(tx, waveNo)
  if (wave.isStarted)
    throw new Refusal('WaveStarted', `Wave ${waveNo} has been started. Read its pick list.`)
  await tx`SELECT pg_advisory_xact_lock(7261014, ${wave.siteId})`
  const wishes = await tx<PickWish[]>`
    SELECT f.id AS "fulfilmentId", l.order_line_id AS "orderLineId", l.item_id AS "itemId", sum(l.qty - l.cancelled - l.picked)::int AS qty
    FROM wave_order w JOIN fulfilment_order f ON f.id = w.fulfilment_id JOIN fulfilment_line l ON l.fulfilment_id = f.id
    WHERE w.wave_id = ${wave.id} AND f.state = 'released' GROUP BY f.ship_on, f.id, 2, 3 HAVING sum(l.qty - l.cancelled - l.picked) > 0 ORDER BY f.ship_on, f.id, 2`
  if (wishes.length === 0)
    throw new Refusal('NothingToPick', `No order of wave ${waveNo} waits to be picked any more.`)
  const places = await freePlaces(tx, wave, [...new Set(wishes.map((wish) => wish.itemId))])
  await insertTasks(tx, wave, cutTasks(wishes, places))
  await tx`UPDATE wave SET started_at = clock_timestamp(), started_by = ${actor} WHERE id = ${wave.id}`
  return wishes.length
}

interface LockedWave {
  id: bigint
  siteId: number
  zone: string | null
  isStarted: boolean
}

async function lockWave(tx: Tx, waveNo: string): Promise<LockedWave> {
  const [wave] = await tx<LockedWave[]>`
    SELECT id, site_id AS "siteId", zone, started_at IS NOT NULL AS "isStarted" FROM wave WHERE wave_no = ${waveNo} FOR UPDATE`
  return wave!
}

/** What no other task takes: of the wave's zone, then what expires first, then what came back in a tote, then in pick order. */
async function freePlaces(tx: Tx, wave: LockedWave, itemIds: number[]): Promise<PickPlace[]> {
  return tx<PickPlace[]>`
    SELECT q.item_id AS "itemId", q.bin, q.lot, (q.qty - coalesce((SELECT sum(t.qty) FROM pick_task t JOIN fulfilment_order f ON f.id = t.fulfilment_id
        WHERE t.state = 'to-pick' AND f.state = 'released' AND (t.item_id, t.site_id, t.bin, t.lot) = (q.item_id, q.site_id, q.bin, q.lot)), 0))::int AS qty
    FROM stock_quant q LEFT JOIN bin b ON b.site_id = q.site_id AND b.code = q.bin LEFT JOIN lot l ON l.item_id = q.item_id AND l.code = q.lot
    WHERE q.site_id = ${wave.siteId} AND q.item_id = ANY(${itemIds}::int[]) AND q.condition = 'sellable' AND q.owner = 'own' AND q.qty > 0
      AND NOT in_open_tote(q.bin) AND place_blocked(q.item_id, q.site_id, q.bin, q.lot) IS NULL
    ORDER BY coalesce(b.zone = ${wave.zone}, false) DESC, l.expires_on NULLS LAST, q.bin LIKE 'TOTE/%' DESC, b.pick_seq NULLS LAST, q.bin, q.lot`
}

async function insertTasks(tx: Tx, wave: LockedWave, tasks: NewPickTask[]): Promise<void> {
  await tx`
    INSERT INTO pick_task (wave_id, fulfilment_id, order_line_id, item_id, site_id, bin, lot, qty)
    SELECT ${wave.id}, "fulfilmentId", "orderLineId", "itemId", ${wave.siteId}, bin, lot, qty
    FROM jsonb_to_recordset(${json(
      tx,
      tasks.map((task) => ({
        ...task,
        fulfilmentId: task.fulfilmentId.toString(),
        orderLineId: task.orderLineId.toString(),
      })),
    )})
      AS t ("fulfilmentId" bigint, "orderLineId" bigint, "itemId" int, bin text, lot text, qty int)`
}
