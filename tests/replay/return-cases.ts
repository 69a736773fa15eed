import {
  cancelReturn,
  disposeReturn,
  inspectReturn,
  labelReturn,
  linkExchange,
  lookAgainAtReturn,
  receiveReturn,
  returnToRefundId,
  scanReturn,
} from '#contracts/return-to-refund'
import type { DocumentProgress } from '#contracts/document-progress'
import { aLine, setPolicy } from '#tests/support/company'
import { returnsOn } from '#tests/support/returns'
import { named } from './acting.ts'
import type { RecordingSystem } from './recording-system.ts'

/** Labelled, scanned, received, graded, put to use, credited, and told that its refund went through. */
export async function rmaRefunded(system: RecordingSystem): Promise<string> {
  const returns = returnsOn(asSystem(system))
  const replacement = await shippedOrder(system, 'rma-replacement')
  const back = await returns.ask(await shippedOrder(system, 'rma-refunded'))
  await returns.tell(back, labelReturn, { carrier: 'UPS', trackingNumber: '1Z', costMinor: '500' })
  await returns.tell(back, scanReturn, {})
  const goods = [{ sku: 'LAMP', qty: 1, condition: 'opened' as const }]
  await returns.tell(back, receiveReturn, { reference: 'P-1', goods })
  await returns.tell(back, linkExchange, { orderId: replacement })
  await returns.tell(back, inspectReturn, { units: [{ sku: 'LAMP', qty: 1, grade: 'A' }] })
  // The refund goes through before the goods are put to use.
  const id = returnToRefundId(back.no)
  await returns.until(back, ({ version }) => version > 6)
  await system.client.workflow.getHandle(id).signal(lookAgainAtReturn, { cause: 'recorded' })
  await returns.until(back, ({ version }) => version > 7)
  const put = { sku: 'LAMP', qty: 1, kind: 'restock' as const, reason: 'fine' }
  await returns.tell(back, disposeReturn, put)
  return ended(system, back)
}

/** What is worth much waits for a person until its case is overdue, is agreed to, and cancelled. */
export async function rmaApproved(system: RecordingSystem): Promise<string> {
  const { admin } = system.database
  const soon = { team: 'order-desk', slaMinutes: 0.02, escalateTo: 'finance', severity: 'normal' }
  await setPolicy(admin, 'exceptions', { 'return-approval': soon })
  const returns = returnsOn(asSystem(system))
  const back = await returns.ask(await shippedOrder(system, 'rma-approved', 5))
  await returns.until(back, ({ version }) => version > 1)
  await returns.resolve(back, 'return-approval', 'approve')
  await returns.tell(back, cancelReturn, { reason: 'keeps them' })
  await setPolicy(admin, 'exceptions', {})
  return ended(system, back)
}

/** More is asked back than left. */
export async function rmaRefused(system: RecordingSystem): Promise<string> {
  const orderId = await shippedOrder(system, 'rma-refused')
  const returnNo = 'rma-refused'
  const asked = returnsOn(asSystem(system)).ask(orderId, { returnNo, qty: 9 })
  await asked.catch(() => undefined)
  const id = returnToRefundId(returnNo)
  await system.client.workflow
    .getHandle(id)
    .result()
    .catch(() => undefined)
  return id
}

function asSystem({ client, database }: RecordingSystem) {
  return { client, db: database.db, taskQueue: 'orders' }
}

/** Lamps that have left, and its order's id. */
async function shippedOrder(system: RecordingSystem, name: string, quantity = 1): Promise<string> {
  const order = named(name, { lines: [aLine({ quantity })] })
  const placed = await system.place(order)
  await system.ship(order, placed)
  return placed.orderId
}

async function ended(system: RecordingSystem, { no }: DocumentProgress): Promise<string> {
  const id = returnToRefundId(no)
  await system.client.workflow.getHandle(id).result()
  return id
}
