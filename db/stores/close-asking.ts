import type { Reader, Tx } from '../client.ts'
import type { ClosePeriod } from '../queries/close-periods.ts'
import type { ClosePolicy } from '#domain/ledger/close-policy'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import type { CloseEntryOf } from '#domain/ledger/posting-close'

/** What a rule has still to post for a period: to its target, so that after posting it has nothing. */
export interface ClosePlan {
  drafts: JournalEntryDraft[]
  /** Taken back on the first day after the period. */
  reverses: boolean
  /** What the entries stand on, kept with them. */
  keep?(tx: Tx, actor: string): Promise<void>
}

export interface Asking {
  db: Reader
  period: ClosePeriod
  task: string
  policy: ClosePolicy
  approvalId?: string | undefined
}

/** Entries of this task so far, by what each is about; line 1 bears what the rule is about. */
export async function postedSoFar({ db, period, task }: Asking) {
  const prefix = `period-close/${period.entity}/${period.period}/${task}/`
  const rows = await db<{ item: string; count: number; funcMinor: bigint }[]>`
    SELECT regexp_replace(substr(e.idem_key, ${prefix.length + 1}), '/[0-9]+$', '') AS item, count(*)::int AS count, sum(l.func_minor)::bigint AS "funcMinor"
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id AND l.line_no = 1
    WHERE e.entity_id = ${period.entityId} AND e.source_type = 'period-close' AND e.source_id = ${`${period.entity}/${period.period}/${task}`} AND e.reverses IS NULL
    GROUP BY 1`
  const byItem = new Map(rows.map(({ item, ...rest }) => [item, rest]))
  return (item: string) => byItem.get(item) ?? { count: 0, funcMinor: 0n }
}

/** The next entry of an item of this task. */
export function entryOf(asking: Asking, nth: number): CloseEntryOf {
  const { period, task, approvalId } = asking
  return {
    entity: period.entityId,
    entityCode: period.entity,
    period: period.period,
    closedOn: period.ends,
    functionalCurrency: period.functionalCurrency,
    task,
    nth,
    approvalId,
  }
}
