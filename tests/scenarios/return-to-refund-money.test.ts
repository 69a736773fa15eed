import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  disposeReturn,
  inspectReturn,
  linkExchange,
  receiveReturn,
  scanReturn,
} from '#contracts/return-to-refund'
import { disputeOn } from '#tests/support/chargebacks'
import { aLine, anOrder, aStranger, foundCompany } from '#tests/support/company'
import { desk, expectRefused } from '#tests/support/orders'
import type { Gateways } from '#activities/orders/gateways'
import { returnActivities } from '#activities/returns/index'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { graded, lamp, o1, put, returnsOn, type Returns } from '#tests/support/returns'
import { entriesOf, onHand } from '#tests/support/warehouse'

/** What the processor says to refunds of a payment, once. */
const answers = new Map<string, Awaited<ReturnType<Gateways['pay']>>>()
const pay: Gateways['pay'] = async (effect) => {
  const reference = String(effect.request['reference'])
  const answer = answers.get(reference)
  if (effect.operation !== 'refund' || !answer) return agreeableGateways.pay(effect)
  answers.delete(reference)
  return answer
}

let system: TestSystem
let returns: Returns
beforeAll(async () => {
  system = await startSystem({ ...agreeableGateways, pay })
  await foundCompany(system.admin, { MUG: { east: 1000 }, LAMP: { east: 200 }, TEA: { east: 50 } })
  await system.admin`UPDATE carrier_service SET base_minor = 650, per_kg_minor = 0 WHERE service = 'Ground'`
  returns = returnsOn(system)
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

test('row 10: goodwill needs no goods, and counts against what a later return is credited with', async () => {
  const { orderId } = await returns.shipped(o1())
  const goodwill = { kind: 'goodwill' as const, qty: 0, reason: 'arrived-late', lines: [] }
  const kind = await returns.ask(orderId, { ...goodwill, amountMinor: '1500' })
  await returns.until(kind, (now) => !now.open)
  expect(await entriesOf(system.db, kind.no)).toEqual([
    'goodwill-credited: Dr SalesTaxPayable 1.14, Dr Goodwill 13.86, Cr RefundsPayable 15.00',
  ])
  const whole = { reason: 'defective' }
  const back = await returns.ask(orderId, whole)
  await returns.tell(back, receiveReturn, lamp())
  await returns.tell(back, inspectReturn, graded('A'))
  await returns.tell(back, disposeReturn, put('restock'))
  await returns.until(back, (now) => !now.open)
  expect((await entriesOf(system.db, back.no))[1]).toBe(
    'return-credited: Dr SalesTaxPayable 6.95, Dr ShippingIncome 8.00, Dr Returns 90.00, Cr RefundsPayable 91.09, Cr Goodwill 13.86',
  )
  const more = returns.ask(orderId, { ...goodwill, amountMinor: '1' })
  await expectRefused(more, 'CreditExceedsPaid')
})

test('two returns and goodwill at once never give back more than was paid', async () => {
  const line = { quantity: 2, unitPriceMinor: '10000' }
  const { orderId } = await returns.shipped(anOrder({ customer: aStranger(), line }))
  const advance = { qty: 1, advance: true }
  const goodwill = { kind: 'goodwill' as const, reason: 'other', lines: [], amountMinor: '4900' }
  const asked = await Promise.allSettled([
    returns.ask(orderId, advance),
    returns.ask(orderId, goodwill),
    returns.ask(orderId, goodwill),
    returns.ask(orderId, advance),
    returns.ask(orderId, goodwill),
    returns.ask(orderId, goodwill),
    returns.ask(orderId, goodwill),
  ])
  const [paid] = await system.db<{ back: number; notes: number }[]>`
    SELECT (SELECT sum(refund_pending_minor + refunded_minor) FROM payment WHERE order_id = ${orderId})::int AS back,
      (SELECT sum(refund_minor) FROM credit_note WHERE order_id = ${orderId})::int AS notes`
  expect(paid!.back).toBeLessThanOrEqual(20000)
  expect(paid!.back).toBe(paid!.notes)
  expect(asked.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  for (const each of asked) {
    if (each.status === 'rejected')
      await expectRefused(Promise.reject(each.reason), 'CreditExceedsPaid')
    else await returns.until(each.value, ({ phase }) => phase === 'approved' || phase === 'closed')
  }
})

test('a customer on terms owes that much less, and nobody is paid back', async () => {
  const terms = {
    payment: { state: 'terms' as const, provider: 'terms', reference: null, amountMinor: '0' },
  }
  const { orderId } = await returns.shipped(o1(terms))
  const back = await returns.ask(orderId, { keepsGoods: true })
  const agreed = await returns.resolve(back, 'return-approval', 'approve')
  expect(agreed).toMatchObject({ phase: 'closed', open: false })
  expect(await entriesOf(system.db, back.no)).toEqual([
    'return-credited: Dr SalesTaxPayable 7.43, Dr Returns 90.00, Cr Receivables 97.43',
  ])
})

test('each tender gets back no more than it gave, in the order in which they were taken', async () => {
  const card = { sku: null, requiresShipping: false, giftCard: true, unitPriceMinor: '5000' }
  const sold = await system.place(anOrder({ customer: aStranger(), lines: [aLine(card)] }))
  const [{ code } = { code: '' }] = await system.db<{ code: string }[]>`
    SELECT code FROM gift_card WHERE order_line_id IN (SELECT id FROM sales_order_line WHERE order_id = ${sold.orderId})`
  const otherTenders = [{ kind: 'gift-card' as const, reference: code, amountMinor: '5000' }]
  const payment = {
    state: 'captured' as const,
    provider: 'stripe',
    reference: 'pi_two',
    amountMinor: '5609',
  }
  const { orderId } = await returns.shipped(o1({ payment: { ...payment, otherTenders } }))
  const back = await returns.ask(orderId, { advance: true })
  await returns.refunded(orderId)
  const given = () =>
    system.db`SELECT kind, refunded_minor::int AS minor FROM payment WHERE order_id = ${orderId} ORDER BY seq`
  expect(await given()).toEqual([
    { kind: 'card', minor: 5609 },
    { kind: 'gift-card', minor: 4134 },
  ])
  // The goods never come: the money is asked about, and somebody writes it off.
  const { id } = back
  await system.admin`UPDATE customer_return SET chase_on = current_date - 1 WHERE id = ${id}`
  const { passReturnDeadline } = returnActivities({ db: system.db })
  expect(await passReturnDeadline({ id, at: 'late' })).toMatchObject({
    cases: [{ type: 'refund-without-goods' }],
  })
  await returns.tell(back, scanReturn, {})
  const ended = await returns.resolve(back, 'refund-without-goods', 'write-off')
  expect(ended).toMatchObject({ phase: 'closed', open: false })
})

test('what does not come in time expires, and its units may be asked back anew', async () => {
  const { orderId } = await returns.shipped(o1())
  const back = await returns.ask(orderId)
  await system.admin`UPDATE customer_return SET expires_on = current_date - 1 WHERE id = ${back.id}`
  const { passReturnDeadline } = returnActivities({ db: system.db })
  expect(await passReturnDeadline({ id: back.id, at: 'late' })).toMatchObject({ phase: 'expired' })
  const again = await returns.ask(orderId)
  expect(again.phase).toBe('approved')
})

test('what a bank has in dispute is not paid back as well: goods come in, and a person is asked', async () => {
  const order = o1()
  const { orderId } = await returns.shipped(order)
  await disputeOn(system, order).says('opened')
  const back = await returns.ask(orderId)
  await returns.tell(back, receiveReturn, lamp())
  const looked = await returns.tell(back, inspectReturn, graded('A'))
  expect(looked.cases.map(({ type }) => type)).toEqual(['refund-over-limit'])
  expect((await entriesOf(system.db, back.no)).join()).not.toContain('credited')
  const [paid] =
    await system.db`SELECT refund_pending_minor AS pending FROM payment WHERE order_id = ${orderId}`
  expect(paid).toEqual({ pending: 0n })
  await returns.resolve(back, 'refund-over-limit', 'decline', undefined, 'carla')
  await returns.tell(back, disposeReturn, put('restock'))
})

test('row 9b: what a marketplace has paid back is a fact, and pays for the return that is here', async () => {
  const paid = {
    state: 'marketplace' as const,
    provider: 'amazon',
    reference: null,
    amountMinor: '0',
  }
  const changes = { channel: 'market', taxCollectedBy: 'marketplace' as const, payment: paid }
  const { orderId } = await returns.shipped(o1(changes, 'marketplace'))
  const back = await returns.ask(orderId)
  await returns.tell(back, receiveReturn, lamp())
  await returns.tell(back, inspectReturn, graded('A'))
  const waits = await returns.tell(back, disposeReturn, put('restock'))
  expect(waits.phase).toBe('to-credit')
  const fact = { kind: 'channel-refund' as const, source: 'channel' as const, reason: 'other' }
  const fees = { commissionBackMinor: '1350', adminFeeMinor: '270' }
  const told = await returns.ask(orderId, { ...fact, amountMinor: '9000', fees })
  expect(told).toMatchObject({ phase: 'closed', open: false })
  expect(await entriesOf(system.db, told.no)).toEqual([
    'return-credited: Dr Returns 90.00, Cr RefundsPayable 90.00',
    'marketplace-refunded: Dr RefundsPayable 90.00, Cr MarketplaceClearing 90.00',
    'marketplace-refunded: Dr MarketplaceClearing 10.80, Cr Commission 10.80',
  ])
  await returns.until(back, (now) => !now.open)
})

test('a shop has paid back more than the goods: they are waited for, and the rest is goodwill', async () => {
  const { orderId } = await returns.shipped(o1())
  const fact = { kind: 'channel-refund' as const, source: 'channel' as const, reason: 'other' }
  const told = await returns.ask(orderId, { ...fact, amountMinor: '10043' })
  expect(told.phase).toBe('approved')
  expect(await entriesOf(system.db, told.no)).toEqual([
    'return-credited: Dr SalesTaxPayable 7.43, Dr Returns 90.00, Cr RefundsPayable 97.43',
    'goodwill-credited: Dr SalesTaxPayable 0.23, Dr Goodwill 2.77, Cr RefundsPayable 3.00',
  ])
  await returns.tell(told, receiveReturn, lamp())
  await returns.tell(told, inspectReturn, graded('A'))
  const ended = await returns.tell(told, disposeReturn, put('restock'))
  expect(ended).toMatchObject({ phase: 'closed', open: false })
})

test('a parcel that nobody had announced is no stock until somebody says whose it is', async () => {
  const order = o1()
  await returns.shipped(order)
  const goods = [{ sku: 'LAMP', qty: 1, condition: 'opened' as const }]
  const parcel = { kind: 'blind' as const, source: 'warehouse' as const, site: 'EAST', goods }
  const before = (await onHand(system.db, 'LAMP'))['EAST quarantine']!
  const back = await returns.blind({ ...parcel, reason: 'other' })
  expect(back).toMatchObject({ phase: 'requested', cases: [{ type: 'return-unannounced' }] })
  const { orderNumber } = order
  await returns.resolve(back, 'return-unannounced', 'create', { orderNumber })
  expect((await onHand(system.db, 'LAMP'))['EAST quarantine']).toBe(before + 1)
  await returns.tell(back, inspectReturn, graded('A'))
  await returns.tell(back, disposeReturn, put('restock'))
  expect(await returns.until(back, (now) => !now.open)).toMatchObject({ phase: 'closed' })
  const stray = await returns.blind({ ...parcel, reason: 'other' })
  expect(await returns.resolve(stray, 'return-unannounced', 'send-back')).toMatchObject({
    ...{ phase: 'cancelled', open: false },
  })
})

test('an exchange pays for its replacement with what the goods are credited with', async () => {
  const { orderId } = await returns.shipped(o1())
  const back = await returns.ask(orderId, { advance: true, refundTo: 'store-credit' })
  await returns.refunded(orderId)
  const credit = async () => {
    const [row] = await system.db<{ minor: number }[]>`
      SELECT balance_minor::int AS minor FROM open_item WHERE account_id = 2120 AND key = ${`store-credit/order-${orderId}`}`
    return row?.minor
  }
  expect(await credit()).toBe(-9743)
  // Dearer than what comes back: the customer pays the rest.
  const tender = {
    kind: 'store-credit' as const,
    reference: `order-${orderId}`,
    amountMinor: '9743',
  }
  const payment = {
    state: 'captured' as const,
    provider: 'stripe',
    reference: 'pi_ex',
    amountMinor: '866',
  }
  const replacement = await returns.shipped(o1({ payment: { ...payment, otherTenders: [tender] } }))
  await returns.tell(back, linkExchange, { orderId: replacement.orderId })
  await returns.tell(back, receiveReturn, lamp())
  await returns.tell(back, inspectReturn, graded('A'))
  expect(await returns.tell(back, disposeReturn, put('restock'))).toMatchObject({ phase: 'closed' })
  expect(await credit()).toBe(0)
})

test('a refund that is refused or that nobody knows of is owed until it has another way', async () => {
  const no = { outcome: 'refused' as const, code: 'charge-expired', message: 'too old' }
  const who = { outcome: 'unknown' as const, message: 'no answer', forPerson: true as const }
  for (const answer of [no, who]) {
    const order = o1()
    answers.set(order.payment.reference!, answer)
    const { orderId } = await returns.shipped(order)
    const back = await returns.ask(orderId, { keepsGoods: true })
    await returns.resolve(back, 'return-approval', 'approve')
    const type = answer === no ? ('refund-failed' as const) : ('effect-unknown' as const)
    const waiting = desk(system, order)
    const open = returns.until(back, ({ phase }) => phase === 'refunding')
    await open
    await waiting.until(({ cases }) => cases.some((one) => one.type === type))
    const done = { params: { reference: 're_by_hand' } }
    if (answer === no) await waiting.resolve(type, 'store-credit')
    else await waiting.resolve(type, 'mark-done', done)
    expect(await returns.until(back, (now) => !now.open)).toMatchObject({ phase: 'closed' })
  }
})

test('goods that come after all money is back are taken in all the same, and a person lowers the credit', async () => {
  const { orderId } = await returns.shipped(o1())
  const goodwill = { kind: 'goodwill' as const, reason: 'other', lines: [] }
  const kind = await returns.ask(orderId, { ...goodwill, amountMinor: '4000' })
  await returns.until(kind, (now) => !now.open)
  // Another credit takes what the goodwill does not: 97.43 of 106.09 are goods, 40.00 are gone.
  await system.admin`UPDATE payment SET refunded_minor = refunded_minor + 6000, captured_minor = captured_minor WHERE order_id = ${orderId}`
  const back = await returns.ask(orderId)
  await returns.tell(back, receiveReturn, lamp())
  const graded_ = await returns.tell(back, inspectReturn, graded('A'))
  expect(graded_.cases).toMatchObject([{ type: 'refund-over-limit' }])
  await returns.resolve(back, 'refund-over-limit', 'decline')
  expect(await returns.tell(back, disposeReturn, put('restock'))).toMatchObject({ phase: 'closed' })
  await system.admin`UPDATE payment SET refunded_minor = refunded_minor - 6000 WHERE order_id = ${orderId}`
})
