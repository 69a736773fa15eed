import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { aBill, anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
import { startBill } from '#tests/support/bills'
import { anOrder } from '#tests/support/company'
import { desk } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

interface Row {
  kind: string
  receipt: string | null
  bill: string | null
  ageDays: number
  receivedMinor: string
  billedMinor: string
  remainingMinor: string
  movements: { what: string; document: string; amountMinor: string }[]
}
interface Report {
  items: Row[]
  totals: Record<'account' | 'openItems', { minor: string }>
}

let api: RunningApi
let manager: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: {}, LAMP: {} } })
  manager = await api.as('ap-manager')
})
afterEach(() => expectProofs(api.database.admin))
afterAll(() => api.close())

async function report(more = ''): Promise<Report> {
  const answer = await manager({ method: 'GET', url: `/v1/grni?entity=ACME-US${more}` })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

async function ordered(sku: string, qty: number, received: number) {
  const { admin } = api.database
  const supplier = await aSupplier(admin, api.company)
  const lines = [{ sku, qty, priceMinor: 1000 }]
  const order = await anOrderOf(admin, api.company, supplier, { lines })
  const receipt = await receive(admin, api.company, order, [{ qty: received }])
  return { supplier, order, receipt }
}

test('each line says what came, which bills took of it, and what remains; all lines are account 2020', async () => {
  const { supplier, order, receipt } = await ordered('MUG', 150, 100)
  const line = { qty: 40n, netMinor: 400_00n }
  const part = aBill(supplier, { poNumber: order.poNumber, line })
  await startBill(api.system, part)
  const after = await report()
  expect(after.items).toMatchObject([
    {
      kind: 'received-not-billed',
      receipt: receipt.receiptNo,
      receivedMinor: '100000',
      billedMinor: '40000',
      remainingMinor: '60000',
      movements: [
        { what: 'goods-received', document: receipt.receiptNo },
        { what: 'bill-posted', document: part.number, amountMinor: '40000' },
      ],
    },
  ])
  const rest = { qty: 110n, netMinor: 1100_00n }
  const ahead = aBill(supplier, { poNumber: order.poNumber, line: rest })
  await startBill(api.system, ahead)
  const both = await report()
  expect(both.items).toMatchObject([
    { kind: 'billed-not-received', bill: ahead.number, remainingMinor: '-50000' },
  ])
  expect(both.totals.account).toEqual(both.totals.openItems)
  const all = await report(`&settled=true&receiptNo=${receipt.receiptNo}`)
  expect(all.items).toMatchObject([{ remainingMinor: '0', billedMinor: '100000' }])
})

test('goods that nobody bills are asked about after the days of the policy, and cleared with a reason', async () => {
  const { receipt } = await ordered('TEA', 100, 100)
  const document = anOrder({ line: { sku: 'TEA', quantity: 20, unitPriceMinor: '250' } })
  const { orderId } = await api.system.place(document)
  await desk(api.system, document).ship()
  await api.database.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('bills', 'ACME-US', 1, 'test', '{"unbilledDays": 0}')`
  const stop = await api.notify()
  interface Case {
    id: string
    summary: string
    evidence: { receiptNo: string }
  }
  const found = await eventually(
    async () => {
      const url = '/v1/exceptions?type=receipt-unbilled'
      const { items } = (await manager({ method: 'GET', url })).json<{ items: Case[] }>()
      return items.find(({ evidence }) => evidence.receiptNo === receipt.receiptNo)
    },
    (each) => each !== undefined,
  )
  await stop()
  const at = `/v1/exceptions/${found!.id}/resolution`
  expect((await post(manager, at, { resolution: 'wait' })).json()).toMatchObject({
    outcome: 'waiting',
  })
  const params = { reason: 'samples, free of charge' }
  const cleared = await post(manager, at, { resolution: 'clear', params })
  expect(cleared.json(), cleared.body).toMatchObject({ outcome: 'cleared' })
  const open = (await report()).items.filter((row) => row.receipt === receipt.receiptNo)
  expect(open).toEqual([])
  const [variance] = await api.database.db<{ minor: bigint }[]>`
    SELECT sum(func_minor)::bigint AS minor FROM journal_line WHERE order_id = ${orderId} AND account_id = 5030`
  expect(variance!.minor).toBe(-200_00n)
})
