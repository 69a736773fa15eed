import {
  cancelVendorReturn,
  giveUpVendorClaim,
  lookAtVendorReturn,
  shipVendorReturn,
  vendorReturnWorkflowId,
} from '#contracts/vendor-return'
import type { DocumentProgress } from '#contracts/document-progress'
import { startBill } from '#tests/support/bills'
import { aBill, anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
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

/** Billed goods go back; told that a credit note was matched it looks, and the rest is given up. */
export async function returnCredited(system: RecordingSystem): Promise<string> {
  const returning = returningOn(system)
  const returnNo = 'return-credited'
  const back = await returning.ask(await tenMugs(system, 'billed'), 4, { returnNo })
  await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  const id = vendorReturnWorkflowId(returnNo)
  await system.client.workflow.getHandle(id).signal(lookAtVendorReturn, { cause: 'credit/1' })
  await returning.tell(back, giveUpVendorClaim, { reason: 'they credit no more' })
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

/** Ten mugs ordered at 40.00 and received, and billed where told; answers the receipt's number. */
async function tenMugs(system: RecordingSystem, billed?: 'billed'): Promise<string> {
  const { admin, db } = system.database
  const [found] = await admin<{ entityId: number; east: number; mug: number }[]>`
    SELECT e.id AS "entityId", s.id AS east, i.id AS mug FROM entity e, site s, item i WHERE e.code = 'ACME-US' AND s.code = 'EAST' AND i.sku = 'MUG'`
  const { entityId, east, mug } = found!
  const company = { entityId, east, west: east, items: new Map([['MUG', mug]]) }
  const supplier = await aSupplier(admin, company)
  const lines = [{ sku: 'MUG', qty: 10, priceMinor: 4000 }]
  const order = await anOrderOf(admin, company, supplier, { lines })
  const { receiptNo } = await receive(admin, company, order, [{ qty: 10 }])
  const line = { qty: 10n, netMinor: 400_00n }
  if (billed)
    await startBill({ ...system, db }, aBill(supplier, { poNumber: order.poNumber, line }))
  return receiptNo
}
