import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bankContent,
  checkBankStatement,
  checkStatement,
  statementContent,
} from '#domain/settlement/check-statement'
import type { SettlementStatement, StatementLine } from '#domain/settlement/statement'

const written = (amounts: readonly bigint[]): SettlementStatement => {
  const total = amounts.reduce((sum, each) => sum + each, 0n)
  return {
    ...{ provider: 'stripe', account: '', statementId: 'po_1', currency: 'USD' },
    ...{ totalMinor: total, payoutMinor: total },
    lines: amounts.map((amountMinor, n) => line(n, amountMinor)),
  }
}
const line = (n: number, amountMinor: bigint): StatementLine => ({
  ...{ lineNo: n + 1, class: 'sale', type: 'charge', amountMinor, postedOn: '2026-06-15' },
  externalId: `txn_${n}`,
})
const amounts = fc.array(
  fc.bigInt(-(2n ** 53n), 2n ** 53n).filter((each) => each !== 0n),
  {
    minLength: 2,
    maxLength: 12,
  },
)
const renumbered = (lines: readonly StatementLine[]) =>
  lines.map((each, n) => ({ ...each, lineNo: n + 1 }))

test('the same lines in any order are the same statement', () => {
  const shuffled = amounts.chain((each) => {
    const statement = written(each)
    return fc.tuple(
      fc.constant(statement),
      fc.shuffledSubarray([...statement.lines], { minLength: each.length }),
    )
  })
  fc.assert(
    fc.property(shuffled, ([statement, lines]) => {
      const again = { ...statement, lines: renumbered(lines) }
      expect(checkStatement(again)).toMatchObject({ closingMinor: 0n })
      expect(statementContent(again)).toBe(statementContent(statement))
    }),
  )
})

test('a statement that is cut short, or whose lines are there twice, is refused with the difference', () => {
  fc.assert(
    fc.property(amounts, fc.nat(), (each, at) => {
      const statement = written(each)
      const n = at % each.length
      const difference = { differenceMinor: `${each[n]!}` }
      const cut = { ...statement, lines: renumbered(statement.lines.filter((_, i) => i !== n)) }
      expect(() => checkStatement(cut)).toThrow(
        expect.objectContaining({ code: 'StatementDoesNotFoot', details: difference }),
      )
      const doubled = { ...statement, lines: renumbered([...statement.lines, statement.lines[n]!]) }
      expect(() => checkStatement(doubled)).toThrow(
        expect.objectContaining({ code: 'StatementDoesNotFoot' }),
      )
      expect(statementContent(cut)).not.toBe(statementContent(statement))
    }),
  )
})

test('what is not paid is carried on; a balance that does not tie is refused', () => {
  const statement = { ...written([500n, -200n]), openingMinor: 50n, payoutMinor: 0n }
  expect(checkStatement(statement)).toMatchObject({ openingMinor: 50n, closingMinor: 350n })
  expect(() => checkStatement({ ...statement, closingMinor: 300n })).toThrow(
    expect.objectContaining({ code: 'StatementDoesNotTie' }),
  )
  const [first] = statement.lines
  expect(() => checkStatement({ ...written([500n, 500n]), lines: [first!, first!] })).toThrow(
    expect.objectContaining({ code: 'StatementLineTwice' }),
  )
})

test('a bank’s statement foots, and the order of its lines says nothing', () => {
  const bankLine = (lineNo: number, amountMinor: bigint) => ({
    ...{ lineNo, amountMinor, bookedOn: '2026-06-15', reference: `R-${amountMinor}` },
  })
  const statement = {
    ...{ account: 'DE1', statementId: '1', currency: 'EUR', from: '2026-06-15', to: '2026-06-15' },
    ...{ openingMinor: 100n, closingMinor: 130n, lines: [bankLine(1, 50n), bankLine(2, -20n)] },
  }
  checkBankStatement(statement)
  const turned = { ...statement, lines: [bankLine(1, -20n), bankLine(2, 50n)] }
  expect(bankContent(turned)).toBe(bankContent(statement))
  expect(() => checkBankStatement({ ...statement, closingMinor: 131n })).toThrow(
    expect.objectContaining({ code: 'StatementDoesNotFoot' }),
  )
})
