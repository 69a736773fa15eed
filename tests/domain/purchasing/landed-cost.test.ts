import fc from 'fast-check'
import { expect, test } from 'vitest'
import { landedCostShares, type LandedCostBearer } from '#domain/purchasing/landed-cost'
import { promptPayment, dueDates } from '#domain/purchasing/prompt-payment'
import { spreadCost, type LayerFate } from '#domain/purchasing/spread-cost'
import { sum } from '#domain/money'

const bearer = (changes: Partial<LandedCostBearer> = {}): LandedCostBearer => ({
  qty: 10n,
  valueMinor: 100_00n,
  weightG: 500,
  volumeMm3: 1000n,
  ...changes,
})

test.each([
  ['quantity', [75_00n, 25_00n]],
  ['value', [20_00n, 80_00n]],
  ['weight', [60_00n, 40_00n]],
  ['volume', [50_00n, 50_00n]],
  ['equal', [50_00n, 50_00n]],
  ['manual', [1_00n, 99_00n]],
] as const)('by %s', (basis, shares) => {
  const lines = [
    bearer({ qty: 30n, valueMinor: 10n, weightG: 100, volumeMm3: 1n, manualMinor: 1_00n }),
    bearer({ qty: 10n, valueMinor: 40n, weightG: 200, volumeMm3: 3n, manualMinor: 99_00n }),
  ]
  expect(landedCostShares(100_00n, basis, lines)).toEqual(shares)
})

test('what an item does not say, and shares that do not foot, are refused', () => {
  const unknown = [bearer(), bearer({ weightG: null })]
  expect(() => landedCostShares(1n, 'weight', unknown)).toThrow(/line 2 has no weight/)
  expect(() => landedCostShares(1n, 'value', [bearer({ valueMinor: 0n })])).toThrow(/every line/)
  expect(() => landedCostShares(5n, 'manual', [bearer({ manualMinor: 4n })])).toThrow(/come to 4/)
})

test('ties go to the earlier line', () => {
  expect(landedCostShares(10n, 'equal', [bearer(), bearer(), bearer()])).toEqual([4n, 3n, 3n])
})

const layer: LayerFate = {
  layerId: 1n,
  itemId: 7,
  siteId: 2,
  condition: 'sellable',
  remainingQty: 80n,
  uses: [
    { qty: 15n, orderLineId: 11n },
    { qty: 5n, orderLineId: 12n },
  ],
}

test('row 21: a difference goes to what is on hand and to the orders that took the rest, of that very layer', () => {
  expect(spreadCost(30_00n, layer)).toMatchObject([
    { at: 'on-hand', layerId: 1n, minor: 24_00n },
    { at: 'sold', orderLineId: 11n, minor: 4_50n },
    { at: 'sold', orderLineId: 12n, minor: 1_50n },
  ])
})

test('units that were moved take their share along, to wherever they or their buyers are', () => {
  const movedTo = {
    ...layer,
    layerId: 2n,
    siteId: 3,
    remainingQty: 4n,
    uses: [{ qty: 6n, orderLineId: 13n }],
  }
  const moved = { ...layer, remainingQty: 0n, uses: [{ qty: 10n, orderLineId: null, movedTo }] }
  expect(spreadCost(10_00n, moved)).toMatchObject([
    { at: 'on-hand', layerId: 2n, siteId: 3, minor: 4_00n },
    { at: 'sold', orderLineId: 13n, minor: 6_00n },
  ])
  const lost = { ...layer, remainingQty: 9n, uses: [{ qty: 1n, orderLineId: null }] }
  expect(spreadCost(-10_00n, lost)).toMatchObject([
    { at: 'on-hand', minor: -9_00n },
    { at: 'gone', minor: -1_00n },
  ])
})

test('whatever became of the units, the shares are the cost', () => {
  const uses = fc.array(fc.record({ qty: fc.bigInt(1n, 99n), orderLineId: fc.bigInt(1n, 9n) }), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(
      fc.bigInt(-(10n ** 12n), 10n ** 12n),
      fc.bigInt(0n, 99n),
      uses,
      (total, remainingQty, used) => {
        const shares = spreadCost(total, { ...layer, remainingQty, uses: used })
        expect(sum(shares.map(({ minor }) => minor))).toBe(total)
      },
    ),
  )
})

test('row 22: a discount in time takes its part of net and of VAT', () => {
  const terms = { termsDays: 30, discountPpm: 20_000, discountDays: 10 }
  const { dueOn, discountUntil } = dueDates('2026-06-01', terms)
  expect([dueOn, discountUntil]).toEqual(['2026-07-01', '2026-06-11'])
  const bill = { netMinor: 1030_00n, taxMinor: [206_00n], discountPpm: 20_000, discountUntil }
  expect(promptPayment(bill, '2026-06-11')).toEqual({
    payMinor: 1211_28n,
    netDiscountMinor: 20_60n,
    taxDiscountMinor: [4_12n],
  })
  expect(promptPayment(bill, '2026-06-12').payMinor).toBe(1236_00n)
})

test('what is paid and what is taken off are the bill, whatever the rate', () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 9n),
      fc.array(fc.bigInt(0n, 10n ** 6n), { maxLength: 4 }),
      fc.integer({ min: 0, max: 1_000_000 }),
      (netMinor, taxMinor, discountPpm) => {
        const bill = { netMinor, taxMinor, discountPpm, discountUntil: '2026-06-11' }
        const paid = promptPayment(bill, '2026-06-01')
        const off = sum([paid.netDiscountMinor, ...paid.taxDiscountMinor])
        expect(paid.payMinor + off).toBe(sum([netMinor, ...taxMinor]))
      },
    ),
  )
})
