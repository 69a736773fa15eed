import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allocate, type CandidateNode, type Demand, type Quote } from '#domain/orders/allocation'
import { DEFAULT_POLICIES } from '#domain/orders/policies'
import { chooseRate, chooseService, type RateWish } from '#domain/orders/service-choice'

const quote: Quote = { freightMinor: 500n, transitDays: 3, zone: 'domestic', inTime: true }
const node = (
  siteId: number,
  changes: Partial<Quote> & { excluded?: string; perUnit?: bigint } = {},
): CandidateNode => {
  const { excluded = null, perUnit = 0n, ...quoted } = changes
  const base = { ...quote, ...quoted }
  return {
    siteId,
    code: `S${siteId}`,
    excluded,
    quote: (units) => ({
      ...base,
      freightMinor: base.freightMinor + perUnit * BigInt(units.reduce((n, u) => n + u.qty, 0)),
    }),
  }
}
const stock = (rows: [item: number, site: number, qty: number][]) => {
  const free = new Map<number, Map<number, number>>()
  for (const [item, site, qty] of rows)
    free.set(item, (free.get(item) ?? new Map<number, number>()).set(site, qty))
  return free
}
const options = { policy: DEFAULT_POLICIES.routing, maxSplits: 3, shipComplete: false }
const want = (orderLineId: string, itemId: number, qty: number): Demand => ({
  orderLineId,
  itemId,
  qty,
})

test('the nearest site with full stock wins, and the others say why they lost', () => {
  const result = allocate(
    [want('a', 1, 2)],
    [node(1, { freightMinor: 900n }), node(2), node(3, { excluded: 'is paused' })],
    stock([
      [1, 1, 5],
      [1, 2, 5],
    ]),
    options,
  )
  expect(result.assignments).toEqual([{ orderLineId: 'a', itemId: 1, siteId: 2, qty: 2 }])
  expect(result.considered).toEqual(
    expect.arrayContaining([
      { site: 'S3', reason: 'is paused' },
      expect.objectContaining({ site: 'S1', reason: expect.stringContaining('costs more') }),
    ]),
  )
})

test('a split is made only when no site covers all, and ship-complete takes nothing then', () => {
  const demands = [want('a', 1, 1), want('b', 2, 1)]
  const nodes = [node(1), node(2)]
  const free = stock([
    [1, 1, 1],
    [2, 2, 1],
  ])
  expect(allocate(demands, nodes, free, options)).toMatchObject({
    split: { reason: 'no single site has all units', sites: ['S1', 'S2'], extraMinor: 500n },
    shortages: [],
  })
  const short = stock([[1, 1, 1]])
  const complete = allocate(demands, nodes, short, { ...options, shipComplete: true })
  expect(complete).toMatchObject({ assignments: [], shortages: demands })
})

test('a site that keeps the promise is chosen before a cheaper one that is late', () => {
  const late = node(1, { freightMinor: 100n, inTime: false })
  const free = stock([
    [1, 1, 5],
    [1, 2, 5],
  ])
  const result = allocate(
    [want('a', 1, 2)],
    [late, node(2, { freightMinor: 2500n })],
    free,
    options,
  )
  expect(result.assignments).toMatchObject([{ siteId: 2, qty: 2 }])
  expect(result.considered).toContainEqual(
    expect.objectContaining({ site: 'S1', reason: 'would be late', freightMinor: 100n }),
  )
  const some = allocate(
    [want('a', 1, 2)],
    [late, node(2)],
    stock([
      [1, 1, 5],
      [1, 2, 1],
    ]),
    options,
  )
  expect(some.split).toMatchObject({ reason: 'S1 has all units and would be late' })
})

test('a further parcel is sent only when it saves what the policy says it must', () => {
  const demands = [want('a', 1, 1), want('b', 2, 1)]
  const nodes = [node(1, { freightMinor: 100n }), node(2, { freightMinor: 100n }), node(3)]
  const free = stock([
    [1, 1, 1],
    [2, 2, 1],
    [1, 3, 1],
    [2, 3, 1],
  ])
  const policy = (splitMinor: string) => ({
    ...options,
    policy: { dayMinor: '0', splitMinor },
  })
  const dear = allocate(demands, nodes, free, policy('300'))
  expect(dear.assignments.map((a) => a.siteId)).toEqual([3, 3])
  expect(dear.considered).toContainEqual(
    expect.objectContaining({ site: 'S1 + S2', reason: expect.stringContaining('saves 300') }),
  )
  const cheap = allocate(demands, nodes, free, policy('299'))
  expect(cheap.split).toEqual({
    reason: 'cheaper than all from S3',
    sites: ['S1', 'S2'],
    freightMinor: 200n,
    oneParcelMinor: 500n,
    extraMinor: -300n,
  })
})

test('what a site costs is what shipping its own units costs', () => {
  const { considered } = allocate(
    [want('a', 1, 4)],
    [node(1, { perUnit: 10n }), node(2, { perUnit: 10n })],
    stock([
      [1, 1, 3],
      [1, 2, 1],
    ]),
    options,
  )
  expect(considered.map((entry) => [entry.site, entry.freightMinor, entry.zone])).toEqual([
    ['S1', 530n, 'domestic'],
    ['S2', 510n, 'domestic'],
  ])
})

test('two lines of one item never count the same unit twice', () => {
  const result = allocate(
    [want('a', 1, 1), want('b', 1, 1)],
    [node(1)],
    stock([[1, 1, 1]]),
    options,
  )
  expect(result.assignments).toHaveLength(1)
  expect(result.shortages).toEqual([want('b', 1, 1)])
})

