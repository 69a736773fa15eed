import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  acceptChargeback,
  chargebackProgress,
  resolveChargebackCase,
  submitEvidence,
} from '#contracts/chargeback'
import { placeHold, requestCancellation } from '#contracts/order-to-cash'
import { anOrder, foundCompany } from '#tests/support/company'
import { disputeOn } from '#tests/support/chargebacks'
import { aKey, desk, entryOf, expectRefused } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
  await foundCompany(system.admin)
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', '2026-01-01', 1100000000, 'test')`
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const paid = (minor = '10000') =>
  anOrder({ line: { sku: 'LAMP', quantity: 1, unitPriceMinor: minor } })

async function shipped(minor?: string) {
  const order = paid(minor)
  const { orderId } = await system.place(order)
  await desk(system, order).ship()
  return { order, orderId }
}

const by = () => ({ key: aKey(), actor: 'ann' })

const tenderOf = async (orderId: string) => {
  const [row] = await system.db<{ disputed: bigint; chargedBack: bigint; given: bigint }[]>`
    SELECT disputed_minor AS disputed, charged_back_minor AS "chargedBack", refunded_minor + refund_pending_minor AS given FROM payment WHERE order_id = ${orderId}`
  return row!
}

const phaseOf = async (orderId: string) => {
  const [row] = await system.db<{ phase: string; disputed: bigint; chargedBack: bigint }[]>`
    SELECT o.phase, p.disputed_minor AS disputed, p.charged_back_minor AS "chargedBack" FROM sales_order o JOIN payment p ON p.order_id = o.id WHERE o.id = ${orderId}`
  return row!
}

test('row 13: money is taken with a fee, evidence goes out, and what was won comes back', async () => {
  const { order, orderId } = await shipped()
  const dispute = disputeOn(system, order)
  const evidenceDueAt = new Date(Date.now() + 7 * 86_400_000).toISOString()
  const asked = await dispute.says('inquiry', { evidenceDueAt })
  expect(asked).toMatchObject({ phase: 'inquiry', open: true, nextDeadline: expect.any(String) })
  expect(asked.cases).toMatchObject([{ type: 'chargeback-evidence' }])
  expect((await phaseOf(orderId)).disputed).toBe(0n)
  const opened = await dispute.says('opened', { feeMinor: '1500' })
  expect(opened).toMatchObject({ phase: 'opened', moneyAtRisk: { minor: '10000' } })
  expect(await entryOf(system.db, orderId, 'chargeback-opened')).toEqual([
    'Cr ProcessorClearing 115.00',
    'Dr ChargebacksInDispute 100.00',
    'Dr ChargebackFee 15.00',
  ])
  expect((await phaseOf(orderId)).disputed).toBe(10000n)
  const sent = await dispute.tell(submitEvidence, { reference: 'uploaded by rick' })
  expect(sent).toMatchObject({ phase: 'submitted', cases: [], nextDeadline: null })
  const won = await dispute.says('won')
  expect(won).toMatchObject({ phase: 'won', open: false, moneyAtRisk: { minor: '0' } })
  expect(await entryOf(system.db, orderId, 'chargeback-won')).toEqual([
    'Dr ProcessorClearing 100.00',
    'Cr ChargebacksInDispute 100.00',
  ])
  expect((await phaseOf(orderId)).disputed).toBe(0n)
  expect(await dispute.handle.result()).toMatchObject({ no: dispute.no, phase: 'won' })
  // The bank changes its mind: the same dispute begins its second round.
  const again = await dispute.says('second-chargeback', { feeMinor: '3000' })
  expect(again).toMatchObject({ phase: 'opened', open: true })
  const lost = await dispute.says('lost')
  expect(lost).toMatchObject({ phase: 'lost', open: false })
  expect(await entryOf(system.db, orderId, 'chargeback-lost')).toEqual([
    'Cr ChargebacksInDispute 100.00',
    'Dr ChargebackLoss 100.00',
  ])
  await expectRefused(dispute.says('second-chargeback'), 'ChargebackNotWon')
  // The bank takes the case up once more: the loss is none yet, and then it is won after all.
  const anew = await dispute.says('reopened')
  expect(anew).toMatchObject({ phase: 'opened', open: true, moneyAtRisk: { minor: '10000' } })
  expect(await entryOf(system.db, orderId, 'chargeback-reopened')).toEqual([
    'Dr ChargebacksInDispute 100.00',
    'Cr ChargebackLoss 100.00',
  ])
  await expectRefused(dispute.says('reopened'), 'ChargebackNotLost')
  expect(await dispute.says('won')).toMatchObject({ phase: 'won', moneyAtRisk: { minor: '0' } })
})

test('facts come twice and in any order, and the books are the same', async () => {
  const { order, orderId } = await shipped()
  const dispute = disputeOn(system, order)
  const key = aKey()
  expect(await dispute.says('won', { key })).toMatchObject({ phase: 'won', open: false })
  expect(await entryOf(system.db, orderId, 'chargeback-won')).toEqual([])
  const late = await dispute.says('opened', { feeMinor: '1500' })
  expect(late).toMatchObject({ phase: 'won', open: false })
  expect(await dispute.says('won', { key })).toMatchObject({ phase: 'won', open: false })
  expect(await entryOf(system.db, orderId, 'chargeback-opened')).toContain(
    'Dr ChargebacksInDispute 100.00',
  )
  expect(await entryOf(system.db, orderId, 'chargeback-won')).toHaveLength(2)
  // A word against a decision is a question; the books stay.
  const against = await dispute.says('lost')
  expect(against).toMatchObject({ phase: 'won', cases: [{ type: 'chargeback-differs' }] })
  await dispute.tell(resolveChargebackCase, {
    ...{
      caseId: against.cases[0]!.id,
      resolution: 'explained',
      params: { reason: 'their mistake' },
    },
  })
})

