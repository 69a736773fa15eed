import type { SettlementPreview, SettlementPreviews } from '#contracts/settlement-previews'
import type { Db } from '#db/client'
import { preview } from '#db/commit-once'
import { lockSettlement } from '#db/stores/settlements'
import { decideSettlementCase } from './decide.ts'
import { settlementToday } from './index.ts'
import { finishSettlement } from './progress.ts'

/** The same code as the commands themselves, always rolled back: a preview cannot differ from the act. */
export function settlementPreviews(db: Db): SettlementPreviews {
  return {
    resolveCase: (id, command) =>
      preview(db, async (tx) => {
        const doc = await lockSettlement(tx, BigInt(id))
        const { actor, key } = command
        await decideSettlementCase(tx, doc, { ...command, today: settlementToday(doc) })
        const progress = await finishSettlement(tx, doc, { action: 'preview', actor, key })
        const entries = await tx<SettlementPreview['entries']>`
          SELECT e.event_type AS "eventType", e.effective_on AS "effectiveOn", jsonb_agg(jsonb_build_object('account', a.code || ' ' || a.name, 'amountMinor', l.amount_minor::text,
            'currency', l.currency, 'orderId', l.order_id::text) ORDER BY l.line_no) AS lines
          FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
          WHERE e.xid = pg_current_xact_id() GROUP BY e.id, 1, 2 ORDER BY e.id LIMIT 50`
        const { phase, waitingFor, cases } = progress
        return {
          phase,
          waitingFor,
          casesLeft: cases.map(({ type }) => type),
          entries: [...entries],
        }
      }),
  }
}
