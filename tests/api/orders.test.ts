import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, Connection } from '@temporalio/client'
import { readOrder } from '#db/queries/orders'
import { aLine, anOrder, setPolicy } from '#tests/support/company'
import { changedTables, footprint } from './footprint.ts'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import { apiOn, type Caller } from './support.ts'

let api: RunningApi
let connector: Caller
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 1000 }, LAMP: { east: 200, west: 10 } } })
  connector = await api.as('connector')
  supervisor = await api.as('oms-supervisor')
})
afterAll(() => api.close())

const get = (url: string, caller = supervisor) => caller({ method: 'GET', url })
const inboxOf = (externalId: string) =>
  api.system.admin<{ outcome: string; problems: { code: string }[] | null }[]>`
    SELECT outcome, problems FROM inbox WHERE document->>'externalId' = ${externalId} ORDER BY id`

describe('placing an order', () => {
  test('answers where it stands: released, held or short', async () => {
    const answer = await post(connector, '/v1/orders', anOrder())
    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json()).toMatchObject({ phase: 'released', open: true, cases: [] })

    const short = await post(
      connector,
      '/v1/orders',
      anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }),
    )
    expect(short.json()).toMatchObject({ phase: 'short', cases: [{ type: 'stock-short' }] })

    const unpaid = anOrder({
      payment: { state: 'pending', provider: 'stripe', reference: null, amountMinor: '0' },
    })
    const held = await post(connector, '/v1/orders', unpaid)
    expect(held.json()).toMatchObject({ phase: 'held', cases: [{ type: 'payment-pending' }] })
  })

  test('twice under one key is once, and another body under that key is refused', async () => {
    const document = anOrder()
    const first = await post(connector, '/v1/orders', document, 'one-key-for-it')
    const second = await post(connector, '/v1/orders', document, 'one-key-for-it')
    expect(second.statusCode).toBe(201)
    expect(second.json()).toEqual(first.json())

    const other = await post(connector, '/v1/orders', anOrder(), 'one-key-for-it')
    expect(other.statusCode, other.body).toBe(422)
    expect(other.json().code).toBe('IdempotencyMismatch')
    expect(await inboxOf(document.externalId)).toHaveLength(1)
  })

  test('the answer stays the same when the order has moved on and when it is over', async () => {
    const document = anOrder()
    const first = await post(connector, '/v1/orders', document, 'asked-again-later')
    const { orderId } = first.json()
    const cancelled = await post(supervisor, `/v1/orders/${orderId}/cancellation`, {
      reason: 'the customer called',
    })
    expect(cancelled.statusCode, cancelled.body).toBe(200)
    await post(supervisor, `/v1/orders/${orderId}/holds`, { reason: 'look at it' })
    const again = await post(connector, '/v1/orders', document, 'asked-again-later')
    expect(again.statusCode, again.body).toBe(201)
    expect(again.json()).toEqual(first.json())
  })

  test('that the channel has sent before is refused and names the order', async () => {
    const document = anOrder()
    const { orderId } = await api.place(document)
    const again = await post(connector, '/v1/orders', document)
    expect(again.statusCode, again.body).toBe(409)
    expect(again.json()).toMatchObject({ code: 'OrderExists', details: { orderId } })
    const outcomes = (await inboxOf(document.externalId)).map((row) => row.outcome)
    expect(outcomes).toEqual(['accepted', 'refused'])
  })

  test('that is over by now is refused to a new key and names the order', async () => {
    const document = anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } })
    const { orderId } = await api.place(document)
    await post(supervisor, `/v1/orders/${orderId}/cancellation`, { reason: 'no longer wanted' })
    await eventually(
      () => get(`/v1/orders/${orderId}/waiting-for`),
      (answer) => answer.json().running === false,
    )
    const again = await post(connector, '/v1/orders', document)
    expect(again.statusCode, again.body).toBe(409)
    expect(again.json()).toMatchObject({ code: 'OrderExists', details: { orderId } })
  })

  test('of an unknown channel is refused with its code, and the inbox says so', async () => {
    const document = anOrder({ channel: 'nowhere' })
    const answer = await post(connector, '/v1/orders', document)
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ code: 'UnknownChannel' })
    const [kept] = await eventually(
      () => inboxOf(document.externalId),
      ([row]) => row?.outcome === 'refused',
    )
    expect(kept?.problems).toMatchObject([{ code: 'UnknownChannel' }])
  })

  test('that does not foot is refused by field and leaves nothing', async () => {
    const document = { ...anOrder(), total: { currency: 'USD', minor: '1' } }
    const answer = await post(connector, '/v1/orders', document)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors[0].field).toMatch(/^body\./)
    expect(await inboxOf(document.externalId)).toEqual([])
  })

  test('while the process engine is away it is kept, and the sweep starts it later', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' })
    const cut = await apiOn(api.system, new Client({ connection }), {
      orderTaskQueue: api.system.taskQueue,
      temporalDeadlineMs: 300,
    })
    const document = anOrder()
    const caller = await cut.as('connector')
    const answer = await post(caller, '/v1/orders', document)
    expect(answer.statusCode, answer.body).toBe(202)
    expect(answer.json()).toMatchObject({ outcome: 'received', inboxId: expect.any(String) })
    expect(await inboxOf(document.externalId)).toMatchObject([{ outcome: 'received' }])
    await cut.close()
    await connection.close()

    const stop = await api.notify()
    await eventually(
      () => inboxOf(document.externalId),
      ([row]) => row?.outcome === 'accepted',
    )
    await stop()
    const found = await get(`/v1/orders?search=${document.externalId}`)
    expect(found.json().items).toMatchObject([{ phase: 'released' }])
  })

  test('outside of the caller’s channels is refused', async () => {
    const narrow = await api.as('connector', { channels: ['b2b'] })
    const answer = await post(narrow, '/v1/orders', anOrder())
    expect(answer.statusCode).toBe(403)
    expect(answer.json().code).toBe('OutOfScope')
  })
})

