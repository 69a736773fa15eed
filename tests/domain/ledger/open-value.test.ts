import fc from 'fast-check'
import { expect, test } from 'vitest'
import { takeBooked } from '#domain/ledger/open-value'

test('a deposit of 100.00 at 1.1 that ships 33.33, 33.33 and 33.34 leaves nothing behind', () => {
  const open = { amountMinor: 100_00n, funcMinor: 110_00n }

  expect([33_33n, 33_33n, 33_34n].map((part) => takeBooked(open, part))).toEqual([
    36_66n,
    36_66n,
    36_68n,
  ])
  expect(open).toEqual({ amountMinor: 0n, funcMinor: 0n })
})

test('FX-LIFE: in whatever parts an item is taken, its parts are its value and none is negative', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt(1n, 10n ** 12n), { minLength: 1, maxLength: 12 }),
      fc.bigInt(0n, 10n ** 13n),
      (parts, funcMinor) => {
        const open = { amountMinor: parts.reduce((sum, part) => sum + part, 0n), funcMinor }
        const taken = parts.map((part) => takeBooked(open, part))
        expect(taken.reduce((sum, part) => sum + part, 0n)).toBe(funcMinor)
        expect(taken.every((part) => part >= 0n)).toBe(true)
        expect(open).toEqual({ amountMinor: 0n, funcMinor: 0n })
      },
    ),
  )
})
