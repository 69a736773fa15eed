import { expect, test } from 'vitest'
import { earnedOfTerm } from '#domain/orders/revenue'
import { withoutUnits } from '#domain/orders/unit-ranges'

test('a term is earned by its days, and whole from its last one on', () => {
  const term = { minor: 36_600n, startsOn: '2024-01-01', termMonths: 12 }
  expect(earnedOfTerm(term, '2023-12-31')).toBe(0n)
  expect(earnedOfTerm(term, '2024-01-01')).toBe(100n)
  expect(earnedOfTerm(term, '2024-02-29')).toBe(6_000n)
  expect(earnedOfTerm(term, '2024-12-30')).toBe(36_500n)
  expect(earnedOfTerm(term, '2024-12-31')).toBe(36_600n)
  // A month without a 31st ends the term on its last day.
  expect(earnedOfTerm({ minor: 2_800n, startsOn: '2023-01-31', termMonths: 1 }, '2023-02-27')).toBe(
    2_800n,
  )
})

test('units that are gone leave the others, in their order', () => {
  const units = { unitFrom: 2, qty: 6 }
  expect(withoutUnits(units, [])).toEqual([units])
  expect(
    withoutUnits(units, [
      { unitFrom: 6, qty: 2 },
      { unitFrom: 3, qty: 1 },
    ]),
  ).toEqual([
    { unitFrom: 2, qty: 1 },
    { unitFrom: 4, qty: 2 },
  ])
  expect(withoutUnits(units, [units])).toEqual([])
})