describe('commands', () => {
  test('the same key is one command; with another body it is refused', async () => {
    const { orderId } = await api.place(anOrder())
    const hold = (reason: string) =>
      post(supervisor, `/v1/orders/${orderId}/holds`, { reason }, 'hold-it-once')
    const first = await hold('look at it')
    expect(first.statusCode, first.body).toBe(200)
    expect(first.json()).toMatchObject({ phase: 'held', cases: [{ type: 'manual-hold' }] })
    expect((await hold('look at it')).json()).toEqual(first.json())
    const other = await hold('another reason')
    expect(other.statusCode, other.body).toBe(422)
    expect(other.json().code).toBe('IdempotencyMismatch')
  })

  test('a key belongs to one route and one order: elsewhere it is refused, not carried out', async () => {
    const [one, other] = [await api.place(anOrder()), await api.place(anOrder())]
    const hold = (orderId: string) =>
      post(supervisor, `/v1/orders/${orderId}/holds`, { reason: 'look at it' }, 'one-key-one-order')
    expect((await hold(one.orderId)).statusCode).toBe(200)
    const elsewhere = [
      await hold(other.orderId),
      await post(
        supervisor,
        `/v1/orders/${one.orderId}/cancellation`,
        { reason: 'look at it' },
        'one-key-one-order',
      ),
      await post(
        supervisor,
        '/v1/listings',
        { channel: 'web', externalId: 'K-1', sku: 'MUG' },
        'one-key-one-order',
      ),
      await post(supervisor, '/v1/orders', anOrder(), 'one-key-one-order'),
    ]
    for (const answer of elsewhere)
      expect([answer.statusCode, answer.json().code], answer.body).toEqual([
        422,
        'IdempotencyMismatch',
      ])
    expect((await get(`/v1/orders/${other.orderId}`)).json().phase).toBe('released')
    const listing = { channel: 'web', externalId: 'K-2', sku: 'MUG' }
    expect(
      (await post(supervisor, '/v1/listings', listing, 'one-key-one-listing')).statusCode,
    ).toBe(201)
    const late = await post(
      supervisor,
      `/v1/orders/${one.orderId}/holds`,
      { reason: 'look at it' },
      'one-key-one-listing',
    )
    expect(late.json().code, late.body).toBe('IdempotencyMismatch')
  })

  test('a refused command may be sent again under its key when the reason is gone', async () => {
    await setPolicy(api.system.admin, 'order', { autoRelease: false }, 'woo')
    const { orderId } = await api.place(anOrder({ channel: 'woo' }))
    const held = await post(supervisor, `/v1/orders/${orderId}/holds`, { reason: 'look at it' })
    const release = () =>
      post(supervisor, `/v1/orders/${orderId}/release`, {}, 'release-when-you-can')
    for (let times = 0; times < 2; times += 1)
      expect((await release()).json()).toMatchObject({ status: 409, code: 'NotReleasable' })
    const lifted = await post(supervisor, `/v1/exceptions/${held.json().cases[0].id}/resolution`, {
      resolution: 'release',
    })
    expect(lifted.json(), lifted.body).toMatchObject({ phase: 'allocated' })
    const done = await release()
    expect(done.json(), done.body).toMatchObject({ phase: 'released' })
    expect((await release()).json()).toEqual(done.json())
  })

  test('a refused change of address leaves nothing of the address, nor its key', async () => {
    const { orderId } = await api.place(anOrder())
    const before = await footprint(api.database)
    const move = (line1: string) =>
      post(
        supervisor,
        `/v1/orders/${orderId}/changes`,
        {
          actions: [{ kind: 'ship-to', line1, city: 'Newark', postalCode: '07102', country: 'US' }],
        },
        'move-it-elsewhere',
      )
    for (const line1 of ['2 Main St', '3 Main St'])
      expect((await move(line1)).json()).toMatchObject({ status: 409, code: 'AlreadyReleased' })
    expect(changedTables(before, await footprint(api.database))).toEqual([])
  })

  test('after the order is over a repeat gets its answer and a new command is refused', async () => {
    const { orderId } = await api.place(anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }))
    const cancel = (key: string) =>
      post(supervisor, `/v1/orders/${orderId}/cancellation`, { reason: 'no longer wanted' }, key)
    const first = await cancel('cancel-it-once')
    expect(first.statusCode, first.body).toBe(200)
    await eventually(
      () => get(`/v1/orders/${orderId}/waiting-for`),
      (answer) => answer.json().running === false,
    )
    const again = await cancel('cancel-it-once')
    expect(again.statusCode, again.body).toBe(200)
    expect(again.json()).toEqual(first.json())
    const late = await cancel('cancel-it-again')
    expect(late.statusCode, late.body).toBe(409)
    expect(late.json().code).toBe('OrderClosed')
  })

  test('leave in the trail why they were given and what was before', async () => {
    const { orderId, version } = await api.place(anOrder())
    const controller = await api.as('controller')
    const trail = async (action: string) => {
      const url = `/v1/audit-events?subjectType=order&subjectId=${orderId}&action=${action}`
      return (await get(url, controller)).json().items[0]
    }
    expect(await trail('received')).toMatchObject({ before: null, after: { phase: 'released' } })
    await post(supervisor, `/v1/orders/${orderId}/holds`, { reason: 'the buyer called' })
    expect(await trail('held')).toMatchObject({
      before: { phase: 'released', version: expect.any(Number) },
      after: { phase: 'held' },
      reason: 'the buyer called',
      actor: supervisor.actor,
    })
    expect((await trail('held')).before.version).toBeGreaterThanOrEqual(version)
    const cancel = { reason: 'changed their mind' }
    await post(supervisor, `/v1/orders/${orderId}/cancellation`, cancel)
    expect(await trail('cancellation-requested')).toMatchObject({
      before: { phase: 'held' },
      reason: 'changed their mind',
    })
  })

  test('on a version that is no longer the newest is refused', async () => {
    const { orderId, version } = await api.place(anOrder())
    await post(supervisor, `/v1/orders/${orderId}/holds`, { reason: 'look at it' })
    const stale = await post(supervisor, `/v1/orders/${orderId}/holds`, {
      reason: 'look again',
      expectedVersion: version,
    })
    expect(stale.statusCode, stale.body).toBe(409)
    expect(stale.json().code).toBe('StaleVersion')
  })

  test('a preview shows the effect, changes nothing, and equals what then happens', async () => {
    const { orderId } = await api.place(
      anOrder({ lines: [aLine({ quantity: 3, externalLineId: 'A' })] }),
    )
    const before = await footprint(api.database)
    const lines = (await get(`/v1/orders/${orderId}`)).json().lines
    const body = {
      actions: [{ kind: 'add-line', sku: 'MUG', qty: 2, unitPriceMinor: '1000' }],
    }
    const url = `/v1/orders/${orderId}/changes`
    const seen = await post(supervisor, `${url}/preview`, body)
    expect(seen.statusCode, seen.body).toBe(200)
    expect(await footprint(api.database)).toEqual(before)
    expect(seen.json()).toMatchObject({
      money: { orderValueBeforeMinor: '30000', orderValueAfterMinor: '32000' },
    })
    const done = await post(supervisor, url, body)
    expect(done.statusCode, done.body).toBe(200)
    expect(done.json().phase).toBe(seen.json().phase)
    expect(lines).toHaveLength(1)
  })

  test('a cancellation preview gives the stock back only in its answer', async () => {
    const { orderId } = await api.place(anOrder({ line: { quantity: 2 } }))
    await post(supervisor, `/v1/orders/${orderId}/holds`, { reason: 'keep it here' })
    const before = await footprint(api.database)
    const body = { reason: 'changed their mind' }
    const seen = await post(supervisor, `/v1/orders/${orderId}/cancellation/preview`, body)
    expect(seen.statusCode, seen.body).toBe(200)
    expect(await footprint(api.database)).toEqual(before)
    expect(seen.json().money.orderValueBeforeMinor).toBe('20000')
    const done = await post(supervisor, `/v1/orders/${orderId}/cancellation`, body)
    expect(done.json().phase).toBe(seen.json().phase)
  })

  test('an order that nobody has is 404, for reading and for commanding', async () => {
    expect((await get('/v1/orders/999999')).statusCode).toBe(404)
    const answer = await post(supervisor, '/v1/orders/999999/holds', { reason: 'look at it' })
    expect(answer.statusCode).toBe(404)
  })
})

