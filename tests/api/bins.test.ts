import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aLine, anOrder } from '#tests/support/company'
import { fulfilmentsOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { entriesOf, onHand } from '#tests/support/warehouse'
import { post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let lead: Caller
let receiver: Caller
let buyer: Caller
beforeAll(async () => {
  api = await runningApi({
    stock: { MUG: { east: 100 }, LAMP: { east: 20 }, CHAIR: { east: 30 }, TEA: { east: 60 } },
  })
  lead = await api.as('warehouse-lead')
  receiver = await api.as('receiver')
  buyer = await api.as('buyer')
})
afterAll(async () => {
  await expectProofs(api.system.db)
  await api.close()
})

const setUp = (bin: string, settings: object = {}) =>
  lead({
    method: 'PUT',
    url: `/v1/sites/EAST/bins/${bin}`,
    payload: { reason: 'new racks', ...settings },
  })
const move = (sku: string, qty: number, toBin: string, changes: object = {}) =>
  post(receiver, '/v1/stock/bin-moves', {
    ...{ site: 'EAST', sku, qty: String(qty), toBin },
    ...changes,
  })
const moved = async (...of: Parameters<typeof move>) => {
  const answer = await move(...of)
  expect(answer.statusCode, answer.body).toBe(201)
}
const lying = async (sku: string) => {
  const rows = await api.system.db<{ place: string; qty: number }[]>`
    SELECT q.bin || CASE WHEN q.lot = '' THEN '' ELSE '/' || q.lot END AS place, q.qty::int AS qty FROM stock_quant q JOIN item i ON i.id = q.item_id
    WHERE i.sku = ${sku} AND q.condition = 'sellable' AND q.qty > 0 ORDER BY 1`
  return Object.fromEntries(rows.map((row) => [row.place, row.qty]))
}
const ship = async (sku: string, quantity: number) => {
  const lines = [aLine({ sku, quantity, unitPriceMinor: sku === 'TEA' ? '250' : '1000' })]
  const order = await api.place(anOrder({ lines }))
  const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
  const answer = await post(lead, `/v1/fulfilment-orders/${fulfilment?.id}/shipments`, {
    reference: order.orderId,
  })
  return { order, answer }
}
/** Units that may still be promised, before what a channel is not told of out of caution. */
const free = async (sku: string) => {
  const answer = await lead({ method: 'GET', url: `/v1/stock/ats?sku=${sku}&channel=web` })
  const { onHand, reserved, blocked } = answer.json().items[0].components
  return { free: Number(onHand) - Number(reserved) - Number(blocked), blocked }
}

describe('a bin', () => {
  test('takes what fits and was scanned; two who fill it at once do not overfill it', async () => {
    await setUp('A-01', { capacity: '10', pickSeq: 2 })
    expect((await move('MUG', 4, 'A-01', { scannedBin: 'A-02' })).json().code).toBe(
      'WrongBinScanned',
    )
    expect((await move('MUG', 4, 'Z-99')).json().code).toBe('UnknownBin')
    const answers = await Promise.all([1, 2, 3].map(() => move('MUG', 4, 'A-01')))
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([201, 201, 409])
    expect(answers.find((answer) => answer.statusCode === 409)!.json().code).toBe('BinFull')
    expect(await lying('MUG')).toEqual({ '': 92, 'A-01': 8 })
    expect((await move('MUG', 1, 'A-01', { fromBin: 'A-01' })).json().code).toBe('SameBin')
  })

  test('of one item at a time refuses another, and a blocked one everything', async () => {
    await setUp('A-02', { mixesItems: false, pickSeq: 1 })
    await moved('MUG', 5, 'A-02', { scannedBin: 'A-02' })
    expect((await move('LAMP', 1, 'A-02')).json().code).toBe('BinHoldsAnother')
    await setUp('A-03', { status: 'blocked' })
    expect((await move('LAMP', 1, 'A-03')).json().code).toBe('BinBlocked')
  })

  test('is suggested where there is room, that of the item itself first', async () => {
    const url = '/v1/stock/put-away?site=EAST&sku=MUG&qty=3'
    const { items } = (await receiver({ method: 'GET', url })).json()
    expect(items).toEqual([{ code: 'A-02', zone: '', room: null, holdsItem: true }])
  })

  test('is picked in its order, and what lies in none comes last', async () => {
    const { answer } = await ship('MUG', 7)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(await lying('MUG')).toEqual({ '': 87, 'A-01': 6 })
  })

  test('that is blocked is promised to nobody', async () => {
    const { free: before } = await free('MUG')
    await setUp('A-01', { capacity: '10', status: 'blocked' })
    expect(await free('MUG')).toEqual({ free: before - 6, blocked: '6' })
    const order = await api.place(anOrder({ line: { sku: 'MUG', quantity: before } }))
    expect(order.phase).not.toBe('released')
    await setUp('A-01', { capacity: '10' })
    expect(await free('MUG')).toEqual({ free: 6, blocked: '0' })
    // Whoever waits for the units is told.
    const told = await api.system.db`
      SELECT 1 FROM outbox WHERE topic = 'stock-arrived' AND key LIKE 'unblocked/bin/%'`
    expect(told).toHaveLength(1)
  })
})

test('an adjustment takes missing units from wherever they lie, or from the bin that it names', async () => {
  const adjust = (qty: string, changes: object = {}) =>
    post(lead, '/v1/stock/adjustments', {
      ...{ site: 'EAST', sku: 'LAMP', qty, reason: 'broken on the floor' },
      ...changes,
    })
  await setUp('L-01')
  await moved('LAMP', 20, 'L-01')
  expect((await adjust('-1')).statusCode).toBe(201)
  expect((await adjust('-1', { bin: '' })).json().code).toBe('NotEnoughStock')
  expect((await adjust('1', { bin: 'L-01' })).statusCode).toBe(201)
  expect(await lying('LAMP')).toEqual({ 'L-01': 20 })
})

describe('a count', () => {
  test('is of one bin, and corrects that bin', async () => {
    await setUp('B-01')
    await moved('CHAIR', 12, 'B-01')
    await post(lead, '/v1/cycle-counts', {
      ...{ countNo: `B${process.pid}`, site: 'EAST', reason: 'weekly round' },
      places: [{ sku: 'CHAIR', bin: 'B-01' }],
    })
    const picker = await api.as('picker')
    const url = `/v1/cycle-counts/B${process.pid}/entries`
    const entries = [{ sku: 'CHAIR', bin: 'B-01', counted: '11' }]
    await post(picker, url, { entries })
    await post(await api.as(['picker', 'receiver']), url, { entries })
    const [open] = (await lead({ method: 'GET', url: '/v1/exceptions?type=count-variance' })).json()
      .items
    const controller = await api.as('controller')
    const accepted = await post(controller, `/v1/exceptions/${open.id}/resolution`, {
      resolution: 'accept',
      params: { reasonCode: 'missing' },
    })
    expect(accepted.statusCode, accepted.body).toBe(200)
    expect(await lying('CHAIR')).toEqual({ '': 18, 'B-01': 11 })
  })
})

describe('goods that were set aside', () => {
  test('are released at their cost or scrapped at it', async () => {
    const receipt = await post(receiver, '/v1/goods-receipts', {
      ...{ receiptNo: `Q${process.pid}`, site: 'EAST', supplier: 'Potter Ltd' },
      lines: [
        {
          ...{ sku: 'LAMP', expectedQty: '5', receivedQty: '5', unitCostMinor: '3000' },
          condition: 'quarantine',
        },
      ],
    })
    expect(receipt.statusCode, receipt.body).toBe(201)
    const decide = (decision: string, qty: string, key: string) =>
      post(
        lead,
        '/v1/stock/quarantine-decisions',
        { ...{ site: 'EAST', sku: 'LAMP' }, decision, qty, reason: 'looked at' },
        `${key}-${process.pid}`,
      )
    expect((await decide('release', '3', 'release')).statusCode).toBe(201)
    expect((await decide('scrap', '2', 'scrap')).statusCode).toBe(201)
    expect((await decide('scrap', '1', 'again')).json().code).toBe('NotEnoughStock')
    expect(await onHand(api.system.db, 'LAMP')).toEqual({
      'EAST quarantine': 0,
      'EAST sellable': 23,
    })
    const entries = await api.system.db<{ eventType: string; lines: string }[]>`
      SELECT e.event_type AS "eventType", string_agg(l.account_id || ' ' || l.amount_minor, ', ' ORDER BY l.line_no) AS lines FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
      WHERE e.source_type = 'quarantine' GROUP BY e.id, 1 ORDER BY e.id`
    expect([...entries]).toEqual([
      { eventType: 'quarantine-released', lines: '1300 9000, 1320 -9000' },
      { eventType: 'stock-scrapped', lines: '5080 6000, 1320 -6000' },
    ])
    expect(await entriesOf(api.system.db, 'nothing')).toEqual([])
  })
})

describe('a lot', () => {
  const register = (lot: string, settings: object) =>
    buyer({
      method: 'PUT',
      url: `/v1/items/TEA/lots/${lot}`,
      payload: { reason: 'label', ...settings },
    })

  test('that expires first leaves first; recalled, it names who got it and leaves no more', async () => {
    await register('OLD', { expiresOn: '2098-01-01' })
    await register('NEW', { expiresOn: '2099-01-01' })
    await setUp('T-01')
    await moved('TEA', 20, 'T-01', { toLot: 'NEW' })
    await moved('TEA', 10, 'T-01', { toLot: 'OLD' })
    const { order, answer } = await ship('TEA', 4)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(await lying('TEA')).toEqual({ '': 30, 'T-01/NEW': 20, 'T-01/OLD': 6 })

    const recall = await post(buyer, '/v1/items/TEA/lots/OLD/recall', { reason: 'metal found' })
    expect(recall.json()).toMatchObject({
      shipped: [{ orderId: order.orderId, units: '4' }],
      blocked: [{ site: 'EAST', bin: 'T-01', units: '6' }],
    })
    expect(await free('TEA')).toEqual({ free: 50, blocked: '6' })
    await ship('TEA', 5)
    expect(await lying('TEA')).toEqual({ '': 30, 'T-01/NEW': 15, 'T-01/OLD': 6 })
    const unknown = await post(buyer, '/v1/items/TEA/lots/NONE/recall', { reason: 'metal found' })
    expect(unknown.json().code).toBe('UnknownLot')
  })

  test('that was recalled under a promised unit refuses the shipment', async () => {
    const lines = [aLine({ sku: 'TEA', quantity: 40, unitPriceMinor: '250' })]
    const order = await api.place(anOrder({ lines }))
    await post(buyer, '/v1/items/TEA/lots/NEW/recall', { reason: 'metal found here too' })
    const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
    const url = `/v1/fulfilment-orders/${fulfilment!.id}/shipments`
    expect((await post(lead, url, { reference: 'late' })).json().code).toBe('LotBlocked')
    expect((await buyer({ method: 'GET', url: '/v1/items/TEA/lots' })).json().items).toMatchObject([
      { lot: 'OLD', status: 'recalled', units: '6' },
      { lot: 'NEW', status: 'recalled', units: '15' },
    ])
  })
})
