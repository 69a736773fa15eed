import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  cancelReturn,
  disposeReturn,
  inspectReturn,
  labelReturn,
  receiveReturn,
} from '#contracts/return-to-refund'
import { anOrder, aStranger, foundCompany } from '#tests/support/company'
import { entryOf, expectRefused } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { aTax, graded, lamp, o1, put, returnsOn, type Returns } from '#tests/support/returns'
import { entriesOf, onHand } from '#tests/support/warehouse'

let system: TestSystem
let returns: Returns
beforeAll(async () => {
  system = await startSystem()
  await foundCompany(system.admin, { MUG: { east: 1000 }, LAMP: { east: 200 }, TEA: { east: 50 } })
  await system.admin`UPDATE carrier_service SET base_minor = 650, per_kg_minor = 0 WHERE service = 'Ground'`
  returns = returnsOn(system)
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

test('O1 comes back: rows 11, 9 and 11a, tax at the cent, money with the customer', async () => {
  const { orderId } = await returns.shipped(o1())
  const before = await onHand(system.db, 'LAMP')
  const back = await returns.ask(orderId)
  expect(back).toMatchObject({ phase: 'approved', open: true, sites: ['EAST'] })
  await returns.tell(back, labelReturn, {
    ...{ carrier: 'UPS', trackingNumber: '1Z9', costMinor: '550' },
  })
  const here = await returns.tell(back, receiveReturn, lamp())
  expect(here.phase).toBe('received')
  expect(await onHand(system.db, 'LAMP')).toEqual({ ...before, 'EAST quarantine': 1 })
  // The same parcel told once more is the same parcel.
  await returns.tell(back, receiveReturn, lamp())
  await returns.tell(back, inspectReturn, graded('A'))
  await returns.tell(back, disposeReturn, put('restock'))
  const closed = await returns.until(back, (now) => !now.open)
  expect(closed).toMatchObject({ phase: 'closed', waitingFor: 'nothing' })
  expect(await entriesOf(system.db, back.no)).toEqual([
    'return-labelled: Dr FreightOut 5.50, Cr FreightOutAccrual 5.50',
    'return-received: Dr Quarantine 40.00, Cr CostOfGoodsSold 40.00',
    'return-credited: Dr SalesTaxPayable 7.43, Dr Returns 90.00, Cr RefundsPayable 97.43',
    'return-disposed: Dr Inventory 40.00, Cr Quarantine 40.00',
  ])
  expect(await entryOf(system.db, orderId, 'refund-settled')).toEqual([
    'Cr ProcessorClearing 97.43',
    'Dr RefundsPayable 97.43',
  ])
  expect(await onHand(system.db, 'LAMP')).toEqual({
    'EAST quarantine': 0,
    'EAST sellable': before['EAST sellable']! + 1,
  })
})

test('a line that comes back in two returns nets its tax to zero, shipping with it where that is ours', async () => {
  const line = { quantity: 3, unitPriceMinor: '9999', taxes: aTax('2475') }
  const shipping = [{ title: 'Ground', amountMinor: '800', discounts: [], taxes: aTax('66') }]
  const { orderId } = await returns.shipped(anOrder({ customer: aStranger(), line, shipping }))
  for (const qty of [1, 2]) {
    const back = await returns.ask(orderId, { qty, reason: 'defective' })
    await returns.tell(back, receiveReturn, lamp(qty))
    await returns.tell(back, inspectReturn, graded('B', qty))
    await returns.tell(back, disposeReturn, put('restock', { qty }))
    await returns.until(back, (now) => !now.open)
  }
  const [left] = await system.db<{ tax: bigint; kept: bigint }[]>`
    SELECT (SELECT sum(amount_minor)::bigint FROM journal_line WHERE order_id = o.id AND account_id = 2210) AS tax,
      (SELECT sum(captured_minor - refunded_minor)::bigint FROM payment WHERE order_id = o.id) AS kept FROM sales_order o WHERE o.id = ${orderId}`
  expect(left).toEqual({ tax: 0n, kept: 0n })
  await expectRefused(returns.ask(orderId, { qty: 1 }), 'NotReturnable')
})

test('rows 11b to 11d: units of one return are refurbished, sold as used, thrown away or sent to their vendor', async () => {
  await system.admin`
    INSERT INTO supplier (entity_id, code, name, country, currency, created_by) SELECT id, 'LAMPS', 'Lamps Inc', 'US', 'USD', 'test' FROM entity`
  const line = { quantity: 4, unitPriceMinor: '10000' }
  const { orderId } = await returns.shipped(anOrder({ customer: aStranger(), line }))
  const back = await returns.ask(orderId)
  await returns.tell(back, receiveReturn, lamp(4, 'used'))
  await expectRefused(returns.tell(back, disposeReturn, put('scrap')), 'NothingToDispose')
  await returns.tell(back, inspectReturn, {
    units: [
      { sku: 'LAMP', qty: 3, grade: 'B' },
      { sku: 'LAMP', qty: 1, grade: 'D' },
    ],
  })
  const dear = put('b-stock', { grade: 'B', valueMinor: '4001' })
  await expectRefused(returns.tell(back, disposeReturn, dear), 'WorthMoreThanCost')
  await returns.tell(back, disposeReturn, put('b-stock', { grade: 'B', valueMinor: '2500' }))
  await returns.tell(back, disposeReturn, put('refurbish', { grade: 'B' }))
  await returns.tell(back, disposeReturn, put('restock', { workMinor: '500', valueMinor: '4200' }))
  await returns.tell(back, disposeReturn, put('scrap', { grade: 'D' }))
  const sent = { sku: 'LAMP', qty: 1, kind: 'vendor' as const, reason: 'broken', supplier: 'LAMPS' }
  await returns.tell(back, disposeReturn, { ...sent, valueMinor: '3800' })
  expect(
    (await entriesOf(system.db, back.no)).filter((entry) => entry.includes('disposed')),
  ).toEqual([
    'return-disposed: Dr Inventory 25.00, Dr WriteDown 15.00, Cr Quarantine 40.00',
    'return-disposed: Dr Refurbishment 40.00, Cr Quarantine 40.00',
    'return-disposed: Dr Inventory 42.00, Dr WriteDown 3.00, Cr Refurbishment 40.00, Cr OtherAccruals 5.00',
    'return-disposed: Dr Scrap 40.00, Cr Quarantine 40.00',
    'return-disposed: Dr VendorReceivable 38.00, Dr ReturnVariance 2.00, Cr Quarantine 40.00',
  ])
  // What came worse than the policy takes waits for a person; half of it is given back.
  const credited = () =>
    system.db`SELECT (refund_minor)::int AS minor FROM credit_note WHERE order_id = ${orderId} ORDER BY id`
  expect(await credited()).toMatchObject([{ minor: 30000 }])
  await returns.resolve(back, 'return-not-as-sent', 'reduce', { percent: 50 })
  expect(await credited()).toMatchObject([{ minor: 30000 }, { minor: 5000 }])
  await returns.until(back, (now) => !now.open)
})

test('what is worth much, comes late or is asked by a frequent returner waits for another person', async () => {
  const line = { quantity: 6, unitPriceMinor: '10000' }
  const { orderId } = await returns.shipped(anOrder({ customer: aStranger(), line }))
  const back = await returns.ask(orderId)
  expect(back).toMatchObject({ phase: 'requested', cases: [{ type: 'return-approval' }] })
  await expectRefused(returns.resolve(back, 'return-approval', 'approve', {}, 'cas'), 'OwnReturn')
  const declined = await returns.resolve(back, 'return-approval', 'decline')
  expect(declined).toMatchObject({ phase: 'declined', open: false })
  // Nobody holds the units any more.
  const again = await returns.ask(orderId, { qty: 1 })
  expect(again.phase).toBe('approved')
  const cancelled = await returns.tell(again, cancelReturn, { reason: 'keeps it' })
  expect(cancelled.phase).toBe('cancelled')

  await system.admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('returns', 'web', 1, 'test', '{"windowDays": -1}')`
  const late = await returns.ask(orderId, { qty: 1 })
  expect(late.cases).toMatchObject([{ type: 'return-past-window' }])
  await system.admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('returns', 'web', 2, 'test', '{}')`
  await returns.resolve(late, 'return-past-window', 'store-credit')
  await returns.tell(late, receiveReturn, lamp())
  await returns.tell(late, inspectReturn, graded('A'))
  await returns.tell(late, disposeReturn, put('restock'))
  await returns.until(late, (now) => !now.open)
  expect(await entryOf(system.db, orderId, 'tender-refunded')).toEqual([
    'Cr StoreCredit 100.00',
    'Dr RefundsPayable 100.00',
  ])
  await expectRefused(returns.ask(orderId, { reason: 'bored' }), 'ReturnReasonNotTaken')
})

test('an empty box, goods of nobody and what was not announced each ask a person', async () => {
  const line = { quantity: 3, unitPriceMinor: '10000' }
  const { orderId } = await returns.shipped(anOrder({ customer: aStranger(), line }))
  const back = await returns.ask(orderId, { qty: 1 })
  const more = await returns.tell(back, receiveReturn, {
    reference: 'P-1',
    goods: [
      { sku: 'LAMP', qty: 2, condition: 'opened' },
      { sku: 'GHOST', qty: 1, condition: 'used' },
    ],
  })
  expect(more.cases.map(({ type }) => type)).toEqual(['return-not-expected', 'return-not-expected'])
  expect((await onHand(system.db, 'LAMP'))['EAST quarantine']).toBe(1)
  await returns.resolve(back, 'return-not-expected', 'create')
  expect((await onHand(system.db, 'LAMP'))['EAST quarantine']).toBe(2)
  await expectRefused(returns.resolve(back, 'return-not-expected', 'create'), 'NotReturnable')
  await returns.resolve(back, 'return-not-expected', 'dispose')
  await returns.tell(back, inspectReturn, graded('A', 2))
  await returns.tell(back, disposeReturn, put('restock', { qty: 2 }))
  await returns.until(back, (now) => !now.open)

  const empty = await returns.ask(orderId, { qty: 1 })
  const box = await returns.tell(empty, receiveReturn, lamp(1, 'empty'))
  expect(box.cases).toMatchObject([{ type: 'return-not-as-sent' }])
  const denied = await returns.resolve(empty, 'return-not-as-sent', 'decline')
  expect(denied).toMatchObject({ phase: 'closed', open: false })
  const [order] =
    await system.db`SELECT credited_minor::int AS minor FROM sales_order WHERE id = ${orderId}`
  expect(order).toEqual({ minor: 20000 })
})
