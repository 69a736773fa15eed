import type { PreviewedReturn, ReturnPreviews } from '#contracts/return-to-refund'
import type { Db, Tx } from '#db/client'
import { preview } from '#db/commit-once'
import { openCasesOf } from '#db/stores/cases'
import { finishReturn } from './progress.ts'
import { resolveCaseOf } from './resolve.ts'
import { openWork } from './work.ts'

/** The same code as the command itself, always rolled back: a preview cannot differ from the act. */
export function returnPreviews(db: Db): ReturnPreviews {
  return {
    resolveReturnCase: (returnId, command) =>
      preview(db, async (tx) => {
        const work = await openWork(tx, BigInt(returnId), command.expectedVersion, command)
        const before = work.order?.creditedMinor ?? 0n
        const known = await openCasesOf(tx, 'customer-return', returnId)
        await resolveCaseOf(work, { ...command, today: work.today })
        const { actor, key } = command
        const progress = await finishReturn(work, { action: 'preview', actor, key })
        return {
          ...{ phase: progress.phase, waitingFor: progress.waitingFor },
          credited: {
            currency: work.order?.currency ?? work.doc.functionalCurrency,
            minor: ((work.order?.creditedMinor ?? 0n) - before).toString(),
          },
          newCases: progress.cases
            .filter((one) => !known.some(({ id }) => `${id}` === one.id))
            .map((one) => one.type),
          ...(await changesOf(tx)),
        }
      }),
  }
}

async function changesOf(
  tx: Tx,
): Promise<Pick<PreviewedReturn, 'stock' | 'entries' | 'outsideCalls'>> {
  const stock = await tx<PreviewedReturn['stock']>`
    SELECT i.sku, s.code AS site, m.condition, sum(m.qty)::text AS delta FROM (
      SELECT item_id, to_site_id AS site_id, to_condition AS condition, qty FROM stock_movement WHERE xmin::text = pg_current_xact_id()::xid::text AND to_site_id IS NOT NULL
      UNION ALL SELECT item_id, from_site_id, from_condition, -qty FROM stock_movement WHERE xmin::text = pg_current_xact_id()::xid::text AND from_site_id IS NOT NULL) m
    JOIN item i ON i.id = m.item_id JOIN site s ON s.id = m.site_id GROUP BY 1, 2, 3 HAVING sum(m.qty) <> 0 ORDER BY 1, 2, 3`
  const entries = await tx<PreviewedReturn['entries']>`
    SELECT e.event_type AS "eventType", jsonb_agg(jsonb_build_object('account', a.code || ' ' || a.name, 'amountMinor', l.amount_minor::text, 'currency', l.currency) ORDER BY l.line_no) AS lines
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id WHERE e.xid = pg_current_xact_id() GROUP BY e.id, 1 ORDER BY e.id`
  const calls = await tx<{ said: string }[]>`
    SELECT gateway || ': ' || operation AS said FROM external_effect WHERE xmin::text = pg_current_xact_id()::xid::text ORDER BY key`
  return { stock: [...stock], entries: [...entries], outsideCalls: calls.map(({ said }) => said) }
}
