import type { Reader } from '#db/client'
import type { CloseTaskKind, CloseTaskState } from '#domain/ledger/close-checklist'
import { DEFAULT_CLOSE_POLICY, type ClosePolicy } from '#domain/ledger/close-policy'
import type { LedgerArea } from '#domain/ledger/journal'

/** Where one task of a close stands. */
export interface TaskStanding {
  task: string
  step: string
  kind: CloseTaskKind
  area: LedgerArea
  title: string
  owner: string
  reviewer: string
  dependsOn: string[]
  state: CloseTaskState
  evidenceId: bigint | null
  broken: number | null
  atRiskMinor: bigint | null
  rows: { item: string; atRiskMinor: string; since: string | null }[] | null
  checkedAt: string | null
  since: string | null
  preparationId: bigint | null
  preparedBy: string | null
  reviewedBy: string | null
  acceptedBy: string | null
  acceptedReason: string | null
  /** ISO date by which it is to be done; null in closes from before there were any. */
  dueOn: string | null
}

/** The checklist of a close in its order. */
export async function taskStandings(db: Reader, closeId: bigint): Promise<TaskStanding[]> {
  return db<TaskStanding[]>`
    SELECT task, step, kind, area, title, owner, reviewer, depends_on AS "dependsOn", state, evidence_id AS "evidenceId", broken, at_risk_minor AS "atRiskMinor", rows,
      checked_at AS "checkedAt", since, preparation_id AS "preparationId", prepared_by AS "preparedBy", reviewed_by AS "reviewedBy", accepted_by AS "acceptedBy", accepted_reason AS "acceptedReason", due_on AS "dueOn"
    FROM close_standing WHERE close_id = ${closeId} ORDER BY position`
}

export interface PeriodCloseRow {
  id: bigint
  entity: string
  period: string
  workflowId: string
  phase: string
  version: number
  materialityMinor: bigint
  currency: string
  openedBy: string
  openedAt: string
  closedAt: string | null
}

const closeColumns = (db: Reader) => db`
  c.id, n.code AS entity, p.period, c.workflow_id AS "workflowId", c.phase, c.version, c.materiality_minor AS "materialityMinor", n.functional_currency AS currency,
  c.opened_by AS "openedBy", c.recorded_at AS "openedAt", c.closed_at AS "closedAt"`

export async function periodClose(
  db: Reader,
  { entity, period }: { entity: string; period: string },
): Promise<PeriodCloseRow | undefined> {
  const [found] = await db<PeriodCloseRow[]>`
    SELECT ${closeColumns(db)} FROM period_close c JOIN gl_period p ON p.id = c.period_id JOIN entity n ON n.id = c.entity_id
    WHERE n.code = ${entity} AND p.period = ${period}`
  return found
}

/** Closes of the companies in reach, the newest period first. */
export async function listPeriodCloses(
  db: Reader,
  { entities, limit }: { entities: readonly string[] | null; limit: number },
): Promise<PeriodCloseRow[]> {
  return db<PeriodCloseRow[]>`
    SELECT ${closeColumns(db)} FROM period_close c JOIN gl_period p ON p.id = c.period_id JOIN entity n ON n.id = c.entity_id
    WHERE ${entities === null} OR n.code = ANY (${[...(entities ?? [])]}::text[]) ORDER BY p.starts DESC, c.id DESC LIMIT ${limit}`
}

/** The rules in force, or those of a version; the built-in ones where nobody has approved any. */
export async function closePolicy(
  db: Reader,
  entityId: number,
  version?: number,
): Promise<{ version: number; body: ClosePolicy }> {
  const [found] = await db<{ version: number; body: ClosePolicy }[]>`
    SELECT o.version, o.body FROM close_policy o JOIN close_policy_approval USING (entity_id, version)
    WHERE o.entity_id = ${entityId} ${version === undefined ? db`` : db`AND o.version = ${version}`} ORDER BY o.version DESC LIMIT 1`
  return found ?? { version: 0, body: DEFAULT_CLOSE_POLICY }
}

/** What a question was answered over time: every answer that differed from the one before it. */
export interface EvidenceRow {
  id: bigint
  task: string
  colour: 'green' | 'red'
  sha256: Buffer
  lookedAt: number
  broken: number
  atRiskMinor: bigint
  ledgerMinor: bigint | null
  documentsMinor: bigint | null
  rows: unknown
  recordedAt: string
}

