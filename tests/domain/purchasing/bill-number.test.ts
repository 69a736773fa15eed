import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findDuplicates, normaliseBillNumber } from '#domain/purchasing/bill-number'

const bill = {
  billId: '2',
  number: 'INV-0012/A',
  billedOn: '2026-06-10',
  currency: 'EUR',
  grossMinor: 1236_00n,
}

test.each([
  ['INV-0012/A', 'INV12A'],
  ['inv 12 a', 'INV12A'],
  ['0000', '0'],
  ['2026-007', '2026007'],
  ['RE№5', 'RENO5'],
])('%s is compared as %s', (number, normalised) => {
  expect(normaliseBillNumber(number)).toBe(normalised)
})

test('writing a number otherwise does not change what it is compared as', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9]{1,20}$/), (number) => {
      const spaced = [...number.toLowerCase()].join('')
      expect(normaliseBillNumber(` ${spaced}-`)).toBe(normaliseBillNumber(number))
      expect(normaliseBillNumber(normaliseBillNumber(number))).toBe(normaliseBillNumber(number))
    }),
  )
})

test('the same number is suspected whenever it came, the same amount only within the days', () => {
  const earlier = { ...bill, billId: '1', number: 'X', grossMinor: 1n }
  const find = (changes: Partial<typeof bill>, days = 14) =>
    findDuplicates(bill, [{ ...earlier, ...changes }], days).map(({ because }) => because)
  expect(find({ number: 'inv 12a', billedOn: '2020-01-01' })).toEqual(['same-number'])
  expect(find({ grossMinor: bill.grossMinor, billedOn: '2026-06-24' })).toEqual(['same-amount'])
  expect(find({ grossMinor: bill.grossMinor, billedOn: '2026-06-25' })).toEqual([])
  expect(find({ grossMinor: bill.grossMinor, currency: 'USD' })).toEqual([])
  expect(find({ number: bill.number, billId: bill.billId })).toEqual([])
})
