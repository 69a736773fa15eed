import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { healWarehouseCase, openWarehouseCase } from './warehouse-cases.ts'

export interface Snapshot {
  documentId: bigint
  siteId: number
  /** By the clock of the site, as `2026-01-31 17:05:00`. */
  asOf: string
  actor: string
  lines: readonly { itemId: number; condition: string; qty: number }[]
}

/** Clocks differ; beyond this a snapshot is of the future. */
const SKEW_MINUTES = 15

/**
 * Keeps what a warehouse asserts beside what the books held at that instant, of every item that
 * either knows. Differences ask somebody, one case a site; a newer snapshot without any closes it.
 * @throws Refusal `SnapshotOfFuture`
 */
export async function keepSnapshot(tx: Tx, snapshot: Snapshot): Promise<void> {
  const { siteId, lines } = snapshot
  const [head] = await tx<{ id: bigint; asOf: string; ahead: boolean }[]>`
    INSERT INTO warehouse_snapshot (document_id, site_id, as_of, actor)
    SELECT ${snapshot.documentId}, s.id, ${snapshot.asOf}::text::timestamp AT TIME ZONE s.timezone, ${snapshot.actor} FROM site s WHERE s.id = ${siteId}
    RETURNING id, as_of AS "asOf", as_of > clock_timestamp() + make_interval(mins => ${SKEW_MINUTES}) AS ahead`
  if (head!.ahead)
    throw new Refusal(
      'SnapshotOfFuture',
      `The snapshot is as of ${head!.asOf}, which is still to come: send the time by the clock of the site.`,
      { field: 'body.document' },
    )
  await tx`
    WITH told AS (
      SELECT * FROM unnest(${lines.map((line) => line.itemId)}::int[], ${lines.map((line) => line.condition)}::text[], ${lines.map((line) => String(line.qty))}::bigint[]) AS t (item_id, condition, qty)
    ), moved AS (
      SELECT item_id, to_condition AS condition, qty FROM stock_movement WHERE to_site_id = ${siteId} AND recorded_at <= ${head!.asOf}::timestamptz
      UNION ALL
      SELECT item_id, from_condition, -qty FROM stock_movement WHERE from_site_id = ${siteId} AND recorded_at <= ${head!.asOf}::timestamptz
    ), booked AS (
      SELECT item_id, condition, sum(qty)::bigint AS qty FROM moved WHERE condition IN ('sellable', 'damaged', 'quarantine') GROUP BY 1, 2 HAVING sum(qty) <> 0
    )
    INSERT INTO warehouse_snapshot_line (snapshot_id, item_id, condition, asserted, booked)
    SELECT ${head!.id}, item_id, condition, coalesce(t.qty, 0), coalesce(b.qty, 0) FROM told t FULL JOIN booked b USING (item_id, condition)`
  await askAboutDifferences(tx, { id: head!.id, siteId, asOf: head!.asOf })
}

async function askAboutDifferences(
  tx: Tx,
  { id, siteId, asOf }: { id: bigint; siteId: number; asOf: string },
): Promise<void> {
  const newer = await tx`
    SELECT 1 FROM warehouse_snapshot WHERE site_id = ${siteId} AND id <> ${id} AND as_of > ${asOf}::timestamptz LIMIT 1`
  if (newer.length > 0) return
  const found = await tx<{ sku: string; condition: string; asserted: bigint; booked: bigint }[]>`
    SELECT i.sku, l.condition, l.asserted, l.booked FROM warehouse_snapshot_line l JOIN item i ON i.id = l.item_id
    WHERE l.snapshot_id = ${id} AND l.asserted <> l.booked ORDER BY 1, 2`
  if (found.length === 0)
    return healWarehouseCase(tx, 'warehouse-difference', `${siteId}`, 'a newer snapshot agrees')
  const [worth] = await tx<{ minor: bigint }[]>`
    SELECT coalesce(sum(abs(l.asserted - l.booked) * coalesce(c.unit, 0)), 0)::bigint AS minor FROM warehouse_snapshot_line l
    LEFT JOIN LATERAL (SELECT value0_minor / qty0 AS unit FROM cost_layer k WHERE k.item_id = l.item_id AND k.site_id = ${siteId} ORDER BY k.id DESC LIMIT 1) c ON true
    WHERE l.snapshot_id = ${id} AND l.asserted <> l.booked`
  const [first] = found
  await openWarehouseCase(tx, {
    ...{ type: 'warehouse-difference', siteId, subjectType: 'outside-warehouse' },
    subjectId: `${siteId}`,
    summary: `The warehouse and the books differ in ${found.length} item(s), as in ${first!.sku}: ${first!.asserted} there, ${first!.booked} booked as ${first!.condition}`,
    evidence: {
      snapshotId: `${id}`,
      asOf,
      differences: found.slice(0, 50).map((line) => ({
        ...{ sku: line.sku, condition: line.condition },
        ...{ asserted: `${line.asserted}`, booked: `${line.booked}` },
      })),
    },
    moneyAtRiskMinor: worth!.minor,
  })
}
