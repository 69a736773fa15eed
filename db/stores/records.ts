import type { Tx } from '#db/client'
import { sendAlong } from '#db/transaction'

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
  if (decisions.length === 0) return
  await sendAlong(
    tx,
    tx`
    INSERT INTO decision_record (subject_type, subject_id, kind, rule, rule_version, inputs, choice, alternatives, actor)
    SELECT * FROM jsonb_to_recordset(${json(
      tx,
      decisions.map((d) => ({
        subject_type: d.subjectType,
        subject_id: d.subjectId,
        kind: d.kind,
        rule: d.rule,
        rule_version: d.ruleVersion,
        inputs: d.inputs,
        choice: d.choice,
        alternatives: d.alternatives ?? [],
        actor: d.actor,
      })),
    )}) AS d (subject_type text, subject_id text, kind text, rule text, rule_version int, inputs jsonb, choice jsonb, alternatives jsonb, actor text)`,
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
  if (events.length === 0) return
  await sendAlong(
    tx,
    tx`
    INSERT INTO audit_event (subject_type, subject_id, action, before, after, reason, actor, command_key)
    SELECT * FROM jsonb_to_recordset(${json(
      tx,
      events.map((e) => ({
        subject_type: e.subjectType,
        subject_id: e.subjectId,
        action: e.action,
        before: e.before ?? null,
        after: e.after ?? null,
        reason: e.reason ?? null,
        actor: e.actor,
        command_key: e.commandKey ?? null,
      })),
    )}) AS e (subject_type text, subject_id text, action text, before jsonb, after jsonb, reason text, actor text, command_key text)`,
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
  if (messages.length === 0) return
  await sendAlong(
    tx,
    tx`
    INSERT INTO outbox (topic, key, body, next_at)
    SELECT topic, key, body, clock_timestamp() + make_interval(mins => coalesce("afterMinutes", 0))
    FROM jsonb_to_recordset(${json(tx, messages)}) AS m (topic text, key text, body jsonb, "afterMinutes" int)
    ON CONFLICT (topic, key) DO NOTHING`,
  )
}

export interface IntendedEffect {
  key: string
  gateway: 'payment' | 'carrier' | 'tax' | 'mail' | 'compliance' | 'channel'
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
