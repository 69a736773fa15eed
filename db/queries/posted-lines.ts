import type { JournalLineDraft } from '#domain/ledger/journal'
import type { Reader } from '../client.ts'

/** The lines of a posted entry with all that they are about; none where nothing was posted under the key. */
export async function postedLines(
  reader: Reader,
  { entityId, key }: { entityId: number; key: string },
): Promise<JournalLineDraft[]> {
  const rows = await reader<Record<string, unknown>[]>`
    SELECT l.account_id AS "accountId", l.currency, l.amount_minor AS "amountMinor", l.func_minor AS "funcMinor", l.order_id AS "orderId", l.order_line_id AS "orderLineId",
      l.channel_id AS "channelId", l.item_id AS "itemId", l.site_id AS "siteId", l.segment, l.party, l.tax_code AS "taxCode", l.jurisdiction, l.provider, l.condition,
      l.open_key AS "openKey"
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id WHERE e.entity_id = ${entityId} AND e.book = 'main' AND e.idem_key = ${key} ORDER BY l.line_no`
  return rows.map((row) => {
    const said = Object.entries(row).filter(([, value]) => value !== null)
    return Object.fromEntries(said) as unknown as JournalLineDraft
  })
}
