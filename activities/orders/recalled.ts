import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { openUnits } from '#domain/orders/phase'
import { Refusal } from '#domain/refusal'
import { cancelUnits, knownLine, takeBack, type UnitsOfLine } from './cancel.ts'
import { intendIntercepts, mailAnswer } from './intercepts.ts'
import { text } from './params.ts'
import { readInbox } from './receive.ts'
import { letWarehouseGoOn } from './recall.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'
import { useAddress } from './ship-to.ts'

/**
 * A cancellation or change that came when goods were on their way is answered: the carrier is asked
 * to stop them, a return is awaited (whoever takes it learns of it from the message), or the customer
 * reads that it was too late.
 */
export async function sayWhatWasChosen(
  tx: Tx,
  order: SalesOrder,
  { command, found }: Pick<Resolving, 'command' | 'found'>,
): Promise<void> {
  const key = `${found.id}/${command.key}`
  if (command.resolution === 'treat-as-return' || command.resolution === 'accept-as-return') {
    const units = found.evidence['units'] ?? null
    const choice = { orderId: order.id, choice: command.resolution, caseType: found.type, units }
    return addToOutbox(tx, [{ topic: 'cancellation', key, body: choice }])
  }
  const intercepts = command.resolution === 'intercept'
  if (intercepts) await intendIntercepts(tx, order, found.id)
  await mailAnswer(tx, order, intercepts ? 'intercepting' : 'too-late', key)
}

/** The warehouse gave the goods back, or they had left, or the channel is told that it is too late. */
export async function afterRecall(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  const fulfilments = (found.evidence['fulfilments'] as string[] | undefined) ?? []
  if (command.resolution !== 'recall') {
    await letWarehouseGoOn(tx, order)
    await sayWhatWasChosen(tx, order, { command, found })
    return order
  }
  for (const id of fulfilments) await takeBack(tx, order, BigInt(id))
  const units = takenBack(order, found)
  const moved = found.evidence['change'] === 'address'
  if (moved ? order.lines.every((line) => openUnits(line) === 0) : units.length === 0)
    throw new Refusal(
      'AlreadyShipped',
      'The warehouse has shipped the goods. Accept them as a return, or dispute the change.',
    )
  const reason = String(found.evidence['reason'] ?? 'recalled')
  if (units.length > 0)
    await cancelUnits(tx, order, units, { actor, reason, today, key: command.key })
  const changed = moved ? await addressFromChannel(tx, order, found, actor) : order
  await resumeOrder(tx, changed, { actor, today })
  return changed
}

/** Of the units that were asked back, those that nobody has shipped meanwhile. */
function takenBack(order: SalesOrder, found: OpenCase): UnitsOfLine[] {
  const asked = (found.evidence['units'] as UnitsOfLine[] | undefined) ?? []
  return asked.flatMap(({ orderLineId, qty }) => {
    const line = knownLine(order, orderLineId)
    const free = Math.min(qty, openUnits(line) - line.released)
    return free > 0 ? [{ orderLineId, qty: free }] : []
  })
}

async function addressFromChannel(
  tx: Tx,
  order: SalesOrder,
  found: OpenCase,
  actor: string,
): Promise<SalesOrder> {
  const { shipTo } = await readInbox(tx, text(found.evidence, 'inboxId'))
  return shipTo ? useAddress(tx, order, shipTo, actor) : order
}
