import { describe, expect, test } from 'vitest'
import type { Refusal } from '#domain/refusal'
import {
  arrivedUnits,
  closedShort,
  shippedUnits,
  unitsOfPurchase,
} from '#domain/stock/outside-warehouse'

const given = (orderLineId: string, qty: number, changes = {}) => ({
  ...{ orderLineId, sku: 'MUG', qty, shipped: 0, cancelled: 0 },
  ...changes,
})
const told = (shipped: number, short = 0) => [{ sku: 'MUG', shipped, short }]

describe('a warehouse that knows items tells of our order lines', () => {
  test('units that left fill the first lines first, whatever reservations they stand on', () => {
    const lines = [given('1', 2), given('1', 1), given('2', 4, { shipped: 1 })]
    expect(shippedUnits(lines, told(5))).toEqual([
      { orderLineId: '1', qty: 3 },
      { orderLineId: '2', qty: 2 },
    ])
  })

  test('units that will not come are missing on the last lines', () => {
    const lines = [given('1', 3), given('2', 4, { cancelled: 1 })]
    expect(closedShort(lines, told(2, 4))).toEqual([
      { orderLineId: '2', picked: 0 },
      { orderLineId: '1', picked: 2 },
    ])
    expect(closedShort(lines, told(6))).toEqual([])
  })

  test('more than is open, and an item that is not on the order, are refused', () => {
    const codeOf = (work: () => unknown) => {
      try {
        return work()
      } catch (error) {
        return (error as Refusal).code
      }
    }
    expect(codeOf(() => shippedUnits([given('1', 3)], told(3, 1)))).toBe('OverShipment')
    expect(codeOf(() => shippedUnits([given('1', 3, { sku: 'LAMP' })], told(1)))).toBe(
      'WarehouseItemUnknown',
    )
  })
})

test('goods fill the lines of a purchase as they wait, and what is beyond them stands on the last', () => {
  const ordered = [
    { lineNo: 1, sku: 'MUG', open: '4' },
    { lineNo: 2, sku: 'MUG', open: '4' },
  ]
  expect(unitsOfPurchase(ordered, { sku: 'MUG', qty: 10, damaged: 1 })).toEqual([
    { lineNo: 1, qty: '4', damaged: '0' },
    { lineNo: 2, qty: '5', damaged: '1' },
  ])
  expect(unitsOfPurchase(ordered, { sku: 'LAMP', qty: 2, damaged: 0 })).toEqual([
    { sku: 'LAMP', qty: '2', damaged: '0' },
  ])
})

test('lots and serials that a warehouse tells of go with their units', () => {
  const ordered = [
    { lineNo: 1, sku: 'TEA', open: '4' },
    { lineNo: 2, sku: 'TEA', open: '9' },
  ]
  const told = { sku: 'TEA', qty: 6, damaged: 1, serials: ['1', '2', '3', '4', '5', 'B'] }
  expect(unitsOfPurchase(ordered, told)).toEqual([
    { lineNo: 1, qty: '4', damaged: '0', serials: ['1', '2', '3', '4'] },
    { lineNo: 2, qty: '1', damaged: '1', serials: ['5', 'B'] },
  ])
  const lot = (of: string, qty: number, damaged = 0) => ({
    sku: 'TEA',
    qty,
    damaged,
    short: 0,
    lot: of,
  })
  expect(arrivedUnits([lot('A', 3), lot('B', 2, 1)])).toEqual([
    {
      ...{ sku: 'TEA', received: '4', damaged: '1', short: '0' },
      lots: [
        { lot: 'A', received: '3', damaged: '0' },
        { lot: 'B', received: '1', damaged: '1' },
      ],
    },
  ])
})
