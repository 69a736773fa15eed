import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as p2p from '#contracts/procure-to-pay'
import type { PurchaseProgress } from '#contracts/procure-to-pay'
import { grni } from '#db/queries/grni'
import { startBill } from '#tests/support/bills'
import { foundCompany, type Company } from '#tests/support/company'
import { expectRefused } from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { aBill } from '#tests/support/purchasing'
import { aSupplier, inDays, purchasingOn, type Purchasing } from '#tests/support/purchases'

let system: TestSystem
let company: Company
let buy: Purchasing

beforeAll(async () => {
  system = await startSystem(agreeableGateways, {
    send: ({ key }) => Promise.resolve({ outcome: 'confirmed', reference: `<${key}>` }),
    find: () => Promise.resolve({ outcome: 'absent' }),
  })
  company = await foundCompany(system.admin, { LAMP: { east: 5 } })
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, kind, rate_on, rate_e9, source) VALUES ('EUR', 'USD', 'spot', '2020-01-01', 1100000000, 'test'), ('EUR', 'USD', 'spot', ${inDays(0)}, 1200000000, 'test')`
  buy = purchasingOn(system)
})
afterAll(() => system.stop())
afterEach(() => expectProofs(system.admin))

async function ordered(supplier: Record<string, string>, neededOn: string) {
  const code = await aSupplier(system.admin, company, supplier)
  const lines = [{ sku: 'MUG', site: 'EAST', qty: '10', neededOn }]
  const order = await buy.draft({ supplier: code, lines })
  await buy.tell(order, p2p.submitPurchase, {})
  await buy.tell(order, p2p.decidePurchase, {
    ...{ decision: 'approved', revision: 1, roles: ['purchasing-manager'], actor: 'mia' },
  })
  await buy.until(order, ({ effects, revision }) => revision === 1 && effects.length === 0)
  return { order, supplier: code }
}

const shippedOn = (order: PurchaseProgress, asnNo: string, on: string) =>
  buy.tell(order, p2p.announceShipment, {
    ...{ asnNo, source: 'person', shippedOn: on, lines: [{ lineNo: 1, qty: '10' }] },
  })

/** Debits above zero, credits below, of all that was posted about mugs since `entry`. */
async function posted(since: bigint): Promise<Record<string, string>> {
  const rows = await system.db<{ account: number; minor: string }[]>`
    SELECT account_id AS account, sum(func_minor)::text AS minor FROM journal_line WHERE item_id = ${company.items.get('MUG')!} AND entry_id > ${since}
    GROUP BY 1 HAVING sum(func_minor) <> 0 ORDER BY 1`
  return Object.fromEntries(rows.map(({ account, minor }) => [account, minor]))
}
const lastEntry = async () =>
  (await system.db<[{ id: bigint }]>`SELECT coalesce(max(id), 0) AS id FROM journal_entry`)[0].id

test('goods bought FOB are ours and owed from the ramp on, at that day’s rate, and what gets lost is claimed', async () => {
  const since = await lastEntry()
  const { order, supplier } = await ordered({ incoterm: 'FOB', currency: 'EUR' }, inDays(9))
  const asnNo = `N-${order.poNumber}`
  await shippedOn(order, asnNo, inDays(-2))
  // Row 20, title at origin: 42.00 EUR at 1.10.
  expect(await posted(since)).toEqual({ 1310: '4620', 2020: '-4620' })
  const owed = await grni(system.db, {
    ...{ entityId: company.entityId, asOf: inDays(0), after: 0n, limit: 10 },
  })
  expect(owed).toMatchObject([
    { kind: 'ours-in-transit', sku: 'MUG', poNumber: order.poNumber, remainingMinor: '4200' },
  ])
  const give = { reason: 'not needed any more' }
  await expectRefused(buy.tell(order, p2p.cancelPurchase, give), 'OursInTransit')
  await expectRefused(buy.tell(order, p2p.closePurchaseShort, give), 'OursInTransit')

  const receive = (qty: string, more: object = {}) =>
    buy.tell(order, p2p.receivePurchase, {
      ...{ receiptNo: `R-${randomUUID()}`, site: 'EAST', actor: 'rob', ...more },
      lines: [{ lineNo: 1, qty }],
    })
  const short = await receive('6', { asnNo })
  expect(short.cases).toMatchObject([{ type: 'transit-short' }])
  expect(await posted(since)).toEqual({ 1300: '2772', 1310: '1848', 2020: '-4620' })
  await receive('3')
  const decide = { caseId: short.cases[0]!.id, resolution: 'claim' as const, actor: 'mia' }
  const closed = await buy.tell(order, p2p.resolvePurchaseCase, decide)
  expect(closed).toMatchObject({ phase: 'closed', open: false, cases: [] })
  expect(await posted(since)).toEqual({ 1220: '462', 1300: '4158', 2020: '-4620' })

  const { poNumber } = order
  const line = { qty: 10n, netMinor: 4200n, poNumber }
  const bill = await startBill(system, aBill({ code: supplier }, { poNumber, line }))
  expect(await bill.until(({ phase }) => phase === 'payable')).toMatchObject({ cases: [] })
})

test('goods of ours that are overdue ask somebody, and are an expense when they are given up', async () => {
  const since = await lastEntry()
  const { order } = await ordered({ incoterm: 'EXW' }, inDays(-3))
  await shippedOn(order, `N-${order.poNumber}`, inDays(-4))
  await system.client.workflow
    .getHandle(p2p.procureToPayId(order.poNumber))
    .signal(p2p.lookAtPurchase, { cause: 'late' })
  const late = await buy.until(order, ({ cases }) =>
    cases.some(({ type }) => type === 'transit-short'),
  )
  const { id: caseId } = late.cases.find(({ type }) => type === 'transit-short')!
  const decide = { caseId, resolution: 'write-off' as const }
  await expectRefused(
    buy.tell(order, p2p.resolvePurchaseCase, { ...decide, actor: 'ben' }),
    'SelfReceipt',
  )
  const closed = await buy.tell(order, p2p.resolvePurchaseCase, { ...decide, actor: 'mia' })
  expect(closed).toMatchObject({ phase: 'closed', open: false })
  expect(await posted(since)).toEqual({ 2020: '-4200', 5080: '4200' })
})

test('a confirmation of fewer units takes nothing off those that have left and are ours', async () => {
  const { order } = await ordered({ incoterm: 'FOB' }, inDays(9))
  await shippedOn(order, `N-${order.poNumber}`, inDays(-1))
  const fewer = { ackNo: 'LATE', source: 'person' as const, lines: [{ lineNo: 1, qty: '6' }] }
  const { cases } = await buy.tell(order, p2p.acknowledgePurchase, fewer)
  const taken = await buy.tell(order, p2p.resolvePurchaseCase, {
    ...{ caseId: cases[0]!.id, resolution: 'accept-change', actor: 'mia' },
  })
  expect(taken).toMatchObject({ openValue: { minor: '4200' }, cases: [] })
})
