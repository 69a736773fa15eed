import {
  confirmShipment,
  reallocateStock,
  recordPayment,
  recordTracking,
  rejectFulfilment,
  reopenException,
  requestCancellation,
} from '#contracts/order-to-cash'
import { setTimeout as wait } from 'node:timers/promises'
import { linesOf } from '#tests/support/orders'
import { ended, labelled, named, openFulfilment, person } from './acting.ts'
import type { RecordingSystem } from './recording-system.ts'

/** Somebody with authority gives one order the units of another. */
export async function reallocated(system: RecordingSystem): Promise<string> {
  const loser = named('reallocated-from', {
    channel: 'desk',
    line: { sku: 'CHAIR', quantity: 5, unitPriceMinor: '22500' },
  })
  const { orderId: fromOrderId } = await system.place(loser)
  const order = named('reallocated', { line: { sku: 'CHAIR', unitPriceMinor: '22500' } })
  const { orderId } = await system.place(order)
  const [line] = await linesOf(system.database.db, orderId)
  const command = { fromOrderId, orderLineId: line!.id, qty: 1, reason: 'a wedding' }
  const given = await system
    .handle(order)
    .executeUpdate(reallocateStock, { args: [{ ...person, key: 'reallocate/1', ...command }] })
  await system.ship(order, given)
  return ended(system, order)
}

/** The site will not ship it, so another one does. */
export async function rejected(system: RecordingSystem): Promise<string> {
  const order = named('rejected')
  const { orderId } = await system.place(order)
  const fulfilmentId = await openFulfilment(system, orderId)
  const command = { ...person, key: 'reject/1', fulfilmentId, reason: 'the dock is flooded' }
  const moved = await system.handle(order).executeUpdate(rejectFulfilment, { args: [command] })
  await system.ship(order, moved)
  return ended(system, order)
}

/** A cancellation that was disputed is thought over, and the warehouse gives the goods back. */
export async function reopened(system: RecordingSystem): Promise<string> {
  const order = named('reopened')
  await system.place(order)
  await system.handle(order).executeUpdate(requestCancellation, {
    args: [{ ...person, key: 'cancel/1', reason: 'changed their mind' }],
  })
  const [found] = (await system.until(order, ({ cases }) => cases.length > 0)).cases
  await system.resolve(order, 'dispute')
  const again = { ...person, key: 'reopen/1', caseId: found!.id, reason: 'they rang again' }
  await system.handle(order).executeUpdate(reopenException, { args: [again] })
  await system.resolve(order, 'recall', undefined, 'resolve/again')
  return ended(system, order)
}

/** A command that breaks answers whoever gave it, and leaves the process where it was. */
export async function bug(system: RecordingSystem): Promise<string> {
  const order = named('bug')
  const placed = await system.place(order)
  const broken = { ...person, key: 'ship/none', fulfilmentId: 'no number', reference: 'S-0' }
  const answered = await system
    .handle(order)
    .executeUpdate(confirmShipment, { args: [broken] })
    .then(
      () => false,
      () => true,
    )
  if (!answered) throw new Error('a shipment of no fulfilment order went through')
  await system.ship(order, placed)
  return ended(system, order)
}

/** While its last parcel arrives, its customer is told to have paid twice: it does not end. */
export async function paidTwice(system: RecordingSystem): Promise<string> {
  const order = named('paid-twice')
  const placed = await system.place(order)
  await labelled(system, order, placed)
  await system.ship(order, placed)
  const [parcel] = await system.database.db<
    { tracking: string }[]
  >`SELECT tracking_number AS tracking FROM parcel WHERE order_id = ${placed.orderId}`
  // Nothing of the order moves until both are here.
  const blocked = system.database.admin.begin(async (tx) => {
    await tx`SELECT 1 FROM sales_order WHERE id = ${placed.orderId} FOR UPDATE`
    await wait(1_500)
  })
  await wait(200)
  await system.handle(order).signal(recordTracking, {
    providerEventId: 'paid-twice/delivered',
    trackingNumber: parcel!.tracking,
    status: 'delivered',
    at: new Date().toISOString(),
    actor: 'carrier',
  })
  await system.handle(order).signal(recordPayment, {
    key: 'evt_paid-twice',
    kind: 'captured',
    provider: 'stripe',
    reference: 'pi_paid-twice-again',
    amountMinor: order.total.minor,
    effectiveOn: new Date().toISOString().slice(0, 10),
    actor: 'gateway:stripe',
  })
  await blocked
  await system.until(order, ({ cases }) => cases[0]?.type === 'paid-unfulfillable')
  await system.resolve(order, 'refund')
  return ended(system, order)
}
