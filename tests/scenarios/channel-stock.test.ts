import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { channelStockId, pauseStock, resumeStock } from '#contracts/channel-stock'
import { startShopSimulator, type ShopSimulator } from '#simulators/shop'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { anOrder } from '#tests/support/company'
import { toldShop, type ToldShop } from '#tests/support/told-shop'

const MUG = '44000000000017'
const LAMP = '44000000000018'

let api: RunningApi
let shop: ShopSimulator
let told: ToldShop
let supervisor: Caller
let stop: () => Promise<void>
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 500 }, LAMP: { east: 50, west: 51 } } })
  shop = await startShopSimulator({ seed: 1 })
  process.env['TEST_SHOP_TOKEN'] = 'shpat_test'
  const { admin } = api.system
  const at = { url: shop.url, secret: 'TEST_SHOP_TOKEN', entityId: api.company.entityId }
  told = await toldShop(admin, { ...at, kind: 'shopify' })
  shop.stock.put('shopify', MUG, 3)
  shop.stock.put('shopify', LAMP, 0)
  await told.list(MUG, 'MUG')
  await told.list(LAMP, 'LAMP', { packFactor: 2, buffer: 1 })
  supervisor = await api.as('oms-supervisor')
  stop = await api.notify()
  await settled()
})
afterAll(async () => {
  await process_()
    .terminate('the test is over')
    .catch(() => undefined)
  await stop()
  await shop.close()
  await api.close()
})
beforeEach(async () => {
  shop.faults.clear()
  await told.rule({})
})

const process_ = () => api.system.client.workflow.getHandle(channelStockId(told.code))
const shown = (id: string) => shop.stock.quantity('shopify', id)
const pushes = (id: string) =>
  shop.journal.effects('shopify.stock.set', { reference: id }).map((one) => one.amount)
const order = (quantity: number, sku = 'MUG') =>
  api.place(anOrder({ channel: told.code, line: { sku, quantity } }))
let wishes = 0
const by = () => ({ key: `wish/${(wishes += 1)}`, actor: 'user:1' })
const url = (rest = '') => `/v1/channels/${told.code}/stock-sync${rest}`
const sync = async () => (await supervisor({ method: 'GET', url: url() })).json()
const cases = (type: string, state = 'open') =>
  api.system.admin<{ id: bigint; summary: string }[]>`
    SELECT x.id, x.summary FROM exception_case x JOIN channel c ON c.id = x.channel_id WHERE c.code = ${told.code} AND x.type = ${type} AND x.state = ${state}`

/** Nothing is on its way, and the shop shows what may be sold. */
async function settled(): Promise<void> {
  await eventually(
    async () => [await told.row(MUG), await told.row(LAMP)],
    (rows) => rows.every((row) => row?.state === 'confirmed' && row.lagBuffer === 0n),
  )
}

async function listable(sku: string): Promise<number> {
  const answer = await supervisor({
    method: 'GET',
    url: `/v1/stock/ats?sku=${sku}&channel=${told.code}`,
  })
  const { items } = answer.json() as { items: { listings: { listable: string }[] }[] }
  return items.flatMap((row) => row.listings).reduce((sum, one) => sum + Number(one.listable), 0)
}

async function resolve(id: bigint, resolution: string) {
  return post(supervisor, `/v1/exceptions/${id}/resolution`, { resolution })
}

test('a channel shows what ATS lists: over all sites, in packs, less the buffer', async () => {
  expect([shown(MUG), shown(LAMP)]).toEqual([500, 24 + 25])
  expect([await listable('MUG'), await listable('LAMP')]).toEqual([500, 49])
})

test('an order lowers what the channel shows within seconds, by one push', async () => {
  const before = pushes(MUG).length
  await order(4)
  await eventually(
    async () => shown(MUG),
    (n) => n === 496,
    5_000,
  )
  expect(pushes(MUG).slice(before)).toEqual([496])
  expect(await listable('MUG')).toBe(496)
})

