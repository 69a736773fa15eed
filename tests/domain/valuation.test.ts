import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { consumeLayers, type OpenLayer } from '#domain/valuation'

const layer = (layerId: bigint, remainingQty: bigint, remainingMinor: bigint): OpenLayer => ({
  layerId,
  remainingQty,
  remainingMinor,
})

test('first in, first out: 10 at 5.00 then 10 at 6.00, 15 sold cost 80.00', () => {
  const uses = consumeLayers([layer(1n, 10n, 5_000n), layer(2n, 10n, 6_000n)], 15n)
  expect(uses).toEqual([
    { layerId: 1n, qty: 10n, valueMinor: 5_000n },
    { layerId: 2n, qty: 5n, valueMinor: 3_000n },
  ])
})

test('the last unit takes what is left: 3 units worth 10.00 cost 3.33, 3.34 and 3.33', () => {
  let left = layer(1n, 3n, 1_000n)
  const costs = [1, 2, 3].map(() => {
    const [use] = consumeLayers([left], 1n)
    left = layer(1n, left.remainingQty - 1n, left.remainingMinor - use!.valueMinor)
    return use!.valueMinor
  })
  expect(costs).toEqual([333n, 334n, 333n])
  expect(left.remainingMinor).toBe(0n)
})

test('more than the layers hold is refused', () => {
  expect(() => consumeLayers([layer(1n, 2n, 10n)], 3n)).toThrow(Refusal)
})

test('however a stock is sold off, the costs sum to its value and no layer is left with value', () => {
  const layers = fc.array(
    fc.tuple(fc.bigInt({ min: 1n, max: 50n }), fc.bigInt({ min: 0n, max: 100_000n })),
    { minLength: 1, maxLength: 8 },
  )
  fc.assert(
    fc.property(
      layers,
      fc.array(fc.bigInt({ min: 1n, max: 30n }), { maxLength: 40 }),
      (rows, sales) => {
        const open = rows.map(([qty, value], n) => layer(BigInt(n), qty, value))
        const whole = sum(rows.map(([, value]) => value))
        let sold = 0n
        let left = sum(open.map((l) => l.remainingQty))
        for (const wish of [...sales, left]) {
          const qty = wish < left ? wish : left
          if (qty === 0n) break
          for (const use of consumeLayers(open, qty)) {
            const used = open.find((l) => l.layerId === use.layerId)!
            used.remainingQty -= use.qty
            used.remainingMinor -= use.valueMinor
            sold += use.valueMinor
            expect(use.valueMinor).toBeGreaterThanOrEqual(0n)
          }
          left -= qty
        }
        const rest = sum(open.map((l) => l.remainingMinor))
        expect(sold + rest).toBe(whole)
        for (const l of open) if (l.remainingQty === 0n) expect(l.remainingMinor).toBe(0n)
      },
    ),
  )
})
