import type { Db } from '#db/client'
import { accountName } from '#domain/ledger/chart'
import { formatMinor } from '#domain/money'

/** What lies where of an item, as `EAST sellable: 5`. */
export async function onHand(db: Db, sku: string): Promise<Record<string, number>> {
  const rows = await db<{ place: string; qty: number }[]>`
    SELECT s.code || ' ' || p.condition AS place, p.on_hand::int AS qty FROM stock_position p JOIN site s ON s.id = p.site_id JOIN item i ON i.id = p.item_id
    WHERE i.sku = ${sku} ORDER BY 1`
  return Object.fromEntries(rows.map((row) => [row.place, row.qty]))
}

/** The entries of a document of the warehouse, one line each, as `transfer-shipped: Dr … 4.00, Cr … 4.00`. */
export async function entriesOf(db: Db, no: string): Promise<string[]> {
  const rows = await db<{ id: bigint; eventType: string; accountId: number; amount: bigint }[]>`
    SELECT e.id, e.event_type AS "eventType", l.account_id AS "accountId", sum(l.amount_minor)::bigint AS amount
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id WHERE e.source_id LIKE ${`${no}/%`}
    GROUP BY 1, 2, 3 ORDER BY 1, sum(l.amount_minor) < 0, 3`
  const entries = new Map<bigint, string>()
  for (const { id, eventType, accountId, amount } of rows) {
    const side = amount > 0n ? 'Dr' : 'Cr'
    const said = `${side} ${accountName(accountId)} ${formatMinor(amount < 0n ? -amount : amount, 'USD')}`
    entries.set(id, entries.has(id) ? `${entries.get(id)}, ${said}` : `${eventType}: ${said}`)
  }
  return [...entries.values()]
}