describe('reading orders', () => {
  test('filters by each of its fields', async () => {
    const document = anOrder({ channel: 'b2b', lines: [aLine({ sku: 'MUG', quantity: 2 })] })
    const { orderId } = await api.place(document)
    const short = await api.place(anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }))
    const found = async (query: string) =>
      (await get(`/v1/orders?${query}`)).json().items.map((row: { id: string }) => row.id)
    expect(await found('channel=b2b')).toEqual([orderId])
    expect(await found('sku=MUG')).toContain(orderId)
    expect(await found(`search=${document.externalId}`)).toEqual([orderId])
    expect(await found(`search=${encodeURIComponent(document.orderNumber)}`)).toEqual([orderId])
    expect(await found('exceptionType=stock-short')).toContain(short.orderId)
    expect(await found('exceptionType=stock-short')).not.toContain(orderId)
    expect(await found('phase=short')).toContain(short.orderId)
    expect(await found('open=false')).not.toContain(orderId)
    expect(await found('placedTo=2001-01-01')).toEqual([])
    expect(await found('placedFrom=2001-01-01&channel=b2b')).toEqual([orderId])
  })

  test('walks page by page without doubles, newest first', async () => {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`
      const page = (await get(`/v1/orders?limit=3${from}`)).json()
      seen.push(...page.items.map((row: { id: string }) => row.id))
      cursor = page.nextCursor
    } while (cursor !== null)
    const [{ count } = { count: 0 }] = await api.system.admin<
      { count: number }[]
    >`SELECT count(*)::int FROM sales_order`
    expect(seen).toHaveLength(count)
    expect(new Set(seen).size).toBe(count)
    expect(seen.map(BigInt)).toEqual(seen.map(BigInt).sort((a, b) => (a < b ? 1 : -1)))
  })

  test('what lies outside the caller’s scope is not there', async () => {
    const { orderId } = await api.place(anOrder())
    const narrow = await api.as('csr', { channels: ['b2b'] })
    expect((await get(`/v1/orders/${orderId}`, narrow)).statusCode).toBe(404)
    expect((await get(`/v1/orders/${orderId}/waiting-for`, narrow)).statusCode).toBe(404)
    const rows = (await get('/v1/orders', narrow)).json().items
    expect(rows.every((row: { channel: string }) => row.channel === 'b2b')).toBe(true)
    const answer = await post(narrow, `/v1/orders/${orderId}/holds`, { reason: 'not mine' })
    expect(answer.statusCode).toBe(404)
  })

  test('drills from the order to its entries and from their lines back to the order', async () => {
    const { orderId } = await api.place(anOrder())
    const order = (await get(`/v1/orders/${orderId}`)).json()
    expect(order).toMatchObject({ id: orderId, phase: 'released', lines: [{ sku: 'LAMP' }] })
    expect(order.timeline[0]).toMatchObject({ action: 'received' })
    expect(order.entries.length).toBeGreaterThan(0)
    const controller = await api.as('controller')
    for (const { id } of order.entries) {
      const entry = (await get(`/v1/ledger/entries/${id}`, controller)).json()
      expect(entry.lines.map((line: { orderId: string }) => line.orderId)).toContain(orderId)
    }
    const why = await get(`/v1/decisions?subjectType=order&subjectId=${orderId}`)
    const kinds = why.json().items.map((row: { kind: string }) => row.kind)
    expect(kinds).toContain('validation')
  })

  test('one order is told with every field that the books have of it', async () => {
    const { orderId } = await api.place(anOrder({ line: { quantity: 2 } }))
    const lead = await api.as('warehouse-lead')
    const [{ id }] = (await get('/v1/fulfilment-orders', lead))
      .json()
      .items.filter((row: { orderId: string }) => row.orderId === orderId)
    const parcels = [{ trackingNumber: `1Z${id}`, carrier: 'UPS', service: 'Ground' }]
    const shipment = { reference: `S-${id}`, parcels }
    const shipped = await post(lead, `/v1/fulfilment-orders/${id}/shipments`, shipment)
    expect(shipped.statusCode, shipped.body).toBe(200)
    const told = (await get(`/v1/orders/${orderId}`)).json()
    expect(told).toMatchObject({ shipments: [{ parcels }], invoices: [{ number: '1' }] })
    expect(told).toEqual(await readOrder(api.database.db, BigInt(orderId)))
  })

  test('says what it waits for, until when and who may act', async () => {
    const { orderId } = await api.place(anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }))
    const waits = (await get(`/v1/orders/${orderId}/waiting-for`)).json()
    expect(waits).toMatchObject({
      running: true,
      phase: 'short',
      waitingFor: 'a decision: stock-short',
      whoMayAct: 'order-desk',
      until: expect.any(String),
      cases: [{ type: 'stock-short' }],
    })
    expect(waits.sentence).toBe(
      `The order is short and waits for a decision: stock-short; order-desk may act, until ${waits.until}.`,
    )
  })

  test('says what it waits for from the books while the process engine is away', async () => {
    const { orderId } = await api.place(anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }))
    const connection = Connection.lazy({ address: '127.0.0.1:1' })
    const cut = await apiOn(api.system, new Client({ connection }), { temporalDeadlineMs: 300 })
    const answer = await get(`/v1/orders/${orderId}/waiting-for`, await cut.as('oms-supervisor'))
    await cut.close()
    await connection.close()
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toMatchObject({
      running: null,
      phase: 'short',
      waitingFor: 'a decision: stock-short',
      whoMayAct: 'order-desk',
    })
  })
})

test('many orders are held or released at once, and each says what came of it', async () => {
  const [one, two] = [await api.place(anOrder()), await api.place(anOrder())]
  const payload = { orderIds: [one.orderId, two.orderId, '999999'], reason: 'a recall of lamps' }
  const held = await post(supervisor, '/v1/orders/holds', payload, 'bulk-hold-1')
  expect(held.statusCode, held.body).toBe(200)
  expect(held.json().items).toMatchObject([
    { orderId: one.orderId, done: true },
    { orderId: two.orderId, done: true },
    { orderId: '999999', done: false, code: 'NotFound' },
  ])
  const again = await post(supervisor, '/v1/orders/holds', payload, 'bulk-hold-1')
  expect(again.json()).toEqual(held.json())
  const released = await post(supervisor, '/v1/orders/releases', { orderIds: [one.orderId] })
  expect(released.json().items).toMatchObject([{ done: false, code: 'NotReleasable' }])
  const twice = await post(supervisor, '/v1/orders/releases', { orderIds: ['1', '1'] })
  expect(twice.statusCode).toBe(422)
})
