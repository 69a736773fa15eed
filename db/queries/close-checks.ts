import { cutOffChecks } from './close-cut-off.ts'
import { tieOutChecks } from './close-tie-outs.ts'

/**
 * A question that a close asks of a period, as SQL over `p` (entity_id, starts, ends, period_id,
 * kind). Each row is one thing that was looked at: `item` names it, `ledger` and `documents` are
 * what two sides say in functional minor units, or null where nothing is compared, `broken` whether
 * it is wrong, `at_risk` its money and `since` its day.
 */
export interface CloseCheck {
  task: string
  sql: string
  /** Too much for every minute: asked when somebody looks, and before a lock. */
  heavy?: true
}

const checks: readonly CloseCheck[] = [...cutOffChecks, ...tieOutChecks]

export function closeCheck(task: string): CloseCheck | undefined {
  return checks.find((check) => check.task === task)
}
