import { createHash } from 'node:crypto'
import type { OrderDocument } from '#domain/orders/document'
import type { Db, Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import { transaction } from '#db/transaction'
import { Refusal } from '#domain/refusal'
import { openCase, resolveCase } from './cases.ts'
import { json, recordDecisions } from './records.ts'

export interface Problem {
  code: string
  field: string
  message: string
}

export interface UnreadableDocument {
  source: string
  eventId: string
  topic: string
  /** Code of the channel that sent it. */
  channel: string
  /** What the sender calls the order, where that much can be read. */
  externalId: string | null
  body: Buffer
  problems: Problem[]
  /** False where the sender is to send it again by itself, so that nobody need be asked. */
  asks: boolean
}

/** The process in whose name refused documents wait for somebody; it escalates and heals their cases. */
const WATCHED_BY = 'notification/outbox'

/**
 * Keeps a message that cannot be read as an order, with its bytes, and asks somebody what is to
 * become of it. The same message again is kept once and asks once.
 */
export async function storeRefusal(
  db: Db,
  refused: UnreadableDocument,
): Promise<{ inboxId: string; fresh: boolean }> {
  const { source, eventId, topic, problems, body } = refused
  const hash = createHash('sha256').update(body).digest()
  return transaction(db, async (tx) => {
    const [added] = await tx<{ id: bigint }[]>`
      INSERT INTO inbox (source, event_id, topic, body_hash, outcome, problems)
      VALUES (${source}, ${eventId}, ${topic}, ${hash}, 'refused', ${json(tx, problems)})
      ON CONFLICT (source, event_id) DO NOTHING RETURNING id`
    if (!added) {
      const [known] = await tx<{ id: bigint }[]>`
        SELECT id FROM inbox WHERE source = ${source} AND event_id = ${eventId}`
      return { inboxId: known!.id.toString(), fresh: false }
    }
    const inboxId = added.id.toString()
    await tx`INSERT INTO inbox_body (inbox_id, body) VALUES (${added.id}, ${body})`
    if (refused.asks) await ask(tx, { ...refused, inboxId, document: null })
    return { inboxId, fresh: true }
  })
}

/** The process says no to a document that could be read: the row says why, and somebody is asked. */
export async function refuseStored(db: Db, inboxId: string, problem: Problem): Promise<void> {
  await transaction(db, async (tx) => {
    const [row] = await tx<StoredRow[]>`
      UPDATE inbox SET outcome = 'refused', problems = ${json(tx, [problem])} WHERE id = ${BigInt(inboxId)} AND outcome = 'received'
      RETURNING source, event_id AS "eventId", topic, document`
    if (!row?.document) return
    const { channel, externalId } = row.document
    await ask(tx, { ...row, inboxId, channel, externalId, problems: [problem] })
  })
}

interface StoredRow {
  source: string
  eventId: string
  topic: string
  document: OrderDocument | null
}

interface Asked extends StoredRow {
  inboxId: string
  channel: string
  externalId: string | null
  problems: Problem[]
}

/** A channel that nobody has opened belongs to no company: the first one is asked. */
async function ask(tx: Tx, refused: Asked): Promise<void> {
  const { inboxId, channel, externalId, problems, document } = refused
  const [place] = await tx<{ entityId: number; channelId: number | null; currency: string }[]>`
    SELECT e.id AS "entityId", c.id AS "channelId", coalesce(c.currency, e.functional_currency) AS currency
    FROM entity e LEFT JOIN channel c ON c.entity_id = e.id AND c.code = ${channel} ORDER BY (c.id IS NULL), e.id LIMIT 1`
  if (!place) return
  const { exceptions } = await policiesFor(tx, channel)
  const [first] = problems
  await openCase(tx, {
    ...place,
    key: caseKey(inboxId),
    type: 'document-refused',
    subjectType: 'inbox',
    subjectId: inboxId,
    workflowId: WATCHED_BY,
    policy: exceptions.body['document-refused'],
    moneyAtRiskMinor: BigInt(document?.total.minor ?? 0),
    currency: document?.currency ?? place.currency,
    customerClass: document?.customer.class ?? 'standard',
    summary:
      `A ${refused.topic} document of ${channel} was refused: ${first?.field ?? '$'}: ${first?.message ?? 'no reason told'}`.slice(
        0,
        500,
      ),
    evidence: {
      source: refused.source,
      eventId: refused.eventId,
      externalId,
      externalVersion: document?.externalVersion ?? null,
      problems: problems.slice(0, 20),
    },
    openedBy: 'system',
  })
}

function caseKey(inboxId: string): string {
  return `document-refused/${inboxId}`
}

export interface RefusedRow {
  id: bigint
  source: string
  topic: 'placed' | 'updated' | 'paid' | 'cancelled'
  outcome: string
  channel: string
  kind: string | null
  document: OrderDocument | null
  body: Buffer | null
}

/** A message with its bytes, and the kind of the channel that it names; undefined when there is none. */
export async function readRefused(db: Db, inboxId: string): Promise<RefusedRow | undefined> {
  const [row] = await db<RefusedRow[]>`
    SELECT i.id, i.source, i.topic, i.outcome, i.document, b.body, n.channel, c.kind
    FROM inbox i CROSS JOIN LATERAL (SELECT coalesce(i.document->>'channel', split_part(i.source, '/', 2)) AS channel) n
    LEFT JOIN inbox_body b ON b.inbox_id = i.id LEFT JOIN channel c ON c.code = n.channel
    WHERE i.id = ${BigInt(inboxId)}`
  return row
}

/** Read again and still refused: the row says the reasons of today. */
export async function refuseAgain(db: Db, inboxId: string, problems: Problem[]): Promise<void> {
  await db`UPDATE inbox SET problems = ${db.json(problems as never)} WHERE id = ${BigInt(inboxId)} AND outcome = 'refused'`
}

export interface DocumentDecision {
  inboxId: string
  resolution: 'retry' | 'reject'
  actor: string
}

/**
 * `retry` opens the message again, with what is now read from it; `reject` is for ever and
 * empties its bytes. Either closes its case.
 * @throws Refusal `DocumentNotRefused` when somebody, or the sender, was faster.
 */
export async function decideRefused(
  tx: Tx,
  { inboxId, resolution, actor }: DocumentDecision,
  document: OrderDocument | null,
): Promise<void> {
  const id = BigInt(inboxId)
  const found =
    await tx`SELECT 1 FROM inbox WHERE id = ${id} AND outcome = 'refused' FOR NO KEY UPDATE`
  if (found.length === 0)
    throw new Refusal(
      'DocumentNotRefused',
      `Message ${inboxId} is not refused any more: GET /v1/inbox says what became of it.`,
    )
  if (resolution === 'retry')
    await tx`
      UPDATE inbox SET outcome = 'received', problems = NULL, document = ${json(tx, document)}, told_at = NULL, attempts = 0, next_at = NULL
      WHERE id = ${id}`
  await tx`UPDATE inbox_body SET body = NULL, erased_at = clock_timestamp() WHERE inbox_id = ${id} AND body IS NOT NULL`
  const [open] = await tx<{ id: bigint; evidence: unknown }[]>`
    SELECT id, evidence FROM exception_case WHERE key = ${caseKey(inboxId)} AND state = 'open' FOR NO KEY UPDATE`
  if (open) await resolveCase(tx, open.id, { resolution, actor })
  await recordDecisions(tx, [
    {
      subjectType: 'inbox',
      subjectId: inboxId,
      kind: 'exception:document-refused',
      rule: 'person',
      ruleVersion: 1,
      inputs: { caseId: open?.id.toString() ?? null, evidence: open?.evidence ?? {} },
      choice: { resolution },
      alternatives: [{ resolution: resolution === 'retry' ? 'reject' : 'retry' }],
      actor,
    },
  ])
}

/**
 * Closes the cases whose document, or a newer one about the same order, was taken meanwhile, and
 * hands on those that nobody has decided in time. Answers how many of each.
 */
export async function watchRefused(db: Db): Promise<{ healed: number; escalated: number }> {
  const healed = await db`
    UPDATE exception_case x SET state = 'self-healed', resolution = 'the order was taken', resolved_by = 'system', resolved_at = clock_timestamp()
    FROM inbox i
    WHERE x.type = 'document-refused' AND x.state = 'open' AND i.id = x.subject_id::bigint AND (i.outcome IN ('accepted', 'superseded') OR EXISTS (
      SELECT FROM sales_order o WHERE o.channel_id = x.channel_id AND o.external_id = x.evidence->>'externalId'
        AND CASE WHEN x.evidence->>'externalVersion' IS NULL THEN o.recorded_at > i.received_at
          ELSE o.external_version > x.evidence->>'externalVersion' END))
    RETURNING 1`
  const late = await db<{ channel: string; id: bigint }[]>`
    SELECT x.id, coalesce(c.code, '*') AS channel FROM exception_case x LEFT JOIN channel c ON c.id = x.channel_id
    WHERE x.type = 'document-refused' AND x.state = 'open' AND x.due_at < clock_timestamp() LIMIT 100`
  for (const { id, channel } of late) {
    const { exceptions } = await policiesFor(db, channel)
    const { escalateTo, slaMinutes } = exceptions.body['document-refused']
    await db`
      UPDATE exception_case SET escalations = escalations + 1, owner_team = ${escalateTo}, severity = 'high',
        due_at = clock_timestamp() + make_interval(secs => ${slaMinutes * 60})
      WHERE id = ${id} AND state = 'open' AND due_at < clock_timestamp()`
  }
  return { healed: healed.length, escalated: late.length }
}
