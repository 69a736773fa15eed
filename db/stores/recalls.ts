import type { Tx } from '#db/client'
import { invariant, Refusal } from '#domain/refusal'
import type { RecallOutcome } from '#domain/stock/recall'
import { addToOutbox, json } from './records.ts'

/** Units of a recalled lot that an order was sent. */
export interface RecalledOrder {
  orderId: bigint
  orderNumber: string
  units: bigint
  outcome: RecallOutcome | null
}

/** A recall with all that its rules look at. */
export interface RecallDoc {
  subjectType: 'recall'
  id: bigint
  no: string
  workflowId: string
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  itemId: number
  sku: string
  lot: string
  version: number
  phase: string
  reason: string
  blocked: { site: string; siteId: number; bin: string; units: string }[]
  orders: RecalledOrder[]
}

/** What one act found and blocked. */
export interface RecallBegun {
  recallNo: string
  /** Orders that were sent units of the lot. */
  shipped: { orderId: string; orderNumber: string; shipmentId: string; units: string }[]
  /** Units that are here, or on their way between sites, and can no longer leave. */
  blocked: { site: string; bin: string; units: string }[]
}

/**
 * Recalls a lot in one act: whatever is here can no longer be promised nor leave, and every order
 * that was sent some of it is named. Shipments hold the positions' locks, so one that is under way
 * is waited for and listed, and one that comes later finds the lot blocked. Its process is started.
 * @throws Refusal `UnknownLot`, `RecallOpen`.
 */
export async function recallLot(
  tx: Tx,
  { itemId, sku, lot }: { itemId: number; sku: string; lot: string },
  { reason, actor, key }: { reason: string; actor: string; key: string },
): Promise<RecallBegun> {
  await tx`
    SELECT 1 FROM stock_position WHERE item_id = ${itemId} AND condition = 'sellable' ORDER BY item_id, site_id, condition FOR UPDATE`
  const known = await tx`
    UPDATE lot SET status = 'recalled', reason = ${reason} WHERE item_id = ${itemId} AND code = ${lot} RETURNING 1`
  if (known.length === 0)
    throw new Refusal('UnknownLot', `The item has no lot ${lot}. Check the code on the goods.`, {
      field: 'params.lot',
    })
  const shipped = await shippedOf(tx, itemId, lot)
  const blocked = await tx<RecallDoc['blocked']>`
    SELECT s.code AS site, q.site_id AS "siteId", q.bin, sum(q.qty)::text AS units FROM stock_quant q JOIN site s ON s.id = q.site_id
    WHERE q.item_id = ${itemId} AND q.lot = ${lot} AND q.qty > 0 GROUP BY 1, 2, 3 ORDER BY 1, 3`
  const recallNo = await insertRecall(tx, { itemId, lot, shipped, blocked, reason, actor })
  await addToOutbox(tx, [
    { topic: 'recall-begun', key: recallNo, body: { recallNo, sku, lot, key, actor } },
  ])
  return {
    recallNo,
    shipped: shipped.map(({ entityId: _, ...row }) => row),
    blocked: blocked.map(({ siteId: _, ...row }) => row),
  }
}

type ShippedUnits = RecallBegun['shipped'][number] & { entityId: number }

async function shippedOf(tx: Tx, itemId: number, lot: string): Promise<ShippedUnits[]> {
  return tx<ShippedUnits[]>`
    SELECT o.id::text AS "orderId", o.order_number AS "orderNumber", o.entity_id AS "entityId", s.id::text AS "shipmentId", sum(m.qty)::text AS units
    FROM stock_movement m JOIN shipment s ON s.id::text = m.cause_id JOIN sales_order o ON o.id = s.order_id
    WHERE m.item_id = ${itemId} AND m.from_lot = ${lot} AND m.cause_type = 'shipment' GROUP BY o.id, s.id ORDER BY o.id, s.id`
}

