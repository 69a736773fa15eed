import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeX12 } from '#connectors/edi/x12-writer'
import { expectProofs } from '#tests/support/proofs'
import { aSupplier, inDays } from '#tests/support/purchases'
import { runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let buyer: Caller
let manager: Caller
let receiver: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 5 } } })
  buyer = await api.as('buyer')
  manager = await api.as('purchasing-manager')
  receiver = await api.as('receiver')
})
afterAll(() => api.close())

const post = (by: Caller, url: string, payload: object = {}, key: string = randomUUID()) =>
  by({ method: 'POST', url: `/v1${url}`, payload, key })
const get = (by: Caller, url: string) => by({ method: 'GET', url: `/v1${url}` })

interface Progress {
  poNumber: string
  phase: string
  version: number
  cases: { id: string; type: string }[]
}

async function ordered(qty = '10', changes: Record<string, string> = {}): Promise<string> {
  const supplier = await aSupplier(api.system.admin, api.company, changes)
  const lines = [{ sku: 'MUG', site: 'EAST', qty, neededOn: inDays(9) }]
  const drafted = await post(buyer, '/purchase-orders', { supplier, lines })
  expect(drafted.statusCode, drafted.body).toBe(201)
  const { poNumber } = drafted.json<Progress>()
  const submitted = await post(buyer, `/purchase-orders/${poNumber}/submission`)
  expect(submitted.json<Progress>().phase, submitted.body).toBe('pending-approval')
  const approved = await post(manager, `/purchase-orders/${poNumber}/approval`, {
    ...{ decision: 'approved', revision: 1 },
  })
  expect(approved.statusCode, approved.body).toBe(200)
  for (let phase = ''; phase !== 'sent';)
    phase = (await get(buyer, `/purchase-orders/${poNumber}`)).json<{ phase: string }>().phase
  return poNumber
}

test('a purchase goes from draft to closed by HTTP, and its page says all that happened', async () => {
  const poNumber = await ordered()
  expect(poNumber).toMatch(/^PO-\d+$/)
  const confirmed = await post(buyer, `/purchase-orders/${poNumber}/acknowledgements`, {
    ...{ ackNo: 'A-1', lines: [{ lineNo: 1, qty: '10', promisedOn: inDays(8) }] },
  })
  expect(confirmed.json<Progress>().phase, confirmed.body).toBe('acknowledged')
  const goods = { receiptNo: `R-${poNumber}`, site: 'EAST', lines: [{ lineNo: 1, qty: '10' }] }
  const first = await post(receiver, `/purchase-orders/${poNumber}/receipts`, goods, 'receive-it-1')
  expect(first.json<Progress>().phase, first.body).toBe('closed')
  const again = await post(receiver, `/purchase-orders/${poNumber}/receipts`, goods, 'receive-it-1')
  expect(again.json()).toEqual(first.json())
  const late = await post(buyer, `/purchase-orders/${poNumber}/cancellation`, {
    reason: 'too late',
  })
  expect(late.json<{ code: string }>().code).toBe('PurchaseClosed')

  const page = await get(buyer, `/purchase-orders/${poNumber}`)
  expect(page.json()).toMatchObject({
    phase: 'closed',
    items: [{ lineNo: 1, sku: 'MUG', received: '10', open: '0', billed: '0' }],
    approvals: [{ step: 'purchasing-manager', decision: 'approved', actor: manager.actor }],
    acknowledgements: [{ ackNo: 'A-1', outcome: 'accepted' }],
    receipts: [{ receiptNo: `R-${poNumber}`, lines: [{ qty: '10', valueMinor: '4200' }] }],
    documents: [{ revision: 1, kind: 'pdf' }],
  })
  const list = await get(buyer, '/purchase-orders?phase=closed')
  expect(list.json<{ items: { poNumber: string }[] }>().items[0]).toMatchObject({ poNumber })
  await expectProofs(api.system.db)
})

