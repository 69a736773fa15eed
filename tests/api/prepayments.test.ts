import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as p2p from '#contracts/procure-to-pay'
import { postedByBill } from '#tests/support/bills'
import { expectProofs } from '#tests/support/proofs'
import { inDays, purchasingOn } from '#tests/support/purchases'
import { aBill, anOrderOf, aSupplier, receive, type Ordered } from '#tests/support/purchasing'
import { entriesOf } from '#tests/support/warehouse'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

const IBAN = 'DE89370400440532013000'
const today = new Date().toISOString().slice(0, 10)

let api: RunningApi
let buyer: Caller
let clerk: Caller
let manager: Caller
let treasurer: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: {} } })
  buyer = await api.as('buyer')
  clerk = await api.as('ap-clerk')
  manager = await api.as('ap-manager')
  treasurer = await api.as('treasurer')
  const account = { entity: 'ACME-US', holder: 'Acme Inc', iban: IBAN, bic: 'COBADEFFXXX' }
  const controller = await api.as('controller')
  expect((await post(controller, '/v1/company-bank-accounts', account)).statusCode).toBe(201)
  await rate('2026-01-01', 910_000_000)
})
afterEach(() => expectProofs(api.database.admin))
afterAll(() => api.close())

const rate = (on: string, rateE9: number) => api.database.admin`
  INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', ${on}, ${rateE9}, ${`test ${rateE9}`})`

interface Approved {
  supplier: { id: number; code: string }
  order: Ordered
}

const policies = { purchasing: { version: 0, body: { overReceiptPpm: 0, underReceiptPpm: 0 } } }

/** An approved order of a hundred mugs at 10.00. */
async function approved(currency = 'USD'): Promise<Approved> {
  const { company, database } = api
  const supplier = await aSupplier(database.admin, company, { currency })
  const lines = [{ sku: 'MUG', qty: 100, priceMinor: 1000 }]
  const order = await anOrderOf(database.admin, company, supplier, { currency, lines })
  await database.admin`
    UPDATE purchase_order SET submitted_revision = 1, approved_revision = 1, policies = ${database.admin.json(policies)} WHERE id = ${order.orderId}`
  return { supplier, order }
}

const codeOf = (answer: { json<T>(): T }) => answer.json<{ code: string }>().code

const ask = (poNumber: string, wish: object) =>
  post(buyer, `/v1/purchase-orders/${poNumber}/prepayments`, {
    ...{ dueOn: today, reason: 'a third in advance' },
    ...wish,
  })

/** Asked for by the buyer, approved by the AP manager. */
async function agreed(poNumber: string, wish: object): Promise<string> {
  const asked = await ask(poNumber, wish)
  expect(asked.statusCode, asked.body).toBe(201)
  const { prepaymentId } = asked.json<{ prepaymentId: string }>()
  const signed = await post(manager, `/v1/prepayments/${prepaymentId}/approval`, {})
  expect(signed.statusCode, signed.body).toBe(204)
  return prepaymentId
}

/** A run that three people have signed and the bank has carried out; answers what the bank was told. */
async function paid(what: { billIds?: string[]; prepaymentIds?: string[] }): Promise<string> {
  const proposed = await post(clerk, '/v1/payment-runs', {
    ...{ entity: 'ACME-US', iban: IBAN, payOn: today, until: '2999-01-01' },
    ...what,
  })
  expect(proposed.statusCode, proposed.body).toBe(201)
  const { runId, contentHash } = proposed.json<{ runId: string; contentHash: string }>()
  const at = `/v1/payment-runs/${runId}`
  expect((await post(manager, `${at}/approval`, { contentHash })).statusCode).toBe(204)
  const released = await post(treasurer, `${at}/release`, {})
  expect(released.statusCode, released.body).toBe(200)
  const settled = await post(treasurer, `${at}/settlement`, { settledOn: today, reference: 'S1' })
  expect(settled.statusCode, settled.body).toBe(204)
  const file = await treasurer({ method: 'GET', url: `${at}/file` })
  return file.json<{ body: string }>().body
}