test('an order that the shop took itself needs no push: both numbers are the same already', async () => {
  const before = pushes(MUG).length
  shop.stock.put('shopify', MUG, 494)
  await order(2)
  await eventually(
    () => told.row(MUG),
    (row) => row.state === 'confirmed' && row.listable === 494n && row.theirs === 494n,
  )
  expect(pushes(MUG).slice(before)).toEqual([])
  expect((await told.row(MUG)).driftCause, 'that is no drift').toBeNull()
})

test('a burst of changes is one push for each listing', async () => {
  await process_().executeUpdate(pauseStock, { args: [by()] })
  const before = { mug: pushes(MUG).length, lamp: pushes(LAMP).length }
  for (let n = 0; n < 5; n += 1) await order(1)
  await order(6, 'LAMP')
  const paused = await eventually(sync, (one) => one.open === 2)
  expect(paused.state).toBe('paused')
  await process_().executeUpdate(resumeStock, { args: [by()] })
  await settled()
  expect(pushes(MUG).slice(before.mug)).toEqual([489])
  expect(pushes(LAMP).slice(before.lamp)).toHaveLength(1)
})

test('another number there is never overwritten blindly: it is read, waited on, and set again', async () => {
  const before = pushes(MUG).length
  shop.stock.put('shopify', MUG, 480)
  const at = Date.now()
  await order(1)
  await eventually(
    async () => shown(MUG),
    (n) => n === 488,
  )
  expect(Date.now() - at, 'its orders may be on their way').toBeGreaterThanOrEqual(950)
  await settled()
  expect(pushes(MUG).slice(before)).toEqual([488])
  expect(await told.row(MUG)).toMatchObject({ driftOurs: 489n, driftTheirs: 480n, repaired: true })
  expect((await told.row(MUG)).driftCause).toMatch(/sold there/)
})

test('a lost answer is asked about, and nothing is pushed twice', async () => {
  const before = pushes(MUG).length
  await process_().executeUpdate(pauseStock, { args: [by()] })
  await order(1)
  shop.faults.add({ kind: 'timeout-after-success', operation: 'shopify.graphql', mode: 'reset' })
  await process_().executeUpdate(resumeStock, { args: [by()] })
  await eventually(
    () => told.row(MUG),
    (row) => row.state === 'confirmed' && row.theirs === 487n,
  )
  expect(pushes(MUG).slice(before)).toEqual([487])
  expect((await sync()).failures).toBe(0)
})

test('a call that never arrived is asked about and made again', async () => {
  const before = pushes(MUG).length
  await process_().executeUpdate(pauseStock, { args: [by()] })
  await order(1)
  shop.faults.add({ kind: 'timeout-before', operation: 'shopify.graphql', mode: 'reset' })
  await process_().executeUpdate(resumeStock, { args: [by()] })
  await eventually(
    async () => shown(MUG),
    (n) => n === 486,
  )
  await settled()
  expect(pushes(MUG).slice(before)).toEqual([486])
})

test('a channel that throttles us is left alone as long as it wishes, and says so', async () => {
  await process_().executeUpdate(pauseStock, { args: [by()] })
  await order(1)
  shop.faults.add({ kind: 'decline', operation: 'shopify.graphql' })
  await process_().executeUpdate(resumeStock, { args: [by()] })
  const throttled = await eventually(sync, (one) => one.waitsUntil !== null)
  expect(throttled.waitsBecause).toBe('the channel asks us to slow down')
  expect(shown(MUG)).toBe(486)
  await eventually(
    async () => shown(MUG),
    (n) => n === 485,
  )
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(throttled.waitsUntil))
  expect((await sync()).throttle).toMatchObject({ maximumAvailable: 2000, restoreRate: 100 })
})

test('less is told while the channel lags, and all of it when it has caught up', async () => {
  const before = pushes(MUG).length
  await told.rule({ lagLimitSeconds: 1, lagBufferPerMinute: 3, lagBufferCap: 3 })
  await process_().executeUpdate(pauseStock, { args: [by()] })
  await order(1)
  const lagging = await eventually(sync, (one) => one.lagBuffer === 3)
  expect(lagging.lagSeconds).toBeGreaterThan(1)
  await process_().executeUpdate(resumeStock, { args: [by()] })
  await eventually(
    async () => shown(MUG),
    (n) => n === 484,
  )
  expect(pushes(MUG).slice(before)).toEqual([481, 484])
  await settled()
  expect(await sync()).toMatchObject({ lagSeconds: 0, lagBuffer: 0 })
})

