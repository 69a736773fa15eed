import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { KeptOutcome } from '#activities/orders/effect-outcomes'
import type { Gateways } from '#activities/orders/gateways'
import { GatewayHiccup } from '#activities/gateways/outcome'
import {
  changeOrder,
  placeHold,
  recordPayment,
  releaseOrder,
  requestCancellation,
  type RecordPayment,
} from '#contracts/order-to-cash'
import { aLine, anOrder, foundCompany, nextVersion, setPolicy } from '#tests/support/company'
import { aKey, desk, effectsOf, entryOf, linesOf, postedFor } from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

type Answer = KeptOutcome | { outcome: 'absent' } | Error | Promise<KeptOutcome>

/** What the processor answers next, call by call; an empty list agrees to everything. */
const script = { pay: [] as Answer[], find: [] as Answer[], asked: [] as string[] }

function next(list: 'pay' | 'find', said: string): Promise<never> | undefined {
  script.asked.push(said)
  const answer = script[list].shift()
  if (answer === undefined) return undefined
  return answer instanceof Error ? Promise.reject(answer) : (Promise.resolve(answer) as never)
}

const gateways: Gateways = {
  ...agreeableGateways,
  pay: (effect) => next('pay', `pay ${effect.operation}`) ?? agreeableGateways.pay(effect),
  findPayment: (effect) =>
    next('find', `find ${effect.operation}`) ?? agreeableGateways.findPayment(effect),
}

let system: TestSystem
beforeAll(async () => {
  system = await startSystem(gateways)
  await foundCompany(system.admin, { MUG: { east: 500 }, LAMP: { east: 300 }, CHAIR: {}, TEA: {} })
  await setPolicy(system.admin, 'order', { autoRelease: false }, 'b2b')
})
beforeEach(() => {
  for (const list of Object.values(script)) list.length = 0
})
afterEach(() => expectProofs(system.admin))
afterAll(() => system.stop())

const unknown = { outcome: 'unknown', message: 'no answer' } as const
const no = (code: string) => ({ outcome: 'refused', code, message: 'no' }) as const

let payments = 0
const authorised = () => ({
  state: 'authorised' as const,
  provider: 'stripe',
  reference: `pi_p${(payments += 1)}`,
  amountMinor: 'all',
})

async function placed(changes: Parameters<typeof anOrder>[0] = {}) {
  const document = anOrder(changes)
  const { orderId } = await system.place(document)
  const order = desk(system, document)
  const tells = (kind: RecordPayment['kind'], more: Partial<RecordPayment> = {}) =>
    order.handle.signal(recordPayment, {
      key: aKey(),
      kind,
      provider: 'stripe',
      reference: document.payment.reference ?? 'pi_nobody',
      amountMinor: '10000',
      effectiveOn: new Date().toISOString().slice(0, 10),
      actor: 'stripe',
      ...more,
    })
  return { ...order, document, orderId, tells }
}

async function shipOne(order: Awaited<ReturnType<typeof placed>>) {
  const [line] = await linesOf(system.db, order.orderId)
  return order.ship({ lines: [{ orderLineId: line!.id, qty: 1 }] })
}

test('goods that left on an authorisation that had expired are captured from the new one', async () => {
  script.pay = [no('authorisation-expired')]
  const order = await placed({ payment: authorised() })
  await order.ship()
  await order.until((seen) => seen.cases[0]?.type === 'authorisation-expired')
  await order.resolve('authorisation-expired', 're-authorise')
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'closed' })
  expect(await effectsOf(system.db, order.orderId)).toEqual([
    'capture failed 10000',
    'reauthorise confirmed 10000',
    'capture confirmed 10000',
  ])
  expect(await postedFor(system.db, order.orderId)).toContain('Dr ProcessorClearing 100.00')
})

test('a customer who pays another way heals the expired authorisation', async () => {
  script.pay = [no('authorisation-expired')]
  const order = await placed({ payment: authorised() })
  await order.ship()
  await order.until((seen) => seen.cases[0]?.type === 'authorisation-expired')
  await order.tells('captured', { provider: 'paypal', reference: `pp_${aKey()}` })
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'closed', cases: [] })
})

test('a new authorisation asks only for what no other tender pays', async () => {
  const order = await placed({ channel: 'b2b', payment: authorised() })
  const add = { kind: 'add-line', sku: 'MUG', qty: 2, unitPriceMinor: '1000' } as const
  await order.update(changeOrder, { key: aKey(), actor: 'csr', actions: [add] })
  await order.tells('captured', { reference: `pi_${aKey()}`, amountMinor: '2000' })
  await order.until((seen) => seen.phase === 'allocated')
  await order.tells('expired')
  await order.until((seen) => seen.cases.some(({ type }) => type === 'authorisation-expired'))
  await order.resolve('authorisation-expired', 're-authorise')
  await order.until((seen) => seen.effects.length === 0 && seen.cases.length === 0)
  expect(await effectsOf(system.db, order.orderId)).toEqual(['reauthorise confirmed 10000'])
})

