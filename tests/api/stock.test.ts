import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { openStock } from '#db/stores/goods'
import { aLine, anOrder } from '#tests/support/company'
import { post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let buyerOfStock: Caller
let lead: Caller
let receiver: Caller
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100, west: 50 }, LAMP: { east: 10 } } })
  lead = await api.as('warehouse-lead')
  receiver = await api.as('receiver')
  supervisor = await api.as('oms-supervisor')
  buyerOfStock = await api.as('buyer')
})
afterAll(async () => {
  const broken = (await runProofs(api.system.db, ledgerProofs)).filter((r) => r.broken.length > 0)
  await api.close()
  expect(broken.map((r) => r.proof.name)).toEqual([])
})

const get = (url: string, caller = supervisor) => caller({ method: 'GET', url })
const ats = async (sku: string, site = 'EAST', channel = 'web') => {
  const answer = await get(`/v1/stock/ats?sku=${sku}&channel=${channel}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().items.find((row: { site: string }) => row.site === site)
}
let number = 0
const next = () => `${process.pid}-${(number += 1)}`
const receive = (lines: object[], changes: object = {}) =>
  post(receiver, '/v1/goods-receipts', {
    receiptNo: `R-${next()}`,
    site: 'EAST',
    supplier: 'Potter Ltd',
    lines,
    ...changes,
  })
const line = (changes: object = {}) => ({
  sku: 'MUG',
  expectedQty: '10',
  receivedQty: '10',
  unitCostMinor: '450',
  ...changes,
})

describe('available to sell', () => {
  test('is what is on hand less what is promised, with each part told', async () => {
    const before = await ats('MUG')
    await api.place(anOrder({ line: { sku: 'MUG', quantity: 3 } }))
    const after = await ats('MUG')
    expect(BigInt(after.components.reserved) - BigInt(before.components.reserved)).toBe(3n)
    expect(BigInt(before.ats) - BigInt(after.ats)).toBe(3n)
    expect(after.components).toMatchObject({ onHand: '100', safetyStock: '0', otherPools: '0' })
  })

  test('falls by safety stock from its date, by other channels’ pools and by the buffer', async () => {
    const before = BigInt((await ats('MUG')).ats)
    const set = await post(buyerOfStock, '/v1/stock/safety-stock', {
      sku: 'MUG',
      site: 'EAST',
      safetyStock: '5',
      reason: 'season begins',
    })
    expect(set.statusCode, set.body).toBe(201)
    await post(buyerOfStock, '/v1/stock/safety-stock', {
      sku: 'MUG',
      site: 'EAST',
      safetyStock: '50',
      reason: 'much later',
      effectiveFrom: '2090-01-01',
    })
    const pool = await post(buyerOfStock, '/v1/stock/pools', {
      sku: 'MUG',
      site: 'EAST',
      channel: 'b2b',
      qty: '20',
      reason: 'promised to wholesale',
    })
    expect(pool.statusCode, pool.body).toBe(201)
    const web = await ats('MUG')
    expect(web.components).toMatchObject({ safetyStock: '5', otherPools: '20', ownPool: '0' })
    expect(BigInt(web.ats)).toBe(before - 25n)
    const b2b = await ats('MUG', 'EAST', 'b2b')
    expect(b2b.components).toMatchObject({ otherPools: '0', ownPool: '20' })
    expect(BigInt(b2b.ats)).toBe(before - 5n)

    await api.system
      .admin`INSERT INTO listing (channel_id, external_id, item_id, pack_factor, buffer) SELECT c.id, 'SIX-MUGS', i.id, 6, 4 FROM channel c, item i WHERE c.code = 'market' AND i.sku = 'MUG'`
    const market = await ats('MUG', 'EAST', 'market')
    expect(market).toMatchObject({ packFactor: 6, components: { buffer: '4' } })
    expect(BigInt(market.ats)).toBe(before - 29n)
    expect(BigInt(market.listable)).toBe((before - 29n) / 6n)
  })

  test('sold anywhere, it falls everywhere by the listing’s factor', async () => {
    const [web, market] = [await ats('MUG'), await ats('MUG', 'EAST', 'market')]
    await api.place(
      anOrder({
        channel: 'market',
        lines: [aLine({ sku: null, externalListingId: 'SIX-MUGS', unitPriceMinor: '5000' })],
        payment: { state: 'marketplace', provider: 'amazon', reference: null, amountMinor: '0' },
      }),
    )
    expect(BigInt(web.ats) - BigInt((await ats('MUG')).ats)).toBe(6n)
    const now = await ats('MUG', 'EAST', 'market')
    expect(BigInt(market.ats) - BigInt(now.ats)).toBe(6n)
    expect(BigInt(market.listable) - BigInt(now.listable)).toBe(1n)
  })

  test('walks page by page and keeps to the caller’s sites and entities', async () => {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`
      const page = (await get(`/v1/stock/ats?limit=1${from}`)).json()
      for (const row of page.items) seen.push(`${row.sku} ${row.site}`)
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual([...new Set(seen)].sort())
    expect(seen).toContain('MUG WEST')
    const west = await api.as('oms-supervisor', { sites: ['WEST'] })
    const rows = (await get('/v1/stock/ats', west)).json().items
    expect(new Set(rows.map((row: { site: string }) => row.site))).toEqual(new Set(['WEST']))
    const abroad = await api.as('oms-supervisor', { entities: ['OTHER'] })
    expect((await get('/v1/stock/ats', abroad)).json().items).toEqual([])
    expect((await get('/v1/stock/movements', abroad)).json().items).toEqual([])
    expect((await get('/v1/fulfilment-orders', abroad)).json().items).toEqual([])
  })

  test('walks over a SKU with a line break in it', async () => {
    const { admin } = api.system
    await admin`INSERT INTO item (sku, name) VALUES (${'MUG\nTWO'}, 'Odd')`
    await admin`INSERT INTO stock_position (item_id, site_id) SELECT i.id, s.id FROM item i, site s WHERE i.sku = ${'MUG\nTWO'}`
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`
      const page = (await get(`/v1/stock/ats?limit=1${from}`)).json()
      seen.push(...page.items.map((row: { sku: string; site: string }) => `${row.sku} ${row.site}`))
      cursor = page.nextCursor
    } while (cursor !== null && seen.length < 50)
    expect(seen).toHaveLength(new Set(seen).size)
    expect(seen).toEqual(expect.arrayContaining(['MUG\nTWO EAST', 'MUG\nTWO WEST']))
    await admin`DELETE FROM stock_position WHERE item_id = (SELECT id FROM item WHERE sku = ${'MUG\nTWO'})`
  })

  test('of a channel that does not exist is no number', async () => {
    const answer = await get('/v1/stock/ats?channel=nowhere')
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors[0].field).toBe('query.channel')
  })

  test('shows the rows behind a number', async () => {
    const detail = (await get('/v1/stock/items/MUG')).json()
    expect(detail.sku).toBe('MUG')
    expect(detail.reservations[0]).toMatchObject({ orderNumber: expect.any(String) })
    expect(detail.layers.length).toBeGreaterThan(0)
    expect((await get('/v1/stock/items/NOTHING')).statusCode).toBe(404)
    const west = await api.as('oms-supervisor', { sites: ['WEST'] })
    const narrow = (await get('/v1/stock/items/MUG', west)).json()
    expect(new Set(narrow.positions.map((row: { site: string }) => row.site))).toEqual(
      new Set(['WEST']),
    )
    expect(narrow.reservations).toEqual([])
  })
})

describe('an adjustment', () => {
  const adjust = (changes: object, key?: string, caller = lead) =>
    post(
      caller,
      '/v1/stock/adjustments',
      { sku: 'MUG', site: 'EAST', qty: '-2', reason: 'broken in the aisle', ...changes },
      key,
    )

  test('moves quantity and value once, with its entry', async () => {
    const before = BigInt((await ats('MUG')).components.onHand)
    const key = `adjust-${next()}`
    const first = await adjust({}, key)
    expect(first.statusCode, first.body).toBe(201)
    expect((await adjust({}, key)).json()).toEqual(first.json())
    expect((await adjust({ qty: '-3' }, key)).json().code).toBe('IdempotencyMismatch')
    expect(BigInt((await ats('MUG')).components.onHand)).toBe(before - 2n)
    const [moved] = (await get('/v1/stock/movements?sku=MUG&limit=1')).json().items
    expect(moved).toMatchObject({ kind: 'adjustment', qty: '2', reason: 'broken in the aisle' })
    const controller = await api.as('controller')
    const value = await get('/v1/stock/valuation', controller)
    expect(value.json().items.length).toBeGreaterThan(0)
    for (const row of value.json().items) expect(row.layersMinor).toBe(row.ledgerMinor)
    expect((await adjust({ qty: '3' })).statusCode).toBe(201)
  })

  test('stands in one trail with safety stock and pools, each with what was before', async () => {
    const before = (await ats('MUG', 'WEST')).components.onHand
    const at = { sku: 'MUG', site: 'WEST', reason: 'the trail is asked' }
    await adjust({ ...at, qty: '4' })
    for (const safetyStock of ['2', '3'])
      await post(buyerOfStock, '/v1/stock/safety-stock', { ...at, safetyStock })
    for (const qty of ['6', '5'])
      await post(buyerOfStock, '/v1/stock/pools', { ...at, channel: 'b2b', qty })
    const controller = await api.as('controller')
    const url = '/v1/audit-events?subjectType=stock&subjectId=MUG/WEST&limit=5'
    const { items } = (await get(url, controller)).json()
    const onHand = `${BigInt(before) + 4n}`
    const said = (row: Record<string, unknown>) => [row['action'], row['before'], row['reason']]
    expect(items.map(said)).toEqual([
      ['pool', { channel: 'b2b', qty: '6' }, at.reason],
      ['pool', { channel: 'b2b', qty: '0' }, at.reason],
      ['safety-stock', { safetyStock: '2' }, at.reason],
      ['safety-stock', { safetyStock: '0' }, at.reason],
      ['adjusted', { onHand: before }, at.reason],
    ])
    expect(items[4].after).toMatchObject({ onHand, qty: '4' })
  })

  test('takes no unit that an order is promised, nor one that is not there', async () => {
    const { components } = await ats('LAMP')
    await api.place(anOrder({ line: { quantity: Number(components.onHand) - 1 } }))
    const taken = await adjust({ sku: 'LAMP', qty: '-2' })
    expect(taken.statusCode, taken.body).toBe(409)
    expect(taken.json().code).toBe('StockReserved')
    const more = await adjust({ sku: 'LAMP', qty: '-2000' })
    expect(more.statusCode).toBe(409)
    expect(more.json().code).toBe('NotEnoughStock')
    expect((await ats('LAMP')).components.onHand).toBe(components.onHand)
  })

  test.each([
    [{ sku: 'NOTHING' }, 422, 'UnknownSku'],
    [{ site: 'NOWHERE' }, 422, 'UnknownSite'],
    [{ qty: '0' }, 422, 'InvalidInput'],
    [{ sku: 'SERVICE' }, 409, 'NotAStockItem'],
    [{ adjustedOn: '2001-01-01' }, 409, 'PeriodClosed'],
  ])('%j is refused with its reason', async (changes, status, code) => {
    const answer = await adjust(changes)
    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.json().code).toBe(code)
  })

  test('is not for everybody, and not outside one’s site', async () => {
    expect((await adjust({}, undefined, await api.as('picker'))).statusCode).toBe(403)
    const west = await api.as('warehouse-lead', { sites: ['WEST'] })
    expect((await adjust({}, undefined, west)).json().code).toBe('OutOfScope')
  })
})

describe('a goods receipt', () => {
  test('as expected raises stock and owes its supplier', async () => {
    const before = BigInt((await ats('MUG')).components.onHand)
    const answer = await receive([line()])
    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json()).toMatchObject({ discrepancies: 0 })
    expect(BigInt((await ats('MUG')).components.onHand)).toBe(before + 10n)
    const controller = await api.as('controller')
    const entries = (
      await get('/v1/ledger/entries?entity=ACME-US&account=2020&limit=1', controller)
    ).json()
    const entry = (await get(`/v1/ledger/entries/${entries.items[0].id}`, controller)).json()
    const amounts = entry.lines.map((l: { accountId: number; amount: { minor: string } }) => [
      l.accountId,
      l.amount.minor,
    ])
    expect(amounts).toEqual([
      [1300, '4500'],
      [2020, '-4500'],
    ])
  })

  test.each([
    ['short', { receivedQty: '8' }],
    ['over', { receivedQty: '12' }],
    ['unexpected', { expectedQty: '0' }],
    ['missing altogether', { receivedQty: '0' }],
  ])('that is %s needs a reason and is then recorded as it is', async (_name, changes) => {
    const bare = await receive([line(), line({ ...changes, sku: 'TEA' })])
    expect(bare.statusCode, bare.body).toBe(422)
    expect(bare.json()).toMatchObject({
      code: 'DiscrepancyNeedsReason',
      errors: [{ field: 'body.lines.1.reason' }],
    })
    const told = await receive([line(), line({ ...changes, reason: 'counted twice' })])
    expect(told.statusCode, told.body).toBe(201)
    expect(told.json().discrepancies).toBe(1)
  })

  test('of the same number is refused', async () => {
    await receive([line()], { receiptNo: 'R-ONE' })
    const again = await receive([line()], { receiptNo: 'R-ONE' })
    expect(again.statusCode, again.body).toBe(409)
    expect(again.json().code).toBe('ReceiptExists')
  })

  test('of an item that is not complete is refused', async () => {
    await api.system.admin`INSERT INTO item (sku, name) VALUES ('DRAFT', 'Not complete')`
    const answer = await receive([line({ sku: 'DRAFT' })])
    expect(answer.statusCode).toBe(409)
    expect(answer.json().code).toBe('ItemNotReady')
  })

  test('of damaged goods is on hand and not for sale', async () => {
    const before = await ats('MUG')
    expect((await receive([line({ condition: 'damaged' })])).statusCode).toBe(201)
    expect((await ats('MUG')).ats).toBe(before.ats)
    const detail = (await get('/v1/stock/items/MUG')).json()
    expect(detail.positions).toContainEqual(
      expect.objectContaining({ condition: 'damaged', onHand: '10' }),
    )
  })
})

describe('expected supply', () => {
  const expecting = (changes: object = {}) =>
    post(buyerOfStock, '/v1/expected-supply', {
      sku: 'TEA',
      site: 'EAST',
      qty: '50',
      dueOn: '2090-05-01',
      source: { type: 'purchase-order', id: `PO-${next()}` },
      ...changes,
    })
  const change = (id: string, payload: object, caller = buyerOfStock) =>
    caller({ method: 'PATCH', url: `/v1/expected-supply/${id}`, payload })

  test('is said once for each source, and its changes are told with a reason', async () => {
    const source = { type: 'purchase-order', id: `PO-${next()}` }
    const made = await expecting({ source })
    expect(made.statusCode, made.body).toBe(201)
    expect((await expecting({ source })).json()).toMatchObject({ code: 'SupplyExists' })
    const { id } = made.json()
    expect((await change(id, { reason: 'nothing to say' })).statusCode).toBe(422)
    expect((await change(id, { dueOn: '2090-06-01', reason: 'slips' }, lead)).statusCode).toBe(403)
    const slipped = await change(id, { dueOn: '2090-06-01', reason: 'the ship is late' })
    expect(slipped.json(), slipped.body).toMatchObject({
      dueOn: '2090-06-01',
      promised: '0',
      source,
    })
    const listed = (await get('/v1/expected-supply?sku=TEA&state=open')).json().items
    expect(listed.map((row: { id: string }) => row.id)).toContain(id)
    const closed = await change(id, { closed: true, reason: 'fell through' })
    expect(closed.json()).toMatchObject({ state: 'closed' })
    expect((await change(id, { qty: '9', reason: 'again' })).json()).toMatchObject({
      code: 'SupplyClosed',
    })
    expect((await change('999999', { qty: '9', reason: 'nobody' })).statusCode).toBe(404)
  })
})

describe('the value of stock', () => {
  const valueOf = async (caller: Caller, query = '') =>
    (await get(`/v1/stock/valuation?limit=200${query}`, caller)).json().items as {
      sku: string
      entity: string
      currency: string
      qty: string
      layersMinor: string
      ledgerMinor: string
    }[]

  test('as of a day is that of the layers and of the accounts on that day, to the minor unit', async () => {
    const controller = await api.as('controller')
    const year = new Date().getUTCFullYear()
    const opened = (await valueOf(controller, `&asOf=${year}-01-01`)).find((r) => r.sku === 'MUG')!
    expect(opened).toMatchObject({
      ...{ entity: 'ACME-US', currency: 'USD', qty: '150' },
      ...{ layersMinor: '60000', ledgerMinor: '60000' },
    })
    const before = (await valueOf(controller, `&asOf=${year - 1}-12-31`)).find(
      (r) => r.sku === 'MUG',
    )!
    expect(before).toMatchObject({ qty: '0', layersMinor: '0', ledgerMinor: '0' })
    const trial = (
      await get(`/v1/ledger/trial-balance?entity=ACME-US&asOf=${year}-01-01`, controller)
    ).json()
    const account = trial.rows.find((row: { code: string }) => row.code === '1300')
    const rows = await valueOf(controller, `&asOf=${year}-01-01&entity=ACME-US`)
    const total = rows.reduce((sum, row) => sum + BigInt(row.layersMinor), 0n)
    expect(account.functional.minor).toBe(total.toString())
  })

  test('is never one sum over companies, and only of those in one’s reach', async () => {
    const { admin } = api.system
    await admin`INSERT INTO entity (code, name, functional_currency, country) VALUES ('ACME-EU', 'Acme GmbH', 'EUR', 'DE')`
    const [{ id }] = (await admin`SELECT id FROM entity WHERE code = 'ACME-EU'`) as unknown as [
      { id: number },
    ]
    await admin`SELECT open_periods(${id}, ${new Date().getUTCFullYear()})`
    const [site] = await admin<{ id: number }[]>`
      INSERT INTO site (entity_id, code, name, kind, country, cutoff_local) VALUES (${id}, 'EU', 'Berlin', 'own', 'DE', '12:00') RETURNING id`
    const mug = api.company.items.get('MUG')!
    await admin.begin((tx) =>
      openStock(tx as never, {
        openingId: 'eu',
        entityId: id,
        functionalCurrency: 'EUR',
        openedOn: new Date().toISOString().slice(0, 10),
        actor: 'test',
        lines: [{ itemId: mug, siteId: site!.id, qty: 7n, valueMinor: 2100n }],
      }),
    )
    const all = (await valueOf(await api.as('controller'))).filter((row) => row.sku === 'MUG')
    expect(all.map((row) => row.entity)).toEqual(['ACME-EU', 'ACME-US'])
    expect(all[0]).toMatchObject({ currency: 'EUR', qty: '7', ledgerMinor: '2100' })
    const european = await api.as('controller', { entities: ['ACME-EU'] })
    expect((await valueOf(european)).map((row) => row.sku)).toEqual(['MUG'])
  })
})
