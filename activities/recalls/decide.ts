import type { ResolveException } from '#contracts/order-to-cash'
import type { RecordOutcomes } from '#contracts/recall'
import type { Tx } from '#db/client'
import { keepOutcome, type RecallDoc } from '#db/stores/recalls'
import { Refusal } from '#domain/refusal'
import { chosenCase, decideDocumentCase, keepChoice } from '../documents/cases.ts'
import { textParam } from '../documents/params.ts'
import { tellCustomers } from './begin.ts'

/** @throws Refusal `NotRecalled` of an order that was sent nothing of the lot. */
export async function takeOutcomes(
  tx: Tx,
  doc: RecallDoc,
  { orders, actor }: RecordOutcomes,
): Promise<void> {
  for (const [n, { orderId, outcome, note }] of orders.entries()) {
    const order = doc.orders.find((one) => one.orderId.toString() === orderId)
    if (!order)
      throw new Refusal(
        'NotRecalled',
        `Order ${orderId} was sent nothing of lot ${doc.lot}. Name one of the recall’s orders.`,
        { field: `body.orders.${n}.orderId` },
      )
    await keepOutcome(tx, doc.id, { orderId: order.orderId, outcome, note: note ?? null, actor })
    order.outcome = outcome
  }
}

/**
 * `remind` writes again to whoever has not answered, and the case stays; `mark-done` says that the
 * others will not be heard of.
 * @throws Refusal `MissingParameter` without a reason.
 */
export async function resolveCaseOf(
  tx: Tx,
  doc: RecallDoc,
  command: ResolveException,
): Promise<void> {
  if (command.resolution === 'remind') {
    await keepChoice(tx, doc, await chosenCase(tx, doc, command), command)
    return tellCustomers(tx, doc, command.key)
  }
  const note = textParam(command.params, 'reason')
  await decideDocumentCase(tx, doc, command)
  for (const order of doc.orders.filter((one) => one.outcome === null)) {
    const { orderId } = order
    await keepOutcome(tx, doc.id, { orderId, outcome: 'unreachable', note, actor: command.actor })
    order.outcome = 'unreachable'
  }
}
