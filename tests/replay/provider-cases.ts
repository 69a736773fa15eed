import { setTimeout as wait } from 'node:timers/promises'
import { NOTIFICATION_ID, NOTIFICATION_TASK_QUEUE } from '#contracts/notification'
import type { OrderDocument } from '#contracts/order-intake'
import {
  lookAgain,
  recordPayment,
  requestCancellation,
  type RecordPayment,
} from '#contracts/order-to-cash'
import { storeProviderEvent } from '#db/stores/provider-events'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { authorised, ended, named, person } from './acting.ts'
import type { RecordingSystem } from './recording-system.ts'

/** The processor takes its time over a capture; what happens meanwhile does not wait for it. */
export async function factDuringCall(system: RecordingSystem): Promise<string> {
  const order = authorised('fact-during-call')
  const placed = await system.place(order)
  const { pay } = agreeableGateways
  let answer = () => {}
  const slow: typeof pay = (effect) =>
    new Promise((resolve) => (answer = () => resolve(pay(effect))))
  Object.assign(system.outside, { pay: slow })
  const shipped = await system.ship(order, placed)
  await wait(500)
  await system.handle(order).signal(lookAgain, { cause: 'somebody asked' })
  await system.until(order, ({ version }) => version > shipped.version)
  answer()
  delete system.outside.pay
  return ended(system, order)
}

/** A payment in a year that has no books is kept with the reason; one of today frees the order. */
export async function refusedFact(system: RecordingSystem): Promise<string> {
  const order = unpaid('refused-fact')
  await system.place(order)
  const { db } = system.database
  const told = { ...paymentOf(order), effectiveOn: '2015-06-15' }
  const { id: eventId } = await stored(system, order, told)
  await system.handle(order).signal(recordPayment, { ...told, key: 'evt_2015', eventId })
  for (let problem = null; problem === null; await wait(50)) {
    const [row] = await db<
      { problem: null }[]
    >`SELECT problem FROM provider_event WHERE id = ${eventId}`
    problem = row!.problem
  }
  await system.handle(order).signal(recordPayment, paymentOf(order))
  const released = await system.until(order, ({ phase }) => phase === 'released')
  await system.ship(order, released)
  return ended(system, order)
}

/** Its customer pays after the order was cancelled: a second run asks what becomes of the money. */
export async function openedAgain(system: RecordingSystem): Promise<string> {
  const order = unpaid('opened-again')
  await system.place(order)
  await system.handle(order).executeUpdate(requestCancellation, {
    args: [{ ...person, key: 'cancel/1', reason: 'nobody paid' }],
  })
  await ended(system, order)
  const { id } = await stored(system, order, paymentOf(order))
  await system.database
    .admin`UPDATE provider_event SET next_at = clock_timestamp() WHERE id = ${id}`
  const sweep = await system.client.workflow.start('notification', {
    workflowId: NOTIFICATION_ID,
    taskQueue: NOTIFICATION_TASK_QUEUE,
  })
  await system.until(order, ({ cases }) =>
    cases.some((found) => found.type === 'paid-unfulfillable'),
  )
  await sweep.terminate('recorded')
  await system.resolve(order, 'refund')
  return ended(system, order)
}

function unpaid(externalId: string): OrderDocument {
  const reference = `pi_${externalId}`
  const payment = { state: 'pending' as const, provider: 'stripe', reference, amountMinor: '0' }
  return named(externalId, { payment })
}

function paymentOf(order: OrderDocument): RecordPayment {
  return {
    key: `evt_${order.externalId}`,
    kind: 'captured',
    provider: 'stripe',
    reference: order.payment.reference!,
    amountMinor: order.total.minor,
    effectiveOn: new Date().toISOString().slice(0, 10),
    actor: 'gateway:stripe',
  }
}

function stored({ database }: RecordingSystem, order: OrderDocument, facts: RecordPayment) {
  const { provider, reference } = facts
  const eventId = `evt_${order.externalId}`
  const event = { provider, eventId, kind: 'payment.captured', reference, effectKey: null }
  return storeProviderEvent(database.db, { ...event, facts: { ...facts } }, { taken: true })
}
