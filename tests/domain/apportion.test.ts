import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apportion, unitShare } from '#domain/apportion'
import { sum } from '#domain/money'

const total = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n })
const weights = fc.array(fc.bigInt({ min: 0n, max: 2n ** 40n }), { minLength: 1, maxLength: 40 })

test('shares sum to the total and each is less than one unit from its exact value', () => {
  fc.assert(
    fc.property(total, weights, (amount, basis) => {
      const shares = apportion(amount, basis)
      expect(sum(shares)).toBe(amount)
      const even = basis.every((weight) => weight === 0n)
      const divisor = even ? BigInt(basis.length) : sum(basis)
      shares.forEach((share, line) => {
        const error = share * divisor - amount * (even ? 1n : basis[line]!)
        expect(error < divisor && -error < divisor).toBe(true)
      })
    }),
  )
})

test('a line that weighs nothing bears nothing beside one that does', () => {
  fc.assert(
    fc.property(total, weights, (amount, basis) => {
      const shares = apportion(amount, [...basis, 0n, 1n])
      expect(shares.at(-2)).toBe(0n)
    }),
  )
})

test('equal remainders favour the earlier line', () => {
  expect(apportion(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n])
  expect(apportion(-100n, [1n, 1n, 1n])).toEqual([-34n, -33n, -33n])
})

test('nothing can be laid on no lines, and no weight is negative', () => {
  expect(apportion(0n, [])).toEqual([])
  expect(() => apportion(1n, [])).toThrow(RangeError)
  expect(() => apportion(1n, [-1n])).toThrow(RangeError)
})

test('units that leave in any number of parts carry exactly the amount of the line', () => {
  const cuts = fc.array(fc.nat({ max: 500 }), { maxLength: 12 })
  fc.assert(
    fc.property(total, fc.integer({ min: 1, max: 500 }), cuts, (amount, units, at) => {
      const bounds = [0, ...at.map((cut) => Math.min(cut, units)).sort((a, b) => a - b), units]
      const parts = bounds.slice(1).map((to, n) => unitShare(amount, units, bounds[n]!, to))
      expect(sum(parts)).toBe(amount)
    }),
  )
})

test('units outside of the line are refused', () => {
  for (const [units, from, to] of [
    [0, 0, 0],
    [3, -1, 2],
    [3, 1, 4],
    [3, 2, 1],
  ] as const) {
    expect(() => unitShare(10n, units, from, to)).toThrow(RangeError)
  }
})

test('ALLOC: permuting the lines permutes their shares, but for a unit that lines tie for', () => {
  const cases = weights.chain((basis) =>
    fc.tuple(
      fc.constant(basis),
      fc.shuffledSubarray([...basis.keys()], { minLength: basis.length }),
    ),
  )
  fc.assert(
    fc.property(total, cases, (amount, [basis, order]) => {
      const straight = apportion(amount, basis)
      const shuffled = apportion(
        amount,
        order.map((line) => basis[line]!),
      )
      const even = basis.every((weight) => weight === 0n)
      const divisor = even ? BigInt(basis.length) : sum(basis)
      const magnitude = amount < 0n ? -amount : amount
      const rest = (line: number) => (magnitude * (even ? 1n : basis[line]!)) % divisor
      const moved = order.flatMap((line, n) => (shuffled[n] === straight[line] ? [] : [line]))
      // Whoever got a unit more or less than before stood at one and the same remainder.
      expect(new Set(moved.map(rest)).size).toBeLessThanOrEqual(1)
    }),
  )
})
