import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { aLine, anOrder, setPolicy } from '#tests/support/company'
import { fulfilmentsOf, linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { entriesOf, onHand } from '#tests/support/warehouse'

let api: RunningApi
let lead: Caller
let anna: Caller
let ben: Caller
let controller: Caller
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({
    stock: {
      MUG: { east: 500, west: 40 },
      LAMP: { east: 60, west: 20 },
      CHAIR: { east: 10, west: 30 },
      TEA: { east: 200 },
    },
  })
  lead = await api.as('warehouse-lead')
  anna = await api.as('picker')
  ben = await api.as(['picker', 'receiver'])
  controller = await api.as('controller')
  supervisor = await api.as('oms-supervisor')
})
afterAll(async () => {
  await expectProofs(api.system.db)
  await api.close()
})

let number = 0
const next = () => `C${process.pid}-${(number += 1)}`
const ask = async (places: object[] | undefined, changes: object = {}) => {
  const countNo = next()
  const body = { countNo, site: 'EAST', reason: 'weekly round', ...(places ? { places } : {}) }
  const answer = await post(lead, '/v1/cycle-counts', { ...body, ...changes })
  expect(answer.statusCode, answer.body).toBe(201)
  return countNo
}
const enter = (by: Caller, no: string, counted: Record<string, number>, changes: object = {}) =>
  post(by, `/v1/cycle-counts/${no}/entries`, {
    entries: Object.entries(counted).map(([sku, qty]) => ({ sku, counted: String(qty) })),
    ...changes,
  })
