import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { convertMinor, RATE_ONE } from '#domain/ledger/fx'
import { credit, debit, journalEntry, reversalOf } from '#domain/ledger/journal'
import './to-post-as.ts'

const header = {
  entityId: 1,
  area: 'GL' as const,
  effectiveOn: '2026-06-30',
  eventType: 'test',
  sourceType: 'test',
  sourceId: '1',
  key: 'test/1',
}

describe('an entry', () => {
  test('that does not balance is a bug and stops at once', () => {
    const lines = [debit('Bank', 100n), credit('Capital', 99n)]

    expect(() => journalEntry({ ...header, currency: 'EUR', lines })).toThrow(
      /out of balance by 1 EUR/,
    )
  })

  test('leaves out lines of zero, and needs two that are not', () => {
    const lines = [debit('Bank', 0n), credit('Capital', 0n)]

    expect(() => journalEntry({ ...header, currency: 'EUR', lines })).toThrow(
      /fewer than two lines/,
    )
  })

  test('in a foreign currency needs a rate', () => {
    const input = { ...header, currency: 'USD', functionalCurrency: 'EUR' }
    const lines = [debit('Bank', 5n), credit('Capital', 5n)]

    expect(() => journalEntry({ ...input, lines })).toThrow(/no exchange rate from USD to EUR/)
  })

  test('is mirrored by its reversal, dimensions and quantities included', () => {
    const posted = journalEntry({
      ...header,
      currency: 'EUR',
      lines: [debit('Bank', 5n, { qty: 2n, party: 'x' }), credit('Capital', 5n)],
    })
    const reversal = reversalOf(
      { ...posted, entryId: 9n },
      { key: 'undo/1', effectiveOn: '2026-07-01' },
    )

    expect(reversal).toMatchObject({ reverses: 9n, key: 'undo/1', effectiveOn: '2026-07-01' })
    expect(reversal.lines[0]).toMatchObject({
      amountMinor: -5n,
      funcMinor: -5n,
      qty: -2n,
      party: 'x',
    })
  })

  test('row 28c: paid at another rate than booked, with the position closed in both currencies', () => {
    const entry = journalEntry({
      ...header,
      currency: 'EUR',
      lines: [
        debit('Payables', 10000_00n, { currency: 'USD', funcMinor: 9100_00n }),
        debit('RealisedFx', 0n, { currency: 'USD', funcMinor: 100_00n }),
        credit('Bank', 9200_00n),
      ],
    })

    expect(entry).toPostAs(`
      Dr Payables   USD 10000.00 (9100.00)
      Dr RealisedFx USD 0.00 (100.00)
      Cr Bank       9200.00
      Cr FxPosition USD 10000.00 (9200.00)
      Dr FxPosition 9200.00
    `)
  })

  test('converts so that functional values always sum to zero and no line changes its sign', () => {
    const amounts = fc.array(fc.bigInt(1n, 10n ** 12n), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(
        amounts,
        fc.bigInt(1n, 5000n * RATE_ONE),
        fc.constantFrom('JPY', 'KWD', 'USD'),
        (debits, rateE9, currency) => {
          const total = debits.reduce((sum, amount) => sum + amount, 0n)
          const entry = journalEntry({
            ...header,
            currency,
            functionalCurrency: 'EUR',
            rateE9,
            lines: [...debits.map((amount) => debit('Bank', amount)), credit('Capital', total)],
          })
          const booked = entry.lines.slice(0, -1).reduce((sum, line) => sum + line.funcMinor, 0n)
          expect(booked).toBe(convertMinor(total, currency, 'EUR', rateE9))
          expect(entry.lines.every((line) => line.amountMinor * line.funcMinor >= 0n)).toBe(true)
        },
      ),
    )
  })
})

test('a rate converts between currencies of other decimals', () => {
  expect(convertMinor(1000n, 'JPY', 'EUR', 6_000_000n)).toBe(6_00n)
  expect(convertMinor(10_00n, 'EUR', 'JPY', 160n * RATE_ONE)).toBe(1600n)
  expect(convertMinor(1_000n, 'KWD', 'USD', 3_250_000_000n)).toBe(3_25n)
})
