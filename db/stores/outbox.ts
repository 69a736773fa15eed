import type { Db } from '#db/client'

export interface WaitingMessage {
  id: bigint
  topic: string
  key: string
  body: unknown
}

/**
 * Takes messages of one topic whose time has come, the longest waiting first, and puts each off:
 * one that is not delivered comes again after 1, 2, 4 … seconds, at most `mostWaitSeconds`.
 * Delivery is at least once; what is delivered carries its own key.
 */
export async function takeWaiting(
  db: Db,
  { topic, limit, mostWaitSeconds }: { topic: string; limit: number; mostWaitSeconds: number },
): Promise<WaitingMessage[]> {
  const taken = await db<WaitingMessage[]>`
    UPDATE outbox o SET attempts = o.attempts + 1,
      next_at = clock_timestamp() + make_interval(secs => least(${mostWaitSeconds}::numeric, 2 ^ least(o.attempts, 30)))
    WHERE o.id IN (
      SELECT id FROM outbox WHERE delivered_at IS NULL AND topic = ${topic} AND next_at <= clock_timestamp()
      ORDER BY next_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING o.id, o.topic, o.key, o.body`
  return taken.sort((a, b) => (a.id < b.id ? -1 : 1))
}

export async function markDelivered(db: Db, id: bigint): Promise<void> {
  await db`UPDATE outbox SET delivered_at = clock_timestamp() WHERE id = ${id}`
}