test('a sweep finds what somebody changed there, lists it with its cause and repairs it', async () => {
  shop.stock.put('shopify', MUG, 490)
  const swept = (await sync()).sweptAt
  const asked = await post(supervisor, url('/sweep'), {})
  expect(asked.statusCode).toBe(202)
  await eventually(sync, (one) => one.sweptAt !== swept && !one.sweepUnderWay)
  await eventually(
    async () => shown(MUG),
    (n) => n === 484,
  )
  await settled()
  const { items } = (await supervisor({ method: 'GET', url: url('/listings') })).json()
  expect(items[0]).toMatchObject({
    externalId: MUG,
    listable: '484',
    wanted: '484',
    theirs: '484',
    state: 'confirmed',
    drift: { ours: '484', theirs: '490', cause: expect.stringMatching(/put back|raised/) },
  })
  expect(items[0].drift.repairedAt).not.toBeNull()
})

test('a number that would rise by much is not raised before a person has looked', async () => {
  await told.rule({ driftCaseUnits: 100 })
  shop.stock.put('shopify', MUG, 20)
  await post(supervisor, url('/sweep'), {})
  const [found] = await eventually(
    () => cases('channel-stock-drift'),
    (rows) => rows.length === 1,
  )
  await new Promise((resume) => setTimeout(resume, 2_000))
  expect(shown(MUG)).toBe(20)
  const answer = await resolve(found!.id, 'overwrite')
  expect(answer.statusCode).toBe(200)
  await eventually(
    async () => shown(MUG),
    (n) => n === 484,
  )
  await settled()
  expect(await cases('channel-stock-drift')).toEqual([])
  const again = await resolve(found!.id, 'overwrite')
  expect(again.statusCode).toBe(409)
})

test('a listing that the channel does not know asks somebody, once, and is asked for again', async () => {
  await told.list('555', 'MUG')
  const [found] = await eventually(
    () => cases('channel-listing-unknown'),
    (rows) => rows.length === 1,
  )
  expect(found!.summary).toMatch(/does not know the listing 555 of MUG: there is no such variant/)
  shop.stock.put('shopify', '555', 0)
  expect((await resolve(found!.id, 'ask-again')).statusCode).toBe(200)
  await eventually(
    async () => shown('555'),
    (n) => n === 484,
  )
  await api.system.admin`UPDATE listing SET state = 'paused' WHERE external_id = '555'`
  await eventually(
    async () => shown('555'),
    (n) => n === 0,
  )
})

test('a channel that cannot be told for long asks somebody, and the case closes by itself', async () => {
  await told.rule({ failingCaseSeconds: 1 })
  shop.faults.add({ kind: 'error-500', operation: 'shopify.graphql', count: 100 })
  await order(1)
  await eventually(
    () => cases('channel-stock-failing'),
    (rows) => rows.length === 1,
  )
  expect(await sync()).toMatchObject({ lastError: expect.stringMatching(/answered 500/) })
  shop.faults.clear()
  await eventually(
    () => cases('channel-stock-failing', 'self-healed'),
    (rows) => rows.length === 1,
    40_000,
  )
  await eventually(
    async () => shown(MUG),
    (n) => n === 483,
  )
})

test('a channel that is no longer told ends its process; told again, everything is asked anew', async () => {
  const administrator = await api.as('administrator')
  const put = (state: string) =>
    administrator({
      method: 'PUT',
      url: url(),
      payload: { state },
      key: `put-${state}-${told.code}`,
    })
  const off = await put('off')
  expect(off.json()).toMatchObject({ state: 'off' })
  await process_().result()
  expect((await post(supervisor, url('/sweep'), {})).json()).toMatchObject({ code: 'StockSyncOff' })
  shop.stock.put('shopify', MUG, 7)
  expect((await put('on')).statusCode).toBe(200)
  await eventually(
    async () => shown(MUG),
    (n) => n === 483,
  )
})
