import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayNumber, forecastE6, type DemandEvent } from '#domain/replenishment/calendar'
import { levelsOf, safetyStockE6, type LevelInputs } from '#domain/replenishment/levels'
import { decimalText, integerRoot, ONE, unitsUp } from '#domain/replenishment/scaled'
import { demandStatistics, leadTimeStatistics } from '#domain/replenishment/statistics'
import { spikeOf } from '#domain/replenishment/spike'

/** Levels of an item that sells the same every day. */
function inputs(changes: Partial<LevelInputs> & { dailyE6?: bigint } = {}): LevelInputs {
  const { dailyE6 = 10n * ONE, leadDays = 7, reviewDays = 0, coverDays = 0, ...rest } = changes
  const over = (days: number) => dailyE6 * BigInt(days)
  return {
    method: 'reorder-point',
    safety: { kind: 'service', servicePpm: 950_000 },
    minUnits: 0n,
    maxUnits: 0n,
    leadVarianceE12: 0n,
    demandVarianceE12: 0n,
    overLeadE6: over(leadDays),
    overProtectionE6: over(leadDays + reviewDays),
    overCoverE6: over(leadDays + reviewDays + coverDays),
    backordered: 0n,
    leadDays,
    reviewDays,
    coverDays,
    ...rest,
  }
}

const squared = (units: bigint) => units * units * ONE * ONE

describe('the reorder point', () => {
  test('of Chopra and Meindl: 2,500 a day ± 500, 7 days ± 7, at 90 % keeps 22,491 in safety', () => {
    const dell = inputs({
      dailyE6: 2500n * ONE,
      demandVarianceE12: squared(500n),
      leadVarianceE12: squared(7n),
      safety: { kind: 'service', servicePpm: 900_000 },
    })
    expect(safetyStockE6(dell, 7) / ONE).toBe(22_491n)
    expect(levelsOf(dell).reorderPoint).toBe(17_500n + 22_492n)
  })

  test('where the lead time is certain only demand is hedged: 7 days ± 0 keeps 1,695 units', () => {
    const certain = inputs({
      dailyE6: 2500n * ONE,
      demandVarianceE12: squared(500n),
      safety: { kind: 'service', servicePpm: 900_000 },
    })
    expect(safetyStockE6(certain, 7) / ONE).toBe(1695n)
  })

  test('looked at once a week, it holds for a week more, and is filled to the order-up-to level', () => {
    const weekly = inputs({ reviewDays: 7, demandVarianceE12: squared(3n) })
    const { reorderPoint, trigger, upTo } = levelsOf(weekly)
    expect(reorderPoint).toBe(84n)
    expect(trigger).toBe(154n)
    expect(upTo).toBe(159n)
  })

  test.each([
    ['min-max', { minUnits: 20n, maxUnits: 80n }, 20n, 80n],
    ['cover-days', { coverDays: 30, safety: { kind: 'days', days: 2 } }, 90n, 390n],
    ['order-up-to', { safety: { kind: 'units', units: 5n } }, 75n, 75n],
    ['to-order', { backordered: 4n }, 1n, 4n],
    ['none', {}, 0n, 0n],
  ] as const)('%s has a trigger and a level of its own', (method, changes, trigger, upTo) => {
    expect(levelsOf(inputs({ method, ...changes }))).toMatchObject({ trigger, upTo })
  })

  const level = fc.record({
    dailyE6: fc.bigInt(0n, 10_000n * ONE),
    more: fc.bigInt(0n, 1_000n * ONE),
    demandVarianceE12: fc.bigInt(0n, squared(1000n)),
    leadVarianceE12: fc.bigInt(0n, squared(20n)),
    leadDays: fc.integer({ min: 0, max: 90 }),
    reviewDays: fc.integer({ min: 0, max: 30 }),
    coverDays: fc.integer({ min: 0, max: 90 }),
    method: fc.constantFrom('reorder-point', 'cover-days', 'order-up-to'),
  })

  test('never falls when demand, its variance or the lead time grows', () => {
    fc.assert(
      fc.property(level, ({ more, ...given }) => {
        const method = given.method as LevelInputs['method']
        const before = levelsOf(inputs({ ...given, method }))
        const wider = given.demandVarianceE12 + more
        for (const after of [
          levelsOf(inputs({ ...given, method, dailyE6: given.dailyE6 + more })),
          levelsOf(inputs({ ...given, method, demandVarianceE12: wider })),
          levelsOf(inputs({ ...given, method, leadVarianceE12: given.leadVarianceE12 + more })),
          levelsOf(inputs({ ...given, method, leadDays: given.leadDays + 1 })),
        ]) {
          // A span that is a day longer is divided anew: a millionth of a unit may be lost.
          expect(after.trigger).toBeGreaterThanOrEqual(before.trigger - 1n)
          expect(after.upTo).toBeGreaterThanOrEqual(before.upTo - 1n)
        }
        expect(before.upTo).toBeGreaterThanOrEqual(before.trigger)
        expect(before.safetyStock).toBeGreaterThanOrEqual(0n)
      }),
    )
  })
})

describe('numbers without fractions', () => {
  test('a root is the largest integer whose square fits', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 40n), (n) => {
        const root = integerRoot(n)
        expect(root * root <= n && (root + 1n) * (root + 1n) > n).toBe(true)
      }),
    )
    expect(() => integerRoot(-1n)).toThrow('below zero')
  })

  test('a begun unit is a unit, and people read decimals', () => {
    expect([unitsUp(1n), unitsUp(ONE), unitsUp(0n), unitsUp(-1_500_000n)]).toEqual([
      1n,
      1n,
      0n,
      -1n,
    ])
    expect([decimalText(1_500_000n), decimalText(-20_000n), decimalText(3n * ONE)]).toEqual([
      '1.5',
      '-0.02',
      '3',
    ])
  })
})