test('what a choice about damaged goods would do is shown before, and then it does just that', async () => {
  const poNumber = await ordered()
  const goods = [{ lineNo: 1, qty: '8', damaged: '2', note: 'broken handles' }]
  const received = await post(receiver, `/purchase-orders/${poNumber}/receipts`, {
    ...{ receiptNo: `R-${poNumber}`, site: 'EAST', lines: goods },
  })
  const [found] = received.json<Progress>().cases
  expect(found, received.body).toMatchObject({ type: 'receipt-damaged' })
  const url = `/exceptions/${found!.id}/resolution`
  const seen = await post(manager, `${url}/preview`, { resolution: 'replace' })
  expect(seen.json(), seen.body).toMatchObject({
    phase: 'part-received',
    stock: [{ sku: 'MUG', site: 'EAST', condition: 'damaged', delta: '-2' }],
    supply: [{ source: `${poNumber}/1`, open: '2' }],
    entries: [
      {
        eventType: 'goods-rejected',
        lines: [
          { account: expect.stringContaining('2020') as string, amountMinor: '840' },
          { account: expect.stringContaining('1320') as string, amountMinor: '-840' },
        ],
      },
    ],
  })
  const before = (await get(buyer, `/purchase-orders/${poNumber}`)).json<{ phase: string }>()
  expect(before.phase).toBe('received')
  expect((await post(await api.as('csr'), url, { resolution: 'return' })).statusCode).toBe(403)
  const done = await post(manager, url, { resolution: 'replace' })
  expect(done.json<Progress>().phase, done.body).toBe('part-received')
  const late = await post(manager, url, { resolution: 'return' })
  expect(late.json<{ code: string }>().code).toBe('CaseNotOpen')
})

test('a buyer neither approves nor receives, and an unknown supplier or price is refused by name', async () => {
  const supplier = await aSupplier(api.system.admin, api.company)
  const line = { sku: 'MUG', site: 'EAST', qty: '10', neededOn: inDays(9) }
  const draft = (lines: object[], from = supplier) =>
    post(buyer, '/purchase-orders', { supplier: from, lines })
  const { poNumber } = (await draft([line])).json<Progress>()
  const approval = { decision: 'approved', revision: 1 }
  const approve = await post(buyer, `/purchase-orders/${poNumber}/approval`, approval)
  expect(approve.statusCode).toBe(403)
  expect((await draft([line], 'NOBODY')).statusCode).toBe(404)
  const unpriced = await draft([{ ...line, sku: 'LAMP' }])
  expect(unpriced.json<{ code: string }>().code).toBe('NoPriceKnown')
  const early = await post(receiver, `/purchase-orders/${poNumber}/receipts`, {
    ...{ receiptNo: 'R-EARLY', site: 'EAST', lines: [{ lineNo: 1, qty: '1' }] },
  })
  expect(early.json<{ code: string }>().code).toBe('PurchaseNotSent')
})

test('a draft that is repeated under its key is one order', async () => {
  const supplier = await aSupplier(api.system.admin, api.company)
  const body = { supplier, lines: [{ sku: 'MUG', site: 'EAST', qty: '10', neededOn: inDays(9) }] }
  const [one, two] = await Promise.all([
    post(buyer, '/purchase-orders', body, 'draft-it-once'),
    post(buyer, '/purchase-orders', body, 'draft-it-once'),
  ])
  expect(one.json(), one.body).toEqual(two.json())
})

test('what a supplier sends by EDI is told to its order, and only what its own supplier sends', async () => {
  const poNumber = await ordered('10', { edi_id: 'POTTERSEDI' })
  const document = (sender: string, set: string, segments: string[][]) =>
    writeX12(
      { sender, receiver: 'ACME', at: `${inDays(0)}T10:00:00Z`, controlNumber: 9, group: 'PR' },
      set,
      segments,
    )
  const send = (text: string) => post(buyer, '/supplier-documents', { document: text })
  const accepted = [
    ['BAK', '00', 'AD', poNumber],
    ['PO1', '1', '10', 'EA', '4.20'],
    ['ACK', 'IA', '10', 'EA', '067', inDays(10).replaceAll('-', '')],
  ]
  const forged = await send(document('SOMEBODY', '855', accepted))
  expect(forged.json<{ code: string }>().code, forged.body).toBe('UnknownSender')
  const confirmed = await send(document('POTTERSEDI', '855', accepted))
  expect(confirmed.json<Progress>().phase, confirmed.body).toBe('acknowledged')
  const again = await send(document('POTTERSEDI', '855', accepted))
  expect(again.json<{ code: string }>().code).toBe('AckKnown')
  const shipped = await send(
    document('POTTERSEDI', '856', [
      ['BSN', '00', `S-${poNumber}`, inDays(0).replaceAll('-', '')],
      ['PRF', poNumber],
      ['LIN', '1'],
      ['SN1', '1', '10', 'EA'],
    ]),
  )
  expect(shipped.json<Progress>().phase, shipped.body).toBe('in-transit')
  const broken = await send(document('POTTERSEDI', '856', []).replace('IEA', 'XXX'))
  expect([broken.statusCode, broken.json<{ code: string }>().code]).toEqual([422, 'MalformedX12'])
})
