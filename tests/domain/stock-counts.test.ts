import { describe, expect, test } from 'vitest'
import { countPhase, isWithinTolerance, verdictOn } from '#domain/stock/counts'
import { chooseForCount, type CountCandidate } from '#domain/stock/count-selection'
import { STOCK_POLICIES } from '#domain/stock/policies'
import { transferPhase, type TransferCounters } from '#domain/stock/transfers'

const policy = STOCK_POLICIES.count
const found = (expected: bigint, counted: bigint, varianceMinor = 100n) => ({
  expected,
  counted,
  varianceMinor,
})

describe('a difference', () => {
  test('is within tolerance only when both its share and its value are, for more as for less', () => {
    const within = (expected: bigint, counted: bigint, minor: bigint) =>
      isWithinTolerance(found(expected, counted, minor), policy)
    expect(within(100n, 98n, 1000n)).toBe(true)
    expect(within(100n, 102n, 1000n)).toBe(true)
    expect(within(100n, 97n, 1000n)).toBe(false)
    expect(within(100n, 98n, 1001n)).toBe(false)
    expect(within(0n, 1n, 1n)).toBe(false)
    expect(within(0n, 0n, 0n)).toBe(true)
  })

  test('beyond is counted again; two who agree are enough below the value, else a third decides', () => {
    expect(verdictOn(found(10n, 10n), [], policy)).toEqual({ state: 'matched' })
    expect(verdictOn(found(10n, 8n), [], policy)).toEqual({ state: 'recount' })
    expect(verdictOn(found(10n, 8n), [-2n], policy)).toEqual({
      state: 'approved',
      reasonCode: 'confirmed-by-recount',
    })
    expect(verdictOn(found(10n, 8n), [-1n], policy)).toEqual({ state: 'review' })
    expect(verdictOn(found(10n, 8n, 5000n), [-2n], policy)).toEqual({ state: 'review' })
    expect(verdictOn(found(100n, 99n), [], policy)).toMatchObject({
      reasonCode: 'within-tolerance',
    })
  })
})

test('the phase of a count says what has to be done next', () => {
  expect(countPhase(['to-count', 'to-count'])).toBe('requested')
  expect(countPhase(['to-count', 'review'])).toBe('counting')
  expect(countPhase(['recount', 'review'])).toBe('recount')
  expect(countPhase(['review', 'posted'])).toBe('review')
  expect(countPhase(['approved', 'matched'])).toBe('approved')
  expect(countPhase(['posted', 'cancelled'])).toBe('closed')
  expect(countPhase(['cancelled'])).toBe('cancelled')
})

describe('the selection', () => {
  const place = (sku: string, changes: Partial<CountCandidate> = {}): CountCandidate => ({
    itemId: 1,
    sku,
    bin: '',
    lot: '',
    units: 10n,
    abc: 'C',
    daysSince: 1,
    missing: 0n,
    differences: 0,
    ...changes,
  })

  test('puts missing units first, then what is often wrong, and leaves out what has no reason', () => {
    const chosen = chooseForCount(
      [
        place('FRESH'),
        place('FRESH-A', { abc: 'A' }),
        place('OLD', { daysSince: 200 }),
        place('OLD-A', { abc: 'A', daysSince: 40 }),
        place('EMPTY', { units: 0n }),
        place('WRONG', { differences: 3 }),
        place('LOST', { missing: 4n }),
      ],
      policy,
      10,
    )
    expect(chosen.map((row) => row.sku)).toEqual(['LOST', 'WRONG', 'OLD-A', 'EMPTY', 'OLD'])
    expect(chosen[0]!.reasons[0]).toBe('4 units were not found when they were to be picked')
    expect(chosen[2]!.reasons).toEqual([
      'not counted for 40 days; class A is due after 30',
      'class A',
    ])
  })

  test('takes no more than asked for, the same ones however they come in', () => {
    const places = ['C', 'A', 'B'].map((sku) => place(sku, { daysSince: null }))
    const names = (some: CountCandidate[]) => chooseForCount(some, policy, 2).map((row) => row.sku)
    expect(names(places)).toEqual(['A', 'B'])
    expect(names([...places].reverse())).toEqual(['A', 'B'])
  })
})

describe('the phase of a transfer', () => {
  const line = (changes: Partial<TransferCounters>): TransferCounters => ({
    qty: 10n,
    reserved: 0n,
    shipped: 0n,
    received: 0n,
    damaged: 0n,
    lost: 0n,
    cameBack: 0n,
    cancelled: 0n,
    ...changes,
  })
  const phase = (changes: Partial<TransferCounters>, approved = true) =>
    transferPhase([line(changes)], { approved })

  test.each([
    ['requested', phase({}, false)],
    ['cancelled', phase({ cancelled: 10n }, false)],
    ['short', phase({ reserved: 9n })],
    ['allocated', phase({ reserved: 10n })],
    ['part-shipped', phase({ shipped: 4n, reserved: 6n })],
    ['in-transit', phase({ shipped: 10n })],
    ['part-received', phase({ shipped: 10n, received: 3n })],
    ['closed', phase({ shipped: 10n, received: 6n, damaged: 1n, lost: 2n, cameBack: 1n })],
    ['cancelled', phase({ cancelled: 10n })],
  ])('is %s', (expected, actual) => {
    expect(actual).toBe(expected)
  })
})
