import { createHash } from 'node:crypto'
import type { OrderDocument } from '#domain/orders/document'
import type { Db } from '#db/client'
import { Refusal } from '#domain/refusal'

export interface IncomingDocument {
  /** Whose event ids these are, e.g. `shopify/shopify-us`. */
  source: string
  /** The sender's id of this very message; the same id again is the same message. */
  eventId: string
  topic: 'placed' | 'updated' | 'paid' | 'cancelled'
  document: OrderDocument
  /** The import that brought it, and the line at which it begins there; kept of a set only. */
  importId?: string
  importRow?: number
}

export interface StoredDocument {
  inboxId: string
  outcome: 'received' | 'accepted' | 'refused' | 'superseded'
  /** False when this message had been stored before. */
  fresh: boolean
}

/**
 * Keeps a channel's message before anybody is told: once this returns, nothing is lost, whatever
 * dies next. A repeated message is found by its id and stored once.
 * @throws Refusal `IdempotencyMismatch` when a caller of ours uses its key for another document;
 * a channel that does so sends its message again in another form, which changes nothing.
 */
export async function storeDocument(db: Db, incoming: IncomingDocument): Promise<StoredDocument> {
  const hash = createHash('sha256').update(JSON.stringify(incoming.document)).digest()
  const [added] = await db<{ id: bigint; outcome: StoredDocument['outcome'] }[]>`
    INSERT INTO inbox (source, event_id, topic, body_hash, outcome, document)
    VALUES (${incoming.source}, ${incoming.eventId}, ${incoming.topic}, ${hash}, 'received', ${db.json(incoming.document as never)})
    ON CONFLICT (source, event_id) DO NOTHING RETURNING id, outcome`
  if (added) return { inboxId: added.id.toString(), outcome: added.outcome, fresh: true }
  const [known] = await db<
    { id: bigint; outcome: StoredDocument['outcome']; bodyHash: Buffer }[]
  >`SELECT id, outcome, body_hash AS "bodyHash" FROM inbox WHERE source = ${incoming.source} AND event_id = ${incoming.eventId}`
  if (incoming.source === 'api' && !known!.bodyHash.equals(hash))
    throw new Refusal(
      'IdempotencyMismatch',
      'This key was already used for another order: send the same order, or a new key.',
    )
  const again = known!.outcome === 'refused'
  const outcome = again ? await openAgain(db, known!.id, incoming.document, hash) : known!.outcome
  return { inboxId: known!.id.toString(), outcome, fresh: false }
}

/** Whoever sends a refused document again has removed the reason, or is told it once more. */
async function openAgain(
  db: Db,
  id: bigint,
  document: OrderDocument,
  hash: Buffer,
): Promise<StoredDocument['outcome']> {
  const opened = await db`
    UPDATE inbox SET outcome = 'received', problems = NULL, document = ${db.json(document as never)}, body_hash = ${hash},
      told_at = NULL, attempts = 0, next_at = NULL
    WHERE id = ${id} AND outcome = 'refused' RETURNING 1`
  return opened.length > 0 ? 'received' : 'refused'
}

/** Another message has made this order before: this one is refused, and true says so. */
export async function refuseSecond(db: Db, inboxId: string): Promise<boolean> {
  const problems = [
    { code: 'order-exists', field: 'externalId', message: 'this order has been placed before' },
  ]
  const refused = await db`
    UPDATE inbox SET outcome = 'refused', problems = ${db.json(problems)} WHERE id = ${BigInt(inboxId)} AND outcome <> 'accepted' RETURNING 1`
  return refused.length > 0
}

/** The order's process had ended when the message came: nothing changes any more. */
export async function markTooLate(db: Db, inboxId: string): Promise<void> {
  const problems = [
    { code: 'order-ended', field: 'document', message: 'the process of this order had ended' },
  ]
  await db`UPDATE inbox SET outcome = 'superseded', problems = ${db.json(problems)} WHERE id = ${BigInt(inboxId)} AND outcome = 'received'`
}

export interface UntoldDocument {
  inboxId: string
  topic: IncomingDocument['topic']
  document: OrderDocument
}

/**
 * Takes messages whose process was never told, e.g. because Temporal was away, or was told long
 * ago and never took them. Each is put off by 5, 10, 20 … seconds, at most ten minutes, so that
 * one that cannot be told does not keep those behind it; `markTold` puts it off for longer.
 */
export async function takeUntold(
  db: Db,
  olderThanMs: number,
  limit: number,
): Promise<UntoldDocument[]> {
  const taken = await db<UntoldDocument[]>`
    UPDATE inbox i SET attempts = i.attempts + 1,
      next_at = clock_timestamp() + make_interval(secs => least(600, 5 * 2 ^ least(i.attempts, 30)))
    WHERE i.id IN (
      SELECT id FROM inbox
      WHERE outcome = 'received' AND document IS NOT NULL
        AND coalesce(next_at, received_at + make_interval(secs => ${olderThanMs / 1000})) <= clock_timestamp()
      ORDER BY next_at NULLS FIRST, id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING i.id::text AS "inboxId", i.topic, i.document`
  return taken.sort((a, b) => Number(BigInt(a.inboxId) - BigInt(b.inboxId)))
}

/**
 * Their processes know of these messages. One that has not taken its message after `againAfterMs`
 * is told again, then after twice that, at most once a day: it may have ended in that very moment.
 */
export async function markTold(
  db: Db,
  inboxIds: readonly string[],
  againAfterMs = 60_000,
): Promise<void> {
  if (inboxIds.length === 0) return
  await db`
    UPDATE inbox SET told_at = clock_timestamp(),
      next_at = clock_timestamp() + make_interval(secs => least(86400, ${againAfterMs / 1000}::numeric * 2 ^ least(attempts, 30)))
    WHERE id = ANY(${[...inboxIds]}::bigint[]) AND outcome = 'received'`
}
