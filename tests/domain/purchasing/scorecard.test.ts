import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FIGURES, figuresOf, ScorecardSum, type SupplyLine } from '#domain/purchasing/scorecard'

const asOf = '2026-06-30'

/** Ten ordered on 1 May, promised for the 15th, received whole on the 14th at the price asked. */
function aLine(changes: Partial<SupplyLine> = {}): SupplyLine {
  return {
    ...{ state: 'settled', orderedOn: '2026-05-01', promisedOn: '2026-05-15' },
    ...{ receivedOn: '2026-05-14', qtyOrdered: 10n, qtyReceived: 10n, qtyRejected: 0n },
    ...{ currency: 'USD', agreedMinor: 1000n, paidMinor: 1000n, overPpm: 0, underPpm: 0 },
    ...changes,
  }
}
const figures = (changes: Partial<SupplyLine>) => figuresOf(aLine(changes), asOf)
function scored(...lines: SupplyLine[]) {
  const total = new ScorecardSum(asOf)
  for (const line of lines) total.add(line)
  return total.scorecard
}

describe('on time', () => {
  test('the promised day itself is on time, the day after is late', () => {
    expect(figures({ receivedOn: '2026-05-15' })).toContain('on-time')
    expect(figures({ receivedOn: '2026-05-16' })).toContain('late')
  })

  test('what is still expected is late once its day has passed, and not before', () => {
    const open = { state: 'open', receivedOn: null, qtyReceived: 4n } as const
    expect(figures(open)).toContain('late')
    expect(figures({ ...open, promisedOn: asOf })).toContain('on-time-excluded')
  })

  test('without a promise, a day of receipt, or an end that somebody told, nobody knows', () => {
    for (const unknown of [
      { promisedOn: null },
      { receivedOn: null },
      { state: 'untold' },
      { state: 'cancelled', receivedOn: null, qtyReceived: 0n },
    ] as Partial<SupplyLine>[])
      expect(figures(unknown)).toContain('on-time-excluded')
  })
})

describe('in full', () => {
  test('a unit over or short is not in full, but for the tolerances', () => {
    expect(figures({ qtyReceived: 11n })).toContain('over')
    expect(figures({ qtyReceived: 9n })).toContain('short')
    expect(figures({ qtyReceived: 11n, overPpm: 100_000 })).toContain('in-full')
    expect(figures({ qtyReceived: 9n, underPpm: 100_000 })).toContain('in-full')
    expect(figures({ qtyReceived: 9n, underPpm: 99_999 })).toContain('short')
  })

  test('what was late or short is not on time in full; what is half known is excluded', () => {
    expect(figures({})).toContain('on-time-in-full')
    expect(figures({ qtyReceived: 9n })).toContain('not-on-time-in-full')
    expect(figures({ receivedOn: '2026-05-16' })).toContain('not-on-time-in-full')
    const late = figures({ receivedOn: '2026-05-16', qtyReceived: null })
    expect(late).toContain('late')
    expect(late).toContain('on-time-in-full-excluded')
  })
})

test('defects are rejected units of those received that somebody has judged', () => {
  const card = scored(
    aLine({ qtyRejected: 3n }),
    aLine({ qtyReceived: 20n }),
    aLine({ qtyRejected: null, qtyReceived: 70n }),
  )
  expect(card).toMatchObject({ receivedQty: 30n, rejectedQty: 3n, defectPpm: 100_000 })
  expect(card.counts).toMatchObject({ inspected: 2, defective: 1, 'defects-excluded': 1 })
})

test('lead times are taken by nearest rank, and what has no day of order is told apart', () => {
  const after = (days: number) =>
    aLine({ receivedOn: new Date(Date.UTC(2026, 4, 1 + days)).toISOString().slice(0, 10) })
  const card = scored(...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(after), aLine({ orderedOn: null }))
  expect(card.actualLeadTime).toEqual({ p50: 5, p90: 9 })
  expect(card.promisedLeadTime).toEqual({ p50: 14, p90: 14 })
  expect(card.counts).toMatchObject({ 'actual-lead-time': 10, 'actual-lead-time-excluded': 1 })
})

test('goods that came before they were ordered have no lead time', () => {
  expect(figures({ receivedOn: '2026-04-30' })).toContain('actual-lead-time-excluded')
})

test('price variance is one sum for each currency', () => {
  const card = scored(
    aLine({ paidMinor: 1050n }),
    aLine({ paidMinor: 900n, agreedMinor: 1000n }),
    aLine({ currency: 'EUR', agreedMinor: 300n, paidMinor: 301n }),
    aLine({ agreedMinor: null }),
  )
  expect(card.priceVariance).toEqual([
    { currency: 'EUR', agreedMinor: 300n, varianceMinor: 1n, variancePpm: 3333 },
    { currency: 'USD', agreedMinor: 2000n, varianceMinor: -50n, variancePpm: -25_000 },
  ])
  expect(card.counts).toMatchObject({ 'price-higher': 2, 'price-lower': 1, 'price-excluded': 1 })
})

test('nothing measured is no rate at all, and not zero', () => {
  expect(scored()).toMatchObject({
    ...{ onTimePpm: null, inFullPpm: null, onTimeInFullPpm: null, defectPpm: null },
    ...{ actualLeadTime: { p50: null, p90: null }, priceVariance: [] },
  })
})

test('each kind of figure takes every line once, whatever is known of it', () => {
  const day = fc.option(fc.constantFrom('2026-05-01', '2026-05-20', '2026-07-01'))
  const units = fc.option(fc.bigInt(0n, 12n))
  const anything = fc.record({
    state: fc.constantFrom('settled', 'open', 'cancelled', 'untold'),
    ...{ orderedOn: day, promisedOn: day, receivedOn: day },
    ...{ qtyOrdered: fc.bigInt(1n, 12n), qtyReceived: units, qtyRejected: units },
    currency: fc.constant('USD'),
    ...{ agreedMinor: units, paidMinor: units },
    ...{ overPpm: fc.nat(200_000), underPpm: fc.nat(200_000) },
  })
  const kinds = [
    ['promised-lead-time', 'promised-lead-time-excluded'],
    ['actual-lead-time', 'actual-lead-time-excluded'],
    ['on-time', 'late', 'on-time-excluded'],
    ['in-full', 'over', 'short', 'in-full-excluded'],
    ['on-time-in-full', 'not-on-time-in-full', 'on-time-in-full-excluded'],
    ['inspected', 'defects-excluded'],
    ['price-higher', 'price-equal', 'price-lower', 'price-excluded'],
  ]
  expect([...kinds.flat(), 'lines', 'defective'].sort()).toEqual([...FIGURES].sort())
  fc.assert(
    fc.property(anything, (line) => {
      const found = figuresOf(line as SupplyLine, asOf)
      for (const kind of kinds)
        expect(found.filter((figure) => kind.includes(figure))).toHaveLength(1)
    }),
  )
})