async function billed({ supplier, order }: Approved) {
  const answer = await post(clerk, '/v1/vendor-bills', {
    ...{ supplier: supplier.code, number: aBill(supplier).number, billedOn: today },
    poNumber: order.poNumber,
    lines: [{ sku: 'MUG', description: 'Mug', qty: '100', netMinor: '100000' }],
    totalMinor: '100000',
  })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<{ id: string; phase: string }>()
}

const prepaymentOf = async (poNumber: string) => {
  const list = await clerk({ method: 'GET', url: `/v1/prepayments?poNumber=${poNumber}` })
  return list.json<{ items: { state: string; left: { minor: string } }[] }>().items[0]
}

test('a share of an order is paid ahead, pays its part of the bill, and a run pays the rest', async () => {
  const bought = await approved()
  const { poNumber } = bought.order
  const id = await agreed(poNumber, { sharePpm: 300_000 })
  const file = await paid({ prepaymentIds: [id], billIds: ['1'] })
  expect(file).toContain('<InstdAmt Ccy="USD">300.00</InstdAmt>')
  expect(file).toContain(`<EndToEndId>PREPAY-${id}</EndToEndId>`)
  expect(await entriesOf(api.database.db, id)).toEqual([
    'prepayment-paid: Dr VendorPrepayment 300.00, Cr CashInTransit 300.00',
  ])
  await receive(api.database.admin, api.company, bought.order, [{ qty: 100 }])
  const bill = await billed(bought)
  expect(bill.phase).toBe('payable')
  expect(await prepaymentOf(poNumber)).toMatchObject({
    ...{ state: 'paid', left: { minor: '0' } },
    uses: [{ kind: 'bill', minor: '30000' }],
  })
  expect(await paid({ billIds: [bill.id] })).toContain('<InstdAmt Ccy="USD">700.00</InstdAmt>')
})

test('a bill that was prepaid whole is paid when its goods are here; before that it waits for them', async () => {
  const bought = await approved()
  const id = await agreed(bought.order.poNumber, { amountMinor: '100000' })
  await paid({ prepaymentIds: [id], billIds: ['1'] })
  const bill = await billed(bought)
  expect(bill.phase).toBe('awaiting-goods')
  await receive(api.database.admin, api.company, bought.order, [{ qty: 100 }])
  const stop = await api.notify()
  await eventually(
    async () => (await clerk({ method: 'GET', url: `/v1/vendor-bills/${bill.id}` })).json(),
    (now: { phase: string }) => now.phase === 'paid',
  )
  await stop()
})

test('a foreign prepayment keeps its rate; what the rate did until the bill is realised', async () => {
  const bought = await approved('EUR')
  const id = await agreed(bought.order.poNumber, { amountMinor: '50000' })
  await paid({ prepaymentIds: [id], billIds: ['1'] })
  await rate(today, 920_000_000)
  const goods = [{ qty: 100, rateE9: 920_000_000n }]
  await receive(api.database.admin, api.company, bought.order, goods)
  const bill = await billed(bought)
  expect(await postedByBill(api.database.db, bill.id)).toEqual([
    'Cr Payables EUR 1000.00 (920.00)',
    'Dr GoodsReceivedNotInvoiced EUR 1000.00 (920.00)',
  ])
  const lines = await api.database.db`
    SELECT l.account_id AS account, l.amount_minor AS minor, l.func_minor AS func FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.event_type = 'prepayment-applied' AND e.source_id LIKE ${`${id}/%`} ORDER BY 1`
  expect(lines).toEqual([
    { account: 1400, minor: -50_000n, func: -45_500n },
    { account: 2010, minor: 50_000n, func: 46_000n },
    { account: 7010, minor: 0n, func: -500n },
  ])
})

