import type { Tx } from '#db/client'
import type { OwnerMode } from '#domain/replenishment/policy'
import type { ProposalState } from '#domain/replenishment/proposal-states'
import { Refusal } from '#domain/refusal'

/** A proposal that somebody decides on, locked. */
export interface ProposalDoc {
  id: bigint
  entityId: number
  itemId: number
  sku: string
  siteId: number
  site: string
  state: ProposalState
  kind: 'buy' | 'transfer' | 'unsourced'
  computedQty: bigint
  qty: bigint
  moq: bigint
  multiple: bigint
  supplierId: number | null
  fromSiteId: number | null
  fromSite: string | null
  costMinor: bigint
  currency: string
  arrivesOn: string
  ownerMode: OwnerMode
  bandPpm: bigint
  lotAsks: boolean
  overBudget: boolean
  outsideBand: boolean
  changedBy: string | null
  approvedBy: string | null
  convertedBy: string | null
  snoozedUntil: string | null
  reason: string | null
  poNumber: string | null
  transferNo: string | null
  version: number
}

/** @throws Refusal `ProposalUnknown` when one does not exist or is another company's. */
export async function lockProposals(
  tx: Tx,
  entityId: number,
  ids: readonly bigint[],
): Promise<ProposalDoc[]> {
  const rows = await tx<ProposalDoc[]>`
    SELECT p.id, p.entity_id AS "entityId", p.item_id AS "itemId", i.sku, p.site_id AS "siteId", s.code AS site, p.state, p.kind,
      p.computed_qty AS "computedQty", p.qty, p.moq, p.multiple, p.supplier_id AS "supplierId", p.from_site_id AS "fromSiteId", f.code AS "fromSite",
      p.cost_minor AS "costMinor", p.currency, p.arrives_on AS "arrivesOn", p.owner_mode AS "ownerMode", p.band_ppm AS "bandPpm", p.lot_asks AS "lotAsks",
      p.over_budget AS "overBudget", p.outside_band AS "outsideBand", p.changed_by AS "changedBy", p.approved_by AS "approvedBy",
      p.converted_by AS "convertedBy", p.snoozed_until AS "snoozedUntil", p.reason, p.po_number AS "poNumber",
      p.transfer_no AS "transferNo", p.version
    FROM replenishment_proposal p JOIN item i ON i.id = p.item_id JOIN site s ON s.id = p.site_id LEFT JOIN site f ON f.id = p.from_site_id
    WHERE p.id = ANY(${ids.map(String)}::bigint[]) AND p.entity_id = ${entityId} ORDER BY p.item_id, p.site_id, p.id FOR UPDATE OF p`
  if (rows.length < new Set(ids).size)
    throw new Refusal(
      'ProposalUnknown',
      'One of these proposals does not exist: read the list again.',
    )
  return rows
}

/** The open proposal of an item at a site, locked; undefined when there is none. */
export async function lockOpenProposal(
  tx: Tx,
  { entityId, itemId, siteId }: { entityId: number; itemId: number; siteId: number },
): Promise<ProposalDoc | undefined> {
  const [row] = await tx<{ id: bigint }[]>`
    SELECT id FROM replenishment_proposal WHERE (item_id, site_id) = (${itemId}, ${siteId}) AND state IN ('computed', 'proposed', 'snoozed', 'approved')`
  return row && (await lockProposals(tx, entityId, [row.id]))[0]
}

/** Writes what was decided, by whom; the version counts on. */
export async function saveProposal(tx: Tx, doc: ProposalDoc, actor: string): Promise<void> {
  await tx`
    UPDATE replenishment_proposal SET state = ${doc.state}, qty = ${doc.qty}, cost_minor = ${doc.costMinor}, outside_band = ${doc.outsideBand},
      changed_by = ${doc.changedBy}, approved_by = ${doc.approvedBy}, converted_by = ${doc.convertedBy}, snoozed_until = ${doc.snoozedUntil},
      reason = ${doc.reason}, po_number = ${doc.poNumber},
      transfer_no = ${doc.transferNo}, decided_by = ${actor}, decided_at = clock_timestamp(), version = version + 1 WHERE id = ${doc.id}`
  doc.version += 1
}
