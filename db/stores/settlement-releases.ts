import type { HeldFor, MappableTreatment } from '#domain/settlement/treatments'
import type { Tx } from '../client.ts'

/** A line that waits in suspense. */
export interface HeldLine {
  lineNo: number
  postedOn: string
  amountMinor: bigint
}

/** Lines of a statement that wait for this reason, those of one type where it is given. */
export async function heldLinesOf(
  tx: Tx,
  statementId: bigint,
  held: HeldFor,
  type: string | null = null,
): Promise<HeldLine[]> {
  return tx<HeldLine[]>`
    SELECT l.line_no AS "lineNo", l.posted_on AS "postedOn", l.amount_minor AS "amountMinor"
    FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no)
    WHERE m.statement_id = ${statementId} AND m.held = ${held} AND (${type}::text IS NULL OR l.type = ${type})
      AND NOT EXISTS (SELECT FROM settlement_release r WHERE r.statement_id = m.statement_id AND r.line_no = m.line_no)
    ORDER BY l.posted_on, l.line_no`
}

export interface ReleasedLine {
  lineNo: number
  treatment: string
  rule: string
  orderId: bigint | null
}

/** The lines have left suspense; a line leaves it once. */
export async function keepReleases(
  tx: Tx,
  by: { statementId: bigint; caseId: bigint; actor: string },
  lines: readonly ReleasedLine[],
): Promise<void> {
  await tx`
    INSERT INTO settlement_release (statement_id, line_no, case_id, treatment, rule, order_id, decided_by)
    SELECT ${by.statementId}, line_no, ${by.caseId}, treatment, rule, order_id, ${by.actor}
    FROM unnest(${lines.map((line) => line.lineNo)}::int[], ${lines.map((line) => line.treatment)}::text[], ${lines.map((line) => line.rule)}::text[],
      ${lines.map((line) => line.orderId?.toString() ?? null)}::text[]::bigint[]) AS l(line_no, treatment, rule, order_id)`
}

/** A controller's word about a provider's type of line: a new version, which holds from now on. */
export async function addMapping(
  tx: Tx,
  mapping: {
    provider: string
    type: string
    treatment: MappableTreatment
    reason: string
    actor: string
  },
): Promise<void> {
  const { provider, type, treatment, reason, actor } = mapping
  await tx`
    INSERT INTO settlement_mapping (provider, type, version, treatment, reason, decided_by)
    SELECT ${provider}, ${type}, 1 + coalesce(max(version), 0), ${treatment}, ${reason}, ${actor} FROM settlement_mapping WHERE provider = ${provider} AND type = ${type}`
}

/** A case stays open with somebody until the end of a day. */
export async function putOffCase(
  tx: Tx,
  id: bigint,
  to: { owner: string; until: string },
): Promise<void> {
  await tx`
    UPDATE exception_case SET owner_user = ${to.owner}, due_at = ${`${to.until}T23:59:59Z`}::timestamptz WHERE id = ${id} AND state = 'open'`
}
