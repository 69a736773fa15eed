import type { Db } from '#db/client'

export interface PolledChannel {
  id: number
  kind: string
  pollUrl: string
  pollSecretRef: string
  pollSeconds: number
  /** Null before the first sweep. */
  syncedTo: string | null
}

/** How a channel is asked for its orders; undefined when nobody wants it asked. */
export async function readPolledChannel(db: Db, code: string): Promise<PolledChannel | undefined> {
  const [row] = await db<PolledChannel[]>`
    SELECT c.id, c.kind, c.poll_url AS "pollUrl", c.poll_secret_ref AS "pollSecretRef", c.poll_seconds AS "pollSeconds", s.synced_to AS "syncedTo"
    FROM channel c LEFT JOIN channel_sync s ON s.channel_id = c.id
    WHERE c.code = ${code} AND c.status = 'active' AND c.poll_url IS NOT NULL`
  return row
}

/** Every channel that is to be asked, with its company. */
export async function polledChannels(db: Db): Promise<{ channel: string; entity: string }[]> {
  return db<{ channel: string; entity: string }[]>`
    SELECT c.code AS channel, e.code AS entity FROM channel c JOIN entity e ON e.id = c.entity_id
    WHERE c.status = 'active' AND c.poll_url IS NOT NULL ORDER BY c.code`
}

/** A sweep has come to its end: everything up to this instant has been looked at. Never goes back. */
export async function moveCursor(db: Db, channelId: number, syncedTo: string): Promise<void> {
  await db`
    INSERT INTO channel_sync (channel_id, synced_to) VALUES (${channelId}, ${syncedTo})
    ON CONFLICT (channel_id) DO UPDATE SET synced_to = greatest(channel_sync.synced_to, excluded.synced_to), swept_at = clock_timestamp()`
}

/**
 * Of listed versions (order id and change), those that nobody has told us of: neither an order
 * that is as young, nor a message that waits, nor one that was refused and somebody looks at.
 */
export async function unknownVersions(
  db: Db,
  channel: { id: number; code: string; kind: string },
  listed: readonly { externalId: string; version: string }[],
): Promise<Set<string>> {
  const rows = await db<{ id: string }[]>`
    SELECT w.id FROM unnest(${listed.map((l) => l.externalId)}::text[], ${listed.map((l) => l.version)}::text[]) AS w (id, version)
    WHERE NOT EXISTS (SELECT FROM sales_order o WHERE o.channel_id = ${channel.id} AND o.external_id = w.id AND o.external_version >= w.version)
      AND NOT EXISTS (SELECT FROM inbox i WHERE i.source = ${`${channel.kind}/${channel.code}`} AND i.event_id = w.id || '/' || w.version)
      AND NOT EXISTS (SELECT FROM inbox i WHERE i.outcome = 'received' AND i.document->>'channel' = ${channel.code}
        AND i.document->>'externalId' = w.id AND i.document->>'externalVersion' >= w.version)
      AND NOT EXISTS (SELECT FROM exception_case x WHERE x.state = 'open' AND x.type = 'document-refused' AND x.channel_id = ${channel.id}
        AND x.evidence->>'externalId' = w.id)`
  return new Set(rows.map(({ id }) => id))
}
