import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkDigit,
  gtin14,
  hasCheckDigit,
  printElements,
  readElements,
  ssccOf,
  writeElements,
} from '#domain/warehouse/gs1'

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`))
const checked = (length: number) => digits(length - 1).map((body) => body + checkDigit(body))
const text = fc.stringMatching(/^[A-Za-z0-9\-./]{1,20}$/)
const day = fc
  .integer({ min: 0, max: 365 * 40 })
  .map((n) => new Date(Date.UTC(2010, 0, 1) + n * 86_400_000).toISOString().slice(0, 10))
const elements = fc.record(
  {
    sscc: checked(18),
    gtin: checked(14),
    contentGtin: checked(14),
    lot: text,
    expiresOn: day,
    serial: text,
    count: fc.integer({ min: 0, max: 99_999_999 }),
    pieces: fc.integer({ min: 0, max: 99_999_999 }),
  },
  { requiredKeys: [] },
)

describe('check digits', () => {
  test.each(['4006381333931', '9501101530003', '00012345678905', '96385074', '106141411234567897'])(
    '%s of GS1 is right',
    (number) => expect(hasCheckDigit(number)).toBe(true),
  )

  test('find every single wrong digit', () => {
    fc.assert(
      fc.property(checked(14), fc.nat(13), fc.integer({ min: 1, max: 9 }), (gtin, at, by) => {
        const wrong = [...gtin]
        wrong[at] = String((Number(wrong[at]) + by) % 10)
        expect(hasCheckDigit(wrong.join(''))).toBe(false)
      }),
    )
  })

  test('a shorter GTIN keeps its check digit at 14 digits', () => {
    fc.assert(
      fc.property(checked(13), (gtin) => {
        expect(hasCheckDigit(gtin14(gtin))).toBe(true)
      }),
    )
  })
})

describe('an element string', () => {
  test('is read as it was written, for scanners and for people', () => {
    fc.assert(
      fc.property(elements, (said) => {
        expect(readElements(writeElements(said), 2026)).toEqual(said)
        expect(readElements(printElements(said), 2026)).toEqual(said)
      }),
    )
  })

  test('of a scanner may name its symbology; 00 is the last day of the month', () => {
    expect(readElements(']C1010950110153000317280200' + '10AB-1\u001d21S7', 2026)).toEqual({
      gtin: '09501101530003',
      expiresOn: '2028-02-29',
      lot: 'AB-1',
      serial: 'S7',
    })
  })

  test('of a year more than 50 ahead is of the century before', () => {
    expect(readElements('17770101', 2026).expiresOn).toBe('1977-01-01')
    expect(readElements('17760101', 2026).expiresOn).toBe('2076-01-01')
  })

  test.each([
    '',
    '99123',
    '0195011015300031',
    '01123',
    '17261301',
    '17260231',
    '10',
    '(01)9',
    '37x',
  ])('%j that is none of ours is refused, or says nothing', (scan) => {
    if (scan === '') expect(readElements(scan, 2026)).toEqual({})
    else
      expect(() => readElements(scan, 2026)).toThrow(
        expect.objectContaining({ code: 'ScanUnreadable' }),
      )
  })

  test('whatever is scanned is read or refused', () => {
    fc.assert(
      fc.property(fc.string(), (scan) => {
        try {
          readElements(scan, 2026)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ScanUnreadable' })
        }
      }),
    )
  })
})

test('numbers of logistic units are right, differ, and end', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 999_999_998n }), (serial) => {
      expect(hasCheckDigit(ssccOf('39501101', serial))).toBe(true)
      expect(ssccOf('39501101', serial)).not.toBe(ssccOf('39501101', serial + 1n))
    }),
  )
  expect(() => ssccOf('39501101', 1_000_000_000n)).toThrow(
    expect.objectContaining({ code: 'SsccExhausted' }),
  )
})