test('money that the processor tells of settles the capture that nobody answered', async () => {
  script.pay = [unknown]
  script.find = [unknown, unknown]
  const order = await placed({ payment: authorised() })
  await order.ship()
  await order.until((seen) => seen.cases[0]?.type === 'effect-unknown')
  await order.tells('captured')
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'closed' })
  expect(await effectsOf(system.db, order.orderId)).toEqual(['capture confirmed 10000'])
  expect(await entryOf(system.db, order.orderId, 'payment-captured')).toEqual([
    'Dr ProcessorClearing 100.00',
    'Cr Receivables 100.00',
  ])
})

test('a capture that is marked as done books only what had not come in by then', async () => {
  script.pay = [unknown]
  script.find = [unknown, unknown]
  const order = await placed({ payment: authorised() })
  await order.ship()
  await order.until((seen) => seen.cases[0]?.type === 'effect-unknown')
  await order.tells('captured', { amountMinor: '6000' })
  await order.until((seen) => seen.version > 0 && seen.cases.length === 1)
  await order.resolve('effect-unknown', 'mark-done', { params: { reference: 'ch_1' } })
  await order.until((seen) => !seen.open)
  expect(await postedFor(system.db, order.orderId)).toContain('Dr ProcessorClearing 100.00')
})

test('money that went back covers nothing: an order that shrank and grew again waits to be paid', async () => {
  const order = await placed({ channel: 'b2b', line: { quantity: 2 } })
  const [line] = await linesOf(system.db, order.orderId)
  const less = { kind: 'cancel-units', orderLineId: line!.id, qty: 1 } as const
  await order.update(changeOrder, { key: aKey(), actor: 'csr', actions: [less] })
  await order.until((seen) => seen.effects.length === 0)
  const more = { kind: 'add-line', sku: 'LAMP', qty: 1, unitPriceMinor: '10000' } as const
  const grown = await order.update(changeOrder, { key: aKey(), actor: 'csr', actions: [more] })
  expect(grown).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
  await order.tells('captured', { reference: `pi_${aKey()}`, amountMinor: '10000' })
  await order.until((seen) => seen.phase === 'allocated')
  expect(await postedFor(system.db, order.orderId)).toEqual([
    'Dr ProcessorClearing 200.00',
    'Cr CustomerDeposits 200.00',
  ])
})

test('a channel that tells of the second payment of an order that shrank and grew is believed', async () => {
  const order = await placed({ channel: 'b2b', lines: [aLine({ quantity: 2 })] })
  const one = nextVersion(order.document, {
    lines: [aLine({ quantity: 1 })],
    payment: { ...order.document.payment, amountMinor: '10000' },
  })
  await order.channelSends(one)
  await order.until((seen) => seen.total.minor === '20000' && seen.moneyAtRisk.minor === '10000')
  await order.until((seen) => seen.effects.length === 0)
  const two = nextVersion(one, {
    lines: [aLine({ quantity: 1 }), aLine({ externalLineId: 'L2' })],
    payment: { ...one.payment, amountMinor: '20000' },
  })
  await order.channelSends(two)
  await order.until((seen) => seen.moneyAtRisk.minor === '20000')
  expect(await order.progress()).toMatchObject({ phase: 'allocated', cases: [] })
  expect(await postedFor(system.db, order.orderId)).toContain('Cr CustomerDeposits 200.00')
})

test('a processor that cannot be reached becomes a case, and the order goes on meanwhile', async () => {
  const away = () => new Error('connect ECONNREFUSED')
  script.pay = [unknown]
  script.find = [away(), away(), away()]
  const order = await placed({ payment: authorised(), line: { quantity: 2 } })
  await shipOne(order)
  await order.until((seen) => seen.cases[0]?.type === 'effect-unknown')
  expect(await order.ship()).toMatchObject({ phase: 'shipped' })
})

test('what never reached the processor is sent, not asked about, when it is back', async () => {
  script.pay = [new GatewayHiccup('no connection')]
  const order = await placed({ payment: authorised() })
  await order.ship()
  await order.until((seen) => !seen.open)
  expect(script.asked).toEqual(['pay capture', 'pay capture'])
})

test('a call that takes its time keeps neither facts nor deadlines waiting', async () => {
  const quick = { team: 'order-desk', slaMinutes: 0.02, escalateTo: 'boss', severity: 'high' }
  await setPolicy(system.admin, 'exceptions', { 'manual-hold': quick }, 'market')
  let answer: (outcome: KeptOutcome) => void = () => {}
  script.pay = [new Promise<KeptOutcome>((resolve) => (answer = resolve))]
  const order = await placed({ channel: 'market', payment: authorised(), line: { quantity: 2 } })
  const calling = { effects: [{ summary: 'payment: capture' }] }
  await shipOne(order)
  await order.until(() => script.asked.length === 1)
  const before = await order.progress()
  await order.tells('authorised', { reference: `pi_${aKey()}`, amountMinor: '500' })
  expect(await order.until((seen) => seen.version > before.version)).toMatchObject(calling)
  await order.update(placeHold, { key: aKey(), actor: 'csr', reason: 'look at it' })
  expect(await order.until((seen) => seen.whoMayAct === 'boss')).toMatchObject(calling)
  const { reference } = order.document.payment
  answer({ outcome: 'confirmed', facts: { reference: reference! } })
  await order.until((seen) => seen.effects.length === 0)
  expect(script.asked.filter((asked) => asked === 'pay capture')).toHaveLength(1)
})

