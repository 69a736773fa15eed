import { createHash } from 'node:crypto'
import type { OrderDocument } from '#domain/orders/document'
import type { Db } from '#db/client'
import type { IncomingDocument, StoredDocument } from './inbox.ts'
import { jsonText } from './row-sets.ts'

export interface StoredInSet extends StoredDocument {
  /** Stored earlier under the same id with another content. */
  differs: boolean
}

/**
 * Keeps a set of messages in one statement; the answers are in the order of the messages. One that
 * was stored before is found by its id, and one that was refused is opened again, as by
 * `storeDocument`.
 */
export async function storeDocuments(
  db: Db,
  incoming: readonly IncomingDocument[],
): Promise<StoredInSet[]> {
  const rows = incoming.map(({ source, eventId, topic, document, importId, importRow }, n) => {
    const hash = hashOf(document)
    const origin = { import_id: importId ?? null, import_row: importRow ?? null }
    return { n, source, event_id: eventId, topic, body_hash: `\\x${hash}`, document, ...origin }
  })
  const stored = await db<
    { n: number; id: bigint; outcome: StoredDocument['outcome']; fresh: boolean; same: boolean }[]
  >`
    WITH wanted AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb)
        AS w (n int, source text, event_id text, topic text, body_hash bytea, document jsonb, import_id bigint, import_row int)
    ), added AS (
      INSERT INTO inbox (source, event_id, topic, body_hash, outcome, document, import_id, import_row)
      SELECT source, event_id, topic, body_hash, 'received', document, import_id, import_row FROM wanted ORDER BY n
      ON CONFLICT (source, event_id) DO NOTHING RETURNING id, source, event_id
    ), opened AS (
      UPDATE inbox i SET outcome = 'received', problems = NULL, told_at = NULL, attempts = 0, next_at = NULL,
        import_id = coalesce(w.import_id, i.import_id), import_row = coalesce(w.import_row, i.import_row) FROM wanted w
      WHERE (i.source, i.event_id) = (w.source, w.event_id) AND i.outcome = 'refused' AND i.body_hash = w.body_hash RETURNING i.id
    )
    SELECT w.n, coalesce(a.id, i.id) AS id, CASE WHEN a.id IS NOT NULL OR i.id IN (SELECT id FROM opened) THEN 'received' ELSE i.outcome END AS outcome, a.id IS NOT NULL AS fresh,
      coalesce(i.body_hash = w.body_hash, true) AS same
    FROM wanted w LEFT JOIN added a ON (a.source, a.event_id) = (w.source, w.event_id)
    LEFT JOIN inbox i ON (i.source, i.event_id) = (w.source, w.event_id)
    ORDER BY w.n`
  return stored.map(({ id, outcome, fresh, same }) => ({
    inboxId: id.toString(),
    outcome,
    fresh,
    differs: !same,
  }))
}

function hashOf(document: OrderDocument): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex')
}
