import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aLine, anOrder } from '#tests/support/company'
import { fulfilmentsOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let lead: Caller
let picker: Caller
let second: Caller
beforeAll(async () => {
  api = await runningApi({
    stock: { MUG: { east: 100 }, LAMP: { east: 20 }, CHAIR: { east: 30 }, TEA: { east: 60 } },
  })
  lead = await api.as('warehouse-lead')
  picker = await api.as('picker')
  second = await api.as(['picker', 'receiver'])
  const buyer = await api.as('buyer')
  const put = (caller: Caller, url: string, payload: object) =>
    caller({ method: 'PUT', url, payload: { reason: 'set up', ...payload } })
  await put(lead, '/v1/sites/EAST/bins/A-01', { zone: 'A', pickSeq: 1 })
  await put(lead, '/v1/sites/EAST/bins/B-01', { zone: 'B', pickSeq: 2 })
  await put(buyer, '/v1/items/TEA/lots/OLD', { expiresOn: '2098-01-31' })
  await put(buyer, '/v1/items/TEA/lots/NEW', { expiresOn: '2099-01-31' })
  const gtin = await put(buyer, '/v1/items/TEA/gtins/9501101530003', {})
  expect(gtin.statusCode, gtin.body).toBe(200)
  expect((await put(buyer, '/v1/items/TEA/gtins/9501101530004', {})).json().code).toBe(
    'GtinInvalid',
  )
  await moved('MUG', 40, 'B-01')
  await moved('MUG', 5, 'A-01')
  await moved('LAMP', 20, 'A-01')
  await moved('TEA', 20, 'A-01', 'NEW')
  await moved('TEA', 6, 'B-01', 'OLD')
})
afterAll(async () => {
  await expectProofs(api.system.db)
  await api.close()
})

async function moved(sku: string, qty: number, toBin: string, toLot?: string) {
  const payload = { ...{ site: 'EAST', sku, qty: String(qty), toBin }, ...(toLot ? { toLot } : {}) }
  const answer = await post(second, '/v1/stock/bin-moves', payload)
  expect(answer.statusCode, answer.body).toBe(201)
}
const prices: Record<string, string> = { MUG: '1000', LAMP: '10000', TEA: '250', CHAIR: '22500' }
async function released(...wanted: [sku: string, quantity: number][]) {
  const lines = wanted.map(([sku, quantity], n) =>
    aLine({ sku, quantity, unitPriceMinor: prices[sku]!, externalLineId: `${n + 1}` }),
  )
  const order = await api.place(anOrder({ lines }))
  const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
  return { orderId: order.orderId, fulfilmentId: String(fulfilment!.id) }
}
let waves = 0
const plan = (changes: object = {}) => {
  waves += 1
  const shipUntil = '2099-12-31'
  return post(lead, '/v1/waves', {
    ...{ waveNo: `W${waves}`, site: 'EAST', shipUntil },
    ...changes,
  })
}
const start = (waveNo: string) => post(lead, `/v1/waves/${waveNo}/start`, {})
const list = async (waveNo: string) =>
  (await picker({ method: 'GET', url: `/v1/waves/${waveNo}/pick-list` })).json()
const pick = (taskId: string, bin: string, scan: string, changes: object = {}, by = picker) =>
  post(by, `/v1/pick-tasks/${taskId}/pick`, { bin, scan, ...changes })
const lying = async (sku: string) => {
  const rows = await api.system.db<{ place: string; qty: number }[]>`
    SELECT q.bin || CASE WHEN q.lot = '' THEN '' ELSE '/' || q.lot END AS place, q.qty::int AS qty FROM stock_quant q JOIN item i ON i.id = q.item_id
    WHERE i.sku = ${sku} AND q.condition = 'sellable' AND q.qty > 0 ORDER BY 1`
  return Object.fromEntries(rows.map((row) => [row.place, row.qty]))
}
const pickedOf = async (fulfilmentId: string) =>
  (await picker({ method: 'GET', url: `/v1/fulfilment-orders/${fulfilmentId}` }))
    .json()
    .lines.map((line: { picked: number }) => line.picked)

describe('a wave', () => {
  test('takes several orders, lets a late one join, and is walked in the order of the bins', async () => {
    const one = await released(['MUG', 3], ['LAMP', 1])
    const other = await released(['MUG', 4])
    expect((await plan({ carrier: 'DHL' })).json().code).toBe('NothingToPick')
    const planned = await plan()
    expect(planned.statusCode, planned.body).toBe(201)
    expect(planned.json()).toEqual({ waveNo: 'W2', orders: 2 })
    expect((await plan({ waveNo: 'W2' })).json().code).toBe('WaveExists')

    const late = await released(['TEA', 8])
    const join = (waveNo: string) =>
      post(lead, `/v1/waves/${waveNo}/orders`, { fulfilmentId: late.fulfilmentId })
    expect((await join('W2')).statusCode).toBe(200)
    expect((await join('W2')).json().code).toBe('InAnotherWave')
    expect((await start('W2')).json()).toEqual({ waveNo: 'W2', lines: 4 })
    expect((await start('W2')).json().code).toBe('WaveStarted')
    expect((await join('W2')).json().code).toBe('WaveStarted')

    const { wave, items } = await list('W2')
    expect(wave).toMatchObject({ state: 'picking', orders: 3, toPick: 6, done: 0 })
    const said = items.map(
      (task: { bin: string; sku: string; lot: string; qty: number; fulfilmentId: string }) =>
        `${task.bin} ${task.qty} × ${task.sku}${task.lot ? ` of ${task.lot}` : ''} for ${task.fulfilmentId}`,
    )
    expect(said).toEqual([
      `A-01 1 × LAMP for ${one.fulfilmentId}`,
      `A-01 3 × MUG for ${one.fulfilmentId}`,
      `A-01 2 × MUG for ${other.fulfilmentId}`,
      `A-01 2 × TEA of NEW for ${late.fulfilmentId}`,
      `B-01 2 × MUG for ${other.fulfilmentId}`,
      `B-01 6 × TEA of OLD for ${late.fulfilmentId}`,
    ])
  })

  test('is picked by scans: another bin, item or lot is refused by its name', async () => {
    const { items } = await list('W2')
    const [lamp, mug, otherMug, newTea, lastMug, oldTea] = items
    expect((await pick(lamp.taskId, 'B-01', 'LAMP')).json().code).toBe('WrongBinScanned')
    const wrong = (await pick(lamp.taskId, 'A-01', 'MUG')).json()
    expect(wrong.code).toBe('WrongItemScanned')
    expect(wrong.detail).toContain('MUG (mug) was scanned, LAMP (lamp) was meant')
    expect((await pick(lamp.taskId, 'A-01', '4006381333931')).json().code).toBe('ScanUnreadable')
    const old = ']C10109501101530003' + '17980131' + '10OLD'
    expect((await pick(newTea.taskId, 'A-01', old)).json().code).toBe('WrongLotScanned')
    expect((await pick(lamp.taskId, 'A-01', 'LAMP', { picked: 2 })).json().code).toBe('OverPick')
    const twice = { scans: ['LAMP', 'LAMP'] }
    expect((await pick(lamp.taskId, 'A-01', '', twice)).json().code).toBe('OverPick')

    const done = [
      await pick(lamp.taskId, 'A-01', 'LAMP'),
      await pick(mug.taskId, 'A-01', '', { scans: ['MUG', 'MUG', 'MUG'] }),
      await pick(otherMug.taskId, 'A-01', 'MUG'),
      await pick(newTea.taskId, 'A-01', '9501101530003'),
      await pick(lastMug.taskId, 'B-01', 'MUG'),
      await pick(oldTea.taskId, 'B-01', old),
    ]
    expect(done.map((answer) => answer.statusCode)).toEqual([200, 200, 200, 200, 200, 200])
    expect(done.flatMap((answer) => answer.json().cases)).toEqual([])
    expect((await list('W2')).wave.state).toBe('picked')
    expect(await pickedOf(otherMug.fulfilmentId)).toEqual([4])
    expect(await lying('TEA')).toEqual({
      '': 34,
      'A-01/NEW': 18,
      [`TOTE/${oldTea.fulfilmentId}/NEW`]: 2,
      [`TOTE/${oldTea.fulfilmentId}/OLD`]: 6,
    })
  })

  test('keeps what was picked for its order: another shipment takes none of it', async () => {
    const { items } = await list('W2')
    const tea = items.find((task: { sku: string }) => task.sku === 'TEA')
    const other = await released(['TEA', 1])
    const url = (id: string) => `/v1/fulfilment-orders/${id}/shipments`
    expect((await post(lead, url(other.fulfilmentId), { reference: 'x' })).statusCode).toBe(200)
    expect(await lying('TEA')).toMatchObject({ 'A-01/NEW': 17 })
    expect((await post(lead, url(tea.fulfilmentId), { reference: 'y' })).statusCode).toBe(200)
    expect(await lying('TEA')).toEqual({ '': 34, 'A-01/NEW': 17 })
  })
})

describe('a pick task', () => {
  async function oneTask(sku: string, quantity: number) {
    const order = await released([sku, quantity])
    const planned = await plan()
    expect(planned.statusCode, planned.body).toBe(201)
    const { waveNo } = planned.json()
    expect((await start(waveNo)).statusCode).toBe(200)
    const { items } = await list(waveNo)
    const tasks = items.filter(
      (task: { fulfilmentId: string }) => task.fulfilmentId === order.fulfilmentId,
    )
    return { ...order, waveNo, items, tasks }
  }

  test('that comes short needs a reason, opens a case, and its units are promised to nobody', async () => {
    const { tasks, orderId, fulfilmentId, waveNo } = await oneTask('LAMP', 3)
    const { taskId } = tasks[0]
    const short = { picked: 2 }
    expect((await pick(taskId, 'A-01', 'LAMP', short)).json().code).toBe('ShortPickNeedsReason')
    const answer = await pick(taskId, 'A-01', 'LAMP', { ...short, shortReason: 'one is broken' })
    expect(answer.json().cases).toMatchObject([{ type: 'short-pick' }])
    expect((await list(waveNo)).items[0]).toMatchObject({
      ...{ state: 'will-not-pick', picked: 2, reason: 'one is broken' },
    })
    expect(await pickedOf(fulfilmentId)).toEqual([2])
    const csr = await api.as('oms-supervisor')
    const decided = await post(csr, `/v1/exceptions/${answer.json().cases[0].id}/resolution`, {
      resolution: 'cancel',
    })
    expect(decided.statusCode, decided.body).toBe(200)
    const missing = await api.system
      .db`SELECT qty FROM missing_stock WHERE cause_id = ${orderId} OR settled_at IS NULL`
    expect(missing).toMatchObject([{ qty: 1n }])
  })

  test('that two pickers scan at once is picked once', async () => {
    const { items, tasks, fulfilmentId } = await oneTask('MUG', 5)
    // What was found for the short order was released anew, and lies in a tote already.
    expect(items.at(-1)).toMatchObject({
      sku: 'LAMP',
      qty: 2,
      bin: expect.stringContaining('TOTE/'),
    })
    expect(tasks).toMatchObject([{ bin: 'B-01', qty: 5, fulfilmentId }])
    const before = await lying('MUG')
    const answers = await Promise.all(
      [picker, second, lead].map((by) => pick(tasks[0].taskId, 'B-01', 'MUG', {}, by)),
    )
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 409, 409])
    const late = answers.filter((answer) => answer.statusCode === 409)
    expect(late.map((answer) => answer.json().code)).toEqual(['PickTaskDone', 'PickTaskDone'])
    expect(await lying('MUG')).toEqual({
      ...before,
      'B-01': before['B-01']! - 5,
      [`TOTE/${fulfilmentId}`]: 5,
    })
    expect(await pickedOf(fulfilmentId)).toEqual([5])
  })

  test('whose units were picked without it asks for nothing more', async () => {
    const { tasks, fulfilmentId } = await oneTask('MUG', 2)
    const { lines } = (
      await lead({ method: 'GET', url: `/v1/fulfilment-orders/${fulfilmentId}` })
    ).json()
    const url = `/v1/fulfilment-orders/${fulfilmentId}/picks`
    await post(lead, url, { lines: [{ orderLineId: lines[0].orderLineId, picked: 2 }] })
    expect((await pick(tasks[0].taskId, 'B-01', 'MUG')).json().code).toBe('PickTaskGone')
  })
})

test('two who plan at once never have the same order, and a zone takes what lies in it', async () => {
  const orders = await Promise.all([1, 2, 3, 4].map(() => released(['LAMP', 1])))
  await released(['CHAIR', 1])
  const answers = await Promise.all([plan({ zone: 'A' }), plan({ zone: 'A' }), plan({ zone: 'A' })])
  const taken = answers.map((answer) => answer.json().orders ?? 0)
  expect(taken.reduce((all, orders) => all + orders, 0)).toBe(orders.length)
})
