import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as p2p from '#contracts/procure-to-pay'
import { writeX12 } from '#connectors/edi/x12-writer'
import { inDays, purchasingOn } from '#tests/support/purchases'
import { aBill, anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
import { expectProofs } from '#tests/support/proofs'
import { entriesOf } from '#tests/support/warehouse'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

const IBAN = 'DE89370400440532013000'
const today = new Date().toISOString().slice(0, 10)

let api: RunningApi
let buyer: Caller
let receiver: Caller
let clerk: Caller
let manager: Caller
let treasurer: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: {} } })
  buyer = await api.as('buyer')
  receiver = await api.as('receiver')
  clerk = await api.as('ap-clerk')
  manager = await api.as('ap-manager')
  treasurer = await api.as('treasurer')
  const account = { entity: 'ACME-US', holder: 'Acme Inc', iban: IBAN, bic: 'COBADEFFXXX' }
  const controller = await api.as('controller')
  expect((await post(controller, '/v1/company-bank-accounts', account)).statusCode).toBe(201)
  await api.database.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', '2026-01-01', 910000000, 'test')`
})
afterEach(() => expectProofs(api.database.admin))
afterAll(() => api.close())

let numbers = 0
const aNumber = (kind: string) => `${kind}-${process.pid}-${(numbers += 1)}`

interface Bought {
  supplier: { id: number; code: string }
  receiptNo: string
  billId: string
  number: string
}

/** A hundred mugs at 10.00, received and billed; due in thirty days, unless told. */
async function bought(
  more: { currency?: string; supplier?: Bought['supplier']; termsDays?: number; qty?: number } = {},
): Promise<Bought> {
  const { currency = 'USD', termsDays = 30, qty = 100 } = more
  const { company, database } = api
  const supplier = more.supplier ?? (await aSupplier(database.admin, company, { currency }))
  const lines = [{ sku: 'MUG', qty, priceMinor: 1000 }]
  const order = await anOrderOf(database.admin, company, supplier, { currency, lines })
  const rateE9 = currency === 'USD' ? undefined : 900_000_000n
  const goods = [{ qty, ...(rateE9 ? { rateE9 } : {}) }]
  const { receiptNo } = await receive(database.admin, company, order, goods)
  const number = aBill(supplier).number
  const answer = await post(clerk, '/v1/vendor-bills', {
    ...{ supplier: supplier.code, number, billedOn: today, poNumber: order.poNumber },
    ...{
      terms: { termsDays },
      lines: [{ sku: 'MUG', description: 'Mug', qty: `${qty}`, netMinor: `${qty * 1000}` }],
    },
    totalMinor: `${qty * 1000}`,
  })
  expect(answer.json(), answer.body).toMatchObject({ phase: 'payable' })
  return { supplier, receiptNo, number, billId: answer.json<{ id: string }>().id }
}

/** Mugs that go back to where they came from, and have left. */
async function sentBack({ receiptNo }: Bought, qty: number): Promise<string> {
  const returnNo = aNumber('RTV')
  const lines = [{ receiptLineNo: 1, qty: `${qty}` }]
  const asked = await post(buyer, '/v1/vendor-returns', {
    ...{ returnNo, receiptNo, reason: 'chipped', lines },
  })
  expect(asked.statusCode, asked.body).toBe(201)
  const left = await post(receiver, `/v1/vendor-returns/${returnNo}/shipment`, { reference: 'S-1' })
  expect(left.json(), left.body).toMatchObject({ phase: 'awaiting-credit' })
  return returnNo
}

const credited = (supplier: { code: string }, netMinor: string, more: object = {}) =>
  post(clerk, '/v1/vendor-credits', {
    ...{ supplier: supplier.code, number: aNumber('CN'), creditedOn: today, netMinor },
    totalMinor: netMinor,
    ...more,
  })

const codeOf = (answer: { json<T>(): T }) => answer.json<{ code: string }>().code
const creditPosted = async (id: string) => {
  const entries = await entriesOf(api.database.db, id)
  return entries.filter((entry) => entry.startsWith('vendor-credit-posted'))
}

async function closedReturn(returnNo: string): Promise<void> {
  const stop = await api.notify()
  await eventually(
    async () => (await buyer({ method: 'GET', url: `/v1/vendor-returns/${returnNo}` })).json(),
    (back: { phase: string }) => back.phase === 'closed',
  )
  await stop()
}