test('no plan takes more than there is, and every unit is either assigned or short', () => {
  const demand = fc.record({
    item: fc.integer({ min: 1, max: 3 }),
    qty: fc.integer({ min: 1, max: 9 }),
  })
  const row = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 0, max: 9 }),
  )
  fc.assert(
    fc.property(
      fc.array(demand, { minLength: 1, maxLength: 5 }),
      fc.array(row, { maxLength: 9 }),
      (wishes, rows) => {
        const demands = wishes.map((wish, n) => want(`${n}`, wish.item, wish.qty))
        const free = stock(rows)
        const result = allocate(demands, [node(1), node(2), node(3)], free, options)
        for (const [item, sites] of free)
          for (const [site, qty] of sites) {
            const taken = result.assignments.filter((a) => a.itemId === item && a.siteId === site)
            expect(taken.reduce((units, a) => units + a.qty, 0)).toBeLessThanOrEqual(qty)
          }
        for (const wish of demands) {
          const mine = (list: { orderLineId: string; qty: number }[]) =>
            list
              .filter((a) => a.orderLineId === wish.orderLineId)
              .reduce((units, a) => units + a.qty, 0)
          expect(mine(result.assignments) + mine(result.shortages)).toBe(wish.qty)
        }
      },
    ),
  )
})

test('the cheapest service that keeps the promise is chosen; when none does, the fastest', () => {
  const offer = (service: string, transitDays: number, freightMinor: bigint) => ({
    carrier: 'UPS',
    service,
    zone: 'domestic',
    transitDays,
    freightMinor,
  })
  const offers = [offer('Ground', 4, 500n), offer('Air', 2, 1500n), offer('NextDay', 1, 3000n)]
  const choose = (latestTransitDays: number | null, requested: string | null = null) =>
    chooseService(offers, { latestTransitDays, requested })
  expect(choose(null)).toMatchObject({
    chosen: { service: 'Ground' },
    nextBest: { service: 'Air' },
  })
  expect(choose(2)).toMatchObject({ chosen: { service: 'Air' } })
  expect(choose(0)).toMatchObject({ chosen: { service: 'NextDay' } })
  expect(choose(null, 'NextDay')).toMatchObject({ chosen: { service: 'NextDay' } })
})

describe('a label is bought', () => {
  const rate = (carrier: string, service: string, deliveryDays: number | null, cost: bigint) => ({
    rateId: service,
    carrier,
    service,
    deliveryDays,
    costMinor: cost,
  })
  const rates = [
    rate('Post', 'Saver', null, 300n),
    rate('UPS', 'Ground', 4, 500n),
    rate('UPS', 'Air', 2, 1500n),
    rate('DHL', 'Express', 2, 1200n),
  ]
  const allowed = [
    { carrier: 'ups', service: 'ground', transitDays: 3 },
    { carrier: 'UPS', service: 'Air', transitDays: 2 },
  ]
  const choose = (changes: Partial<RateWish>) =>
    chooseRate(rates, { asked: null, allowed, without: [], latestTransitDays: null, ...changes })

  test('by the cheapest service set up that keeps the promise, and why each other one lost is said', () => {
    expect(choose({ latestTransitDays: 2 })).toMatchObject({
      chosen: { service: 'Air', costMinor: 1500n },
      reason: 'cheapest that keeps the promise',
      others: [
        { service: 'Express', reason: 'not set up for this site' },
        { service: 'Ground', reason: 'takes 4 days, 2 left' },
        { service: 'Saver', reason: 'nobody says how long it takes, 2 left' },
      ],
    })
    expect(choose({})).toMatchObject({
      chosen: { service: 'Ground' },
      others: [{ service: 'Air', reason: 'dearer' }, { service: 'Saver' }, { service: 'Express' }],
    })
  })

  test('by one that is not set up where only that keeps the promise, and by the fastest where none does', () => {
    expect(choose({ latestTransitDays: 2, without: ['Air'] })).toMatchObject({
      chosen: { service: 'Express' },
      reason: 'none that is set up keeps the promise: the cheapest that does',
    })
    expect(choose({ latestTransitDays: 1 })).toMatchObject({
      chosen: { service: 'Express' },
      reason: 'none keeps the promise: the fastest',
    })
    expect(choose({ without: ['Saver', 'Ground', 'Air', 'Express'] })).toBeNull()
  })

  test('by what somebody asked for, whatever it costs; where that is not offered it is said', () => {
    expect(choose({ asked: { carrier: null, service: 'air' } })).toMatchObject({
      chosen: { service: 'Air' },
      reason: 'the service that was asked for',
      others: [{ service: 'Ground', reason: 'another one was asked for' }, {}, {}],
    })
    expect(choose({ asked: { carrier: 'UPS', service: 'Express' } })).toMatchObject({
      chosen: { service: 'Ground' },
      reason: 'Express is not offered: cheapest that keeps the promise',
    })
  })

  test('within the time that was set up for a service whose carrier does not say how long it takes', () => {
    const silent = [rate('UPS', 'Ground', null, 500n), rate('UPS', 'Air', 2, 1500n)]
    const want = { asked: null, allowed, without: [], latestTransitDays: 3 }
    expect(chooseRate(silent, want)).toMatchObject({ chosen: { service: 'Ground' } })
  })
})