test('nobody approves their own, nothing is prepaid beyond the order or without approval, and two runs pay it once', async () => {
  const { order } = await approved()
  const { poNumber } = order
  expect(codeOf(await ask(poNumber, { amountMinor: '100001' }))).toBe('PrepaymentAboveOrder')
  const first = (await ask(poNumber, { sharePpm: 600_000 })).json<{ prepaymentId: string }>()
  expect(codeOf(await ask(poNumber, { sharePpm: 410_000 }))).toBe('PrepaymentAboveOrder')
  const at = `/v1/prepayments/${first.prepaymentId}`
  const own = await api.database.db`
    UPDATE vendor_prepayment SET approved_by = requested_by, approved_at = now() WHERE id = ${first.prepaymentId}`.catch(
    (error: { constraint_name: string }) => error.constraint_name,
  )
  expect(own).toBe('vendor_prepayment_maker_not_checker')
  const propose = () =>
    post(clerk, '/v1/payment-runs', {
      ...{ entity: 'ACME-US', iban: IBAN, payOn: today, until: '2999-01-01' },
      ...{ billIds: ['1'], prepaymentIds: [first.prepaymentId] },
    })
  expect(codeOf(await propose())).toBe('NothingToPay')
  expect((await post(manager, `${at}/approval`, {})).statusCode).toBe(204)
  expect(codeOf(await post(manager, `${at}/approval`, {}))).toBe('PrepaymentState')
  const runs = await Promise.all([propose(), propose(), propose()])
  expect(runs.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409, 409])
  expect(codeOf(await post(buyer, `${at}/cancellation`, { reason: 'late' }))).toBe(
    'PrepaymentState',
  )
  const { runId } = runs.find(({ statusCode }) => statusCode === 201)!.json<{ runId: string }>()
  await post(clerk, `/v1/payment-runs/${runId}/cancellation`, { reason: 'not now' })
  expect((await post(buyer, `${at}/cancellation`, { reason: 'not now' })).statusCode).toBe(204)
})

test('a prepaid order that is cancelled is chased until the money is back', async () => {
  const { company, database, system } = api
  const supplier = await aSupplier(database.admin, company)
  await database.admin`UPDATE supplier SET email = 'sales@example.com' WHERE id = ${supplier.id}`
  const buy = purchasingOn(system)
  const draft = await buy.draft({
    supplier: supplier.code,
    lines: [{ sku: 'MUG', site: 'EAST', qty: '10', unitPriceMinor: '1000', neededOn: inDays(14) }],
  })
  await buy.tell(draft, p2p.submitPurchase, {})
  await buy.tell(draft, p2p.decidePurchase, {
    ...{ decision: 'approved', revision: 1, roles: ['purchasing-manager'], actor: 'mia' },
  })
  await buy.until(draft, ({ phase }) => phase === 'sent')
  const id = await agreed(draft.poNumber, { sharePpm: 500_000 })
  const never = await agreed(draft.poNumber, { sharePpm: 100_000 })
  await paid({ prepaymentIds: [id], billIds: ['1'] })
  const cancelled = await buy.tell(draft, p2p.cancelPurchase, { reason: 'they cannot deliver' })
  expect(cancelled).toMatchObject({
    ...{ phase: 'cancelled', open: true, cases: [{ type: 'prepayment-stranded' }] },
  })
  const gone = await database.db`
    SELECT 1 FROM vendor_prepayment WHERE id = ${never} AND cancelled_at IS NOT NULL`
  expect(gone).toHaveLength(1)
  const resolution = `/v1/exceptions/${cancelled.cases[0]!.id}/resolution`
  const preview = await post(manager, `${resolution}/preview`, { resolution: 'refunded' })
  expect(preview.json(), preview.body).toMatchObject({
    entries: [{ eventType: 'prepayment-refunded' }],
  })
  const back = await post(manager, resolution, { resolution: 'refunded' })
  expect(back.json(), back.body).toMatchObject({ phase: 'cancelled', cases: [] })
  // The supplier has been told too.
  await buy.until(draft, ({ open }) => !open)
  expect(await entriesOf(database.db, id)).toContain(
    'prepayment-refunded: Dr Bank 50.00, Cr VendorPrepayment 50.00',
  )
})
