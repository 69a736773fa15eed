import type { FastifyRequest } from 'fastify'
import type { OrderDocument } from '#contracts/order-intake'
import { channelOrder } from '#connectors/channel-document'
import { commitOnce } from '#db/commit-once'
import {
  decideRefused,
  readRefused,
  refuseAgain,
  type RefusedRow,
} from '#db/stores/refused-documents'
import { Refusal } from '#domain/refusal'
import { storable } from '#connectors/storable'
import { documentRefused, tellProcess } from './channel-intake.ts'
import type { ApiDeps } from './deps.ts'
import { notFound } from './problem.ts'
import { requireChannelScope } from './scope.ts'

export interface DocumentDecided {
  inboxId: string
  outcome: 'received' | 'refused'
}

/**
 * A person has mended why a document was refused, or gives it up. Retried, it is read anew from
 * its bytes, opened again, and its order's process is told; what the process makes of it stands
 * in the inbox. The same decision under the same key is one.
 * @throws 422 `DocumentRefused` when it still cannot be read; its case stays open.
 */
export async function decideDocument(
  deps: ApiDeps,
  request: FastifyRequest,
  inboxId: string,
  resolution: 'retry' | 'reject',
): Promise<DocumentDecided> {
  const { actor } = request.principal
  const found = await readRefused(deps.db, inboxId)
  if (!found) throw notFound(`message "${inboxId}"`)
  await requireChannelScope(deps.db, request.principal, found.channel)
  const wasRefused = found.outcome === 'refused'
  const document = resolution === 'retry' && wasRefused ? await readAnew(deps, found) : null
  const command = { inboxId, resolution, actor }
  await commitOnce(
    deps.db,
    { key: `document/${inboxId}/${request.commandKey}`, request: { inboxId, resolution }, actor },
    (tx) => decideRefused(tx, command, document),
  )
  if (document)
    await tellProcess(deps, request, { inboxId, topic: found.topic, document, actor }, true)
  return { inboxId, outcome: resolution === 'retry' ? 'received' : 'refused' }
}

async function readAnew({ db }: ApiDeps, found: RefusedRow): Promise<OrderDocument> {
  if (found.document) return found.document
  if (!found.body)
    throw new Refusal(
      'DocumentErased',
      'The content of this message is not kept any more: let the channel send the order again.',
    )
  const read = storable(channelOrder(found.kind ?? 'unknown', found.body, found.channel))
  if (read.ok) return read.value
  await refuseAgain(db, found.id.toString(), read.problems)
  throw documentRefused(read.problems)
}