async function insertRecall(
  tx: Tx,
  found: {
    itemId: number
    lot: string
    shipped: readonly ShippedUnits[]
    blocked: RecallDoc['blocked']
    reason: string
    actor: string
  },
): Promise<string> {
  const { itemId, lot, shipped, blocked, reason, actor } = found
  const open = await tx<{ no: string }[]>`
    SELECT recall_no AS no FROM recall WHERE item_id = ${itemId} AND lot = ${lot} AND closed_at IS NULL`
  if (open[0])
    throw new Refusal(
      'RecallOpen',
      `Lot ${lot} is being recalled by ${open[0].no}. Read that recall; it ends with the last outcome.`,
    )
  const [row] = await tx<{ id: bigint; no: string }[]>`
    INSERT INTO recall (item_id, lot, entity_id, blocked, reason, requested_by)
    SELECT ${itemId}, ${lot}, coalesce(
        (SELECT "entityId" FROM jsonb_to_recordset(${json(tx, shipped)}) AS s ("entityId" int, units bigint) GROUP BY 1 ORDER BY sum(units) DESC, 1 LIMIT 1),
        (SELECT s.entity_id FROM stock_quant q JOIN site s ON s.id = q.site_id WHERE q.item_id = ${itemId} AND q.lot = ${lot} GROUP BY 1 ORDER BY sum(q.qty) DESC, 1 LIMIT 1),
        (SELECT min(id) FROM entity)),
      ${json(tx, blocked)}, ${reason}, ${actor} RETURNING id, recall_no AS no`
  await tx`
    INSERT INTO recall_order (recall_id, order_id, units)
    SELECT ${row!.id}, "orderId", sum(units) FROM jsonb_to_recordset(${json(tx, shipped)}) AS s ("orderId" bigint, units bigint) GROUP BY 2`
  return row!.no
}

/**
 * Locks the recall for this transaction. Everything that changes one goes through here.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockRecall(
  tx: Tx,
  by: bigint | { no: string },
  expectedVersion?: number,
): Promise<RecallDoc> {
  const which = typeof by === 'bigint' ? tx`r.id = ${by}` : tx`r.recall_no = ${by.no}`
  const [header] = await tx<Omit<RecallDoc, 'orders' | 'subjectType' | 'workflowId'>[]>`
    SELECT r.id, r.recall_no AS no, r.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone,
      r.item_id AS "itemId", i.sku, r.lot, r.version, r.phase, r.reason, r.blocked
    FROM recall r JOIN entity e ON e.id = r.entity_id JOIN item i ON i.id = r.item_id WHERE ${which} FOR NO KEY UPDATE OF r`
  invariant(header, 'a recall is written down before its process begins')
  if (expectedVersion !== undefined && expectedVersion !== header.version)
    throw new Refusal(
      'StaleVersion',
      `The recall is at version ${header.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  const orders = await tx<RecalledOrder[]>`
    SELECT x.order_id AS "orderId", o.order_number AS "orderNumber", x.units, x.outcome FROM recall_order x JOIN sales_order o ON o.id = x.order_id
    WHERE x.recall_id = ${header.id} ORDER BY x.order_id`
  return {
    ...header,
    subjectType: 'recall',
    workflowId: `recall/${header.no}`,
    orders: [...orders],
  }
}

/** What became of units that a customer was sent; a later word replaces an earlier one. */
export async function keepOutcome(
  tx: Tx,
  recallId: bigint,
  outcome: { orderId: bigint; outcome: RecallOutcome; note: string | null; actor: string },
): Promise<void> {
  await tx`
    UPDATE recall_order SET outcome = ${outcome.outcome}, note = ${outcome.note}, decided_by = ${outcome.actor}, decided_at = clock_timestamp()
    WHERE recall_id = ${recallId} AND order_id = ${outcome.orderId}`
}

/** Writes back the header that follows from what happened; answers the new version. */
export async function saveRecall(
  tx: Tx,
  id: bigint,
  header: { phase: string; open: boolean },
): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    UPDATE recall SET version = version + 1, phase = ${header.phase}, closed_at = CASE WHEN ${header.open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${id} RETURNING version`
  return row!.version
}
