import type { Db } from '#db/client'

export interface WaitingMessage {
  id: bigint
  topic: string
  key: string
  body: unknown
}

/** Messages that wait, oldest first, without those whose `afterMinutes` are not over. Delivery is at least once; what is delivered carries its own key. */
export async function takeWaiting(
  db: Db,
  topics: readonly string[],
  limit: number,
): Promise<WaitingMessage[]> {
  return db<
    WaitingMessage[]
  >`SELECT id, topic, key, body FROM outbox WHERE delivered_at IS NULL AND topic = ANY(${[...topics]}::text[])
    AND recorded_at + make_interval(mins => coalesce((body->>'afterMinutes')::int, 0)) <= clock_timestamp() ORDER BY id LIMIT ${limit}`
}

export async function markDelivered(db: Db, id: bigint): Promise<void> {
  await db`UPDATE outbox SET delivered_at = clock_timestamp() WHERE id = ${id}`
}
