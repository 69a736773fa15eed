import { formatMinor, sum } from '#domain/money'
import type { BankStatement, BankStatementLine } from '#domain/settlement/bank-statement'
import { accepted, refused, type Translated } from '../result.ts'

export type BankLineDraft = Omit<BankStatementLine, 'lineNo'>

/**
 * A bank statement with its lines numbered, once they lead from its opening to its closing
 * balance. Refused with `StatementDoesNotFoot` and the difference.
 */
export function balancedStatement(
  head: Omit<BankStatement, 'lines'>,
  drafts: readonly BankLineDraft[],
  where: string,
): Translated<BankStatement> {
  const lines = drafts.map((draft, n) => ({ lineNo: n + 1, ...draft }))
  const { openingMinor, closingMinor, currency } = head
  if (openingMinor === undefined || closingMinor === undefined) return accepted({ ...head, lines })
  const reached = openingMinor + sum(lines.map((line) => line.amountMinor))
  if (reached === closingMinor) return accepted({ ...head, lines })
  const amount = (minor: bigint) => `${formatMinor(minor, currency)} ${currency}`
  return refused(
    'StatementDoesNotFoot',
    where,
    `${where}: the lines lead to ${amount(reached)}, stated are ${amount(closingMinor)}: ` +
      `a difference of ${amount(reached - closingMinor)}. Fetch the whole statement again.`,
  )
}

/** All statements, or the problems of all that have some; refused with `empty` without any. */
export function everyStatement(
  results: readonly Translated<BankStatement>[],
): Translated<BankStatement[]> {
  const problems = results.flatMap((result) => (result.ok ? [] : result.problems))
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 20) }
  if (results.length === 0) return refused('empty', '$', 'the file holds no statement')
  const statements = results.flatMap((result) => (result.ok ? [result.value] : []))
  const seen = new Set<string>()
  for (const { account, statementId, currency } of statements) {
    const key = `${account} ${statementId} ${currency}`
    if (seen.has(key)) return refused('duplicate-statement', '$', `the file states ${key} twice`)
    seen.add(key)
  }
  return accepted(statements)
}
