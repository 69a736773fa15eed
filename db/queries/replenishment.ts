import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface ProposalRow {
  id: bigint
  runId: bigint
  entity: string
  sku: string
  site: string
  state: string
  kind: string
  computedQty: bigint
  qty: bigint
  supplier: string | null
  fromSite: string | null
  costMinor: bigint
  currency: string
  arrivesOn: string
  runsOutOn: string | null
  coverDays: number
  inputs: Record<string, unknown>
  alternatives: Record<string, unknown>[]
  ownerMode: string
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
  supersededBy: bigint | null
  version: number
}

export interface ProposalFilter {
  after: bigint
  limit: number
  scopes: Scopes
  state?: string | undefined
  sku?: string | undefined
  site?: string | undefined
  ids?: readonly string[] | undefined
}

/** Proposals in the caller's reach, the oldest first. */
export async function listProposals(reader: Reader, ask: ProposalFilter): Promise<ProposalRow[]> {
  const { sites, entities } = ask.scopes
  return reader<ProposalRow[]>`
    SELECT p.id, p.run_id AS "runId", e.code AS entity, i.sku, s.code AS site, p.state, p.kind, p.computed_qty AS "computedQty", p.qty, u.code AS supplier,
      f.code AS "fromSite", p.cost_minor AS "costMinor", p.currency, p.arrives_on AS "arrivesOn", p.runs_out_on AS "runsOutOn", p.cover_days AS "coverDays",
      p.inputs, p.alternatives, p.owner_mode AS "ownerMode", p.lot_asks AS "lotAsks", p.over_budget AS "overBudget", p.outside_band AS "outsideBand",
      p.changed_by AS "changedBy", p.approved_by AS "approvedBy", p.converted_by AS "convertedBy", p.snoozed_until AS "snoozedUntil", p.reason,
      p.po_number AS "poNumber", p.transfer_no AS "transferNo", p.superseded_by AS "supersededBy", p.version
    FROM replenishment_proposal p JOIN entity e ON e.id = p.entity_id JOIN item i ON i.id = p.item_id JOIN site s ON s.id = p.site_id
    LEFT JOIN supplier u ON u.id = p.supplier_id LEFT JOIN site f ON f.id = p.from_site_id
    WHERE p.id > ${ask.after} AND (${ask.state ?? null}::text IS NULL OR p.state = ${ask.state ?? null})
      AND (${ask.sku ?? null}::text IS NULL OR i.sku = ${ask.sku ?? null}) AND (${ask.site ?? null}::text IS NULL OR s.code = ${ask.site ?? null})
      AND (${ask.ids === undefined} OR p.id = ANY(${[...(ask.ids ?? [])]}::bigint[]))
      AND (${sites === null} OR s.code = ANY(${[...(sites ?? [])]}::text[])) AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
    ORDER BY p.id LIMIT ${ask.limit}`
}

export interface RunListRow {
  id: bigint
  entity: string
  runOn: string
  cause: string
  actor: string
  state: string
  total: number
  done: number
  proposed: number
  superseded: number
  kept: number
  unsourced: number
  overBudget: number
  startedAt: string
  endedAt: string | null
}

/** Runs, the newest first; how far one is, as of its last batch. */
export async function listRuns(
  reader: Reader,
  ask: { before: bigint; limit: number; scopes: Scopes; id?: bigint },
): Promise<RunListRow[]> {
  const { entities } = ask.scopes
  return reader<RunListRow[]>`
    SELECT r.id, e.code AS entity, r.run_on AS "runOn", r.cause, r.actor, r.state, r.total, r.done, r.proposed, r.superseded, r.kept, r.unsourced,
      r.over_budget AS "overBudget", r.started_at AS "startedAt", r.ended_at AS "endedAt"
    FROM replenishment_run r JOIN entity e ON e.id = r.entity_id
    WHERE r.id < ${ask.before} AND (${ask.id ?? null}::bigint IS NULL OR r.id = ${ask.id ?? null})
      AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[])) ORDER BY r.id DESC LIMIT ${ask.limit}`
}

/** The columns of a rule as the API shows them, and where it holds. */
export interface RuleRow {
  id: bigint
  entity: string
  sku: string | null
  itemClass: string | null
  site: string | null
  rule: Record<string, unknown>
}

interface RuleAsk {
  after: bigint
  limit: number
  scopes: Scopes
  id?: bigint
}

/** Policies, the oldest version first. A rule for all sites is seen by whoever sees one of them. */
export async function listReplenishmentPolicies(reader: Reader, ask: RuleAsk): Promise<RuleRow[]> {
  return reader<RuleRow[]>`
    SELECT p.id, e.code AS entity, i.sku, p.item_class AS "itemClass", s.code AS site, to_jsonb(p) - 'id' AS rule
    FROM replenishment_policy p JOIN entity e ON e.id = p.entity_id LEFT JOIN item i ON i.id = p.item_id LEFT JOIN site s ON s.id = p.site_id
    WHERE p.id > ${ask.after} AND ${inReach(reader, ask.scopes)} ORDER BY p.id LIMIT ${ask.limit}`
}

export async function listDemandEvents(reader: Reader, ask: RuleAsk): Promise<RuleRow[]> {
  return reader<RuleRow[]>`
    SELECT p.id, e.code AS entity, i.sku, p.item_class AS "itemClass", s.code AS site, to_jsonb(p) - 'id' AS rule
    FROM demand_event p JOIN entity e ON e.id = p.entity_id LEFT JOIN item i ON i.id = p.item_id LEFT JOIN site s ON s.id = p.site_id
    WHERE p.id > ${ask.after} AND (${ask.id ?? null}::bigint IS NULL OR p.id = ${ask.id ?? null}) AND ${inReach(reader, ask.scopes)} ORDER BY p.id LIMIT ${ask.limit}`
}

function inReach(reader: Reader, { sites, entities }: Scopes) {
  return reader`(${sites === null} OR s.code IS NULL OR s.code = ANY(${[...(sites ?? [])]}::text[]))
    AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))`
}
