import type { Tx } from '../client.ts'
import type { ClosePeriod } from '../queries/close-periods.ts'
import { addDays } from '#domain/dates'
import { reversalOf, type JournalEntryDraft } from '#domain/ledger/journal'
import { postEntries } from './ledger.ts'

const SET = 500

/**
 * Posts entries of a close in sets, and with them, where they reverse, what takes them back on the
 * first day after the period: nobody has to remember it. Should that day be locked by then, it is
 * the first open one.
 */
export async function postCloseEntries(
  tx: Tx,
  period: ClosePeriod,
  { drafts, reverses }: { drafts: readonly JournalEntryDraft[]; reverses: boolean },
  actor: string,
): Promise<bigint[]> {
  const ids: bigint[] = []
  for (let from = 0; from < drafts.length; from += SET) {
    const set = drafts.slice(from, from + SET)
    const posted = await postEntries(tx, set, actor)
    ids.push(...posted.map(({ entryId }) => entryId))
    if (!reverses) continue
    const reversals = set.map((draft, nth): JournalEntryDraft => {
      const first = { ...draft, actor: draft.actor ?? actor, entryId: posted[nth]!.entryId }
      const on = { key: `${draft.key}/reversed`, effectiveOn: addDays(period.ends, 1) }
      return { ...reversalOf(first, on), late: 'next-open' }
    })
    await postEntries(tx, reversals, actor)
  }
  return ids
}
