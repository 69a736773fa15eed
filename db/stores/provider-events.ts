import type { Db, Reader, Tx } from '#db/client'

/** What a processor or a carrier told, in our words and without personal data. */
export interface ProviderEvent {
  provider: string
  /** The sender's id of this very event; the same id again is the same event. */
  eventId: string
  /** What happened, e.g. `payment.captured` or `tracking.delivered`. */
  kind: string
  /** The provider's payment, or the parcel's tracking number. */
  reference: string
  /** Our key of the effect that caused it, where the provider says so. */
  effectKey: string | null
  facts: Record<string, unknown>
}

export interface StoredEvent extends ProviderEvent {
  id: string
  state: 'waiting' | 'taken' | 'untaken' | 'unmatched'
  attempts: number
}

/** Whoever stored an event tells its process at once; the sweep does so when that did not happen. */
const LEFT_TO_ITS_RECEIVER_MS = 5_000
const LONGEST_PAUSE_SECONDS = 3_600
const UNMATCHED_AFTER_DAYS = 30

/**
 * Keeps an event before anybody acts on it: once this returns it cannot be lost. An event that
 * comes again is found by its id. `taken: false` for a kind that no process of ours takes.
 */
export async function storeProviderEvent(
  db: Db | Tx,
  event: ProviderEvent,
  { taken }: { taken: boolean },
): Promise<StoredEvent> {
  const [added] = await db<StoredEvent[]>`
    INSERT INTO provider_event (provider, event_id, kind, reference, effect_key, facts, state, next_at)
    VALUES (${event.provider}, ${event.eventId}, ${event.kind}, ${event.reference}, ${event.effectKey}, ${db.json(event.facts as never)},
      ${taken ? 'waiting' : 'untaken'}, clock_timestamp() + make_interval(secs => ${LEFT_TO_ITS_RECEIVER_MS / 1000}))
    ON CONFLICT (provider, event_id) DO NOTHING RETURNING ${columns(db)}`
  if (added) return added
  const [known] = await db<StoredEvent[]>`
    SELECT ${columns(db)} FROM provider_event WHERE provider = ${event.provider} AND event_id = ${event.eventId}`
  return known!
}

/**
 * Events whose time to be tried again has come, oldest first. Each comes again after a pause that
 * doubles, up to an hour, until its order has taken it: whoever asked for it may die.
 */
export async function dueProviderEvents(db: Db, limit: number): Promise<StoredEvent[]> {
  const due = await db<StoredEvent[]>`
    UPDATE provider_event SET attempts = attempts + 1,
      next_at = clock_timestamp() + make_interval(secs => least(${LONGEST_PAUSE_SECONDS}, 5 * 2 ^ least(attempts, 20)))
    WHERE id IN (SELECT id FROM provider_event WHERE state = 'waiting' AND next_at <= clock_timestamp() ORDER BY next_at, id LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING ${columns(db)}`
  return [...due].sort((one, other) => Number(BigInt(one.id) - BigInt(other.id)))
}

/**
 * Its order has taken it, or had before: it is off the list. Harmless to repeat. A dispute has a
 * process of its own, which knows its order by itself.
 */
export async function takeProviderEvent(db: Db, id: string, orderId: string | null): Promise<void> {
  await db`
    UPDATE provider_event SET state = 'taken', order_id = ${orderId === null ? null : BigInt(orderId)}, problem = NULL, settled_at = clock_timestamp()
    WHERE id = ${BigInt(id)} AND state <> 'taken'`
}

/** It stays open and says why; the sweep tries it again. */
export async function explainProviderEvent(db: Db, id: string, problem: string): Promise<void> {
  await db`UPDATE provider_event SET problem = ${problem.slice(0, 500)} WHERE id = ${BigInt(id)} AND state = 'waiting'`
}

/** Nobody here knows what it is about: another system of ours may share the account. */
export async function leaveUnmatched(db: Db, id: string): Promise<void> {
  await db`
    UPDATE provider_event SET problem = 'no order or parcel of ours has this reference',
      state = CASE WHEN received_at < clock_timestamp() - make_interval(days => ${UNMATCHED_AFTER_DAYS}) THEN 'unmatched' ELSE state END
    WHERE id = ${BigInt(id)} AND state = 'waiting'`
}

function columns(db: Reader) {
  return db`id::text, provider, event_id AS "eventId", kind, reference, effect_key AS "effectKey", facts, state, attempts`
}
