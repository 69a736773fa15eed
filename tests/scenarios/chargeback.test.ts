import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { acceptChargeback, resolveChargebackCase, submitEvidence } from '#contracts/chargeback'
import { requestCancellation } from '#contracts/order-to-cash'
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

  const second = disputeOn(system, order)
  await second.says('opened', { amountMinor: '6000' })
  await desk(system, order).update(requestCancellation, {
    ...{ key: aKey(), actor: 'ann', reason: 'changed their mind' },
  })
  await desk(system, order)
    .resolve('channel-changed-after-release', 'recall')
    .catch(() => undefined)
  await second.says('lost')
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
  const { cases } = await desk(system, order).progress()
  expect(cases.map(({ type }) => type)).toEqual([])
})