const monday = dayNumber('2026-06-01')
const window = (events: DemandEvent[] = []) => ({ fromDay: monday, toDay: monday + 9, events })
const event = (changes: Partial<DemandEvent>): DemandEvent => ({
  ...{ id: '1', kind: 'promotion', fromDay: monday, toDay: monday + 1 },
  ...{ factorPpm: ONE, unitsPerDay: 0n },
  ...changes,
})

describe('demand', () => {
  test('is the mean and the sample deviation of all days, those without a sale too', () => {
    const history = [2n, 4n, 4n, 4n, 5n, 5n, 7n, 9n].map((qty, n) => ({ day: monday + n, qty }))
    const { meanE6, varianceE12, days } = demandStatistics(history, {
      ...window(),
      toDay: monday + 7,
    })
    // The textbook row 2, 4, 4, 4, 5, 5, 7, 9: mean 5, Σ(x − 5)² = 32.
    expect({ meanE6, varianceE12, days }).toEqual({
      meanE6: 5n * ONE,
      varianceE12: (32n * ONE * ONE + 3n) / 7n,
      days: 8,
    })
    expect(demandStatistics(history, window()).meanE6).toBe(4n * ONE)
  })

  test('of a promotion says nothing of the usual, and comes back with the next one', () => {
    const history = Array.from({ length: 10 }, (_, n) => ({
      day: monday + n,
      qty: n < 2 ? 100n : 10n,
    }))
    const past = event({})
    expect(demandStatistics(history, window([past])).meanE6).toBe(10n * ONE)
    const today = monday + 9
    const next = event({
      fromDay: today + 3,
      toDay: today + 4,
      factorPpm: 3n * ONE,
      unitsPerDay: 5n,
    })
    const over = (days: number, events: DemandEvent[]) =>
      forecastE6(10n * ONE, { today, days, events }) / ONE
    expect([
      over(2, [next]),
      over(7, [next]),
      over(7, []),
      over(14, [next]) - over(7, [next]),
    ]).toEqual([20n, 120n, 70n, 70n])
  })

  test('of a season is divided by it in the past and times it in the future', () => {
    const season = event({ kind: 'season', toDay: monday + 99, factorPpm: 2n * ONE })
    const history = Array.from({ length: 10 }, (_, n) => ({ day: monday + n, qty: 20n }))
    const { meanE6, deviationE6 } = demandStatistics(history, window([season]))
    expect([meanE6, deviationE6]).toEqual([10n * ONE, 0n])
    expect(forecastE6(meanE6, { today: monday + 9, days: 5, events: [season] })).toBe(100n * ONE)
  })

  test('before a new level does not count, and a one-off is nobody’s usual', () => {
    const history = Array.from({ length: 10 }, (_, n) => ({
      day: monday + n,
      qty: n < 5 ? 2n : 8n,
    }))
    const level = event({ kind: 'new-level', fromDay: monday + 5 })
    expect(demandStatistics(history, window([level]))).toMatchObject({ days: 5, meanE6: 8n * ONE })
    const oneOff = event({ kind: 'one-off', fromDay: monday + 5, toDay: monday + 9 })
    expect(demandStatistics(history, window([oneOff]))).toMatchObject({ days: 5, meanE6: 2n * ONE })
  })

  test('of nobody is nothing, and one delivery says nothing of how long the next takes', () => {
    expect(demandStatistics([], window()).deviationE6).toBe(0n)
    expect(demandStatistics([], { ...window(), toDay: monday - 1 }).meanE6).toBe(0n)
    expect(leadTimeStatistics({ deliveries: 1, days: 9n, squares: 81n }).varianceE12).toBe(0n)
    expect(leadTimeStatistics({ deliveries: 2, days: 16n, squares: 130n })).toEqual({
      meanE6: 8n * ONE,
      varianceE12: 2n * ONE * ONE,
    })
  })
})

describe('a spike', () => {
  const weeks = (...units: bigint[]) => ({
    history: units.map((qty, n) => ({ day: monday + 7 * n, qty })),
    window: { fromDay: monday, toDay: monday + 7 * units.length - 1, events: [] as DemandEvent[] },
  })
  const limits = { scoreE6: 3_500_000n, units: 5n }

  test('is a week far outside what weeks are', () => {
    const { history, window: over } = weeks(10n, 12n, 11n, 9n, 10n, 30n)
    expect(spikeOf(history, over, limits)).toMatchObject({
      week: 30n,
      usualWeek: 10n,
      percentOver: 200n,
    })
  })

  test('is not a good week, a slow one, or one that was planned', () => {
    const good = weeks(10n, 12n, 11n, 9n, 10n, 13n)
    expect(spikeOf(good.history, good.window, limits)).toBeNull()
    const slow = weeks(10n, 12n, 11n, 9n, 10n, 0n)
    expect(spikeOf(slow.history, slow.window, limits)).toBeNull()
    const { history, window: over } = weeks(10n, 12n, 11n, 9n, 10n, 30n)
    const planned = event({ fromDay: over.toDay - 3, toDay: over.toDay })
    expect(spikeOf(history, { ...over, events: [planned] }, limits)).toBeNull()
  })

  test('stands out where all weeks before were alike', () => {
    const { history, window: over } = weeks(10n, 10n, 10n, 10n, 10n, 16n)
    expect(spikeOf(history, over, limits)).toMatchObject({ usualWeek: 10n })
  })

  test('needs weeks to compare with', () => {
    const { history, window: over } = weeks(1n, 1n, 90n)
    expect(spikeOf(history, over, limits)).toBeNull()
  })
})
