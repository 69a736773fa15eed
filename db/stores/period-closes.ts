import { createHash } from 'node:crypto'
import type { Reader, Tx } from '../client.ts'
import { canonicalJson } from '../commit-once.ts'
import type { ClosePeriod } from '../queries/close-periods.ts'
import { closePolicy } from '../queries/period-closes.ts'
import { closeChecklist } from '#domain/ledger/close-checklist'
import { dueOn } from '#domain/ledger/close-policy'
import type { ClosePolicy } from '#domain/ledger/close-policy'
import type { JudgedLine } from '#domain/ledger/posting-close'
import { invariant, Refusal } from '#domain/refusal'
import { json } from './records.ts'

/** A close with all that its rules look at. */
export interface PeriodCloseDoc extends ClosePeriod {
  subjectType: 'period-close'
  id: bigint
  /** As people name it: `ACME-US/2026-06`. */
  no: string
  workflowId: string
  phase: string
  version: number
  materialityMinor: bigint
  policyVersion: number
}

/** Takes a close in with its checklist, or answers the one of this period, which is one for ever. */
export async function beginPeriodClose(
  tx: Tx,
  period: ClosePeriod,
  { workflowId, openedBy }: { workflowId: string; openedBy: string },
): Promise<bigint> {
  const { version, body } = await closePolicy(tx, period.entityId)
  const [begun] = await tx<{ id: bigint }[]>`
    INSERT INTO period_close (entity_id, period_id, workflow_id, policy_version, materiality_minor, opened_by)
    VALUES (${period.entityId}, ${period.periodId}, ${workflowId}, ${version}, ${body.materialityMinor}, ${openedBy})
    ON CONFLICT (period_id) DO NOTHING RETURNING id`
  if (!begun) {
    const [known] = await tx<{ id: bigint }[]>`
      SELECT id FROM period_close WHERE period_id = ${period.periodId}`
    return known!.id
  }
  const tasks = closeChecklist(period.kind).map((task) => ({
    ...task,
    dueOn: dueOn(task.step, period.ends, body),
  }))
  await tx`
    INSERT INTO close_task (close_id, task, position, step, kind, area, title, owner, reviewer, depends_on, due_on)
    SELECT ${begun.id}, t->>'task', nth, t->>'step', t->>'kind', t->>'area', t->>'title', t->>'owner', t->>'reviewer',
      ARRAY(SELECT jsonb_array_elements_text(t->'dependsOn')), (t->>'dueOn')::date
    FROM jsonb_array_elements(${json(tx, tasks)}) WITH ORDINALITY AS x(t, nth)`
  return begun.id
}

/**
 * Locks the close for this transaction. Everything that changes one goes through here.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockPeriodClose(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<PeriodCloseDoc> {
  const [found] = await tx<Omit<PeriodCloseDoc, 'subjectType'>[]>`
    SELECT c.id, n.code || '/' || p.period AS no, c.workflow_id AS "workflowId", c.phase, c.version, c.materiality_minor AS "materialityMinor", c.policy_version AS "policyVersion",
      n.id AS "entityId", n.code AS entity, n.functional_currency AS "functionalCurrency", n.timezone, p.id AS "periodId", p.period, p.kind, p.starts, p.ends
    FROM period_close c JOIN gl_period p ON p.id = c.period_id JOIN entity n ON n.id = c.entity_id WHERE c.id = ${id} FOR NO KEY UPDATE OF c`
  invariant(found, `there is no close ${id}`)
  if (expectedVersion !== undefined && expectedVersion !== found.version)
    throw new Refusal(
      'StaleVersion',
      `The close is at version ${found.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  return { ...found, subjectType: 'period-close' }
}

/** Writes where the close stands now; answers its new version. */
export async function savePeriodClose(
  tx: Tx,
  { id }: Pick<PeriodCloseDoc, 'id'>,
  { phase, open }: { phase: string; open: boolean },
): Promise<number> {
  const [saved] = await tx<{ version: number }[]>`
    UPDATE period_close SET phase = ${phase}, version = version + 1, closed_at = CASE WHEN ${open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${id} RETURNING version`
  return saved!.version
}

/** The rules that this close was begun under. */
export async function policyOfClose(db: Reader, doc: PeriodCloseDoc): Promise<ClosePolicy> {
  return (await closePolicy(db, doc.entityId, doc.policyVersion)).body
}

export interface Preparation {
  task: string
  note: string
  lines: readonly JudgedLine[]
  reverses: boolean
  preparedBy: string
}

/** Keeps what somebody prepared; an earlier preparation of the task, and its review, count no more. */
export async function keepPreparation(
  tx: Tx,
  closeId: bigint,
  { task, note, lines, reverses, preparedBy }: Preparation,
): Promise<bigint> {
  const sha256 = createHash('sha256').update(canonicalJson({ note, lines, reverses })).digest()
  const [kept] = await tx<{ id: bigint }[]>`
    INSERT INTO close_preparation (close_id, task, note, lines, reverses, prepared_by, sha256)
    VALUES (${closeId}, ${task}, ${note}, ${json(tx, lines)}, ${reverses}, ${preparedBy}, ${sha256}) RETURNING id`
  return kept!.id
}

/** Signs it: by another person, and only the latest; the guards of the table see to both. */
export async function keepReview(
  tx: Tx,
  preparationId: bigint,
  { reviewedBy, note }: { reviewedBy: string; note: string },
): Promise<(Preparation & { id: bigint }) | undefined> {
  const [reviewed] = await tx<(Preparation & { id: bigint })[]>`
    WITH signed AS (
      INSERT INTO close_review (preparation_id, reviewed_by, sha256, note)
      SELECT id, ${reviewedBy}, sha256, ${note} FROM close_preparation WHERE id = ${preparationId} RETURNING preparation_id
    )
    SELECT p.id, p.task, p.note, p.lines, p.reverses, p.prepared_by AS "preparedBy" FROM close_preparation p JOIN signed s ON s.preparation_id = p.id`
  return reviewed
}

/** Lives with what a check found last; another answer has to be accepted anew. */
export async function keepAcceptance(
  tx: Tx,
  closeId: bigint,
  { evidenceId, acceptedBy, reason }: { evidenceId: bigint; acceptedBy: string; reason: string },
): Promise<void> {
  await tx`
    INSERT INTO close_acceptance (close_id, evidence_id, accepted_by, reason)
    VALUES (${closeId}, ${evidenceId}, ${acceptedBy}, ${reason}) ON CONFLICT DO NOTHING`
}

/** What becomes of one thing that a check listed; it is not listed again. */
export async function keepItemDecision(
  tx: Tx,
  closeId: bigint,
  decided: {
    task: string
    item: string
    choice: 'accrue' | 'next-period'
    reason: string
    actor: string
  },
): Promise<void> {
  const { task, item, choice, reason, actor } = decided
  await tx`
    INSERT INTO close_item_decision (close_id, task, item, choice, reason, actor)
    VALUES (${closeId}, ${task}, ${item}, ${choice}, ${reason}, ${actor}) ON CONFLICT (close_id, task, item) DO NOTHING`
}

/** Nobody posts in the period before this transaction ends. */
export async function holdPeriod(tx: Tx, doc: PeriodCloseDoc): Promise<void> {
  await tx`SELECT hold_period(${doc.entityId}, ${doc.period})`
}
