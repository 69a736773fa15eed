import { accountOfRole } from '#domain/ledger/chart'
import type { Scopes } from '#domain/scopes'
import { settlementPolicyOfStatement } from './settlement-policy.ts'
import type { Reader } from '../client.ts'

export interface SettlementRow {
  id: bigint
  entity: string
  channel: string | null
  provider: string
  account: string
  statementId: string
  workflowId: string
  currency: string
  from: string | null
  to: string | null
  effectiveOn: string
  phase: string
  version: number
  openingMinor: bigint
  closingMinor: bigint
  totalMinor: bigint
  payoutMinor: bigint
  payoutReference: string | null
  lineCount: number
  matchedTo: number
  postedChunks: number
  chunkCount: number | null
  approvedBy: string | null
  receivedBy: string
  recordedAt: string
}

export interface SettlementFilter {
  before: bigint
  limit: number
  id?: bigint | undefined
  phase?: string | undefined
  provider?: string | undefined
  scopes: Scopes
}

/** Statements in reach, the newest first. */
export async function listSettlements(
  reader: Reader,
  { before, limit, id, phase, provider, scopes }: SettlementFilter,
): Promise<SettlementRow[]> {
  return reader<SettlementRow[]>`
    SELECT s.id, e.code AS entity, c.code AS channel, a.provider, a.account, s.statement_id AS "statementId", s.workflow_id AS "workflowId", s.currency,
      s.from_on AS from, s.to_on AS to, s.effective_on AS "effectiveOn", s.phase, s.version, s.opening_minor AS "openingMinor", s.closing_minor AS "closingMinor",
      s.total_minor AS "totalMinor", s.payout_minor AS "payoutMinor", s.payout_reference AS "payoutReference", s.line_count AS "lineCount", s.matched_to AS "matchedTo",
      s.posted_chunks AS "postedChunks", s.chunk_count AS "chunkCount", s.approved_by AS "approvedBy", s.received_by AS "receivedBy", s.recorded_at AS "recordedAt"
    FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id JOIN entity e ON e.id = a.entity_id LEFT JOIN channel c ON c.id = a.channel_id
    WHERE s.id < ${before} AND (${id ?? null}::bigint IS NULL OR s.id = ${id ?? null}) AND (${phase ?? null}::text IS NULL OR s.phase = ${phase ?? null})
      AND (${provider ?? null}::text IS NULL OR a.provider = ${provider ?? null})
      AND (${scopes.entities === null} OR e.code = ANY(${[...(scopes.entities ?? [])]}::text[]))
      AND (${scopes.channels === null} OR c.code = ANY(${[...(scopes.channels ?? [])]}::text[]))
    ORDER BY s.id DESC LIMIT ${limit}`
}

/** The parts of the three-way tie, in the statement's currency. */
export interface SettlementSums {
  /** Lines that are neither reserve nor payout. */
  linesMinor: bigint
  /** What the provider keeps back more than before. */
  reserveMinor: bigint
  heldMinor: bigint
  releasedMinor: bigint
  /** What of the payout the bank has not shown. */
  inTransitMinor: bigint
}

export async function settlementSums(
  reader: Reader,
  { id }: Pick<SettlementRow, 'id'>,
): Promise<SettlementSums> {
  const [row] = await reader<SettlementSums[]>`
    SELECT coalesce(sum(l.amount_minor) FILTER (WHERE l.class NOT IN ('payout', 'reserve')), 0)::bigint AS "linesMinor",
      coalesce(-sum(l.amount_minor) FILTER (WHERE l.class = 'reserve'), 0)::bigint AS "reserveMinor",
      coalesce(sum(l.amount_minor) FILTER (WHERE m.held IS NOT NULL), 0)::bigint AS "heldMinor",
      coalesce(sum(l.amount_minor) FILTER (WHERE r.line_no IS NOT NULL), 0)::bigint AS "releasedMinor",
      coalesce((SELECT o.balance_minor FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id
        JOIN open_item o ON o.entity_id = a.entity_id AND o.account_id = ${accountOfRole.CashInTransit} AND o.currency = s.currency AND o.book = 'main'
          AND o.key = 'payout/' || a.provider || '/' || coalesce(s.payout_reference, s.statement_id) WHERE s.id = ${id}), 0)::bigint AS "inTransitMinor"
    FROM settlement_line l LEFT JOIN settlement_match m USING (statement_id, line_no) LEFT JOIN settlement_release r USING (statement_id, line_no)
    WHERE l.statement_id = ${id}`
  return row!
}

/** What is unexplained, and whose it is until when: of each open case about held lines. */
export interface UnexplainedRow {
  caseId: string
  type: string
  summary: string
  amountMinor: string | null
  owner: string
  dueAt: string
}

export async function unexplainedOf(reader: Reader, id: bigint): Promise<UnexplainedRow[]> {
  return reader<UnexplainedRow[]>`
    SELECT id::text AS "caseId", type, summary, evidence->>'amountMinor' AS "amountMinor", coalesce(owner_user, owner_team) AS owner, due_at AS "dueAt"
    FROM exception_case WHERE subject_type = 'settlement' AND subject_id = ${id.toString()} AND state = 'open' ORDER BY id`
}

export interface MatchSummary {
  rule: string
  treatment: string
  lines: number
  amountMinor: bigint
}

