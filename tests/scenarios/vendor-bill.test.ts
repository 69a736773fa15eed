import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { judgeGoods } from '#db/stores/inspections'
import { anOrder, foundCompany, type Company } from '#tests/support/company'
import { postedByBill, startBill } from '#tests/support/bills'
import { desk, expectRefused } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { aBill, aBillLine, anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
let company: Company
beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin, { MUG: {}, LAMP: {} })
  await system.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('bills', '*', 1, 'test', '{"pricePpm": 50000, "priceMinor": "5000"}')`
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source)
    VALUES ('EUR', 'USD', '2026-01-01', 910000000, 'test')`
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const vat = { jurisdiction: 'GB', taxCode: 'standard' }

/** A hundred mugs at 10.00, ordered and received. */
async function hundredMugs(priceMinor = 1000, landedMinor = 0) {
  const supplier = await aSupplier(system.admin, company)
  const lines = [{ sku: 'MUG', qty: 100, priceMinor, landedMinor }]
  const order = await anOrderOf(system.admin, company, supplier, { lines })
  const receipt = await receive(system.admin, company, order, [{ qty: 100 }])
  return { supplier, order, receipt }
}

async function sell(sku: string, quantity: number): Promise<string> {
  const document = anOrder({ line: { sku, quantity, unitPriceMinor: '1000' } })
  const placed = await system.place(document)
  await desk(system, document).ship()
  return placed.orderId
}

/** What of an account an order bears. */
async function bears(orderId: string, account: number): Promise<bigint> {
  const [row] = await system.db<{ minor: bigint }[]>`
    SELECT coalesce(sum(func_minor), 0)::bigint AS minor FROM journal_line WHERE order_id = ${orderId} AND account_id = ${account}`
  return row!.minor
}

test('row 21: a matching bill needs nobody, and its difference goes to stock and to the orders that took the goods', async () => {
  const { supplier, order } = await hundredMugs()
  const orderId = await sell('MUG', 20)
  const bill = await startBill(
    system,
    aBill(supplier, {
      poNumber: order.poNumber,
      line: { netMinor: 1030_00n },
      taxes: [{ ...vat, amountMinor: 206_00n }],
    }),
  )
  expect(bill.first).toMatchObject({ phase: 'payable', cases: [], owed: { minor: '123600' } })
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Dr Inventory 24.00',
    'Dr InputVat 206.00',
    'Cr Payables 1236.00',
    'Dr GoodsReceivedNotInvoiced 1000.00',
    'Dr PriceVariance 6.00',
  ])
  expect(await bears(orderId, 5030)).toBe(6_00n)
  await sell('MUG', 80)
})

test('a price beyond the tolerance waits for an AP manager, who is not the one who wrote it down', async () => {
  const { supplier, order } = await hundredMugs()
  const document = aBill(supplier, { poNumber: order.poNumber, line: { netMinor: 1200_00n } })
  const bill = await startBill(system, document, { actor: 'clerk' })
  expect(bill.first).toMatchObject({ phase: 'in-question', cases: [{ type: 'bill-price-over' }] })
  expect(await postedByBill(system.db, bill.billId)).toEqual([])
  const refused = bill.resolve('bill-price-over', 'approve-once', { actor: 'clerk' })
  await expectRefused(refused, 'SelfApproval')
  expect(await bill.resolve('bill-price-over', 'approve-once')).toMatchObject({ phase: 'payable' })
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Dr Inventory 200.00',
    'Cr Payables 1200.00',
    'Dr GoodsReceivedNotInvoiced 1000.00',
  ])
  await sell('MUG', 100)
})

test('a disputed price is paid as it was agreed, with its part of the tax', async () => {
  const { supplier, order } = await hundredMugs()
  const taxes = [{ ...vat, amountMinor: 240_00n }]
  const line = { netMinor: 1200_00n }
  const bill = await startBill(system, aBill(supplier, { poNumber: order.poNumber, line, taxes }))
  expect(await bill.resolve('bill-price-over', 'dispute')).toMatchObject({
    phase: 'payable',
    owed: { minor: '120000' },
    total: { minor: '144000' },
  })
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Dr InputVat 200.00',
    'Cr Payables 1200.00',
    'Dr GoodsReceivedNotInvoiced 1000.00',
  ])
  await sell('MUG', 100)
})

test('more than was ordered is a question; disputed, only what came is paid', async () => {
  const { supplier, order } = await hundredMugs()
  const line = { qty: 120n, netMinor: 1200_00n }
  const bill = await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  expect(bill.first.cases).toMatchObject([{ type: 'bill-quantity-over' }])
  expect(await bill.resolve('bill-quantity-over', 'dispute')).toMatchObject({
    phase: 'payable',
    owed: { minor: '100000' },
  })
  await sell('MUG', 100)
})

