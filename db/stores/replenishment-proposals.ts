import type { Tx } from '#db/client'
import type { ItemRange } from '#db/queries/replenishment-nodes'
import type { ProposalState } from '#domain/replenishment/proposal-states'
import { json } from './records.ts'

/** A proposal as a run makes it. */
export interface NewProposal {
  itemId: number
  siteId: number
  policyId: string
  kind: 'buy' | 'transfer' | 'unsourced'
  qty: bigint
  moq: bigint
  multiple: bigint
  supplierId: number | null
  fromSiteId: number | null
  costMinor: bigint
  arrivesOn: string
  runsOutOn: string | null
  coverDays: number
  inputs: object
  alternatives: object[]
  ownerMode: string
  bandPpm: bigint
  lotAsks: boolean
}

/** What stands for an item at a site already. */
export interface StandingProposal {
  id: bigint
  itemId: number
  siteId: number
  state: ProposalState
  kind: string
  computedQty: bigint
  qty: bigint
  supplierId: number | null
  fromSiteId: number | null
  computedCostMinor: string
  coverDays: number
  lotAsks: boolean
  snoozedUntil: string | null
  decidedOn: string | null
}

const standing = (tx: Tx) => tx`
  p.id, p.item_id AS "itemId", p.site_id AS "siteId", p.state, p.kind, p.computed_qty AS "computedQty", p.qty, p.supplier_id AS "supplierId",
  p.from_site_id AS "fromSiteId", p.inputs->>'costMinor' AS "computedCostMinor", p.cover_days AS "coverDays", p.lot_asks AS "lotAsks",
  p.snoozed_until AS "snoozedUntil", p.decided_at::date AS "decidedOn"`

/** The open proposals of a range of items, locked, so that nobody decides on one that goes. */
export async function lockOpenProposals(
  tx: Tx,
  { entityId, after, to }: Omit<ItemRange, 'on'>,
): Promise<StandingProposal[]> {
  return tx<StandingProposal[]>`
    SELECT ${standing(tx)} FROM replenishment_proposal p
    WHERE p.entity_id = ${entityId} AND p.item_id > ${after} AND p.item_id <= ${to} AND p.state IN ('computed', 'proposed', 'snoozed', 'approved')
    ORDER BY p.item_id, p.site_id FOR UPDATE`
}

/** The newest dismissed one of each item-node, as long ago as somebody may mean it. */
export async function dismissedProposals(
  tx: Tx,
  { entityId, after, to, on }: ItemRange,
): Promise<StandingProposal[]> {
  return tx<StandingProposal[]>`
    SELECT DISTINCT ON (p.item_id, p.site_id) ${standing(tx)} FROM replenishment_proposal p
    WHERE p.entity_id = ${entityId} AND p.item_id > ${after} AND p.item_id <= ${to} AND p.state = 'dismissed' AND p.decided_at >= ${on}::date - 366
    ORDER BY p.item_id, p.site_id, p.id DESC`
}

export async function supersede(tx: Tx, ids: readonly bigint[], reason: string): Promise<void> {
  if (ids.length === 0) return
  await tx`
    UPDATE replenishment_proposal SET state = 'superseded', reason = ${reason}, decided_by = 'system', decided_at = clock_timestamp(), version = version + 1
    WHERE id = ANY(${ids.map(String)}::bigint[]) AND state IN ('computed', 'proposed', 'snoozed', 'approved')`
}

/**
 * Adds what was computed and says of the superseded by whom. Where another run has an open one
 * meanwhile, that stands: answers how many were added.
 */
