import {
  cancelVendorReturn,
  shipVendorReturn,
  vendorReturnWorkflowId,
} from '#contracts/vendor-return'
import type { DocumentProgress } from '#contracts/document-progress'
import { anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
import { returningOn } from '#tests/support/vendor-returns'
import type { RecordingSystem } from './recording-system.ts'

/** Shipped once, told of twice; a cancellation that comes too late is refused on the way. */
export async function returnShipped(system: RecordingSystem): Promise<string> {
  const returning = returningOn(system)
  const back = await returning.ask(await tenMugs(system), 4, { returnNo: 'return-shipped' })
  const wrong = { reference: 'S-0', expectedVersion: 99 }
  await returning.tell(back, shipVendorReturn, wrong).catch(() => undefined)
  await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  return ended(system, back)
}

export async function returnCancelled(system: RecordingSystem): Promise<string> {
  const returning = returningOn(system)
  const back = await returning.ask(await tenMugs(system), 4, { returnNo: 'return-cancelled' })
  await returning.tell(back, cancelVendorReturn, { reason: 'they can be sold' })
  return ended(system, back)
}

/** More is asked back than came. */
export async function returnRefused(system: RecordingSystem): Promise<string> {
  const returnNo = 'return-refused'
  const asked = returningOn(system).ask(await tenMugs(system), 11, { returnNo })
  await asked.catch(() => undefined)
  const id = vendorReturnWorkflowId(returnNo)
  await system.client.workflow
    .getHandle(id)
    .result()
    .catch(() => undefined)
  return id
}

async function ended(system: RecordingSystem, { no }: DocumentProgress): Promise<string> {
  const id = vendorReturnWorkflowId(no)
  await system.client.workflow.getHandle(id).result()
  return id
}

/** Ten mugs ordered at 40.00 and received; answers the receipt's number. */
async function tenMugs({ database: { admin } }: RecordingSystem): Promise<string> {
  const [found] = await admin<{ entityId: number; east: number; mug: number }[]>`
    SELECT e.id AS "entityId", s.id AS east, i.id AS mug FROM entity e, site s, item i WHERE e.code = 'ACME-US' AND s.code = 'EAST' AND i.sku = 'MUG'`
  const { entityId, east, mug } = found!
  const company = { entityId, east, west: east, items: new Map([['MUG', mug]]) }
  const supplier = await aSupplier(admin, company)
  const lines = [{ sku: 'MUG', qty: 10, priceMinor: 4000 }]
  const order = await anOrderOf(admin, company, supplier, { lines })
  return (await receive(admin, company, order, [{ qty: 10 }])).receiptNo
}
