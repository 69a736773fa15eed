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
  const outcome = known!.outcome === 'refused' ? await openAgain(db, known!.id) : known!.outcome
  return { inboxId: known!.id.toString(), outcome, fresh: false }
}

/** Whoever sends a refused document again has removed the reason, or is told it once more. */
async function openAgain(db: Db, id: bigint): Promise<StoredDocument['outcome']> {
  const opened = await db`
    UPDATE inbox SET outcome = 'received', problems = NULL WHERE id = ${id} AND outcome = 'refused' AND document IS NOT NULL RETURNING 1`
  return opened.length > 0 ? 'received' : 'refused'
}

/** Keeps why a message was not accepted, without its content: its sender is told the same. */
export async function storeRefusal(
  db: Db,
  refused: {
    source: string
    eventId: string
    topic: string
    body: Buffer | string
    problems: unknown[]
  },
): Promise<{ inboxId: string; fresh: boolean }> {
  const hash = createHash('sha256').update(refused.body).digest()
  const [added] = await db<{ id: bigint }[]>`
    INSERT INTO inbox (source, event_id, topic, body_hash, outcome, problems)
    VALUES (${refused.source}, ${refused.eventId}, ${refused.topic}, ${hash}, 'refused', ${db.json(refused.problems as never)})
    ON CONFLICT (source, event_id) DO NOTHING RETURNING id`
  if (added) return { inboxId: added.id.toString(), fresh: true }
  const [known] = await db<
    { id: bigint }[]
  >`SELECT id FROM inbox WHERE source = ${refused.source} AND event_id = ${refused.eventId}`
  return { inboxId: known!.id.toString(), fresh: false }
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

/** Messages whose process was never told, e.g. because Temporal was away; oldest first. */
export async function untoldDocuments(
  db: Db,
  olderThanMs: number,
  limit: number,
): Promise<UntoldDocument[]> {
  return db<UntoldDocument[]>`
    SELECT id::text AS "inboxId", topic, document FROM inbox
    WHERE outcome = 'received' AND document IS NOT NULL AND received_at < clock_timestamp() - make_interval(secs => ${olderThanMs / 1000})
    ORDER BY id LIMIT ${limit}`
}
