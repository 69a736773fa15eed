import { draftPurchase } from '#activities/purchasing/draft'
import { procureToPayId, type ProcureToPayStart } from '#contracts/procure-to-pay'
import type { Db } from '#db/client'
import { transaction } from '#db/transaction'
import type { Company } from './company.ts'

/** A site and item by the codes of the test company. */
export interface At {
  sku: string
  site: 'EAST' | 'WEST'
}

/** Sold so many units a day for so many days until yesterday, as shipments leave them behind. */
export async function sold(
  admin: Db,
  { sku, site, perDay, days, until = 1 }: At & { perDay: number; days: number; until?: number },
): Promise<void> {
  await admin.begin(async (tx) => {
    // Past days of a test company: stock and cost of them are not what the test is about.
    await tx`SET LOCAL session_replication_role = replica`
    await tx`
      INSERT INTO stock_movement (item_id, qty, kind, from_site_id, cause_type, cause_id, actor, effective_on)
      SELECT i.id, ${perDay}, 'issue', s.id, 'past', 'past', 'test', current_date - n
      FROM item i, site s, generate_series(${until}::int, ${until + days - 1}::int) n WHERE i.sku = ${sku} AND s.code = ${site}`
  })
}

/** An approved supplier of some items: `[sku, price, moq, multiple]` each. */
export async function supplierOf(
  admin: Db,
  { entityId }: Company,
  code: string,
  offers: readonly (readonly [sku: string, priceMinor: number, moq?: number, multiple?: number])[],
  { leadDays = 7, rank = 1 } = {},
): Promise<number> {
  const [supplier] = await admin<{ id: number }[]>`
    INSERT INTO supplier (entity_id, code, name, country, currency, state, created_by, approved_by, approved_at)
    VALUES (${entityId}, ${code}, ${code}, 'US', 'USD', 'approved', 'user:maker', 'user:checker', now()) RETURNING id`
  for (const [sku, priceMinor, moq = 1, multiple = 1] of offers) {
    await admin`
      WITH sold AS (INSERT INTO supplier_item (supplier_id, item_id, vendor_sku, rank, moq, multiple, lead_time_days)
        SELECT ${supplier!.id}, id, 'V-' || sku, ${rank}, ${moq}, ${multiple}, ${leadDays} FROM item WHERE sku = ${sku} RETURNING id)
      INSERT INTO supplier_price (supplier_item_id, price_minor, valid_from, actor) SELECT id, ${priceMinor}, current_date - 400, 'test' FROM sold`
  }
  return supplier!.id
}

/** The next version of a policy for an item and site, or wider where they are left out. */
export async function keepBy(
  admin: Db,
  { entityId }: Company,
  {
    sku = null,
    site = null,
    ...changes
  }: { sku?: string | null; site?: string | null } & Record<string, unknown> = {},
): Promise<void> {
  const row = {
    ...{ method: 'reorder-point', safety_kind: 'units', safety_value: 0, review_days: 7 },
    ...{ effective_from: '2020-01-01', reason: 'test', actor: 'test', entity_id: entityId },
    ...changes,
  }
  const [scope] = await admin<{ itemId: number | null; siteId: number | null; version: number }[]>`
    SELECT i.id AS "itemId", s.id AS "siteId", 1 + coalesce((SELECT max(version) FROM replenishment_policy p WHERE p.entity_id = ${entityId}
      AND p.item_id IS NOT DISTINCT FROM i.id AND p.site_id IS NOT DISTINCT FROM s.id AND p.item_class IS NULL), 0) AS version
    FROM (SELECT (SELECT id FROM item WHERE sku = ${sku}) AS id) i, (SELECT (SELECT id FROM site WHERE code = ${site}) AS id) s`
  const { itemId, siteId, version } = scope!
  const whole = { ...row, item_id: itemId, site_id: siteId, version }
  await admin`INSERT INTO replenishment_policy ${admin(whole)}`
}

/** Purchases that were asked for, taken in as their process does at its beginning. */
export async function takeOrdersIn(db: Db): Promise<void> {
  const wanted = await db<{ body: ProcureToPayStart }[]>`
    SELECT body FROM outbox WHERE topic = 'purchase-wanted' AND delivered_at IS NULL ORDER BY id`
  for (const { body } of wanted)
    await transaction(db, (tx) => draftPurchase(tx, body, procureToPayId(body.poNumber)))
  await db`UPDATE outbox SET delivered_at = now() WHERE topic = 'purchase-wanted'`
}

/** A way between two sites. */
export async function lane(
  admin: Db,
  from: string,
  to: string,
  { days = 2, fixedMinor = 1000, perUnitMinor = 10 } = {},
): Promise<void> {
  await admin`
    INSERT INTO replenishment_lane (from_site_id, to_site_id, days, fixed_minor, per_unit_minor, status, reason, actor)
    SELECT f.id, t.id, ${days}, ${fixedMinor}, ${perUnitMinor}, 'active', 'test', 'test' FROM site f, site t WHERE f.code = ${from} AND t.code = ${to}`
}

export interface ProposalRow {
  id: string
  sku: string
  site: string
  state: string
  kind: string
  qty: bigint
  source: string | null
  overBudget: boolean
  supersededBy: string | null
  inputs: { formula: string; need: string; position: Record<string, string> }
}

export async function proposals(db: Db, sku?: string): Promise<ProposalRow[]> {
  const rows = await db<ProposalRow[]>`
    SELECT p.id::text, i.sku, s.code AS site, p.state, p.kind, p.qty, coalesce(u.code, f.code) AS source, p.over_budget AS "overBudget",
      p.superseded_by::text AS "supersededBy", p.inputs
    FROM replenishment_proposal p JOIN item i ON i.id = p.item_id JOIN site s ON s.id = p.site_id LEFT JOIN supplier u ON u.id = p.supplier_id
    LEFT JOIN site f ON f.id = p.from_site_id WHERE ${sku ?? null}::text IS NULL OR i.sku = ${sku ?? null} ORDER BY p.id`
  return [...rows]
}