/** By which rule lines were matched, and as what: the match rate by count and by value. */
export async function matchSummary(reader: Reader, id: bigint): Promise<MatchSummary[]> {
  return reader<MatchSummary[]>`
    SELECT m.rule, m.treatment, count(*)::int AS lines, sum(l.amount_minor)::bigint AS "amountMinor"
    FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no) WHERE m.statement_id = ${id} GROUP BY 1, 2 ORDER BY 1, 2`
}

/** Fees of an order beyond what was expected of it: what the marketplace may be asked to give back. */
export interface Overcharge {
  orderId: bigint
  orderReference: string
  orderNumber: string
  kind: 'commission' | 'fulfilment'
  saleMinor: bigint
  expectedMinor: bigint
  actualMinor: bigint
}

const overcharges = (reader: Reader, id: bigint, tolerance: string) => reader`
  SELECT i.order_id, f.kind, sum(i.sale_minor)::bigint AS sale, sum(f.expected)::bigint AS expected, sum(f.actual)::bigint AS actual
  FROM settlement_item i CROSS JOIN LATERAL (VALUES ('commission', i.expected_commission_minor, i.actual_commission_minor),
    ('fulfilment', i.expected_fulfilment_minor, i.actual_fulfilment_minor)) AS f(kind, expected, actual)
  WHERE i.statement_id = ${id} AND i.order_id IS NOT NULL AND i.sale_minor > 0
  GROUP BY 1, 2 HAVING sum(f.actual) - sum(f.expected) > ${tolerance}::bigint`

/** Candidates of a statement, the largest first. */
export async function overchargesOf(
  reader: Reader,
  id: bigint,
  limit: number,
): Promise<Overcharge[]> {
  const { overchargeToleranceMinor } = await settlementPolicyOfStatement(reader, id)
  return reader<Overcharge[]>`
    SELECT f.order_id AS "orderId", o.external_id AS "orderReference", o.order_number AS "orderNumber", f.kind, f.sale AS "saleMinor", f.expected AS "expectedMinor", f.actual AS "actualMinor"
    FROM (${overcharges(reader, id, overchargeToleranceMinor)}) f JOIN sales_order o ON o.id = f.order_id ORDER BY f.actual - f.expected DESC, f.order_id, f.kind LIMIT ${limit}`
}

export interface FeeSums {
  expectedCommissionMinor: bigint
  actualCommissionMinor: bigint
  expectedFulfilmentMinor: bigint
  actualFulfilmentMinor: bigint
  processingMinor: bigint
  overchargedMinor: bigint
  overchargedOrders: number
}

/** Expected and actual fees of a statement's orders, and what was taken beyond. */
export async function feeSums(reader: Reader, id: bigint): Promise<FeeSums> {
  const { overchargeToleranceMinor } = await settlementPolicyOfStatement(reader, id)
  const [row] = await reader<FeeSums[]>`
    SELECT coalesce(sum(expected_commission_minor), 0)::bigint AS "expectedCommissionMinor", coalesce(sum(actual_commission_minor), 0)::bigint AS "actualCommissionMinor",
      coalesce(sum(expected_fulfilment_minor), 0)::bigint AS "expectedFulfilmentMinor", coalesce(sum(actual_fulfilment_minor), 0)::bigint AS "actualFulfilmentMinor",
      coalesce(sum(actual_fee_minor), 0)::bigint AS "processingMinor",
      (SELECT coalesce(sum(actual - expected), 0)::bigint FROM (${overcharges(reader, id, overchargeToleranceMinor)}) f) AS "overchargedMinor",
      (SELECT count(DISTINCT order_id)::int FROM (${overcharges(reader, id, overchargeToleranceMinor)}) f) AS "overchargedOrders"
    FROM settlement_item WHERE statement_id = ${id}`
  return row!
}

export interface SettlementLineRow {
  lineNo: number
  class: string
  type: string
  amountMinor: bigint
  postedOn: string
  orderReference: string | null
  sku: string | null
  quantity: number | null
  paymentReference: string | null
  rule: string | null
  treatment: string | null
  held: string | null
  orderId: string | null
  openKey: string | null
  /** What a held line was found to be, and by whom. */
  releasedAs: string | null
  releasedBy: string | null
  state: 'unmatched' | 'matched' | 'held' | 'explained'
}

/** Lines with what they were matched to, in the order of the file. */
export async function settlementLines(
  reader: Reader,
  { id, after, limit, held }: { id: bigint; after: number; limit: number; held: boolean },
): Promise<SettlementLineRow[]> {
  return reader<SettlementLineRow[]>`
    SELECT l.line_no AS "lineNo", l.class, l.type, l.amount_minor AS "amountMinor", l.posted_on AS "postedOn", l.order_reference AS "orderReference", l.sku, l.quantity,
      l.payment_reference AS "paymentReference", m.rule, m.treatment, m.held, m.order_id::text AS "orderId", m.open_key AS "openKey", r.treatment AS "releasedAs",
      r.decided_by AS "releasedBy", CASE WHEN r.line_no IS NOT NULL THEN 'explained' WHEN m.held IS NOT NULL THEN 'held' WHEN m.line_no IS NOT NULL THEN 'matched' ELSE 'unmatched' END AS state
    FROM settlement_line l LEFT JOIN settlement_match m USING (statement_id, line_no) LEFT JOIN settlement_release r USING (statement_id, line_no)
    WHERE l.statement_id = ${id} AND l.line_no > ${after} AND (${!held} OR (m.held IS NOT NULL AND r.line_no IS NULL))
    ORDER BY l.line_no LIMIT ${limit}`
}