/** A run of these bills that three people have signed; answers what the bank is told. */
async function paid(billIds: string[]): Promise<{ at: string; file: string | null }> {
  const proposed = await post(clerk, '/v1/payment-runs', {
    ...{ entity: 'ACME-US', iban: IBAN, payOn: today, until: '2999-01-01', billIds },
  })
  expect(proposed.statusCode, proposed.body).toBe(201)
  const { runId, contentHash } = proposed.json<{ runId: string; contentHash: string }>()
  const at = `/v1/payment-runs/${runId}`
  expect((await post(manager, `${at}/approval`, { contentHash })).statusCode).toBe(204)
  const released = await post(treasurer, `${at}/release`, {})
  expect(released.statusCode, released.body).toBe(200)
  if (released.json<{ messageId: string | null }>().messageId === null) return { at, file: null }
  const file = await treasurer({ method: 'GET', url: `${at}/file` })
  return { at, file: file.json<{ body: string }>().body }
}

test('a credit note for returned goods clears the claim, and the payment run pays the bill less it', async () => {
  const bill = await bought({ termsDays: 40 })
  const other = await bought({ supplier: bill.supplier, termsDays: 10, qty: 90 })
  const returnNo = await sentBack(bill, 4)
  const body = {
    ...{ number: 'CN-0007', netMinor: '4000', totalMinor: '4800' },
    taxes: [{ jurisdiction: 'GB', amountMinor: '800' }],
  }
  const answer = await credited(bill.supplier, '4000', body)
  expect(answer.statusCode, answer.body).toBe(201)
  // Nobody said what it is for: it is the one return that waits for just this much.
  expect(answer.json()).toMatchObject({ state: 'open', returnNo, left: { minor: '4800' } })
  const { id } = answer.json<{ id: string }>()
  expect(await creditPosted(id)).toEqual([
    'vendor-credit-posted: Dr Payables 48.00, Cr VendorReceivable 40.00, Cr InputVat 8.00',
  ])
  await closedReturn(returnNo)

  const again = await credited(bill.supplier, '4000', { ...body, number: 'cn 7' })
  expect(again.json()).toMatchObject({ id })
  const used = await credited(bill.supplier, '4100', { number: 'CN-7' })
  expect([used.statusCode, codeOf(used)]).toEqual([409, 'CreditNumberUsed'])

  // The bill that is due first is paid less the credit; the other one whole.
  const { at, file } = await paid([bill.billId, other.billId])
  expect(file).toContain('<InstdAmt Ccy="USD">852.00</InstdAmt>')
  expect(file).toContain('<InstdAmt Ccy="USD">1000.00</InstdAmt>')
  expect(file).toContain('<CtrlSum>1852.00</CtrlSum>')
  const settled = await post(treasurer, `${at}/settlement`, { settledOn: today, reference: 'S1' })
  expect(settled.statusCode, settled.body).toBe(204)
  const read = await clerk({ method: 'GET', url: `/v1/vendor-credits/${id}` })
  expect(read.json()).toMatchObject({
    ...{ state: 'used', left: { minor: '0' } },
    payments: [{ billId: other.billId, state: 'settled', minor: '4800' }],
  })
})

test('a credit that is more than its claim is a gain; what is left of it stays open, and a run that it pays whole needs no bank', async () => {
  const bill = await bought()
  const returnNo = await sentBack(bill, 10)
  const answer = await credited(bill.supplier, '150000', { returnNo })
  const { id } = answer.json<{ id: string }>()
  expect(await creditPosted(id)).toEqual([
    'vendor-credit-posted: Dr Payables 1500.00, Cr VendorReceivable 100.00, Cr ReturnVariance 1400.00',
  ])
  await closedReturn(returnNo)
  const { at, file } = await paid([bill.billId])
  expect(file).toBeNull()
  const run = await clerk({ method: 'GET', url: at })
  expect(run.json()).toMatchObject({ state: 'settled', paid: { minor: '0' } })
  const read = await clerk({ method: 'GET', url: `/v1/vendor-credits/${id}` })
  expect(read.json()).toMatchObject({ state: 'open', left: { minor: '50000' } })
})

test('a part of a claim is credited, and the rest is given up by a manager', async () => {
  const bill = await bought({ currency: 'EUR' })
  const returnNo = await sentBack(bill, 10)
  const answer = await credited(bill.supplier, '6000', { returnNo })
  expect(answer.json(), answer.body).toMatchObject({ claimMinor: '6000' })
  const read = await buyer({ method: 'GET', url: `/v1/vendor-returns/${returnNo}` })
  expect(read.json()).toMatchObject({ uncredited: { currency: 'EUR', minor: '4000' } })
  const end = `/v1/vendor-returns/${returnNo}/claim-end`
  const reason = 'they credit no more'
  expect((await post(clerk, end, { reason })).statusCode).toBe(403)
  const ended = await post(manager, end, { reason })
  expect(ended.json(), ended.body).toMatchObject({ phase: 'closed', open: false })
})