test('row 21a: a bill that is ahead of its goods stands as invoiced and not received until they come', async () => {
  const supplier = await aSupplier(system.admin, company)
  const lines = [{ sku: 'LAMP', qty: 10, priceMinor: 4000 }]
  const order = await anOrderOf(system.admin, company, supplier, { lines })
  const line = { sku: 'LAMP', qty: 10n, netMinor: 402_00n }
  const bill = await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  expect(bill.first).toMatchObject({
    phase: 'awaiting-goods',
    waitingFor: 'the goods that it bills',
  })
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Cr Payables 402.00',
    'Dr GoodsReceivedNotInvoiced 402.00',
  ])
  await receive(system.admin, company, order, [{ qty: 4 }])
  await bill.look('goods came')
  await bill.until(({ version }) => version > bill.first.version)
  await receive(system.admin, company, order, [{ qty: 6 }])
  await bill.look('more goods came')
  await bill.until(({ phase }) => phase === 'payable')
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Dr Inventory 2.00',
    'Cr Payables 402.00',
    'Dr GoodsReceivedNotInvoiced 400.00',
  ])
  const told =
    await system.db`SELECT count(*)::int AS told FROM outbox WHERE topic = 'vendor-bill' AND key LIKE 'arrived/%' AND body->>'billId' = ${bill.billId}`
  expect(told).toEqual([{ told: 2 }])
})

test('goods that are billed and never come are a question after the days of the policy', async () => {
  const supplier = await aSupplier(system.admin, company)
  const lines = [{ sku: 'LAMP', qty: 1, priceMinor: 4000 }]
  const order = await anOrderOf(system.admin, company, supplier, { lines })
  await system.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('bills', '*', 2, 'test', '{"pricePpm": 50000, "priceMinor": "5000", "unreceivedDays": 0}')`
  const line = { sku: 'LAMP', qty: 1n, netMinor: 40_00n }
  const bill = await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  await bill.until(({ cases }) => cases.some(({ type }) => type === 'bill-unreceived'))
  await receive(system.admin, company, order, [{ qty: 1 }])
  await bill.look('goods came')
  await bill.until(({ phase, cases }) => phase === 'payable' && cases.length === 0)
  await system.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('bills', '*', 3, 'test', '{"pricePpm": 50000, "priceMinor": "5000"}')`
})

test('the same number written otherwise, and the same amount a few days later, are looked at as one bill', async () => {
  const { supplier, order } = await hundredMugs()
  const number = `INV-0007/${supplier.code}`
  const half = { qty: 50n, netMinor: 500_00n }
  const poNumber = order.poNumber
  const first = await startBill(system, aBill(supplier, { number, poNumber, line: half }))
  expect(first.first.phase).toBe('payable')
  const again = aBill(supplier, { number: number.toLowerCase(), poNumber, line: half })
  const twice = await startBill(system, again)
  expect(twice.first).toMatchObject({ phase: 'in-question', cases: [{ type: 'bill-duplicate' }] })
  expect(await twice.resolve('bill-duplicate', 'reject')).toMatchObject({ phase: 'rejected' })
  await twice.ended()
  const alike = await startBill(system, aBill(supplier, { poNumber, line: half }))
  expect(alike.first.cases).toMatchObject([{ type: 'bill-duplicate' }])
  expect(await alike.resolve('bill-duplicate', 'mark-distinct')).toMatchObject({ phase: 'payable' })
  await sell('MUG', 100)
})

test('a bill without an order is attached to one, or to the receipt of goods that nobody ordered', async () => {
  const { supplier, order, receipt } = await hundredMugs()
  const bill = await startBill(system, aBill(supplier, { line: { qty: 40n, netMinor: 400_00n } }))
  expect(bill.first.cases).toMatchObject([{ type: 'bill-without-order' }])
  await expectRefused(bill.resolve('bill-without-order', 'attach'), 'AttachToWhat')
  const params = { poNumber: order.poNumber }
  const attached = await bill.resolve('bill-without-order', 'attach', { actor: 'clerk', params })
  expect(attached).toMatchObject({ phase: 'payable' })
  const rest = await startBill(system, aBill(supplier, { line: { qty: 60n, netMinor: 600_00n } }))
  const to = { receiptNo: receipt.receiptNo }
  const done = await rest.resolve('bill-without-order', 'attach', { actor: 'clerk', params: to })
  expect(done).toMatchObject({ phase: 'payable' })
  expect(await grniOf(receipt.receiptId)).toBe(0n)
  await sell('MUG', 100)
})

async function grniOf(receiptId: bigint): Promise<bigint> {
  const [row] = await system.db<{ open: bigint }[]>`
    SELECT coalesce(sum(balance_minor), 0)::bigint AS open FROM open_item WHERE account_id = 2020 AND key LIKE ${`receipt-line/${receiptId}/%`}`
  return row!.open
}

