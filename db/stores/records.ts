import { jsonText, type Tx } from '#db/client'
import { sendAlong, writeAtEnd } from '#db/transaction'

export interface Decision {
  subjectType: string
  subjectId: string
  kind: string
  rule: string
  ruleVersion: number
  inputs: unknown
  choice: unknown
  alternatives?: unknown[]
  actor: string
}

/** Why an automatic choice was made: its inputs, its rule and what lost. */
export async function recordDecisions(tx: Tx, decisions: readonly Decision[]): Promise<void> {
  await keepTrail(
    tx,
    decisions.map((d) => ({
      decision: {
        subject_type: d.subjectType,
        subject_id: d.subjectId,
        kind: d.kind,
        rule: d.rule,
        rule_version: d.ruleVersion,
        inputs: d.inputs,
        choice: d.choice,
        alternatives: d.alternatives ?? [],
        actor: d.actor,
      },
    })),
  )
}

export interface AuditEvent {
  subjectType: string
  subjectId: string
  action: string
  before?: unknown
  after?: unknown
  reason?: string | null
  actor: string
  commandKey?: string
}

/** Who changed what, from what to what and why; also the time line of a process. */
export async function recordAudit(tx: Tx, events: readonly AuditEvent[]): Promise<void> {
  await keepTrail(
    tx,
    events.map((e) => ({
      event: {
        subject_type: e.subjectType,
        subject_id: e.subjectId,
        action: e.action,
        before: e.before ?? null,
        after: e.after ?? null,
        reason: e.reason ?? null,
        actor: e.actor,
        command_key: e.commandKey ?? null,
      },
    })),
  )
}

export interface OutboxMessage {
  topic: string
  key: string
  body: unknown
  /** It is not delivered before so long; at once unless given. */
  afterMinutes?: number
}

/** What others must be told, in the transaction that made it true; told at least once, under one key. */
export async function addToOutbox(tx: Tx, messages: readonly OutboxMessage[]): Promise<void> {
  await keepTrail(
    tx,
    messages.map((message) => ({ message })),
  )
}

/**
 * Nothing in a transaction reads what it leaves behind, so it is all written by one statement at
 * the end; as text, because what a row was made of may change until then.
 */
async function keepTrail(tx: Tx, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await writeAtEnd(tx, writeTrail, rows.map(jsonText))
}

function writeTrail(tx: Tx, rows: readonly string[]): PromiseLike<unknown> {
  return tx`
    WITH trail AS MATERIALIZED (
      SELECT kept->'decision' AS decision, kept->'event' AS event, kept->'message' AS message, nth
      FROM jsonb_array_elements(${`[${rows.join()}]`}::text::jsonb) WITH ORDINALITY AS t (kept, nth)
    ), decided AS (
      INSERT INTO decision_record (subject_type, subject_id, kind, rule, rule_version, inputs, choice, alternatives, actor)
      SELECT d.* FROM trail, jsonb_to_record(decision) AS d (subject_type text, subject_id text, kind text, rule text, rule_version int, inputs jsonb, choice jsonb, alternatives jsonb, actor text)
      WHERE decision IS NOT NULL ORDER BY nth
    ), happened AS (
      INSERT INTO audit_event (subject_type, subject_id, action, before, after, reason, actor, command_key)
      SELECT e.* FROM trail, jsonb_to_record(event) AS e (subject_type text, subject_id text, action text, before jsonb, after jsonb, reason text, actor text, command_key text)
      WHERE event IS NOT NULL ORDER BY nth
    )
    INSERT INTO outbox (topic, key, body, next_at)
    SELECT topic, key, body, clock_timestamp() + make_interval(mins => coalesce("afterMinutes", 0))
    FROM trail, jsonb_to_record(message) AS m (topic text, key text, body jsonb, "afterMinutes" int)
    WHERE message IS NOT NULL ORDER BY nth
    ON CONFLICT (topic, key) DO NOTHING`
}

export interface IntendedEffect {
  key: string
  gateway:
    | 'payment'
    | 'carrier'
    | 'tax'
    | 'mail'
    | 'compliance'
    | 'channel'
    | 'supplier'
    | 'bank'
    | 'warehouse'
  operation: string
  subjectType: string
  subjectId: string
  request: unknown
}

/** Writes an outside call down before it is made, under the one key that it keeps for life. */
export async function intendEffect(tx: Tx, effect: IntendedEffect): Promise<void> {
  await sendAlong(
    tx,
    tx`
    INSERT INTO external_effect (key, gateway, operation, subject_type, subject_id, request)
    VALUES (${effect.key}, ${effect.gateway}, ${effect.operation}, ${effect.subjectType}, ${effect.subjectId}, ${json(tx, effect.request)})
    ON CONFLICT (key) DO NOTHING`,
  )
}

/** JSON parameter in which a `bigint` becomes its decimal text. */
export function json(tx: Tx, value: unknown): ReturnType<Tx['json']> {
  return tx.json(value as Parameters<Tx['json']>[0])
}