export async function closeEvidence(
  db: Reader,
  { entity, period, task }: { entity: string; period: string; task?: string | undefined },
  limit = 200,
): Promise<EvidenceRow[]> {
  return db<EvidenceRow[]>`
    SELECT v.id, v.task, v.colour, v.sha256, v.looked_at AS "lookedAt", v.broken, v.at_risk_minor AS "atRiskMinor", v.ledger_minor AS "ledgerMinor",
      v.documents_minor AS "documentsMinor", v.rows, v.recorded_at AS "recordedAt"
    FROM close_evidence v JOIN gl_period p ON p.id = v.period_id JOIN entity n ON n.id = p.entity_id
    WHERE n.code = ${entity} AND p.period = ${period} ${task === undefined ? db`` : db`AND v.task = ${task}`} ORDER BY v.id DESC LIMIT ${limit}`
}

/** Where a question of a period stands, with or without a close: what continuous close keeps. */
export interface TieRow {
  task: string
  colour: 'green' | 'red'
  broken: number
  atRiskMinor: bigint
  rows: { item: string; atRiskMinor: string; since: string | null }[]
  checkedAt: string
  since: string
}

export async function tiesOf(db: Reader, periodId: number): Promise<TieRow[]> {
  return db<TieRow[]>`
    SELECT t.task, v.colour, v.broken, v.at_risk_minor AS "atRiskMinor", v.rows, t.checked_at AS "checkedAt", t.since
    FROM close_tie t JOIN close_evidence v ON v.id = t.evidence_id WHERE t.period_id = ${periodId} ORDER BY t.task`
}

/** The rules that a period is looked at with: its close's, or those in force. */
export async function policyOfPeriod(
  db: Reader,
  { entityId, periodId }: { entityId: number; periodId: number },
): Promise<ClosePolicy> {
  const [begun] = await db<{ version: number }[]>`
    SELECT policy_version AS version FROM period_close WHERE period_id = ${periodId}`
  return (await closePolicy(db, entityId, begun?.version)).body
}

/** The close of a period that is under way, and the newest answer of any of its questions. */
export async function openCloseOf(
  db: Reader,
  periodId: number,
): Promise<{ workflowId: string; newest: bigint } | undefined> {
  const [found] = await db<{ workflowId: string; newest: bigint }[]>`
    SELECT c.workflow_id AS "workflowId", (SELECT max(evidence_id) FROM close_tie t WHERE t.period_id = c.period_id) AS newest
    FROM period_close c WHERE c.period_id = ${periodId} AND c.closed_at IS NULL`
  return found
}

/** How a close went (§5.3): counted from the ledger and the locks, never kept. */
export interface CloseMetrics {
  /** Calendar days from the period's end to its last hard lock; null while it is open. */
  daysToClose: number | null
  reopenings: number
  lateFacts: number
  manualEntries: number
  openCases: number
}

export async function closeMetrics(
  db: Reader,
  { entityId, periodId, period }: { entityId: number; periodId: number; period: string },
): Promise<CloseMetrics> {
  const [metrics] = await db<CloseMetrics[]>`
    SELECT (SELECT max(c.recorded_at)::date - p.ends FROM period_closing c WHERE c.period_id = p.id) AS "daysToClose",
      (SELECT count(*) FROM gl_period_event v WHERE v.period_id = p.id AND v.action = 'reopen')::int AS reopenings,
      (SELECT count(DISTINCT e.id) FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
        WHERE e.entity_id = ${entityId} AND e.fact_on BETWEEN p.starts AND p.ends AND l.belongs_to = ${period})::int AS "lateFacts",
      (SELECT count(*) FROM journal_entry e WHERE e.period_id = p.id AND (e.source_type = 'manual' OR e.event_type = 'judgement-booked'))::int AS "manualEntries",
      (SELECT count(*) FROM exception_case x JOIN period_close c ON c.id::text = x.subject_id WHERE x.subject_type = 'period-close' AND c.period_id = p.id AND x.state = 'open')::int AS "openCases"
    FROM gl_period p WHERE p.id = ${periodId}`
  return metrics!
}

export interface ClosePolicyRow {
  version: number
  body: ClosePolicy
  owner: string
  reason: string
  approvedBy: string | null
  recordedAt: string
}

/** Every version of a company's rules, the newest first. */
export async function closePolicies(db: Reader, entityId: number): Promise<ClosePolicyRow[]> {
  return db<ClosePolicyRow[]>`
    SELECT o.version, o.body, o.owner, o.reason, a.approved_by AS "approvedBy", o.recorded_at AS "recordedAt"
    FROM close_policy o LEFT JOIN close_policy_approval a USING (entity_id, version) WHERE o.entity_id = ${entityId} ORDER BY o.version DESC LIMIT 200`
}
