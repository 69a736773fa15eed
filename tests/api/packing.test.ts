import { afterAll, beforeAll, expect, test } from 'vitest'
import { aLine, anOrder } from '#tests/support/company'
import { fulfilmentsOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let lead: Caller
let packer: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100 }, LAMP: { east: 20 }, CHAIR: { east: 5 } } })
  lead = await api.as('warehouse-lead')
  packer = await api.as('picker')
  for (const [code, side] of [
    ['S', 120],
    ['L', 320],
  ] as const) {
    const payload = {
      ...{ lengthMm: side, widthMm: side, heightMm: side },
      ...{ tareG: side, maxWeightG: 10_000, reason: 'bought' },
    }
    const url = `/v1/sites/EAST/package-types/${code}`
    const answer = await lead({ method: 'PUT', url, payload })
    expect(answer.statusCode, answer.body).toBe(200)
  }
})
afterAll(async () => {
  await expectProofs(api.system.db)
  await api.close()
})

/** An order of three mugs and a lamp that were picked. */
async function pickedOrder() {
  const lines = [
    aLine({ sku: 'MUG', quantity: 3, unitPriceMinor: '1000', externalLineId: '1' }),
    aLine({ sku: 'LAMP', quantity: 1, externalLineId: '2' }),
  ]
  const order = await api.place(anOrder({ lines }))
  const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
  const url = `/v1/fulfilment-orders/${fulfilment!.id}`
  const read = async () => (await packer({ method: 'GET', url })).json()
  const asked: { orderLineId: string; qty: number }[] = (await read()).lines
  const picks = asked.map(({ orderLineId, qty }) => ({ orderLineId, picked: qty }))
  const picked = await post(packer, `${url}/picks`, { lines: picks })
  expect(picked.statusCode, picked.body).toBe(200)
  return {
    url,
    read,
    orderId: order.orderId,
    scan: (boxNo: number, scan: string, changes: object = {}) =>
      post(packer, `${url}/boxes/${boxNo}/scans`, { scan, ...changes }),
    shut: (boxNo: number, weightG: number, changes: object = {}) =>
      post(packer, `${url}/boxes/${boxNo}/closing`, { weightG, ...changes }),
  }
}

test('an order is packed by scans into boxes that were suggested, and leaves in them', async () => {
  const { url, read, orderId, scan, shut } = await pickedOrder()
  const { boxes } = (await packer({ method: 'GET', url: `${url}/box-suggestion` })).json()
  expect(boxes).toMatchObject([{ package: 'L', expectedG: 2320 }])

  expect((await scan(1, 'MUG')).json().code).toBe('BoxNotOpen')
  expect((await scan(1, 'MUG', { package: 'XXL' })).json().code).toBe('UnknownPackage')
  const wrong = (await scan(1, 'CHAIR', { package: 'L' })).json()
  expect(wrong).toMatchObject({ code: 'WrongItemScanned' })
  expect(wrong.detail).toContain('CHAIR (chair) is not part of this order')
  expect((await scan(1, 'MUG', { package: 'L', qty: 2 })).json()).toMatchObject({ packed: 2 })
  expect((await scan(1, 'MUG', { qty: 2 })).json().code).toBe('OverPack')
  expect((await scan(1, 'LAMP')).statusCode).toBe(200)

  const light = (await shut(1, 1000)).json()
  expect(light.code).toBe('WeightOff')
  expect((await shut(1, 1850)).json()).toEqual({ boxNo: 1, weightG: 1850, expectedG: 1820 })
  expect((await scan(1, 'MUG')).json().code).toBe('BoxNotOpen')

  const printed = () => packer({ method: 'GET', url: `${url}/boxes/1/label` })
  expect((await printed()).json().code).toBe('Gs1PrefixMissing')
  const payload = { prefix: '39501101', reason: 'joined GS1' }
  await lead({ method: 'PUT', url: '/v1/sites/EAST/gs1-prefix', payload })
  const { sscc, zpl } = (await printed()).json()
  expect(sscc).toMatch(/^39501101\d{10}$/)
  expect(zpl).toContain(`>;>800${sscc}`)

  const label = () => post(lead, `${url}/packed-labels`, {})
  const ship = (reference: string) => post(lead, `${url}/packed-shipments`, { reference })
  expect((await label()).statusCode).toBe(200)
  expect((await label()).json().code).toBe('NothingPacked')
  const parcels = await api.system.db`SELECT weight_g FROM parcel WHERE order_id = ${orderId}`
  expect(parcels).toEqual([{ weight_g: 1850 }])

  expect((await ship('S1')).json()).toMatchObject({ phase: 'part-shipped' })
  expect((await read()).lines).toMatchObject([{ shipped: 2 }, { shipped: 1 }])
  expect((await ship('S1')).statusCode).toBe(200)
  expect((await ship('S2')).json().code).toBe('NothingPacked')
  expect((await scan(2, 'MUG', { package: 'S' })).statusCode).toBe(200)
  expect((await shut(2, 900, { reason: 'a gift card was added' })).statusCode).toBe(200)
  expect((await ship('S2')).statusCode).toBe(200)
  expect((await read()).lines).toMatchObject([{ shipped: 3 }, { shipped: 1 }])
  const found = (await packer({ method: 'GET', url: `${url}/boxes` })).json().items
  expect(found).toMatchObject([
    { boxNo: 1, state: 'closed', package: 'L', weightReason: null },
    { boxNo: 2, expectedG: 620, weightG: 900, weightReason: 'a gift card was added' },
  ])
})

test('a box that was packed wrong is emptied and packed again; one that has left is not', async () => {
  const { url, read, scan, shut } = await pickedOrder()
  const empty = () => post(packer, `${url}/boxes/1/emptying`, { reason: 'the wrong half' })
  await scan(1, 'MUG', { package: 'L', qty: 3 })
  await shut(1, 1820)
  expect((await empty()).statusCode).toBe(200)
  expect((await scan(1, 'MUG', { qty: 1 })).statusCode).toBe(200)
  await shut(1, 820)
  expect((await post(lead, `${url}/packed-shipments`, { reference: 'S1' })).statusCode).toBe(200)
  expect((await read()).lines).toMatchObject([{ shipped: 1 }, { shipped: 0 }])
  expect((await empty()).json().code).toBe('BoxNotOpen')
})

test('a unit that two packers scan at once lies in one box', async () => {
  const { scan } = await pickedOrder()
  const answers = await Promise.all(
    [1, 2, 3, 4, 5].map((boxNo) => scan(boxNo, 'LAMP', { package: 'S' })),
  )
  expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 409, 409, 409, 409])
})

test('two who ship the same boxes at once ship them once', async () => {
  const { url, read, scan, shut } = await pickedOrder()
  await scan(1, 'MUG', { package: 'L', qty: 3 })
  await shut(1, 1820)
  const answers = await Promise.all(
    ['A', 'B', 'C'].map((reference) => post(lead, `${url}/packed-shipments`, { reference })),
  )
  expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 409, 409])
  expect((await read()).lines).toMatchObject([{ shipped: 3 }, { shipped: 0 }])
})

test('an item without a size is not guessed into a box', async () => {
  const { url } = await pickedOrder()
  const set = (height: number | null) =>
    api.system.admin`UPDATE item SET status = 'blocked', height_mm = ${height} WHERE sku = 'LAMP'`
  await set(null)
  const answer = await packer({ method: 'GET', url: `${url}/box-suggestion` })
  expect(answer.json().code).toBe('SizeMissing')
  await set(100)
})
