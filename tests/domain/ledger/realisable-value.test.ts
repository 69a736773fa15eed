import { expect, test } from 'vitest'
import { dueOn } from '#domain/ledger/close-policy'
import { requiredAllowance, type ValuedItem } from '#domain/ledger/realisable-value'

const policy = { costToSellPpm: 0, lastSaleDays: 90, reverses: true }
/** R21: one unit that cost 45 and sells for 42. */
const item = (changes: Partial<ValuedItem> = {}): ValuedItem => ({
  ...{ units: 1n, costMinor: 4_500n, priceMinor: 4_200n },
  ...{ allowanceMinor: 0n, unitsThen: 0n, issuedSince: 0n, ...changes },
})

test('stock stands at the lower of cost and what it sells for, less what the sale costs (IAS 2.9)', () => {
  expect(requiredAllowance(item(), policy)).toBe(300n)
  expect(requiredAllowance(item({ priceMinor: 5_000n }), policy)).toBe(0n)
  expect(
    requiredAllowance(item({ priceMinor: 5_000n }), { ...policy, costToSellPpm: 200_000 }),
  ).toBe(500n)
  expect(requiredAllowance(item({ priceMinor: 0n }), policy)).toBe(4_500n)
})

test('value that comes back is taken up to cost by IFRS, and never by US GAAP', () => {
  const back = item({ priceMinor: 6_000n, allowanceMinor: 300n, unitsThen: 1n })
  expect(requiredAllowance(back, policy)).toBe(0n)
  expect(requiredAllowance(back, { ...policy, reverses: false })).toBe(300n)
})

test('what was written down leaves with its units, oldest first', () => {
  const sold = item({ units: 5n, costMinor: 22_500n, priceMinor: 6_000n, allowanceMinor: 3_000n })
  const gaap = { ...policy, reverses: false }
  expect(requiredAllowance({ ...sold, unitsThen: 10n, issuedSince: 5n }, gaap)).toBe(1_500n)
  expect(requiredAllowance({ ...sold, unitsThen: 10n, issuedSince: 12n }, gaap)).toBe(0n)
  expect(
    requiredAllowance(item({ priceMinor: null, allowanceMinor: 300n, unitsThen: 1n }), policy),
  ).toBe(300n)
  expect(requiredAllowance(item({ units: 0n, costMinor: 0n, allowanceMinor: 300n }), policy)).toBe(
    0n,
  )
})

test('a task is due so many days after its period, by its step', () => {
  expect(dueOn('cut-off', '2026-06-30', {})).toBe('2026-07-01')
  expect(dueOn('cut-off', '2026-06-30', { dueDays: { 'cut-off': 3 } })).toBe('2026-07-03')
})