export async function insertProposals(
  tx: Tx,
  run: { id: bigint; entityId: number; currency: string },
  proposals: readonly NewProposal[],
  superseded: readonly { id: bigint; itemId: number; siteId: number }[],
): Promise<number> {
  if (proposals.length === 0) return 0
  const added = await tx<{ id: bigint; itemId: number; siteId: number }[]>`
    INSERT INTO replenishment_proposal (run_id, entity_id, item_id, site_id, policy_id, kind, computed_qty, qty, moq, multiple, supplier_id,
      from_site_id, cost_minor, currency, arrives_on, runs_out_on, cover_days, inputs, alternatives, owner_mode, band_ppm, lot_asks)
    SELECT ${run.id}, ${run.entityId}, "itemId", "siteId", "policyId", kind, qty, qty, moq, multiple, "supplierId", "fromSiteId", "costMinor",
      ${run.currency}, "arrivesOn", "runsOutOn", "coverDays", inputs, alternatives, "ownerMode", "bandPpm", "lotAsks"
    FROM jsonb_to_recordset(${json(tx, proposals)}) AS p ("itemId" int, "siteId" int, "policyId" bigint, kind text, qty bigint, moq bigint,
      multiple bigint, "supplierId" int, "fromSiteId" int, "costMinor" bigint, "arrivesOn" date, "runsOutOn" date, "coverDays" int, inputs jsonb,
      alternatives jsonb, "ownerMode" text, "bandPpm" bigint, "lotAsks" boolean)
    ON CONFLICT DO NOTHING RETURNING id, item_id AS "itemId", site_id AS "siteId"`
  if (superseded.length > 0) {
    const rows = superseded.map(({ id, itemId, siteId }) => ({ id, itemId, siteId }))
    await tx`
      UPDATE replenishment_proposal o SET superseded_by = n.id
      FROM jsonb_to_recordset(${json(tx, rows)}) AS s (id bigint, "itemId" int, "siteId" int)
      JOIN replenishment_proposal n ON (n.item_id, n.site_id) = (s."itemId", s."siteId") AND n.state = 'computed'
      WHERE o.id = s.id`
  }
  return added.length
}

/** Kept ones stay what they are; how urgent they are is as of now. A snooze that is over ends. */
export async function refreshKept(
  tx: Tx,
  kept: readonly { id: bigint; coverDays: number; runsOutOn: string | null; wakes: boolean }[],
): Promise<void> {
  if (kept.length === 0) return
  await tx`
    UPDATE replenishment_proposal p SET cover_days = k."coverDays", runs_out_on = k."runsOutOn",
      state = CASE WHEN k.wakes THEN 'proposed' ELSE p.state END, snoozed_until = CASE WHEN k.wakes THEN NULL ELSE p.snoozed_until END,
      version = p.version + k.wakes::int
    FROM jsonb_to_recordset(${json(tx, kept)}) AS k (id bigint, "coverDays" int, "runsOutOn" date, wakes boolean) WHERE p.id = k.id`
}

/** What was computed is shown to people; of one item, or of all. */
export async function publish(tx: Tx, entityId: number, itemId?: number): Promise<void> {
  await tx`
    UPDATE replenishment_proposal SET state = 'proposed', version = version + 1
    WHERE entity_id = ${entityId} AND state = 'computed' AND (${itemId ?? null}::int IS NULL OR item_id = ${itemId ?? null})`
}

/**
 * Converted ones follow their document: covered as soon as its goods are expected, closed when
 * nothing more will come.
 */
export async function followDocuments(tx: Tx, entityId: number): Promise<void> {
  await tx`
    UPDATE replenishment_proposal q SET state = CASE WHEN d.over THEN 'closed' ELSE 'covered' END, version = q.version + 1
    FROM (SELECT q.id, q.state, p.sent_at IS NOT NULL AS sent, p.cancelled_at IS NOT NULL OR NOT EXISTS (SELECT FROM purchase_order_line l
        WHERE (l.purchase_order_id, l.item_id, l.site_id) = (p.id, q.item_id, q.site_id) AND l.qty_open > 0) AS over
      FROM replenishment_proposal q JOIN purchase_order p ON p.po_number = q.po_number
      WHERE q.entity_id = ${entityId} AND q.state IN ('converted', 'covered') FOR UPDATE OF q) d
    WHERE q.id = d.id AND (d.over OR d.sent AND d.state = 'converted')`
  await tx`
    UPDATE replenishment_proposal q SET state = CASE WHEN e.state = 'closed' THEN 'closed' ELSE 'covered' END, version = q.version + 1
    FROM expected_supply e
    WHERE q.entity_id = ${entityId} AND q.state IN ('converted', 'covered') AND q.kind = 'transfer'
      AND (e.source_type, e.source_id, e.item_id, e.site_id) = ('transfer', q.transfer_no, q.item_id, q.site_id)
      AND (e.state = 'closed' OR q.state = 'converted')`
}
