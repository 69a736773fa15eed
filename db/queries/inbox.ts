import type { Reader } from '#db/client'

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

/** Messages from outside, newest first, without their content. */
export async function listInbox(
  reader: Reader,
  ask: {
    before: bigint
    limit: number
    outcome?: string | undefined
    channel?: string | undefined
    channels: readonly string[] | null
  },
): Promise<InboxRow[]> {
  return reader<InboxRow[]>`
    SELECT id, source, event_id AS "eventId", topic, outcome, problems, workflow_id AS "workflowId", received_at AS "receivedAt"
    FROM inbox CROSS JOIN LATERAL (SELECT coalesce(document->>'channel', split_part(source, '/', 2)) AS channel) c
    WHERE id < ${ask.before} AND (${ask.outcome ?? null}::text IS NULL OR outcome = ${ask.outcome ?? null})
      AND (${ask.channel ?? null}::text IS NULL OR channel = ${ask.channel ?? null})
      AND (${ask.channels === null} OR channel = ANY(${[...(ask.channels ?? [])]}::text[]))
    ORDER BY id DESC LIMIT ${ask.limit}`
}
