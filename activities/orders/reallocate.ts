import type { ReallocateStock } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { candidateNodes } from '#db/queries/routing'
import { insertReservations, lockPositions } from '#db/stores/stock'
import { lockOrder, type LiveReservation, type OrderLine, type SalesOrder } from '#db/stores/orders'
import { addToOutbox, recordDecisions } from '#db/stores/records'
import { unplannedUnits } from '#domain/orders/phase'
import { Refusal } from '#domain/refusal'
import { knownLine, releaseReserved } from './cancel.ts'
import { lineOf, planOrder, promise } from './plan.ts'
import { finishStep } from './progress.ts'
import { resumeOrder } from './resume.ts'

/**
 * Moves reserved, unreleased units from one order to another, with authority: the loser is told,
 * re-planned and promised anew, and both orders say why (INV-30, INV-41).
 */
export async function reallocate(
  tx: Tx,
  order: SalesOrder,
  command: ReallocateStock & { today: string },
): Promise<void> {
  if (command.fromOrderId === order.id.toString())
    throw new Refusal('SameOrder', 'Units cannot move from an order to itself.')
  const line = knownLine(order, command.orderLineId)
  const wanted = Math.min(command.qty, unplannedUnits(line) + line.backordered)
  if (line.itemId === null || wanted < command.qty)
    throw new Refusal(
      'QuantityNotOpen',
      `Line ${line.lineNo} lacks ${unplannedUnits(line) + line.backordered} units, ${command.qty} were asked for.`,
    )
  const loser = await lockOrder(tx, command.fromOrderId)
  const free = loser.reservations.filter((r) => r.itemId === line.itemId && r.live > r.onFulfilment)
  const available = free.reduce((units, r) => units + r.live - r.onFulfilment, 0)
  if (available < command.qty)
    throw new Refusal(
      'NothingToTake',
      `Order ${loser.orderNumber} has ${available} units of ${line.sku} that are not with the warehouse yet.`,
    )
  await lockPositions(tx, [line.itemId], [...new Set(free.map((r) => r.siteId))])
  line.backordered -= Math.max(0, command.qty - unplannedUnits(line))
  await moveUnits(tx, { order, loser, line, free, qty: command.qty })
  await promiseFromSites(tx, order, line, command.today)
  await recordDecisions(
    tx,
    [order, loser].map((party) => ({
      subjectType: 'order',
      subjectId: party.id.toString(),
      kind: 'reallocation',
      rule: 'person',
      ruleVersion: 1,
      inputs: {
        item: line.sku,
        qty: command.qty,
        from: loser.orderNumber,
        to: order.orderNumber,
        classes: [loser.customerClass, order.customerClass],
      },
      choice: { reason: command.reason },
      actor: command.actor,
    })),
  )
  await tellLoser(tx, loser, command, `units of ${line.sku} were given to ${order.orderNumber}`)
  await resumeOrder(tx, order, command)
}

interface Moving {
  order: SalesOrder
  loser: SalesOrder
  line: OrderLine
  free: readonly LiveReservation[]
  qty: number
}

async function moveUnits(tx: Tx, { order, loser, line, free, qty }: Moving): Promise<void> {
  let left = qty
  const itemId = line.itemId!
  for (const reservation of free) {
    const taken = await releaseReserved(tx, [reservation], left, 'handed-over')
    if (taken === 0) continue
    left -= taken
    lineOf(loser, reservation.orderLineId).allocated -= taken
    const { siteId } = reservation
    const mine = { orderLineId: line.id, itemId, siteId }
    const [row] = await insertReservations(tx, [
      { ...mine, orderId: order.id, qty: taken, fromPool: 0, priority: order.channelPriority },
    ])
    order.reservations.push({
      id: row!.id,
      ...mine,
      siteCode: reservation.siteCode,
      live: taken,
      onFulfilment: 0,
      expiresAt: null,
    })
  }
  line.allocated += qty
}

/** The units that came are promised as the sites that hold them can ship. */
async function promiseFromSites(
  tx: Tx,
  order: SalesOrder,
  line: OrderLine,
  today: string,
): Promise<void> {
  const nodes = await candidateNodes(tx, order)
  for (const node of nodes) {
    const parcel = order.reservations
      .filter((r) => r.siteId === node.siteId && r.orderLineId === line.id)
      .map(({ itemId, live }) => ({ itemId, qty: live }))
    if (parcel.length > 0) promise(line, node, parcel, today)
  }
}

/** Planned anew in this very commit, and its process is told: nobody is ever silently short. */
async function tellLoser(
  tx: Tx,
  loser: SalesOrder,
  command: ReallocateStock & { today: string },
  cause: string,
): Promise<void> {
  await planOrder(tx, loser, { actor: command.actor, today: command.today })
  await finishStep(tx, loser, {
    action: 'units-taken',
    actor: command.actor,
    key: command.key,
    reason: command.reason,
  })
  await addToOutbox(tx, [
    {
      topic: 'look-again',
      key: `reallocated/${loser.id}/${command.key}`,
      body: { workflowId: loser.workflowId, cause },
    },
  ])
}
