import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { CASE_RESOLUTIONS, type CaseType } from '#domain/orders/exceptions'
import { aLine, anOrder, aStranger } from '#tests/support/company'
import { footprint } from './footprint.ts'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 500, west: 3 }, LAMP: { east: 100 } } })
  supervisor = await api.as('oms-supervisor')
  await api.system
    .admin`INSERT INTO item_substitute (item_id, substitute_id) SELECT a.id, b.id FROM item a, item b WHERE a.sku = 'TEA' AND b.sku = 'MUG'`
  await api.system.admin`INSERT INTO denied_party (list, name) VALUES ('SDN', 'Victor Bout')`
})
afterAll(() => api.close())

const get = (url: string, caller = supervisor) => caller({ method: 'GET', url })
const shortOf = (sku = 'TEA', changes: Partial<OrderDocument> = {}) =>
  anOrder({ lines: [aLine({ sku, unitPriceMinor: '250', externalLineId: sku })], ...changes })
const caseOf = async (document: OrderDocument, type: CaseType) => {
  const { orderId, cases } = await api.place(document)
  const found = cases.find((one) => one.type === type)
  await eventually(
    () =>
      api.system
        .admin`SELECT key FROM external_effect WHERE subject_id = ${orderId} AND state IN ('intended', 'sent')`,
    (underway) => underway.length === 0,
  )
  expect(found, `${type} of ${JSON.stringify(cases)}`).toBeDefined()
  return { orderId, caseId: found!.id }
}
const resolve = (caseId: string, resolution: string, params?: object, key?: string) =>
  post(
    supervisor,
    `/v1/exceptions/${caseId}/resolution`,
    { resolution, ...(params ? { params } : {}) },
    key,
  )

