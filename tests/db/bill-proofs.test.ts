import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { vendorBillActivities } from '#activities/vendor-bills/index'
import { vendorReturnActivities } from '#activities/vendor-returns/index'
import type { DocumentProgress } from '#contracts/document-progress'
import { commitOnce } from '#db/commit-once'
import { runProofs } from '#db/queries/proofs'
import { billProofs } from '#db/queries/bill-proofs'
import { supplierOfBill } from '#db/stores/bill-capture'
import { matchCredit } from '#db/stores/credit-matching'
import { captureCredit, lockCredit } from '#db/stores/vendor-credits'
import { foundCompany } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { brokenBy } from '#tests/support/proofs'
import { aBill, anOrderOf, aSupplier, capture, receive } from '#tests/support/purchasing'

let database: TestDatabase

/** A bill that was matched in part and billed ahead for the rest; of what it matched some went back. */
beforeAll(async () => {
  database = await freshDatabase()
  const { admin, db } = database
  const company = await foundCompany(admin, { MUG: {} })
  const supplier = await aSupplier(admin, company)
  const lines = [{ sku: 'MUG', qty: 100, priceMinor: 1000 }]
  const order = await anOrderOf(admin, company, supplier, { lines })
  const { receiptNo } = await receive(admin, company, order, [{ qty: 60 }])
  const { billId } = await capture(db, aBill(supplier, { poNumber: order.poNumber }))
  const look = { billId, cause: 'captured', key: 'first' }
  const bill = await vendorBillActivities({ db }).reviewBill(look)
  expect(bill.phase).toBe('awaiting-goods')
  expect(await vendorBillActivities({ db }).reviewBill(look)).toEqual(bill)
  await sendBack(receiptNo)
  await credit(supplier)
  await admin`
    INSERT INTO vendor_prepayment (purchase_order_id, entity_id, supplier_id, currency, amount_minor, due_on, reason, requested_by)
    VALUES (${order.orderId}, ${company.entityId}, ${supplier.id}, 'USD', 100, '2026-06-01', 'in advance', 'buyer')`
})
afterAll(() => database.drop())

async function sendBack(receiptNo: string): Promise<void> {
  const verbs = vendorReturnActivities({ db: database.db })
  const environment = new MockActivityEnvironment({
    workflowExecution: { workflowId: 'vendor-return/RTV-1', runId: 'r' },
  })
  const by = { actor: 'lead', key: 'r' }
  const lines = [{ receiptLineNo: 1, qty: '5' }]
  const request = { ...by, returnNo: 'RTV-1', receiptNo, site: 'EAST', reason: 'chipped', lines }
  const { id } = (await environment.run(() =>
    verbs.requestVendorReturn(request),
  )) as DocumentProgress
  const shipped = await verbs.shipVendorReturn({ ...by, id, reference: 'S-1' })
  expect(shipped.moneyAtRisk.minor).toBe('5000')
}

/** A part of the claim is credited. */
async function credit(supplier: { code: string }): Promise<void> {
  const document = {
    ...{ supplier: supplier.code, supplierEdiId: null, number: 'CN-1', creditedOn: '2026-06-01' },
    ...{ currency: null, returnNo: 'RTV-1', billNumber: null, taxes: [] },
    ...{ netMinor: 3000n, totalMinor: 3000n },
  }
  const taken = { document, source: 'typed' as const, actor: 'clerk' }
  const command = { key: 'credit', request: document, actor: 'clerk' }
  await commitOnce(database.db, command, async (tx) => {
    const capture = { ...taken, supplier: await supplierOfBill(tx, document) }
    const { creditId } = await captureCredit(tx, capture)
    return matchCredit(tx, await lockCredit(tx, creditId), document, 'clerk')
  })
}

test('all hold for a bill that is half ahead of its goods', async () => {
  const results = await runProofs(database.admin, billProofs)
  expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
})

test.each([
  ['GRNI', `UPDATE bill_match SET received_minor = received_minor + 1 WHERE kind = 'received'`],
  ['BILL-UNITS', `UPDATE bill_match SET qty = qty + 1 WHERE kind = 'received'`],
  ['PAYABLE', `UPDATE vendor_bill SET posted_minor = posted_minor - 1`],
  ['VENDOR-RETURN', `UPDATE vendor_return_line SET credit_minor = credit_minor - 1`],
  ['VENDOR-RECEIVABLE', `UPDATE vendor_credit SET claim_minor = claim_minor - 1`],
  ['VENDOR-CREDIT', `UPDATE vendor_credit SET posted_minor = posted_minor - 1, disputed_minor = 1`],
  [
    'PREPAID',
    `INSERT INTO vendor_prepayment_use (prepayment_id, kind, minor, used_on, actor) SELECT id, 'refund', 1, '2026-06-02', 'x' FROM vendor_prepayment`,
  ],
  ['BILL-PAID-ONCE', `UPDATE vendor_bill SET paid_at = now()`],
])('%s notices what breaks it', async (name, corruption) => {
  expect(await brokenBy(database.admin, corruption, billProofs)).toContain(name)
})
