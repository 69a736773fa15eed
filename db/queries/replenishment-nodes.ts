import type { Reader } from '#db/client'
import type { SafetyRule } from '#domain/replenishment/levels'
import type { ReplenishmentPolicy } from '#domain/replenishment/policy'

/** Items `(after, to]` of a company, as a run sees them on its day. */
export interface ItemRange {
  entityId: number
  after: number
  to: number
  /** The business date of the run. */
  on: string
}

export interface ReplenishedNode {
  itemId: number
  siteId: number
  sku: string
  site: string
  itemClass: string | null
  onHand: bigint
  reserved: bigint
  policyId: bigint
}

const MOST = 2_147_483_647

/** Every item at a site that a policy speaks of: where stock has been, or where a policy names it. */
export async function replenishedNodes(
  reader: Reader,
  range: ItemRange,
): Promise<ReplenishedNode[]> {
  return reader<ReplenishedNode[]>`
    ${nodes(reader, range)}
    SELECT item_id AS "itemId", site_id AS "siteId", sku, site, class AS "itemClass", on_hand AS "onHand", reserved, policy_id AS "policyId"
    FROM resolved WHERE policy_id IS NOT NULL ORDER BY item_id, site_id`
}

export async function countNodes(
  reader: Reader,
  { entityId, on }: Pick<ItemRange, 'entityId' | 'on'>,
): Promise<number> {
  const [row] = await reader<{ count: number }[]>`
    ${nodes(reader, { entityId, on, after: 0, to: MOST })} SELECT count(*)::int AS count FROM resolved WHERE policy_id IS NOT NULL`
  return row!.count
}

/** The last item of the next batch of about so many item-nodes: all sites of an item are in one. Null: none is left. */
export async function batchEnd(
  reader: Reader,
  { entityId, after, size }: { entityId: number; after: number; size: number },
): Promise<number | null> {
  const [row] = await reader<{ to: number | null }[]>`
    SELECT max(item_id) AS to FROM (
      SELECT item_id FROM (
        (SELECT p.item_id FROM stock_position p JOIN site s ON s.id = p.site_id
          WHERE p.condition = 'sellable' AND p.item_id > ${after} AND s.entity_id = ${entityId} ORDER BY 1 LIMIT ${size})
        UNION ALL (SELECT item_id FROM replenishment_policy WHERE entity_id = ${entityId} AND item_id > ${after} AND site_id IS NOT NULL ORDER BY 1 LIMIT ${size})
      ) either ORDER BY 1 LIMIT ${size}) next`
  return row!.to
}

/** The narrowest scope that has a version in force holds. */
function nodes(reader: Reader, { entityId, after, to, on }: ItemRange) {
  return reader`
    WITH held AS MATERIALIZED (
      SELECT DISTINCT ON (item_id, item_class, site_id) id, item_id, item_class, site_id FROM replenishment_policy
      WHERE entity_id = ${entityId} AND effective_from <= ${on} AND (item_id IS NULL OR item_id > ${after} AND item_id <= ${to})
      ORDER BY item_id, item_class, site_id, version DESC
    ), here AS (
      SELECT p.item_id, p.site_id, p.on_hand, p.reserved FROM stock_position p
      WHERE p.condition = 'sellable' AND p.item_id > ${after} AND p.item_id <= ${to}
      UNION ALL
      SELECT h.item_id, h.site_id, 0, 0 FROM held h WHERE h.item_id IS NOT NULL AND h.site_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM stock_position p WHERE (p.item_id, p.site_id, p.condition) = (h.item_id, h.site_id, 'sellable'))
    ), resolved AS (
      SELECT n.item_id, n.site_id, i.sku, s.code AS site, i.class, n.on_hand, n.reserved,
        coalesce(one.id, it.id, cs.id, cl.id, st.id, al.id) AS policy_id
      FROM here n JOIN item i ON i.id = n.item_id AND i.status = 'active' AND i.kind = 'stock'
      JOIN site s ON s.id = n.site_id AND s.entity_id = ${entityId} AND s.status = 'active'
      LEFT JOIN held one ON one.item_id = n.item_id AND one.site_id = n.site_id
      LEFT JOIN held it ON it.item_id = n.item_id AND it.site_id IS NULL
      LEFT JOIN held cs ON cs.item_class = i.class AND cs.site_id = n.site_id
      LEFT JOIN held cl ON cl.item_class = i.class AND cl.site_id IS NULL
      LEFT JOIN held st ON st.item_id IS NULL AND st.item_class IS NULL AND st.site_id = n.site_id
      LEFT JOIN held al ON al.item_id IS NULL AND al.item_class IS NULL AND al.site_id IS NULL
    )`
}

/** A policy as its row has it: its id as a number, and its safety stock in two columns. */
type PolicyColumns = Omit<ReplenishmentPolicy, 'id' | 'safety'> & {
  id: bigint
  safetyKind: SafetyRule['kind']
  safetyValue: bigint
}

/** Policies by their id. */
export async function policiesById(
  reader: Reader,
  ids: readonly bigint[],
): Promise<Map<bigint, ReplenishmentPolicy>> {
  const rows = await reader<PolicyColumns[]>`
    SELECT id, version, method, safety_kind AS "safetyKind", safety_value AS "safetyValue", min_units AS "minUnits", max_units AS "maxUnits",
      cover_days AS "coverDays", review_days AS "reviewDays", history_days AS "historyDays", lead_time AS "leadTime", lead_days AS "leadDays",
      max_cover_days AS "maxCoverDays", shelf_life_days AS "shelfLifeDays", lot_ratio_ppm AS "lotRatioPpm", spike_score_e6 AS "spikeScoreE6",
      spike_units AS "spikeUnits", dismiss_days AS "dismissDays", owner_mode AS "ownerMode", band_ppm AS "bandPpm"
    FROM replenishment_policy WHERE id = ANY(${ids.map(String)}::bigint[])`
  return new Map(
    rows.map(({ safetyKind, safetyValue, id, ...rest }) => [
      id,
      { ...rest, id: id.toString(), safety: safetyRule(safetyKind, safetyValue) },
    ]),
  )
}

function safetyRule(kind: SafetyRule['kind'], value: bigint): SafetyRule {
  if (kind === 'units') return { kind, units: value }
  return kind === 'days' ? { kind, days: Number(value) } : { kind, servicePpm: Number(value) }
}
