import { expect, test } from 'vitest'
import { cautionUnits, stockConfidence } from '#domain/stock-confidence'

const now = '2026-06-01T12:00:00Z'
const facts = {
  lastCountedAt: '2026-05-20T12:00:00Z',
  lastDifference: 0n,
  lastExpected: 100n,
  missing: 0n,
}

test('a recent count that found the books right leaves no doubt', () => {
  expect(stockConfidence(facts, now)).toMatchObject({ score: 100, reasons: [] })
})

test('an old count, a wrong one, and units that were not found each take points off, and say so', () => {
  const never = { ...facts, lastCountedAt: null }
  expect(stockConfidence(never, now)).toMatchObject({ score: 70, reasons: ['never counted'] })
  const old = { ...facts, lastCountedAt: '2026-01-01T00:00:00Z', lastDifference: -3n, missing: 2n }
  expect(stockConfidence(old, now)).toMatchObject({
    score: 25,
    reasons: ['not counted for 151 days', 'the last count was 3 off 100', '2 units were not found'],
  })
  expect(stockConfidence({ ...facts, lastDifference: 2n }, now).score).toBe(100)
})

test('the less the books are to be believed, the more is kept from the channels', () => {
  const kept = (score: number) => cautionUnits(score, 101n)
  expect([100, 70, 65, 40, 39, 0].map(kept)).toEqual([0n, 0n, 6n, 6n, 11n, 11n])
  expect(cautionUnits(30, 0n)).toBe(0n)
})
