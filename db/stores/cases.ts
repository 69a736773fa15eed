import type { Tx } from '#db/client'
import { allowedResolutions, type CaseType } from '#domain/orders/exceptions'
import type { CasePolicy } from '#domain/orders/policies'
import { json } from './records.ts'

export interface NewCase {
  /** Names the very situation, so that finding it twice opens one case. */
  key: string
  type: CaseType
  subjectType: string
  subjectId: string
  workflowId: string
  entityId: number
  channelId: number | null
  siteId?: number | null
  policy: CasePolicy
  moneyAtRiskMinor: bigint
  currency: string
  customerClass: string
  summary: string
  evidence: Record<string, unknown>
  openedBy: string
  /** What was found anew about a case that is open already is added to it; else it stays as it is. */
  addsToOpen?: boolean
}

export interface OpenedCase {
  id: bigint
  reopened: number
  /** False when it was open already and something was added. */
  isNew: boolean
}

/** Opens an exception case, once per key; a healed or resolved one of the same key opens again. Null when it stays as it is. */
export async function openCase(tx: Tx, found: NewCase): Promise<OpenedCase | null> {
  const [row] = await tx<OpenedCase[]>`
    INSERT INTO exception_case (key, type, subject_type, subject_id, workflow_id, entity_id, channel_id, site_id, owner_team, severity, due_at,
      money_at_risk_minor, currency, customer_class, summary, evidence, allowed, opened_by)
    VALUES (${found.key}, ${found.type}, ${found.subjectType}, ${found.subjectId}, ${found.workflowId}, ${found.entityId}, ${found.channelId},
      ${found.siteId ?? null}, ${found.policy.team}, ${found.policy.severity}, clock_timestamp() + make_interval(secs => ${found.policy.slaMinutes * 60}),
      ${found.moneyAtRiskMinor}, ${found.currency}, ${found.customerClass}, ${found.summary}, ${json(tx, found.evidence)},
      ${json(tx, allowedResolutions(found.type))}, ${found.openedBy})
    ON CONFLICT (key) DO UPDATE SET state = 'open', reopened = exception_case.reopened + (exception_case.state <> 'open')::int,
      due_at = CASE WHEN exception_case.state = 'open' THEN exception_case.due_at ELSE excluded.due_at END, summary = excluded.summary,
      escalations = CASE WHEN exception_case.state = 'open' THEN exception_case.escalations ELSE 0 END,
      owner_team = CASE WHEN exception_case.state = 'open' THEN exception_case.owner_team ELSE excluded.owner_team END,
      severity = excluded.severity, allowed = excluded.allowed,
      evidence = CASE WHEN exception_case.state = 'open' THEN exception_case.evidence ELSE '{}' END || excluded.evidence,
      money_at_risk_minor = excluded.money_at_risk_minor, resolution = NULL, resolution_params = NULL, resolved_by = NULL, resolved_at = NULL,
      opened_at = CASE WHEN exception_case.state = 'open' THEN exception_case.opened_at ELSE clock_timestamp() END
    WHERE exception_case.state <> 'open' OR ${found.addsToOpen ?? false}
    RETURNING id, reopened, old.state IS DISTINCT FROM 'open' AS "isNew"`
  return row ?? null
}

export interface OpenCase {
  id: bigint
  key: string
  type: CaseType
  dueAt: string
  ownerTeam: string
  escalations: number
  evidence: Record<string, unknown>
  siteId: number | null
}

export async function openCasesOf(
  tx: Tx,
  subjectType: string,
  subjectId: string,
): Promise<OpenCase[]> {
  return tx<OpenCase[]>`
    SELECT id, key, type, due_at AS "dueAt", owner_team AS "ownerTeam", escalations, evidence, site_id AS "siteId"
    FROM exception_case WHERE subject_type = ${subjectType} AND subject_id = ${subjectId} AND state = 'open' ORDER BY id`
}

/** A case that a person has decided; undefined when it is open, healed by itself or another order's. */
export async function readDecidedCase(
  tx: Tx,
  orderId: string,
  id: bigint,
): Promise<
  { id: bigint; type: CaseType; resolution: string; evidence: Record<string, unknown> } | undefined
> {
  const [row] = await tx<
    { id: bigint; type: CaseType; resolution: string; evidence: Record<string, unknown> }[]
  >`
    SELECT id, type, resolution, evidence FROM exception_case
    WHERE id = ${id} AND subject_type = 'order' AND subject_id = ${orderId} AND state = 'resolved'`
  return row
}

/** A decision is thought over: the case is open again, with its time anew and why. */
export async function reopenCase(
  tx: Tx,
  id: bigint,
  by: { slaMinutes: number; team: string; reason: string; actor: string },
): Promise<void> {
  await tx`
    UPDATE exception_case SET state = 'open', reopened = reopened + 1, owner_team = ${by.team}, opened_at = clock_timestamp(),
      due_at = clock_timestamp() + make_interval(secs => ${by.slaMinutes * 60}),
      evidence = evidence || ${json(tx, { reopened: { by: by.actor, reason: by.reason } })},
      resolution = NULL, resolution_params = NULL, resolved_by = NULL, resolved_at = NULL
    WHERE id = ${id} AND state = 'resolved'`
}

/** Says whose an open case is; false when it is not open any more. */
export async function assignCase(tx: Tx, id: bigint, owner: string | null): Promise<boolean> {
  const rows = await tx`
    UPDATE exception_case SET owner_user = ${owner} WHERE id = ${id} AND state = 'open' RETURNING id`
  return rows.length > 0
}

/** A person's choice closes the case. */
export async function resolveCase(
  tx: Tx,
  id: bigint,
  by: { resolution: string; params?: unknown; actor: string },
): Promise<void> {
  await tx`
    UPDATE exception_case SET state = 'resolved', resolution = ${by.resolution}, resolution_params = ${json(tx, by.params ?? {})},
      resolved_by = ${by.actor}, resolved_at = clock_timestamp()
    WHERE id = ${id} AND state = 'open'`
}

/** The condition went away without anybody: the case leaves the queue and says so. */
export async function healCases(tx: Tx, ids: readonly bigint[], reason: string): Promise<void> {
  if (ids.length === 0) return
  await tx`
    UPDATE exception_case SET state = 'self-healed', resolution = ${reason}, resolved_by = 'system', resolved_at = clock_timestamp()
    WHERE id = ANY(${[...ids].map(String)}::bigint[]) AND state = 'open'`
}

/** SLA passed: the case moves up to whoever the policy names and gets a new due time. */
export async function escalateCase(
  tx: Tx,
  id: bigint,
  to: { team: string; slaMinutes: number },
): Promise<void> {
  await tx`
    UPDATE exception_case SET escalations = escalations + 1, owner_team = ${to.team}, severity = 'high',
      due_at = clock_timestamp() + make_interval(secs => ${to.slaMinutes * 60})
    WHERE id = ${id} AND state = 'open'`
}