test('row 28a: a bill in a foreign currency is owed at its own rate, and stock keeps the receipt’s', async () => {
  const supplier = await aSupplier(system.admin, company, { currency: 'EUR' })
  const lines = [{ sku: 'CHAIR', qty: 1000, priceMinor: 1000 }]
  const order = await anOrderOf(system.admin, company, supplier, { currency: 'EUR', lines })
  await receive(system.admin, company, order, [{ qty: 1000, rateE9: 900_000_000n }])
  const line = { sku: 'CHAIR', qty: 1000n, netMinor: 10_000_00n }
  const bill = await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  expect(bill.first).toMatchObject({ phase: 'payable' })
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Cr Payables EUR 10000.00 (9100.00)',
    'Dr GoodsReceivedNotInvoiced EUR 10000.00 (9000.00)',
    'Dr RealisedFx EUR 0.00 (100.00)',
  ])
})

test('row 23: an actual freight bill clears its estimate, and the part of sold goods goes to their orders', async () => {
  const { supplier, order, receipt } = await hundredMugs(1000, 120)
  const orderId = await sell('MUG', 20)
  const goods = await startBill(system, aBill(supplier, { poNumber: order.poNumber }))
  expect(goods.first).toMatchObject({ phase: 'payable' })
  const carrier = await aSupplier(system.admin, company)
  const freight = aBillLine({ kind: 'charge', sku: null, qty: 0n, netMinor: 150_00n })
  const landedCost = {
    basis: 'value' as const,
    clearsEstimate: true,
    receiptLines: [{ receiptNo: receipt.receiptNo, lineNo: 1 }],
  }
  const bill = await startBill(system, aBill(carrier, { lines: [freight] }), { landedCost })
  expect(bill.first).toMatchObject({ phase: 'in-question', cases: [{ type: 'bill-price-over' }] })
  expect(await bill.resolve('bill-price-over', 'approve-once')).toMatchObject({ phase: 'payable' })
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Dr Inventory 24.00',
    'Cr Payables 150.00',
    'Dr LandedCostAccrual 120.00',
    'Dr LandedCostTrueUp 6.00',
  ])
  expect(await bears(orderId, 5020)).toBe(6_00n)
  await sell('MUG', 80)
})

test('freight that comes when all is sold is cost of those orders to the last cent', async () => {
  const { receipt, supplier, order } = await hundredMugs()
  await startBill(system, aBill(supplier, { poNumber: order.poNumber }))
  const orders = [await sell('MUG', 33), await sell('MUG', 33), await sell('MUG', 34)]
  const carrier = await aSupplier(system.admin, company)
  const freight = aBillLine({ kind: 'charge', sku: null, qty: 0n, netMinor: 10_01n })
  const receiptLines = [{ receiptNo: receipt.receiptNo, lineNo: 1 }]
  const landedCost = { basis: 'quantity' as const, clearsEstimate: true, receiptLines }
  const bill = await startBill(system, aBill(carrier, { lines: [freight] }), { landedCost })
  await bill.resolve('bill-price-over', 'approve-once')
  const borne = await Promise.all(orders.map((orderId) => bears(orderId, 5020)))
  expect(borne).toEqual([3_30n, 3_30n, 3_41n])
})

test('of goods that were judged, refused ones are not billed, and accepted and scrapped ones bear the difference', async () => {
  const supplier = await aSupplier(system.admin, company)
  const lines = [{ sku: 'CHAIR', qty: 10, priceMinor: 4000 }]
  const order = await anOrderOf(system.admin, company, supplier, { lines })
  const { receiptId } = await receive(system.admin, company, order, [
    { qty: 10, condition: 'quarantine' },
  ])
  const judgement = { accepted: 6n, rejected: 2n, scrapped: 2n, reason: 'cracked', actor: 'qc' }
  await system.admin.begin((tx) =>
    judgeGoods(tx as unknown as Tx, {
      ...{ receiptId, receiptLineNo: 1, on: new Date().toISOString().slice(0, 10) },
      ...judgement,
    }),
  )
  const line = { sku: 'CHAIR', qty: 8n, netMinor: 328_00n }
  const bill = await startBill(system, aBill(supplier, { poNumber: order.poNumber, line }))
  expect(bill.first).toMatchObject({ phase: 'payable', cases: [] })
  expect(await postedByBill(system.db, bill.billId)).toEqual([
    'Dr Inventory 6.00',
    'Cr Payables 328.00',
    'Dr GoodsReceivedNotInvoiced 320.00',
    'Dr CountGainOrLoss 2.00',
  ])
})

test('two bills at once for the same goods: one is posted, the other is a question', async () => {
  const { supplier, order, receipt } = await hundredMugs()
  const poNumber = order.poNumber
  const two = await Promise.all(
    [1000_00n, 1001_00n].map((netMinor) =>
      startBill(system, aBill(supplier, { poNumber, line: { netMinor } })),
    ),
  )
  expect(two.map(({ first }) => first.phase).sort()).toEqual(['in-question', 'payable'])
  expect(await grniOf(receipt.receiptId)).toBe(0n)
  await sell('MUG', 100)
})
