import fc from 'fast-check'
import { expect, test } from 'vitest'
import { promiseFromSupply, type OpenSupply } from '#domain/orders/supply-promise'

const supply = (supplyId: number, dueOn: string, free: number, itemId = 1): OpenSupply => ({
  supplyId: BigInt(supplyId),
  itemId,
  site: 'EAST',
  dueOn,
  free,
})
const waits = (orderLineId: string, qty: number, itemId = 1) => ({ orderLineId, itemId, qty })

test('waiting units are promised from the earliest supply that has some left for them', () => {
  const { bound, promiseOn } = promiseFromSupply(
    [waits('a', 3), waits('b', 3)],
    [supply(1, '2030-06-01', 9), supply(2, '2030-05-01', 4)],
  )
  expect(bound).toEqual([
    { supplyId: 2n, orderLineId: 'a', qty: 3 },
    { supplyId: 2n, orderLineId: 'b', qty: 1 },
    { supplyId: 1n, orderLineId: 'b', qty: 2 },
  ])
  expect([...promiseOn]).toEqual([
    ['a', '2030-05-04'],
    ['b', '2030-06-04'],
  ])
})

test('a line that no supply covers whole has no promise', () => {
  const { bound, promiseOn } = promiseFromSupply(
    [waits('a', 5), waits('b', 1, 2)],
    [supply(1, '2030-05-01', 4)],
  )
  expect(bound).toEqual([{ supplyId: 1n, orderLineId: 'a', qty: 4 }])
  expect([...promiseOn.values()]).toEqual([null, null])
})

test('no expected unit is ever promised twice', () => {
  const qty = fc.integer({ min: 1, max: 9 })
  const item = fc.integer({ min: 1, max: 2 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(item, qty), { maxLength: 6 }),
      fc.array(fc.tuple(item, fc.integer({ min: 0, max: 9 })), { maxLength: 6 }),
      (lines, rows) => {
        const supplies = rows.map(([itemId, free], n) =>
          supply(n, `2030-05-0${n + 1}`, free, itemId),
        )
        const waiting = lines.map(([itemId, units], n) => waits(`${n}`, units, itemId))
        const { bound } = promiseFromSupply(waiting, supplies)
        const sum = (rowsOf: typeof bound) => rowsOf.reduce((units, row) => units + row.qty, 0)
        for (const { supplyId, free } of supplies)
          expect(sum(bound.filter((row) => row.supplyId === supplyId))).toBeLessThanOrEqual(free)
        for (const { orderLineId, qty: wanted } of waiting)
          expect(sum(bound.filter((row) => row.orderLineId === orderLineId))).toBeLessThanOrEqual(
            wanted,
          )
      },
    ),
  )
})
