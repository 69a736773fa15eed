import { setTimeout as wait } from 'node:timers/promises'
import type { Company } from '#tests/support/company'
import { startBill } from '#tests/support/bills'
import { aBill, anOrderOf, aSupplier, receive, type Ordered } from '#tests/support/purchasing'
import { vendorBillId } from '#contracts/vendor-bill'
import type { BillDocument } from '#domain/purchasing/bill-document'
import type { RecordingSystem } from './recording-system.ts'

/** A clean bill: posted at its first look, paid by a run, over. */
export async function billPaid(system: RecordingSystem): Promise<string> {
  const { document } = await tenMugs(system, 'bill-paid', { received: 10 })
  const bill = await startBill(parts(system), document)
  await pay(system, bill.billId)
  await bill.look('paid')
  await bill.ended()
  return idOf(document)
}

/** Too dear: a person approves it. */
export async function billApproved(system: RecordingSystem): Promise<string> {
  const { document } = await tenMugs(system, 'bill-approved', { received: 10, netMinor: 900_00n })
  const bill = await startBill(parts(system), document)
  await bill.resolve('bill-price-over', 'approve-once', { actor: 'manager' })
  await pay(system, bill.billId)
  await bill.look('paid')
  await bill.ended()
  return idOf(document)
}

export async function billRejected(system: RecordingSystem): Promise<string> {
  const { document } = await tenMugs(system, 'bill-rejected', { received: 10, netMinor: 900_00n })
  const bill = await startBill(parts(system), document)
  await bill.resolve('bill-price-over', 'reject', { actor: 'manager' }).catch(() => undefined)
  await bill.ended()
  return idOf(document)
}

/** Billed ahead, with a deadline that passes, and goods that come in the end. */
export async function billAhead(system: RecordingSystem): Promise<string> {
  const { admin } = system.database
  await admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('bills', '*', 1, 'recorder', '{"unreceivedDays": 0}')`
  const { document, order, company } = await tenMugs(system, 'bill-ahead', { received: 0 })
  const bill = await startBill(parts(system), document)
  await bill.until(({ cases }) => cases.length > 0)
  await admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('bills', '*', 2, 'recorder', '{}')`
  await receive(admin, company, order, [{ qty: 10 }])
  await bill.look('goods came')
  await bill.until(({ phase }) => phase === 'payable')
  await pay(system, bill.billId)
  await bill.look('paid')
  await bill.ended()
  return idOf(document)
}

/** A command that the business refuses leaves the process as it is. */
export async function billCommandRefused(system: RecordingSystem): Promise<string> {
  const name = 'bill-command-refused'
  const { document } = await tenMugs(system, name, { received: 10, netMinor: 900_00n })
  const bill = await startBill(parts(system), document)
  const own = bill.resolve('bill-price-over', 'approve-once', { actor: 'clerk' })
  await own.catch(() => undefined)
  await bill.resolve('bill-price-over', 'reject', { actor: 'manager' })
  await bill.ended()
  return idOf(document)
}

/** So many looks that the process begins a new history. */
export async function billContinuedAsNew(system: RecordingSystem): Promise<string> {
  const { document } = await tenMugs(system, 'bill-continued', { received: 10 })
  const bill = await startBill(parts(system), document)
  const handle = system.client.workflow.getHandle(idOf(document))
  const first = await handle.describe()
  for (let n = 1; (await handle.describe()).runId === first.runId; n += 1) {
    if (n === 60) throw new Error('the process did not continue as new')
    await bill.look(`look ${n}`)
    await wait(200)
  }
  await pay(system, bill.billId)
  await handle.signal('lookAtBill', { cause: 'paid' })
  await handle.result()
  return idOf(document)
}

const parts = ({ database: { db }, client }: RecordingSystem) => ({ db, client })

const idOf = ({ supplier, number }: BillDocument) => vendorBillId(supplier!, number)

/** Ten mugs ordered at 40.00, of which so many came, and their bill. */
async function tenMugs(
  { database: { admin } }: RecordingSystem,
  name: string,
  { received, netMinor = 400_00n }: { received: number; netMinor?: bigint },
): Promise<{ document: BillDocument; order: Ordered; company: Company }> {
  const [found] = await admin<{ entityId: number; east: number; mug: number }[]>`
    SELECT e.id AS "entityId", s.id AS east, i.id AS mug FROM entity e, site s, item i WHERE e.code = 'ACME-US' AND s.code = 'EAST' AND i.sku = 'MUG'`
  const { entityId, east, mug } = found!
  const company = { entityId, east, west: east, items: new Map([['MUG', mug]]) }
  const supplier = await aSupplier(admin, company, { code: name })
  const lines = [{ sku: 'MUG', qty: 10, priceMinor: 4000 }]
  const order = await anOrderOf(admin, company, supplier, { lines })
  if (received > 0) await receive(admin, company, order, [{ qty: received }])
  const line = { qty: 10n, netMinor }
  const document = aBill(supplier, { number: 'INV-1', poNumber: order.poNumber, line })
  return { document, order, company }
}

/** As a payment run that the bank has carried out leaves it. */
async function pay({ database: { admin } }: RecordingSystem, billId: string): Promise<void> {
  await admin`UPDATE vendor_bill SET paid_at = clock_timestamp() WHERE id = ${billId}`
}