test('while a bank decides, goods that are here stay here, and what it has is not refunded too', async () => {
  const order = paid()
  const { orderId } = await system.place(order)
  const dispute = disputeOn(system, order)
  await dispute.says('opened')
  expect((await phaseOf(orderId)).phase).toBe('held')
  await expectRefused(desk(system, order).ship(), 'OrderHeld')
  await dispute.says('won')
  expect((await phaseOf(orderId)).phase).toBe('released')

  expect((await phaseOf(orderId)).disputed).toBe(0n)
})

test('an order that is cancelled while a part is disputed gives back the rest, once', async () => {
  const order = paid('11000')
  const { orderId } = await system.place(order)
  await desk(system, order).update(placeHold, { ...by(), reason: 'the customer rang' })
  const dispute = disputeOn(system, order)
  await dispute.says('opened', { amountMinor: '6000' })
  const told = await desk(system, order).update(requestCancellation, {
    ...{ ...by(), reason: 'changed their mind' },
  })
  expect(told.cases.map(({ type }) => type)).toContain('channel-changed-after-release')
  await desk(system, order).resolve('channel-changed-after-release', 'recall')
  expect(await tenderOf(orderId)).toMatchObject({ disputed: 6000n, given: 5000n })
  expect((await dispute.says('lost')).phase).toBe('lost')
  expect(await tenderOf(orderId)).toMatchObject({ chargedBack: 6000n, disputed: 0n, given: 5000n })
})

test('a refund and a dispute of one charge at once: no cent is given twice', async () => {
  for (const _ of [1, 2, 3]) {
    const order = paid()
    const { orderId } = await system.place(order)
    await desk(system, order).update(requestCancellation, { ...by(), reason: 'a mistake' })
    const dispute = disputeOn(system, order)
    await Promise.all([
      desk(system, order).resolve('channel-changed-after-release', 'recall'),
      dispute.says('opened'),
    ])
    const { disputed, given } = await tenderOf(orderId)
    expect(disputed + given).toBe(10000n)
  }
})

test('a charge that nobody knows waits for its order; a missed date asks; differences are questions', async () => {
  const { order, orderId } = await shipped()
  const lost = disputeOn(system, order, { reference: `ch_${aKey()}_${process.pid}` })
  const unknown = await lost.says('opened')
  const types = (progress: { cases: { type: string }[] }) =>
    progress.cases.map((c) => c.type).sort()
  expect(types(unknown)).toEqual(['chargeback-evidence', 'chargeback-unmatched'])
  expect((await phaseOf(orderId)).disputed).toBe(0n)
  const caseId = unknown.cases.find(({ type }) => type === 'chargeback-unmatched')!.id
  const match = { caseId, resolution: 'match-order' as const }
  await expectRefused(
    lost.tell(resolveChargebackCase, { ...match, params: { orderNumber: 'none' } }),
    'NoSuchCharge',
  )
  const params = { orderNumber: order.orderNumber }
  expect(types(await lost.tell(resolveChargebackCase, { ...match, params }))).toEqual([
    'chargeback-evidence',
  ])
  expect((await phaseOf(orderId)).disputed).toBe(10000n)
  // The same charge is disputed once more: nothing of it is left.
  const twice = disputeOn(system, order)
  const evidenceDueAt = new Date(Date.now() + 1_500).toISOString()
  const more = await twice.says('opened', { evidenceDueAt })
  expect(types(more)).toContain('chargeback-differs')
  await expect
    .poll(async () => types((await twice.handle.query(chargebackProgress))!), { timeout: 8_000 })
    .toContain('chargeback-deadline-missed')
  await lost.says('won')
})

test('another currency is booked in its own, at the rate of the day, with all that is left bound', async () => {
  const { order, orderId } = await shipped()
  const dispute = disputeOn(system, order, { currency: 'EUR', amountMinor: '9000' })
  expect(await dispute.says('opened')).toMatchObject({ moneyAtRisk: { minor: '9900' } })
  expect((await phaseOf(orderId)).disputed).toBe(10000n)
  await dispute.says('lost')
  expect(await entryOf(system.db, orderId, 'chargeback-lost')).toEqual([
    'Cr ChargebacksInDispute 90.00 EUR',
    'Dr ChargebackLoss 90.00 EUR',
  ])
})

test('what was lost before the goods left was a deposit, and they do not leave unpaid', async () => {
  const order = paid()
  const { orderId } = await system.place(order)
  const dispute = disputeOn(system, order)
  await dispute.says('opened')
  const accepted = await dispute.tell(acceptChargeback, { reason: 'a stolen card' })
  expect(accepted).toMatchObject({ phase: 'accepted', open: false })
  expect(await entryOf(system.db, orderId, 'chargeback-lost')).toEqual([
    'Cr ChargebacksInDispute 100.00',
    'Dr CustomerDeposits 100.00',
  ])
  expect(await phaseOf(orderId)).toEqual({ phase: 'held', disputed: 0n, chargedBack: 10000n })
  const holds = await system.db<{ type: string }[]>`
    SELECT type FROM order_hold WHERE order_id = ${orderId} AND released_at IS NULL`
  expect(holds.map(({ type }) => type)).toEqual(['payment'])
  await expectRefused(dispute.says('reopened'), 'ChargebackTookDeposit')
})
