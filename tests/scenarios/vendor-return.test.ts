import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  cancelVendorReturn,
  shipVendorReturn,
  vendorReturnWorkflowId,
} from '#contracts/vendor-return'
import type { Tx } from '#db/client'
import { judgeGoods } from '#db/stores/inspections'
import { startBill } from '#tests/support/bills'
import { anOrder, foundCompany, type Company } from '#tests/support/company'
import { desk, expectRefused } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { aBill, anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
import { returningOn, type Returning } from '#tests/support/vendor-returns'
import { entriesOf, onHand } from '#tests/support/warehouse'

let system: TestSystem
let company: Company
let returning: Returning
beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin, { MUG: {}, LAMP: {}, TEA: {} })
  returning = returningOn(system)
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', '2026-01-01', 900000000, 'test')`
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

/** A hundred units at 10.00, ordered and received at EAST. */
async function received(
  sku: string,
  goods: {
    currency?: string
    landedMinor?: number
    rateE9?: bigint
    condition?: 'quarantine'
  } = {},
) {
  const { currency = 'USD', landedMinor = 0, ...how } = goods
  const supplier = await aSupplier(system.admin, company, { currency })
  const lines = [{ sku, qty: 100, priceMinor: 1000, landedMinor }]
  const order = await anOrderOf(system.admin, company, supplier, { currency, lines })
  const receipt = await receive(system.admin, company, order, [{ qty: 100, ...how }])
  return { supplier, order, ...receipt }
}

/** The entry of a return, as one line. */
const posted = async (no: string) =>
  (await entriesOf(system.db, no)).map((entry) => entry.replace('vendor-return-shipped: ', ''))

test('its own cost is taken as long as it is left, then in rank order', async () => {
  const first = await received('MUG')
  const supplier = await aSupplier(system.admin, company)
  const lines = [{ sku: 'MUG', qty: 10, priceMinor: 1500 }]
  const order = await anOrderOf(system.admin, company, supplier, { lines })
  const second = await receive(system.admin, company, order, [{ qty: 10 }])
  const back = await returning.ask(second.receiptNo, 4)
  await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  expect(await posted(back.no)).toEqual(['Dr GoodsReceivedNotInvoiced 60.00, Cr Inventory 60.00'])
  // All of the first receipt and one of the second are sold: five of the second's cost are left.
  const sale = anOrder({ line: { sku: 'MUG', quantity: 101, unitPriceMinor: '1000' } })
  await system.place(sale)
  await desk(system, sale).ship()
  const late = returning.ask(first.receiptNo, 6)
  await expectRefused(late, 'StockReserved')
  const lateBack = await returning.ask(first.receiptNo, 5)
  await returning.tell(lateBack, shipVendorReturn, { reference: 'S-1' })
  const [entry] = await posted(lateBack.no)
  expect(entry).toBe(
    'Dr GoodsReceivedNotInvoiced 50.00, Dr ReturnVariance 25.00, Cr Inventory 75.00',
  )
})

test('units that no bill has matched go back and are not owed any more', async () => {
  const { receiptNo, supplier, order } = await received('MUG')
  const back = await returning.ask(receiptNo, 10)
  expect(back).toMatchObject({ phase: 'requested', open: true, sites: ['EAST'] })
  // Held, so that no order is promised them.
  const short = await system.place(
    anOrder({ line: { sku: 'MUG', quantity: 91, unitPriceMinor: '1000' } }),
  )
  expect(short.phase).toBe('short')

  const gone = await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  expect(gone).toMatchObject({ phase: 'closed', open: false, waitingFor: 'nothing' })
  expect(await onHand(system.db, 'MUG')).toEqual({ 'EAST sellable': 90 })
  expect(await posted(back.no)).toEqual(['Dr GoodsReceivedNotInvoiced 100.00, Cr Inventory 100.00'])
  const handle = system.client.workflow.getHandle(vendorReturnWorkflowId(back.no))
  expect(await handle.result()).toMatchObject({ no: back.no, phase: 'closed' })

  // A bill of the others is clean: the order is fulfilled by ninety.
  const line = { sku: 'MUG', qty: 90n, netMinor: 900_00n }
  const bill = await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  expect(bill.first).toMatchObject({ phase: 'payable', cases: [] })
})

test('row 11d: for units that are billed the supplier is to credit what it billed, the rest is a variance', async () => {
  const { receiptNo, supplier, order } = await received('LAMP', { landedMinor: 100 })
  const line = { sku: 'LAMP', netMinor: 1000_00n }
  await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  const back = await returning.ask(receiptNo, 4)
  const gone = await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  expect(gone).toMatchObject({
    phase: 'awaiting-credit',
    open: true,
    moneyAtRisk: { minor: '4000' },
    whoMayAct: 'ap-clerk',
  })
  expect(await posted(back.no)).toEqual([
    'Dr VendorReceivable 40.00, Dr ReturnVariance 4.00, Cr Inventory 44.00',
  ])
})

