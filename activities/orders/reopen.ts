import type { ReopenException } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { readDecidedCase, reopenCase } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import type { CaseType } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'

/**
 * Choices that moved nothing and may be thought over: a cancellation that was answered, a recall
 * that was not carried out. All others moved stock, money or a hold; those are undone by commands.
 */
const REOPENABLE = new Set<CaseType>(['cancel-too-late', 'channel-changed-after-release'])

/** Puts a decided case back into the queue with its time anew. */
export async function reopenException(
  tx: Tx,
  order: SalesOrder,
  { caseId, reason, actor }: ReopenException,
): Promise<void> {
  const found = await readDecidedCase(tx, order.id.toString(), BigInt(caseId))
  if (!found)
    throw new Refusal(
      'CaseNotDecided',
      `Case ${caseId} of order ${order.orderNumber} was not decided by a person: it is open, or it healed by itself.`,
    )
  if (!REOPENABLE.has(found.type) || found.resolution === 'recall')
    throw new Refusal(
      'NotReopenable',
      `"${found.resolution}" on a ${found.type} case has been carried out; undo it by a command on the order.`,
    )
  if (found.type === 'channel-changed-after-release') await askAgain(tx, order, found.evidence)
  const { slaMinutes, team } = order.policies.exceptions.body[found.type]
  await reopenCase(tx, found.id, { slaMinutes, team, reason, actor })
  order.hasCases = true
}

async function askAgain(
  tx: Tx,
  order: SalesOrder,
  evidence: Record<string, unknown>,
): Promise<void> {
  const fulfilments = (evidence['fulfilments'] as string[] | undefined) ?? []
  const stopped = await tx`
    UPDATE fulfilment_order SET state = 'recall-requested' WHERE order_id = ${order.id} AND id = ANY(${fulfilments}::bigint[])
      AND state IN ('released', 'recall-requested') RETURNING id`
  if (stopped.length === 0)
    throw new Refusal(
      'NotReopenable',
      'The warehouse has nothing of it any more: ask for a cancellation, or open a return.',
    )
}
