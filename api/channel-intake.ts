import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { externalIdIn } from '#connectors/channel-document'
import type { Translated } from '#connectors/result'
import { storable } from '#connectors/storable'
import { markTold, markTooLate, storeDocument } from '#db/stores/inbox'
import { storeRefusal } from '#db/stores/refused-documents'
import type { ApiDeps } from './deps.ts'
import { tellOrTakeUp, type OrderMessage } from '#clients/order-process'
import { shippedOrder } from '#db/queries/orders'
import { HttpProblem, notFound } from './problem.ts'

export interface ChannelFacts {
  id: number
  code: string
  kind: string
  entity: string
  secretRefs: string[]
}

/** @throws 404 when there is no such channel of that kind. */
export async function channelOf(
  db: ApiDeps['db'],
  code: string,
  kind: string,
): Promise<ChannelFacts> {
  const [row] = await db<
    ChannelFacts[]
  >`SELECT c.id, c.code, c.kind, e.code AS entity, c.secret_refs AS "secretRefs" FROM channel c JOIN entity e ON e.id = c.entity_id WHERE c.code = ${code} AND c.kind = ${kind} AND c.status = 'active'`
  if (!row) throw notFound(`${kind} channel "${code}"`)
  return row
}

export interface Intake {
  channel: ChannelFacts
  topic: 'placed' | 'updated' | 'paid' | 'cancelled'
  eventId: string
  body: Buffer
  read: Translated<OrderDocument>
  actor: string
}

export interface IntakeAnswer {
  outcome: 'received' | 'accepted' | 'refused' | 'superseded'
  inboxId: string
  duplicate: boolean
  /** Why it was refused, field by field of the sender's own document. */
  problems?: DocumentProblem[]
}

/** Refusals that the sender mends by itself: it sends the whole document, or a later version, again. */
const SENT_AGAIN = new Set(['not-json', 'order-not-ready', 'order-cancelled'])

/**
 * Stores a channel's document, then tells the order's process. Once stored nothing is lost: if
 * the process engine is away, the sweep tells it later. A document that cannot be accepted is
 * kept as refused with its bytes and the fields that are wrong, and somebody is asked about it.
 */
export async function takeDocument(
  deps: ApiDeps,
  request: FastifyRequest,
  intake: Intake,
): Promise<IntakeAnswer> {
  const { channel, eventId, topic } = intake
  const source = `${channel.kind}/${channel.code}`
  const read = storable(intake.read)
  if (!read.ok) {
    const { problems } = read
    const { inboxId, fresh } = await storeRefusal(deps.db, {
      source,
      eventId,
      topic,
      channel: channel.code,
      externalId: externalIdIn(intake.body),
      body: intake.body,
      problems,
      asks: !problems.every(({ code }) => SENT_AGAIN.has(code)),
    })
    return { outcome: 'refused', inboxId, duplicate: !fresh, problems }
  }
  const document = read.value
  const { outcome, inboxId, fresh } = await storeDocument(deps.db, {
    source,
    eventId,
    topic,
    document,
  })
  if (outcome === 'received')
    await tellProcess(deps, request, { inboxId, topic, document, actor: intake.actor }, !fresh)
  return { outcome, inboxId, duplicate: !fresh }
}

/**
 * Tells the order's process of a stored document, or leaves it to the sweep. One that was refused
 * and comes `again` may meet the very run that is ending over it: the sweep makes sure.
 */
export async function tellProcess(
  deps: ApiDeps,
  request: FastifyRequest,
  message: OrderMessage,
  again: boolean,
): Promise<void> {
  const { inboxId } = message
  const taskQueue = deps.orderTaskQueue ? { taskQueue: deps.orderTaskQueue } : {}
  try {
    const told = await tellOrTakeUp(deps.temporal, { ...message, ...taskQueue }, (id) =>
      shippedOrder(deps.db, id),
    )
    if (told === 'ended') await markTooLate(deps.db, inboxId)
    else if (!again) await markTold(deps.db, [inboxId])
  } catch (error) {
    request.log.warn({ err: error, inboxId }, 'stored; the sweep will tell the order process')
  }
}

/** A sender without event ids sends the same event when it sends the same bytes. */
export function eventIdOf(header: unknown, body: Buffer): string {
  return typeof header === 'string' && header !== '' && header.length <= 200
    ? header
    : createHash('sha256').update(body).digest('hex')
}

export function documentRefused(problems: readonly DocumentProblem[]): HttpProblem {
  return new HttpProblem({
    status: 422,
    code: 'DocumentRefused',
    title: 'The document was not accepted',
    detail: problems
      .map((problem) => `${problem.field}: ${problem.message}`)
      .join('; ')
      .slice(0, 2000),
    errors: problems.map(({ field, message, code }) => ({ field, message: `${code}: ${message}` })),
  })
}
