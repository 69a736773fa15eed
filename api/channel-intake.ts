import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import type { Translated } from '#connectors/result'
import { markTooLate, storeDocument, storeRefusal } from '#db/stores/inbox'
import type { ApiDeps } from './deps.ts'
import { tellAgain, tellOrder } from '#clients/order-process'
import { orderToCashId } from '#contracts/order-to-cash'
import { shippedOrder } from '#db/queries/orders'
import { unstorable } from './plugins/text-guard.ts'
import { HttpProblem, notFound } from './problem.ts'

export interface ChannelFacts {
  id: number
  code: string
  kind: string
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
  >`SELECT id, code, kind, secret_refs AS "secretRefs" FROM channel WHERE code = ${code} AND kind = ${kind} AND status = 'active'`
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

/**
 * Stores a channel's document, then tells the order's process. Once stored nothing is lost: if
 * the process engine is away, the sweep tells it later. A document that cannot be accepted is
 * kept as refused, with the fields that are wrong.
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
      body: intake.body,
      problems,
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
  if (outcome === 'received') await tell(deps, request, intake, document, inboxId)
  return { outcome, inboxId, duplicate: !fresh }
}

/** The database stores neither NUL nor half a character, wherever in a document they stand. */
function storable(read: Translated<OrderDocument>): Translated<OrderDocument> {
  if (!read.ok) return read
  const problems = unstorable('$', read.value).map((found) => ({
    ...found,
    code: 'not-storable',
  }))
  return problems.length === 0 ? read : { ok: false, problems }
}

async function tell(
  deps: ApiDeps,
  request: FastifyRequest,
  { topic, actor }: Intake,
  document: OrderDocument,
  inboxId: string,
): Promise<void> {
  const taskQueue = deps.orderTaskQueue ? { taskQueue: deps.orderTaskQueue } : {}
  try {
    const told = await tellOrder(deps.temporal, { inboxId, topic, document, actor, ...taskQueue })
    if (told === 'told') return
    const shipped =
      document.cancelled &&
      (await shippedOrder(deps.db, orderToCashId(document.channel, document.externalId)))
    if (shipped) await tellAgain(deps.temporal, shipped, { inboxId, actor, ...taskQueue })
    else await markTooLate(deps.db, inboxId)
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
