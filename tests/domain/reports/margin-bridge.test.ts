import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketOf } from '#domain/reports/ageing'
import type { AccountBalanceOf } from '#domain/reports/frame'
import { marginBridge, type ItemSales, type MarginPeriod } from '#domain/reports/margin-bridge'

function sold(sku: string, units: bigint, salesMinor: bigint, costMinor: bigint): ItemSales {
  const money = { currency: 'USD', amountMinor: salesMinor }
  return { channel: 'web', sku, units, salesMinor, costMinor, ...money }
}

function account(accountId: number, debitMinor: bigint): AccountBalanceOf {
  const code = String(accountId)
  return {
    ...{ accountId, code, name: code, class: accountId < 5000 ? 'income' : 'expense' },
    ...{ currency: 'USD', of: null, openingMinor: 0n, openingFuncMinor: 0n },
    ...{ movementMinor: debitMinor, movementFuncMinor: debitMinor },
  }
}

/** A period in which these items were sold, and these accounts moved besides. */
function period(sales: ItemSales[], ...more: AccountBalanceOf[]): MarginPeriod {
  const of = (key: 'salesMinor' | 'costMinor') => sales.reduce((all, item) => all + item[key], 0n)
  const own = [account(4010, -of('salesMinor')), account(5010, of('costMinor'))]
  return { sales, balances: [...own, ...more] }
}

const without = (bridge: Record<string, bigint>) =>
  Object.fromEntries(Object.entries(bridge).filter(([, minor]) => minor !== 0n))

describe('why a margin changed', () => {
  test('ten units at 10.00 that cost 6.00, then twelve at 9.50 that cost 6.10', () => {
    const before = period([sold('MUG', 10n, 100_00n, 60_00n)])
    const now = period([sold('MUG', 12n, 114_00n, 73_20n)])
    expect(without(marginBridge(before, now))).toEqual({
      price: -6_00n,
      cost: -1_20n,
      volume: 8_00n,
    })
  })

  test('as many units, more of the better ones: mix alone', () => {
    const before = period([sold('MUG', 5n, 50_00n, 40_00n), sold('LAMP', 5n, 50_00n, 10_00n)])
    const now = period([sold('MUG', 2n, 20_00n, 16_00n), sold('LAMP', 8n, 80_00n, 16_00n)])
    expect(without(marginBridge(before, now))).toEqual({ mix: 18_00n })
  })

  test('the same price in another rate is exchange, not price', () => {
    const euros = { currency: 'EUR', amountMinor: 100_00n }
    const before = period([{ ...sold('MUG', 10n, 110_00n, 60_00n), ...euros }])
    const now = period([{ ...sold('MUG', 10n, 120_00n, 60_00n), ...euros }])
    expect(without(marginBridge(before, now))).toEqual({ exchange: 10_00n })
  })

  test('discounts, freight, fees and returns each stand for themselves', () => {
    const sales = [sold('MUG', 10n, 100_00n, 60_00n)]
    const before = period(sales, account(4110, 5_00n), account(5040, 3_00n))
    // Of the cost of goods 12.00 came back.
    const now = period(
      sales,
      ...[account(4110, 9_00n), account(5040, 7_00n), account(6010, 2_00n)],
      ...[account(4120, 20_00n), account(5010, -12_00n)],
    )
    expect(without(marginBridge(before, now))).toEqual({
      discounts: -4_00n,
      freight: -4_00n,
      fees: -2_00n,
      returns: -8_00n,
    })
  })

  test('whatever was sold, the causes are the whole difference', () => {
    const item = fc.record({
      channel: fc.constantFrom('web', 'amazon', null),
      sku: fc.constantFrom('A', 'B', 'C', null),
      units: fc.bigInt(-3n, 50n),
      salesMinor: fc.bigInt(-500n, 99_999n),
      costMinor: fc.bigInt(0n, 99_999n),
      currency: fc.constantFrom('USD', 'EUR', null),
      amountMinor: fc.bigInt(-10n, 99_999n),
    })
    const items = fc.uniqueArray(item, {
      selector: ({ channel, sku }) => `${channel}/${sku}`,
      maxLength: 8,
    })
    const more = fc.array(
      fc
        .tuple(
          fc.constantFrom(4020, 4110, 4120, 5010, 5015, 5030, 5060, 6010, 6070, 7010, 8888),
          fc.bigInt(-9999n, 9999n),
        )
        .map(([id, minor]) => account(id, minor)),
    )
    const periods = fc.tuple(items, more).map(([sales, rows]) => period(sales, ...rows))
    const resultOf = ({ balances }: MarginPeriod) =>
      -balances.reduce((all, row) => all + row.movementFuncMinor, 0n)
    fc.assert(
      fc.property(periods, periods, (before, now) => {
        const causes = Object.values(marginBridge(before, now))
        expect(causes.reduce((all, minor) => all + minor, 0n)).toBe(
          resultOf(now) - resultOf(before),
        )
      }),
    )
  })
})

test.each([
  [-5, 'current'],
  [0, 'current'],
  [1, 'days1'],
  [30, 'days1'],
  [31, 'days31'],
  [90, 'days61'],
  [91, 'days91'],
])('%i days are %s', (days, bucket) => {
  expect(bucketOf(days)).toBe(bucket)
})
