import type { SettlementPreview } from '#contracts/settlement-previews'
import type { Tx } from '#db/client'

/** What this transaction has posted so far: of a preview, what a choice would post. */
export async function previewedEntries(tx: Tx): Promise<SettlementPreview['entries']> {
  const entries = await tx<SettlementPreview['entries']>`
    SELECT e.event_type AS "eventType", e.effective_on AS "effectiveOn", jsonb_agg(jsonb_build_object('account', a.code || ' ' || a.name, 'amountMinor', l.amount_minor::text,
      'currency', l.currency, 'orderId', l.order_id::text) ORDER BY l.line_no) AS lines
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
    WHERE e.xid = pg_current_xact_id() GROUP BY e.id, 1, 2 ORDER BY e.id LIMIT 50`
  return [...entries]
}