describe('the queue', () => {
  test('ranks by money, time left and customer class, and tells the parts', async () => {
    await caseOf(shortOf('TEA'), 'stock-short')
    await caseOf(
      anOrder({ lines: [aLine({ sku: 'TEA', quantity: 50, unitPriceMinor: '250' })] }),
      'stock-short',
    )
    const items = (await get('/v1/exceptions?type=stock-short')).json().items
    const ranks = items.map((row: { rank: string }) => Number(row.rank))
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
    expect(BigInt(items[0].moneyAtRisk.minor)).toBeGreaterThan(BigInt(items[1].moneyAtRisk.minor))
    expect(items[0]).toMatchObject({
      type: 'stock-short',
      state: 'open',
      allowed: expect.arrayContaining(['backorder', 'cancel']),
      rankParts: {
        money: '125.00',
        currency: 'USD',
        hoursLeft: expect.any(String),
        classWeight: '1.0',
      },
    })
  })

  test('walks page by page, filters, and sums up what is open', async () => {
    const first = (await get('/v1/exceptions?limit=1')).json()
    expect(first.nextCursor).not.toBeNull()
    const second = (await get(`/v1/exceptions?limit=1&cursor=${first.nextCursor}`)).json()
    expect(second.items[0].id).not.toBe(first.items[0].id)
    expect((await get('/v1/exceptions?team=nobody')).json().items).toEqual([])
    const about = (await get(`/v1/exceptions?subjectId=${first.items[0].subjectId}`)).json()
    expect(about.items.map((row: { id: string }) => row.id)).toContain(first.items[0].id)
    const [summary] = (await get('/v1/exceptions/summary')).json().items
    expect(summary).toMatchObject({ type: 'stock-short', overdue: 0, ownerTeam: 'order-desk' })
    expect(summary.open).toBeGreaterThan(1)
    const one = await get(`/v1/exceptions/${first.items[0].id}`)
    expect(one.json()).toMatchObject({ id: first.items[0].id, type: first.items[0].type })
  })

  test('a page is not cut short by what was resolved on the page before', async () => {
    for (let n = 1; n <= 4; n += 1) await caseOf(shortOf(), 'stock-short')
    const walk = async (limit: number, between: (seen: string[]) => Promise<unknown>) => {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const from: string = cursor === null ? '' : `&cursor=${cursor}`
        const page = (await get(`/v1/exceptions?limit=${limit}${from}`)).json()
        seen.push(...page.items.map((row: { id: string }) => row.id))
        await between(page.items.map((row: { id: string }) => row.id))
        cursor = page.nextCursor
      } while (cursor !== null)
      return seen
    }
    const before = await walk(200, async () => {})
    const { admin } = api.system
    const seen = await walk(
      2,
      ([id]) => admin`UPDATE exception_case SET state = 'self-healed' WHERE id = ${id!}`,
    )
    await admin`UPDATE exception_case SET state = 'open' WHERE state = 'self-healed'`
    expect(seen).toEqual(before)
  })

  test('compares money in the company’s currency, whatever each order was paid in', async () => {
    const { admin } = api.system
    const [dollars, yen] = [
      await caseOf(shortOf('TEA'), 'stock-short'),
      await caseOf(shortOf('TEA'), 'stock-short'),
    ]
    await admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('JPY', 'USD', '2026-01-01', 6700000, 'test')`
    await admin`UPDATE exception_case SET money_at_risk_minor = 10000, due_at = now() + interval '4 hours' WHERE id = ${dollars.caseId}`
    await admin`UPDATE exception_case SET money_at_risk_minor = 12000, currency = 'JPY', due_at = now() + interval '4 hours' WHERE id = ${yen.caseId}`
    const partsOf = async ({ caseId }: { caseId: string }) => {
      const { rank, rankParts } = (await get(`/v1/exceptions/${caseId}`)).json()
      return { rank: Number(rank), money: rankParts.money }
    }
    const [hundredDollars, twelveThousandYen] = [await partsOf(dollars), await partsOf(yen)]
    expect(hundredDollars.money).toBe('100.00')
    expect(twelveThousandYen.money).toBe('80.40')
    expect(hundredDollars.rank).toBeGreaterThan(twelveThousandYen.rank)
    await admin`UPDATE exception_case SET currency = 'USD' WHERE id = ${yen.caseId}`
  })

  test('shows nobody what lies outside their scope', async () => {
    const { caseId } = await caseOf(shortOf(), 'stock-short')
    const narrow = await api.as('oms-supervisor', { channels: ['b2b'] })
    expect((await get('/v1/exceptions', narrow)).json().items).toEqual([])
    expect((await get('/v1/exceptions/summary', narrow)).json().items).toEqual([])
    expect((await get(`/v1/exceptions/${caseId}`, narrow)).statusCode).toBe(404)
    const answer = await post(narrow, `/v1/exceptions/${caseId}/resolution`, {
      resolution: 'backorder',
    })
    expect(answer.statusCode).toBe(404)
    expect((await get('/v1/exceptions/999999')).statusCode).toBe(404)
  })
})

const pending = {
  payment: { state: 'pending', provider: 'stripe', reference: null, amountMinor: '0' },
} as const
const nowhere = {
  shipTo: {
    name: 'Ada Jones',
    company: null,
    line1: null,
    line2: null,
    city: null,
    region: null,
    postalCode: null,
    country: 'US',
  },
} as unknown as Partial<OrderDocument>
const denied = {
  customer: { externalId: null, name: 'Victor Bout', email: null, phone: null },
} as Partial<OrderDocument>
const address = {
  line1: '1 Main St',
  city: 'Newark',
  region: 'NJ',
  postalCode: '07102',
  country: 'US',
}

const big = () => anOrder({ customer: aStranger(), line: { quantity: 60 } })

/** Each kind of case that a new order can open, with every choice that it allows. */
const situations: [CaseType, string, () => OrderDocument, Record<string, unknown>?][] = [
  ['stock-short', 'backorder', () => shortOf()],
  ['stock-short', 'cancel', () => shortOf()],
  [
    'stock-short',
    'split',
    () =>
      anOrder({
        lines: [
          aLine({ quantity: 2, externalLineId: 'a' }),
          aLine({ sku: 'TEA', unitPriceMinor: '250', externalLineId: 'b' }),
        ],
      }),
  ],
  ['stock-short', 'other-node', () => shortOf()],
  ['stock-short', 'substitute', () => shortOf('TEA'), { sku: 'MUG', substituteSku: 'MUG' }],
  ['payment-pending', 'accept-on-terms', () => anOrder(pending)],
  ['payment-pending', 'wait', () => anOrder(pending)],
  ['payment-pending', 'cancel', () => anOrder(pending)],
  ['address-invalid', 'accept-suggestion', () => anOrder(nowhere)],
  ['address-invalid', 'correct', () => anOrder(nowhere), address],
  ['address-invalid', 'override', () => anOrder(nowhere), { reason: 'the driver knows the way' }],
  ['address-invalid', 'cancel', () => anOrder(nowhere)],
  ['price-suspect', 'accept', () => anOrder({ line: { unitPriceMinor: '1' } })],
  ['price-suspect', 'cancel', () => anOrder({ line: { unitPriceMinor: '1' } })],
  ['unknown-sku', 'map-listing', () => shortOf('WHAT'), { sku: 'MUG' }],
  ['unknown-sku', 'create-item', () => shortOf('WHAT2'), { sku: 'MUG' }],
  ['unknown-sku', 'reject', () => shortOf('WHAT3')],
  ['compliance-match', 'clear', () => anOrder(denied)],
  ['compliance-match', 'cancel', () => anOrder(denied)],
  ['fraud-review', 'accept', big],
  ['fraud-review', 'ask-for-evidence', big],
  ['fraud-review', 'cancel-and-block', big],
]

describe('a choice', () => {
  test.each(situations)(
    'on %s: %s is previewed without a trace and then does the same',
    async (type, resolution, document, params) => {
      const { orderId, caseId } = await caseOf(document(), type)
      expect(CASE_RESOLUTIONS[type]).toContain(resolution)
      const before = await footprint(api.database)
      const body = { resolution, ...(params ? { params } : {}) }
      const url = `/v1/exceptions/${caseId}/resolution`
      const seen = await post(supervisor, `${url}/preview`, body)
      expect(seen.statusCode, seen.body).toBeLessThan(500)
      expect(await footprint(api.database)).toEqual(before)
      const reserved = await reservedOf(api, orderId)
      const done = await post(supervisor, url, body)
      if (seen.statusCode >= 400) {
        expect(done.json()).toMatchObject({ code: seen.json().code, status: seen.statusCode })
        return
      }
      expect(done.statusCode, done.body).toBe(200)
      const effect = seen.json()
      expect(done.json()).toMatchObject({ phase: effect.phase, waitingFor: effect.waitingFor })
      const delta = (await reservedOf(api, orderId)) - reserved
      const foreseen = effect.stock.reduce(
        (all: number, row: { reservedDelta: number }) => all + row.reservedDelta,
        0,
      )
      expect(delta).toBe(foreseen)
    },
  )

  test('is made once: a repeat gets the first answer, another choice is too late', async () => {
    const { caseId } = await caseOf(shortOf(), 'stock-short')
    const first = await resolve(caseId, 'backorder', undefined, 'decide-it-once')
    expect(first.statusCode, first.body).toBe(200)
    const again = await resolve(caseId, 'backorder', undefined, 'decide-it-once')
    expect(again.statusCode, again.body).toBe(200)
    expect(again.json()).toEqual(first.json())
    const other = await resolve(caseId, 'cancel')
    expect(other.statusCode).toBe(409)
    expect(other.json().code).toBe('CaseNotOpen')
    const preview = await post(supervisor, `/v1/exceptions/${caseId}/resolution/preview`, {
      resolution: 'cancel',
    })
    expect(preview.statusCode).toBe(409)
    const kept = (await get(`/v1/exceptions/${caseId}`)).json()
    expect(kept).toMatchObject({ state: 'resolved', resolution: 'backorder' })
    expect(kept.resolvedBy).toBe(supervisor.actor)
  })

  test('that ends the order keeps its answer for a repeat', async () => {
    const { caseId } = await caseOf(anOrder(pending), 'payment-pending')
    const first = await resolve(caseId, 'cancel', undefined, 'end-the-order')
    expect(first.statusCode, first.body).toBe(200)
    expect((await resolve(caseId, 'cancel', undefined, 'end-the-order')).json()).toEqual(
      first.json(),
    )
  })

  test('that the case does not allow is refused', async () => {
    const { caseId } = await caseOf(shortOf(), 'stock-short')
    const answer = await resolve(caseId, 'accept-late')
    expect(answer.statusCode).toBe(409)
    expect(answer.json().code).toBe('ResolutionNotAllowed')
  })

  test('on fraud or compliance is for those who answer for it', async () => {
    const fraud = await caseOf(big(), 'fraud-review')
    const match = await caseOf(anOrder(denied), 'compliance-match')
    const csr = await api.as('csr')
    for (const { caseId } of [fraud, match])
      for (const url of ['resolution', 'resolution/preview']) {
        const answer = await post(csr, `/v1/exceptions/${caseId}/${url}`, { resolution: 'cancel' })
        expect(answer.statusCode).toBe(403)
        expect(answer.json().code).toBe('NotAllowed')
      }
    const analyst = await api.as('risk-analyst')
    const accepted = await post(analyst, `/v1/exceptions/${fraud.caseId}/resolution`, {
      resolution: 'accept',
    })
    expect(accepted.statusCode, accepted.body).toBe(200)
  })
})

async function reservedOf({ system }: RunningApi, orderId: string): Promise<number> {
  const [row] = await system.admin<{ live: number }[]>`
    SELECT coalesce(sum(live), 0)::int AS live FROM reservation WHERE order_id = ${orderId}`
  return row!.live
}
