import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface InboxRow {
  id: bigint
  source: string
  eventId: string
  topic: string
  outcome: string
  problems: unknown
  workflowId: string | null
  receivedAt: string
}

/** Messages from outside, newest first, without their content; those of no known channel only for whoever has no limits. */
export async function listInbox(
  reader: Reader,
  ask: {
    before: bigint
    limit: number
    outcome?: string | undefined
    channel?: string | undefined
    scopes: Scopes
  },
): Promise<InboxRow[]> {
  const { channels, entities } = ask.scopes
  return reader<InboxRow[]>`
    SELECT i.id, source, event_id AS "eventId", topic, outcome, problems, workflow_id AS "workflowId", received_at AS "receivedAt"
    FROM inbox i CROSS JOIN LATERAL (SELECT coalesce(document->>'channel', split_part(source, '/', 2)) AS channel) named
      LEFT JOIN channel c ON c.code = named.channel LEFT JOIN entity e ON e.id = c.entity_id
    WHERE i.id < ${ask.before} AND (${ask.outcome ?? null}::text IS NULL OR outcome = ${ask.outcome ?? null})
      AND (${ask.channel ?? null}::text IS NULL OR named.channel = ${ask.channel ?? null})
      AND (${channels === null} OR c.code = ANY(${[...(channels ?? [])]}::text[]))
      AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
    ORDER BY i.id DESC LIMIT ${ask.limit}`
}