test('a bill that was too dear is credited: its goods get cheaper, and what was disputed was never owed', async () => {
  const bill = await bought()
  const answer = await credited(bill.supplier, '3000', { billNumber: bill.number })
  const { id } = answer.json<{ id: string }>()
  expect(await creditPosted(id)).toEqual([
    'vendor-credit-posted: Dr Payables 30.00, Cr Inventory 30.00',
  ])
  const above = await credited(bill.supplier, '97001', { billNumber: bill.number })
  expect(codeOf(above)).toBe('CreditAboveBill')

  const { company, database } = api
  const supplier = await aSupplier(database.admin, company)
  const lines = [{ sku: 'MUG', qty: 100, priceMinor: 1000 }]
  const order = await anOrderOf(database.admin, company, supplier, { lines })
  await receive(database.admin, company, order, [{ qty: 100 }])
  const dear = await post(clerk, '/v1/vendor-bills', {
    ...{ supplier: supplier.code, number: 'DEAR-1', billedOn: today, poNumber: order.poNumber },
    lines: [{ sku: 'MUG', description: 'Mug', qty: '100', netMinor: '150000' }],
    totalMinor: '150000',
  })
  const billId = dear.json<{ id: string }>().id
  const queue = await manager({ method: 'GET', url: '/v1/exceptions?type=bill-price-over' })
  const found = queue
    .json<{ items: { id: string; subjectId: string }[] }>()
    .items.find(({ subjectId }) => subjectId === billId)!
  const at = `/v1/exceptions/${found.id}/resolution`
  expect((await post(manager, at, { resolution: 'dispute' })).statusCode).toBe(200)
  const answered = await credited(supplier, '50000', { billNumber: 'DEAR-1' })
  expect(answered.json(), answered.body).toMatchObject({
    ...{ state: 'used', disputedMinor: '50000', left: { minor: '0' } },
  })
  expect(await creditPosted(answered.json<{ id: string }>().id)).toEqual([])
})

test('a credit note that is for nothing known waits for a person; one that names what is not there is refused', async () => {
  const bill = await bought()
  const waiting = await credited(bill.supplier, '1234')
  expect(waiting.json()).toMatchObject({ state: 'unmatched', returnNo: null, billNumber: null })
  const { id } = waiting.json<{ id: string }>()
  const list = await clerk({
    method: 'GET',
    url: `/v1/vendor-credits?state=unmatched&supplier=${bill.supplier.code}`,
  })
  expect(list.json<{ items: { id: string }[] }>().items.map((each) => each.id)).toEqual([id])
  const at = `/v1/vendor-credits/${id}/match`
  const matched = await post(clerk, at, { billNumber: bill.number })
  expect(matched.statusCode, matched.body).toBe(204)
  expect(codeOf(await post(clerk, at, { billNumber: bill.number }))).toBe('CreditMatched')
  const refusedFor = async (more: object) => codeOf(await credited(bill.supplier, '100', more))
  expect(await refusedFor({ returnNo: 'RTV-NONE' })).toBe('CreditWithoutClaim')
  expect(await refusedFor({ billNumber: 'NONE' })).toBe('CreditWithoutClaim')
  expect(await refusedFor({ totalMinor: '101' })).toBe('CreditDoesNotFoot')
  const nobody = await credited({ code: 'NOBODY' }, '100')
  expect(codeOf(nobody)).toBe('UnknownSupplier')
})

test('credit notes come by file: each is taken or refused by itself', async () => {
  const bill = await bought()
  const returnNo = await sentBack(bill, 2)
  const header = 'supplier,credit_no,credited_on,currency,net,tax,total,return_no,bill_no'
  const row = (number: string, total: string) =>
    `${bill.supplier.code},${number},${today},USD,20.00,0,${total},${returnNo},`
  const csv = [header, row('F-1', '20'), row('F-2', '21')].join('\n')
  const answer = await post(clerk, '/v1/vendor-credits/files', { format: 'csv', content: csv })
  expect(answer.json(), answer.body).toMatchObject({
    items: [
      { number: 'F-1', outcome: 'matched' },
      { outcome: 'refused', problems: [{ code: 'total-mismatch' }] },
    ],
  })
  await closedReturn(returnNo)

  const day = today.replaceAll('-', '')
  const note = (kind: string, number: string, sign: string) =>
    writeX12(
      {
        ...{ sender: bill.supplier.code, receiver: 'ACME', at: new Date().toISOString() },
        ...{ controlNumber: (numbers += 1), group: 'IN' },
      },
      '810',
      [
        ['BIG', day, number, '', '', '', '', kind],
        ['REF', 'IV', bill.number],
        ['IT1', '1', `${sign}2`, 'EA', '5.00', '', 'BP', 'MUG'],
        ['TDS', `${sign}1000`],
        ['CTT', '1'],
      ],
    )
  const byEdi = (content: string) =>
    post(clerk, '/v1/vendor-credits/files', { format: 'x12-810', content })
  const edi = await byEdi(note('CR', 'X-1', '-'))
  expect(edi.json(), edi.body).toMatchObject({ items: [{ number: 'X-1', outcome: 'matched' }] })
  const bad = await byEdi(note('DI', 'X-2', ''))
  expect(bad.json()).toMatchObject({
    items: [{ outcome: 'refused', problems: [{ code: 'document-type' }] }],
  })
  expect(codeOf(await byEdi(csv))).toBe('BillFileRefused')
})

