import fc from 'fast-check'
import { expect, test } from 'vitest'
import { divideRounded, formatMinor, fromDto, parseMinor, sum, toDto } from '#domain/money'

const currency = fc.constantFrom('USD', 'EUR', 'JPY', 'KWD', 'CLF')
const minor = fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n })

test('an amount survives being written and read, in every currency', () => {
  fc.assert(
    fc.property(minor, currency, (amount, code) => {
      expect(parseMinor(formatMinor(amount, code), code)).toBe(amount)
      expect(fromDto(toDto({ currency: code, minor: amount }))).toEqual({
        currency: code,
        minor: amount,
      })
    }),
  )
})

test('a fraction finer than the minor unit is rounded half away from zero', () => {
  expect(parseMinor('2.686425', 'USD')).toBe(269n)
  expect(parseMinor('0.005', 'USD')).toBe(1n)
  expect(parseMinor('-0.005', 'USD')).toBe(-1n)
  expect(parseMinor('0.00499', 'USD')).toBe(0n)
  expect(parseMinor('10.5', 'JPY')).toBe(11n)
  expect(parseMinor('1.2345', 'KWD')).toBe(1235n)
})

test('what is no plain decimal is refused', () => {
  for (const text of ['', '.', '-', '1,5', '1e3', 'NaN', '0x1', '1.2.3', '٣']) {
    expect(() => parseMinor(text, 'USD')).toThrow(RangeError)
  }
})

test('rounded division is within half a unit of the exact quotient', () => {
  fc.assert(
    fc.property(minor, fc.bigInt({ min: 1n, max: 2n ** 40n }), (numerator, denominator) => {
      const error = divideRounded(numerator, denominator) * denominator - numerator
      expect((error < 0n ? -error : error) * 2n <= denominator).toBe(true)
      expect(divideRounded(-numerator, denominator)).toBe(-divideRounded(numerator, denominator))
    }),
  )
})

test('a sum does not depend on the order of its amounts', () => {
  fc.assert(
    fc.property(fc.array(minor), (amounts) => {
      expect(sum(amounts.toReversed())).toBe(sum(amounts))
    }),
  )
})
