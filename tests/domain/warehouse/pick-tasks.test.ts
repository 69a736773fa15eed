import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutTasks } from '#domain/warehouse/pick-tasks'

const wish = (orderLineId: bigint, qty: number, itemId = 1) => ({
  ...{ fulfilmentId: 1n, orderLineId },
  itemId,
  qty,
})

test('units come out of the places in their order, and what lies nowhere is to be looked for', () => {
  const places = [
    { itemId: 1, bin: 'A', lot: 'OLD', qty: 3 },
    { itemId: 1, bin: 'B', lot: 'NEW', qty: 2 },
  ]
  expect(cutTasks([wish(1n, 2), wish(2n, 4)], places)).toEqual([
    { ...wish(1n, 2), bin: 'A', lot: 'OLD' },
    { ...wish(2n, 1), bin: 'A', lot: 'OLD' },
    { ...wish(2n, 2), bin: 'B', lot: 'NEW' },
    { ...wish(2n, 1), bin: '', lot: '' },
  ])
})

test('every unit is in one task, and no place gives more than it holds', () => {
  const wishes = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 2)))
  const held = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom(1, 2)))
  fc.assert(
    fc.property(wishes, held, (asked, lying) => {
      const places = lying.map(([qty, itemId], n) => ({ itemId, bin: `B${n}`, lot: '', qty }))
      const tasks = cutTasks(
        asked.map(([qty, itemId], n) => wish(BigInt(n), qty, itemId)),
        places,
      )
      asked.forEach(([qty], n) => {
        const mine = tasks.filter((task) => task.orderLineId === BigInt(n))
        expect(mine.reduce((units, task) => units + task.qty, 0)).toBe(qty)
      })
      for (const place of places) {
        const taken = tasks.filter((task) => task.bin === place.bin)
        expect(taken.reduce((units, task) => units + task.qty, 0)).toBeLessThanOrEqual(place.qty)
      }
    }),
  )
})