const counts = async (by: Caller, no: string, counted: Record<string, number>, more = {}) => {
  const answer = await enter(by, no, counted, more)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const read = async (no: string) =>
  (await lead({ method: 'GET', url: `/v1/cycle-counts/${no}` })).json()
const caseOf = async (no: string, type: string) => {
  const [row] = await api.system.db<{ id: string; evidence: Record<string, never> }[]>`
    SELECT c.id::text, c.evidence FROM exception_case c JOIN count_task t ON t.id::text = c.subject_id
    WHERE t.count_no = ${no} AND c.subject_type = 'cycle-count' AND c.type = ${type} AND c.state = 'open'`
  return row!
}
const resolve = async (
  by: Caller,
  no: string,
  type: string,
  resolution: string,
  params?: Record<string, string>,
) => {
  const { id } = await caseOf(no, type)
  return post(by, `/v1/exceptions/${id}/resolution`, { resolution, ...(params ? { params } : {}) })
}
const sellable = async (sku: string, site = 'EAST') =>
  (await onHand(api.system.db, sku))[`${site} sellable`]!

describe('a count', () => {
  test('is blind: neither the sheet nor the answer says what should be there', async () => {
    const no = await ask([{ sku: 'MUG' }])
    const sheet = await anna({ method: 'GET', url: `/v1/cycle-counts/${no}/sheet` })
    expect(sheet.json()).toEqual({
      countNo: no,
      site: 'EAST',
      lines: [{ lineNo: 1, sku: 'MUG', name: 'mug', bin: '', lot: '', round: 1 }],
    })
    expect((await anna({ method: 'GET', url: `/v1/cycle-counts/${no}` })).statusCode).toBe(403)
    const answer = await counts(anna, no, { MUG: 500 })
    expect(answer).toEqual({ countNo: no, phase: 'closed', version: 2, open: false })
    expect(await entriesOf(api.system.db, no)).toEqual([])
    expect((await read(no)).lines).toMatchObject([
      { state: 'matched', expected: '500', withinTolerance: true, reasons: ['weekly round'] },
    ])
  })

  test('within the tolerance is posted at once, with its value and reason', async () => {
    const no = await ask([{ sku: 'MUG' }])
    await counts(anna, no, { MUG: 498 })
    expect(await sellable('MUG')).toBe(498)
    expect(await entriesOf(api.system.db, no)).toEqual([
      'count-adjusted: Dr CountGainOrLoss 8.00, Cr Inventory 8.00',
    ])
    const [line] = (await read(no)).lines
    expect(line).toMatchObject({
      state: 'posted',
      varianceMinor: '800',
      reasonCode: 'within-tolerance',
      approvedBy: 'rule: count@0',
    })
  })

  test('beyond it is counted again by somebody else; two who agree below the value are enough', async () => {
    const no = await ask([{ sku: 'TEA' }])
    expect(await counts(anna, no, { TEA: 180 })).toMatchObject({ phase: 'recount', open: true })
    expect((await enter(anna, no, { TEA: 180 })).json().code).toBe('SameCounter')
    const sheet = await anna({ method: 'GET', url: `/v1/cycle-counts/${no}/sheet` })
    expect(sheet.json().lines).toEqual([])
    expect(await sellable('TEA')).toBe(200)
    expect(await counts(ben, no, { TEA: 180 })).toMatchObject({ phase: 'closed' })
    expect(await sellable('TEA')).toBe(180)
    expect((await read(no)).lines[0]).toMatchObject({
      reasonCode: 'confirmed-by-recount',
      varianceMinor: '2000',
      entries: [{ round: 1 }, { round: 2 }],
    })
  })

  test('of more than the value is approved by a third person, with a reason code', async () => {
    const no = await ask([{ sku: 'LAMP' }], { site: 'WEST' })
    const counter = await api.as('warehouse-lead', {}, {})
    await counts(counter, no, { LAMP: 17 })
    expect(await counts(anna, no, { LAMP: 17 })).toMatchObject({ phase: 'review', open: true })
    const own = await resolve(counter, no, 'count-variance', 'accept', { reasonCode: 'missing' })
    expect(own.json().code).toBe('CounterMayNotApprove')
    const silent = await resolve(controller, no, 'count-variance', 'accept')
    expect(silent.json().code).toBe('MissingParameter')
    const odd = await resolve(controller, no, 'count-variance', 'accept', { reasonCode: 'aliens' })
    expect(odd.json().code).toBe('UnknownReason')
    const done = await resolve(controller, no, 'count-variance', 'accept', { reasonCode: 'stolen' })
    expect(done.json()).toMatchObject({ phase: 'closed', open: false, cases: [] })
    expect(await sellable('LAMP', 'WEST')).toBe(17)
    const [movement] = await api.system.db<{ reason: string }[]>`
      SELECT reason FROM stock_movement WHERE cause_id = ${`${no}/1`}`
    expect(movement!.reason).toBe('stolen')
  })

  test('of a great value is a controller’s, not a lead’s', async () => {
    await setPolicy(
      api.system.admin,
      'count' as never,
      { controllerFromMinor: '5000' },
      'site.WEST',
    )
    const no = await ask([{ sku: 'CHAIR' }], { site: 'WEST' })
    await counts(anna, no, { CHAIR: 29 })
    await counts(ben, no, { CHAIR: 29 })
    const refused = await resolve(lead, no, 'count-variance', 'accept', { reasonCode: 'missing' })
    expect(refused.json().code).toBe('ControllerNeeded')
    await resolve(controller, no, 'count-variance', 'reject')
    expect(await sellable('CHAIR', 'WEST')).toBe(30)
    expect((await read(no)).lines[0]).toMatchObject({ state: 'rejected' })
  })

  test('found units come in at the newest cost', async () => {
    await post(ben, '/v1/goods-receipts', {
      receiptNo: next(),
      site: 'WEST',
      supplier: 'Potter Ltd',
      lines: [{ sku: 'MUG', expectedQty: '1', receivedQty: '1', unitCostMinor: '700' }],
    })
    const no = await ask([{ sku: 'MUG' }], { site: 'WEST' })
    await counts(anna, no, { MUG: 43 })
    await counts(ben, no, { MUG: 43 })
    expect((await read(no)).lines[0]).toMatchObject({ state: 'posted', varianceMinor: '1400' })
  })
})

describe('what moves between the scan and the posting', () => {
  test('is no difference, and is not undone', async () => {
    const no = await ask([{ sku: 'LAMP' }])
    const before = await sellable('LAMP')
    await counts(anna, no, { LAMP: before - 3 })
    const order = await api.place(
      anOrder({ lines: [aLine({ sku: 'LAMP', quantity: 2, unitPriceMinor: '10000' })] }),
    )
    const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
    await post(lead, `/v1/fulfilment-orders/${fulfilment!.id}/shipments`, { reference: next() })
    // The second counter sees two fewer, because two have left: the books know that.
    await counts(ben, no, { LAMP: before - 5 })
    expect((await read(no)).lines[0].entries).toMatchObject([
      { expected: String(before), counted: String(before - 3) },
      { expected: String(before - 2), counted: String(before - 5) },
    ])
    await resolve(controller, no, 'count-variance', 'accept', { reasonCode: 'missing' })
    expect(await sellable('LAMP')).toBe(before - 5)
  })

  test('a scan that is told late is compared with what the books held then', async () => {
    const no = await ask([{ sku: 'MUG' }])
    const before = await sellable('MUG')
    const scannedAt = new Date().toISOString()
    await post(ben, '/v1/goods-receipts', {
      receiptNo: next(),
      site: 'EAST',
      supplier: 'Potter Ltd',
      lines: [{ sku: 'MUG', expectedQty: '50', receivedQty: '50', unitCostMinor: '400' }],
    })
    expect(await counts(anna, no, { MUG: before }, { scannedAt })).toMatchObject({
      phase: 'closed',
    })
    expect((await read(no)).lines[0]).toMatchObject({ state: 'matched', expected: String(before) })
    expect(await sellable('MUG')).toBe(before + 50)
    const old = await ask([{ sku: 'MUG' }])
    const refused = await enter(anna, old, { MUG: 1 }, { scannedAt: '2020-01-01T00:00:00Z' })
    expect(refused.json().code).toBe('InvalidScanTime')
    await post(lead, `/v1/cycle-counts/${old}/cancellation`, { reason: 'test is over' })
  })
})

describe('two at once', () => {
  test('who count the same place make one count and at most one correction', async () => {
    const no = await ask([{ sku: 'MUG' }])
    const before = await sellable('MUG')
    const answers = await Promise.all([
      enter(anna, no, { MUG: before - 2 }),
      enter(ben, no, { MUG: before - 2 }),
      enter(lead, no, { MUG: before - 2 }),
    ])
    const codes = answers.map((answer) => answer.json().code ?? 'taken').sort()
    expect(codes.filter((code) => code === 'taken')).toHaveLength(1)
    for (const code of codes) expect(['taken', 'NotToCount', 'DocumentClosed']).toContain(code)
    expect(await sellable('MUG')).toBe(before - 2)
  })

  test('counts never hold the same place', async () => {
    const no = await ask([{ sku: 'MUG' }])
    const answers = await Promise.all(
      [1, 2, 3].map(() =>
        post(lead, '/v1/cycle-counts', {
          countNo: next(),
          site: 'EAST',
          reason: 'weekly round',
          places: [{ sku: 'MUG' }],
        }),
      ),
    )
    expect(answers.map((answer) => answer.json().code)).toEqual(Array(3).fill('AlreadyInCount'))
    await post(lead, `/v1/cycle-counts/${no}/cancellation`, { reason: 'test is over' })
    expect(await read(no)).toMatchObject({ phase: 'cancelled', left: 0 })
  })
})

describe('a loss that orders are promised', () => {
  test('lists the orders first; they give their units up, are planned anew, and then it is booked', async () => {
    await setPolicy(api.system.admin, 'order', { autoRelease: false }, 'web')
    const order = await api.place(
      anOrder({ lines: [aLine({ sku: 'CHAIR', quantity: 8, unitPriceMinor: '22500' })] }),
    )
    expect(order).toMatchObject({ phase: 'allocated', sites: ['EAST'] })
    const no = await ask([{ sku: 'CHAIR' }])
    await counts(anna, no, { CHAIR: 5 })
    await counts(ben, no, { CHAIR: 5 })
    const accepted = await resolve(controller, no, 'count-variance', 'accept', {
      reasonCode: 'missing',
    })
    expect(accepted.json()).toMatchObject({
      phase: 'approved',
      cases: [{ type: 'count-reserved' }],
    })
    expect(await sellable('CHAIR')).toBe(10)
    const { evidence } = await caseOf(no, 'count-reserved')
    expect(evidence).toMatchObject({
      lacking: '3',
      orders: [{ orderId: order.orderId, reserved: 8, withWarehouse: 0 }],
    })
    const done = await resolve(lead, no, 'count-reserved', 'reallocate')
    expect(done.json()).toMatchObject({ phase: 'closed', cases: [] })
    expect(await sellable('CHAIR')).toBe(5)
    // The other site had them: the customer loses nothing.
    expect(await linesOf(api.system.db, order.orderId)).toMatchObject([{ allocated: 8 }])
    const [west] = await api.system.db<{ live: number }[]>`
      SELECT sum(r.live)::int AS live FROM reservation r JOIN site s ON s.id = r.site_id WHERE r.order_id = ${order.orderId} AND s.code = 'WEST'`
    expect(west!.live).toBe(3)
    await setPolicy(api.system.admin, 'order', {}, 'web')
  })
})

describe('a person who reviews', () => {
  test('may have it counted a third time, with the other places of the item', async () => {
    const no = await ask([{ sku: 'TEA' }])
    await counts(anna, no, { TEA: 100 })
    await counts(ben, no, { TEA: 120 })
    await resolve(controller, no, 'count-variance', 'third-count')
    expect(await read(no)).toMatchObject({ phase: 'recount' })
    await counts(lead, no, { TEA: 180 })
    expect(await read(no)).toMatchObject({ phase: 'closed', lines: [{ state: 'matched' }] })
  })

  test('may take an earlier error back, but only that one', async () => {
    const wrong = await ask([{ sku: 'TEA' }])
    await counts(anna, wrong, { TEA: 120 })
    await counts(ben, wrong, { TEA: 120 })
    await resolve(controller, wrong, 'count-variance', 'accept', { reasonCode: 'missing' })
    expect(await sellable('TEA')).toBe(120)
    const no = await ask([{ sku: 'TEA' }])
    await counts(anna, no, { TEA: 180 })
    await counts(ben, no, { TEA: 180 })
    const other = await resolve(controller, no, 'count-variance', 'reverse-earlier', {
      adjustmentId: 'none',
    })
    expect(other.json().code).toBe('NotTheEarlierError')
    await resolve(controller, no, 'count-variance', 'reverse-earlier', {
      adjustmentId: `${wrong}/1`,
    })
    expect(await sellable('TEA')).toBe(180)
  })

  test('is asked for the cause when the same place is wrong again and again', async () => {
    const no = await ask([{ sku: 'TEA' }])
    await counts(anna, no, { TEA: 178 })
    expect(await read(no)).toMatchObject({ phase: 'closed' })
    expect((await caseOf(no, 'count-root-cause')).evidence).toMatchObject({ sku: 'TEA' })
    const done = await resolve(lead, no, 'count-root-cause', 'explained', {
      cause: 'packs are counted as pieces',
    })
    expect(done.json()).toMatchObject({ open: false, cases: [] })
  })
})

test('what nobody can name is identified and counted, or set aside', async () => {
  const no = await ask([{ sku: 'MUG' }])
  const body = { counted: '4', description: 'brown box without a label', bin: 'A-01' }
  await post(anna, `/v1/cycle-counts/${no}/unknown-items`, body)
  await resolve(lead, no, 'count-unknown-item', 'identify', { sku: 'LAMP' })
  expect((await read(no)).lines[1]).toMatchObject({
    sku: 'LAMP',
    bin: 'A-01',
    reasons: ['identified: brown box without a label'],
  })
  const count = (by: Caller) =>
    post(by, `/v1/cycle-counts/${no}/entries`, {
      entries: [{ sku: 'LAMP', bin: 'A-01', counted: '1' }],
    })
  await count(anna)
  await count(ben)
  expect((await read(no)).lines[1]).toMatchObject({ state: 'posted', expected: '0', counted: '1' })
  await post(lead, `/v1/cycle-counts/${no}/cancellation`, { reason: 'test is over' })
})

test('the rules choose what is most likely to be wrong, and say why', async () => {
  await api.system.admin`
    INSERT INTO missing_stock (item_id, site_id, qty, cause_type, cause_id, actor) SELECT i.id, s.id, 2, 'short-pick', '1', 'test' FROM item i, site s WHERE i.sku = 'LAMP' AND s.code = 'EAST'`
  const no = await ask(undefined, { choose: 2 })
  const { lines } = await read(no)
  expect(lines[0]).toMatchObject({ sku: 'LAMP' })
  expect(lines[0].reasons[0]).toBe('2 units were not found when they were to be picked')
  const decisions = await supervisor({
    method: 'GET',
    url: `/v1/decisions?subjectType=cycle-count&subjectId=${(await read(no)).id}`,
  })
  expect(decisions.json().items).toMatchObject([{ kind: 'selection', rule: 'count' }])
  await post(lead, `/v1/cycle-counts/${no}/cancellation`, { reason: 'test is over' })
})

test('inventory accuracy is counted within tolerance over counted, down to each count', async () => {
  const today = new Date().toISOString().slice(0, 10)
  const url = `/v1/reports/inventory-accuracy?from=${today}&to=${today}`
  const answer = await supervisor({ method: 'GET', url })
  const [east] = answer.json().items.filter((row: { site: string }) => row.site === 'EAST')
  const drilled = await supervisor({ method: 'GET', url: `${east.lines}&limit=100` })
  const lines = drilled.json().items as {
    expected: string
    withinTolerance: boolean
    site: string
  }[]
  expect(lines.every((line) => line.site === 'EAST')).toBe(true)
  expect(east.places).toBe(lines.length)
  const within = lines.filter((line) => line.withinTolerance)
  const units = (some: typeof lines) => some.reduce((sum, line) => sum + Number(line.expected), 0)
  expect(east.placesWithin).toBe(within.length)
  expect(east.accuracyPpm.units).toBe(Math.floor((units(within) * 1_000_000) / units(lines)))
  expect(east.placesWithin).toBeLessThan(east.places)
})