test('of a part that is billed the unbilled units go back first', async () => {
  const { receiptNo, supplier, order } = await received('LAMP')
  const line = { sku: 'LAMP', qty: 97n, netMinor: 970_00n }
  await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  const back = await returning.ask(receiptNo, 5)
  await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  const [entry] = await posted(back.no)
  expect(entry).toContain('Dr VendorReceivable 20.00, Dr GoodsReceivedNotInvoiced 30.00')
})

test('rejected units leave from where the receipt set them aside, and count as rejected', async () => {
  const { receiptNo, order } = await received('TEA', { condition: 'quarantine' })
  const back = await returning.ask(receiptNo, 30)
  await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  expect(await onHand(system.db, 'TEA')).toEqual({ 'EAST quarantine': 70 })
  expect(await posted(back.no)).toEqual([
    'Dr GoodsReceivedNotInvoiced 300.00, Cr Quarantine 300.00',
  ])
  const [line] = await system.db<{ rejected: bigint; inspected: bigint }[]>`
    SELECT qty_rejected AS rejected, qty_inspected AS inspected FROM purchase_order_line WHERE id = ${order.lines[0]!.id}`
  expect(line).toEqual({ rejected: 30n, inspected: 30n })
})

test('units that wait to go back are judged by nobody', async () => {
  const { receiptNo, receiptId } = await received('TEA', { condition: 'quarantine' })
  const back = await returning.ask(receiptNo, 60)
  const judge = (accepted: bigint) =>
    system.db.begin((begun) =>
      judgeGoods(begun as unknown as Tx, {
        ...{ receiptId, receiptLineNo: 1, accepted, rejected: 0n, scrapped: 0n },
        ...{ reason: null, on: new Date().toISOString().slice(0, 10), actor: 'receiver' },
      }),
    )
  await expect(judge(41n)).rejects.toMatchObject({ constraint_name: 'receipt_line_goes_back_once' })
  await returning.tell(back, cancelVendorReturn, { reason: 'they are fine' })
  await judge(41n)
})

test('goods of another currency leave at what they were booked at', async () => {
  const { receiptNo } = await received('MUG', { currency: 'EUR', rateE9: 910_000_000n })
  const back = await returning.ask(receiptNo, 10)
  await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  const rows = await system.db<{ account: number; func: bigint }[]>`
    SELECT l.account_id AS account, sum(l.func_minor)::bigint AS func FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.source_type = 'vendor-return' AND e.source_id = ${`${back.no}/shipped`} AND l.account_id <> 9010 GROUP BY 1 ORDER BY 1`
  expect(rows.map(({ account, func }) => [account, func])).toEqual(
    expect.arrayContaining([[2020, 91_00n]]),
  )
})

test('two returns of the same units at once: one has them, the other is refused', async () => {
  const { receiptNo } = await received('MUG')
  const asked = await Promise.allSettled([
    returning.ask(receiptNo, 60),
    returning.ask(receiptNo, 60),
  ])
  const refused = asked.filter((each) => each.status === 'rejected')
  expect(refused).toHaveLength(1)
  await expectRefused(Promise.reject(refused[0]!.reason), 'ReturnedTooMuch')
})

test('a cancelled return gives its units back, and once shipped none can be cancelled', async () => {
  const { receiptNo } = await received('MUG')
  const kept = await returning.ask(receiptNo, 100)
  expect(await returning.tell(kept, cancelVendorReturn, { reason: 'kept' })).toMatchObject({
    phase: 'cancelled',
    open: false,
  })
  const { supplier, order, receiptNo: another } = await received('LAMP')
  const line = { sku: 'LAMP', netMinor: 1000_00n }
  await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  const back = await returning.ask(another, 1)
  const shipped = await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  // The same parcel told once more is the same shipment.
  const again = await returning.tell(back, shipVendorReturn, { reference: 'S-1' })
  expect(again.phase).toBe(shipped.phase)
  await expectRefused(returning.tell(back, cancelVendorReturn, { reason: 'late' }), 'ReturnNotOpen')
  await expectRefused(returning.tell(back, shipVendorReturn, { reference: 'S-2' }), 'ReturnNotOpen')
})

test('what no receipt says cannot go back', async () => {
  const { receiptNo } = await received('MUG')
  const back = await returning.ask(receiptNo, 1)
  await expectRefused(returning.ask('R-NONE', 1), 'ReceiptNotFound')
  await expectRefused(returning.ask(receiptNo, 1, { receiptLineNo: 9 }), 'UnknownReceiptLine')
  await expectRefused(returning.ask(receiptNo, 1, { returnNo: back.no }), 'ReturnExists')
})