test('a provider that does not show a call yet is asked again before it is sent again', async () => {
  const patient = await startSystem({ ...gateways, absentIsFinalAfterMs: 2_500 })
  try {
    await foundCompany(patient.admin, { LAMP: { east: 10 } })
    script.pay = [unknown]
    script.find = [{ outcome: 'absent' }]
    const document = anOrder({ payment: authorised() })
    await patient.place(document)
    const order = desk(patient, document)
    await order.ship()
    await order.until(() => script.asked.length === 2)
    const early = await order.until((seen) => seen.effects.length === 0)
    expect(early).toMatchObject({ open: true, cases: [] })
    script.find = [{ outcome: 'confirmed', facts: { reference: document.payment.reference! } }]
    await order.until((seen) => !seen.open)
    expect(script.asked).toEqual(['pay capture', 'find capture', 'find capture'])
  } finally {
    await patient.stop()
  }
})

test('an order that nobody pays and that the warehouse has moves up instead of spinning', async () => {
  const quick = { team: 'order-desk', slaMinutes: 0.02, escalateTo: 'boss', severity: 'high' }
  await setPolicy(system.admin, 'exceptions', { 'payment-pending': quick }, 'web')
  await setPolicy(system.admin, 'order', { paymentWaitHours: 0.0003 }, 'web')
  const order = await placed({ payment: authorised() })
  await order.tells('voided')
  await order.until((seen) => seen.cases.some(({ type }) => type === 'payment-pending'))
  await order.until((seen) => seen.whoMayAct.includes('boss'))
  const due = await order.until((seen) => Date.parse(seen.nextDeadline!) > Date.now())
  expect(due.whoMayAct).toContain('boss')
  await setPolicy(system.admin, 'exceptions', {}, 'web')
  await setPolicy(system.admin, 'order', {}, 'web')
})

test('a case that comes up again starts with its own team and its own time', async () => {
  const quick = { team: 'order-desk', slaMinutes: 0.02, escalateTo: 'boss', severity: 'high' }
  await setPolicy(system.admin, 'exceptions', { 'manual-hold': quick }, 'market')
  const order = await placed({ channel: 'market', line: { quantity: 2 } })
  const hold = { actor: 'csr', reason: 'look at it' }
  await order.update(placeHold, { key: aKey(), ...hold })
  await order.until((seen) => seen.whoMayAct === 'boss')
  await order.resolve('manual-hold', 'release')
  const again = await order.update(placeHold, { key: aKey(), ...hold })
  expect(again).toMatchObject({ whoMayAct: 'order-desk' })
  const [row] = await system.db`
    SELECT escalations, reopened, severity FROM exception_case WHERE subject_id = ${order.orderId}`
  expect(row).toEqual({ escalations: 0, reopened: 1, severity: 'high' })
})

test('what is left of an authorisation is voided when the rest of its order is cancelled', async () => {
  const order = await placed({ channel: 'b2b', payment: authorised(), line: { quantity: 2 } })
  const { update } = order
  const [line] = await linesOf(system.db, order.orderId)
  await update(releaseOrder, { key: aKey(), actor: 'csr' })
  await shipOne(order)
  await order.until((seen) => seen.effects.length === 0)
  await update(requestCancellation, {
    key: aKey(),
    actor: 'csr',
    reason: 'enough',
    lines: [{ orderLineId: line!.id, qty: 1 }],
  })
  await order.resolve('channel-changed-after-release', 'recall')
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'closed' })
  expect(await effectsOf(system.db, order.orderId)).toEqual([
    'capture confirmed 10000',
    'void confirmed 10000',
  ])
})

test('a decline that only the processor told of is tried again with the card on file', async () => {
  const order = await placed({
    payment: { state: 'pending', provider: 'stripe', reference: `pi_${aKey()}`, amountMinor: '0' },
  })
  await order.tells('declined')
  await order.until((seen) => seen.cases.some(({ type }) => type === 'payment-declined'))
  await order.resolve('payment-declined', 'retry')
  await order.until((seen) => seen.phase === 'released')
  expect(await effectsOf(system.db, order.orderId)).toEqual(['reauthorise confirmed 10000'])
})

test('goods that left and whose capture is declined for good may be owed on account', async () => {
  script.pay = [{ outcome: 'declined', code: 'card-declined', message: 'no funds' }]
  const order = await placed({ payment: authorised() })
  await order.ship()
  await order.until((seen) => seen.cases[0]?.type === 'payment-declined')
  await order.resolve('payment-declined', 'accept-on-terms')
  expect(await order.until((seen) => !seen.open)).toMatchObject({ phase: 'closed' })
  expect(await postedFor(system.db, order.orderId)).toContain('Dr Receivables 100.00')
})
