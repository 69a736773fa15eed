import type { Tx } from '#db/client'
import { allowedResolutions, type CaseType } from '#domain/orders/exceptions'
import type { ExceptionPolicy } from '#domain/orders/policies'
import { json } from './records.ts'

export type ReplenishmentCase = Extract<
  CaseType,
  'demand-spike' | 'supplier-late' | 'lot-exceeds-need' | 'stockout-in-lead-time'
>

export interface FoundTrouble {
  type: ReplenishmentCase
  itemId: number
  siteId: number
  summary: string
  evidence: Record<string, unknown>
  moneyAtRiskMinor: bigint
}

export interface TroubleOf {
  runId: bigint
  entityId: number
  currency: string
  workflowId: string
}

/** Days for which a person's choice stands before the same trouble asks again. */
const CHOICE_HOLDS_DAYS = 7

/** Key of the case of one kind about an item at a site. */
export function troubleKey({
  type,
  itemId,
  siteId,
}: Pick<FoundTrouble, 'type' | 'itemId' | 'siteId'>): string {
  return `replenishment/${type}/${itemId}/${siteId}`
}

/**
 * Opens a case for each trouble that has none, in one statement however many there are; an open one
 * is told what is so now. What a person has decided stays decided for a week.
 */
export async function openTroubles(
  tx: Tx,
  of: TroubleOf,
  found: readonly FoundTrouble[],
  policy: ExceptionPolicy,
): Promise<void> {
  if (found.length === 0) return
  const rows = found.map((trouble) => {
    const { team, severity, slaMinutes } = policy[trouble.type]
    return {
      ...{ key: troubleKey(trouble), type: trouble.type, site_id: trouble.siteId },
      ...{ subject_id: trouble.itemId.toString(), summary: trouble.summary, team, severity },
      ...{ minutes: slaMinutes, minor: trouble.moneyAtRiskMinor },
      evidence: { ...trouble.evidence, runId: of.runId },
      allowed: allowedResolutions(trouble.type),
    }
  })
  await tx`
    INSERT INTO exception_case (key, type, subject_type, subject_id, workflow_id, entity_id, site_id, owner_team, severity, due_at,
      money_at_risk_minor, currency, summary, evidence, allowed, opened_by)
    SELECT key, type, 'item', subject_id, ${of.workflowId}, ${of.entityId}, site_id, team, severity, clock_timestamp() + make_interval(mins => minutes),
      minor, ${of.currency}, summary, evidence, allowed, 'replenishment'
    FROM jsonb_to_recordset(${json(tx, rows)}) AS f (key text, type text, subject_id text, site_id int, team text, severity text, minutes int,
      minor bigint, summary text, evidence jsonb, allowed jsonb)
    ON CONFLICT (key) DO UPDATE SET state = 'open', reopened = exception_case.reopened + (exception_case.state <> 'open')::int,
      summary = excluded.summary, evidence = exception_case.evidence || excluded.evidence, money_at_risk_minor = excluded.money_at_risk_minor,
      due_at = CASE WHEN exception_case.state = 'open' THEN exception_case.due_at ELSE excluded.due_at END,
      opened_at = CASE WHEN exception_case.state = 'open' THEN exception_case.opened_at ELSE clock_timestamp() END,
      resolution = NULL, resolution_params = NULL, resolved_by = NULL, resolved_at = NULL
    WHERE exception_case.state <> 'resolved' OR exception_case.resolved_at < clock_timestamp() - make_interval(days => ${CHOICE_HOLDS_DAYS})`
}

/** What an earlier run found and this one did not is over; of one item, or of all. */
export async function healTroubles(
  tx: Tx,
  { runId, workflowId }: Pick<TroubleOf, 'runId' | 'workflowId'>,
  itemId?: number,
): Promise<void> {
  await tx`
    UPDATE exception_case SET state = 'self-healed', resolution = 'a later run found it no more', resolved_by = 'system', resolved_at = clock_timestamp()
    WHERE state = 'open' AND workflow_id = ${workflowId} AND subject_type = 'item' AND (evidence->>'runId')::bigint < ${runId}
      AND (${itemId?.toString() ?? null}::text IS NULL OR subject_id = ${itemId?.toString() ?? null})`
}