test('damaged goods for which credit is claimed go back by a return, and the order ends when they have left', async () => {
  const { company, database, system } = api
  const supplier = await aSupplier(database.admin, company)
  await database.admin`UPDATE supplier SET email = 'sales@example.com' WHERE id = ${supplier.id}`
  const buy = purchasingOn(system)
  const line = { sku: 'MUG', site: 'EAST', unitPriceMinor: '1000', neededOn: inDays(14) }
  const order = await buy.draft({ supplier: supplier.code, lines: [{ ...line, qty: '10' }] })
  await buy.tell(order, p2p.submitPurchase, {})
  await buy.tell(order, p2p.decidePurchase, {
    ...{ decision: 'approved', revision: 1, roles: ['purchasing-manager'], actor: 'mia' },
  })
  await buy.until(order, ({ phase }) => phase === 'sent')
  const received = await buy.tell(order, p2p.receivePurchase, {
    ...{ receiptNo: aNumber('R'), site: 'EAST', actor: 'rob' },
    lines: [{ lineNo: 1, qty: '8', damaged: '2' }],
  })
  expect(received.cases).toMatchObject([{ type: 'receipt-damaged' }])
  const chosen = { type: 'receipt-damaged', resolution: 'credit-claim' }
  const caseIds = received.cases.map(({ id }) => id)
  const decided = await post(buyer, '/v1/exceptions/bulk-resolution', { ...chosen, caseIds })
  expect(decided.json(), decided.body).toMatchObject({
    items: [{ outcome: 'done', phase: 'received' }],
  })
  const stop = await api.notify()
  const returns = await eventually(
    async () => (await buyer({ method: 'GET', url: '/v1/vendor-returns?phase=requested' })).json(),
    ({ items }: { items: { returnNo: string; lines: object[] }[] }) =>
      items.some(({ returnNo }) => returnNo.includes(order.poNumber)),
  )
  const back = returns.items.find(({ returnNo }) => returnNo.includes(order.poNumber))!
  expect(back.lines).toMatchObject([{ qty: '2', condition: 'damaged' }])
  const at = `/v1/vendor-returns/${back.returnNo}/shipment`
  expect((await post(receiver, at, { reference: 'S-1' })).json()).toMatchObject({ phase: 'closed' })
  expect(await buy.until(order, ({ open }) => !open)).toMatchObject({ phase: 'closed' })
  await stop()
})

test('two runs at once take a credit off once', async () => {
  const one = await bought()
  const two = await bought({ supplier: one.supplier, qty: 90 })
  const answer = await credited(one.supplier, '3000', { billNumber: one.number })
  const { id } = answer.json<{ id: string }>()
  const propose = (billId: string) =>
    post(clerk, '/v1/payment-runs', {
      ...{ entity: 'ACME-US', iban: IBAN, payOn: today, until: '2999-01-01', billIds: [billId] },
    })
  const runs = await Promise.all([propose(one.billId), propose(two.billId)])
  expect(runs.map(({ statusCode }) => statusCode)).toEqual([201, 201])
  const rows = await api.database.db`SELECT minor FROM payment_run_credit WHERE credit_id = ${id}`
  expect(rows).toEqual([{ minor: 3000n }])
  // A run that is given up gives the credit back.
  for (const run of runs) {
    const { runId } = run.json<{ runId: string }>()
    const at = `/v1/payment-runs/${runId}/cancellation`
    expect((await post(clerk, at, { reason: 'not now' })).statusCode).toBe(204)
  }
  const { file } = await paid([one.billId])
  expect(file).toContain('<InstdAmt Ccy="USD">970.00</InstdAmt>')
})
