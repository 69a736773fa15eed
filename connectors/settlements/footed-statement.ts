import { formatMinor, sum } from '#domain/money'
import type { SettlementStatement, StatementLine } from '#domain/settlement/statement'
import { accepted, refused, type Translated } from '../result.ts'

export type LineDraft = Omit<StatementLine, 'lineNo'>

/**
 * A statement with its lines numbered, once they add up to what it states. Refused with
 * `StatementDoesNotFoot` and the difference.
 * @param where in the sender's document the total stands
 */
export function footedStatement(
  head: Omit<SettlementStatement, 'lines'>,
  drafts: readonly LineDraft[],
  where: string,
): Translated<SettlementStatement> {
  const lines = drafts.map((draft, n) => ({ lineNo: n + 1, ...draft }))
  const amount = (minor: bigint) => `${formatMinor(minor, head.currency)} ${head.currency}`
  const total = sum(lines.filter((line) => line.class !== 'payout').map((l) => l.amountMinor))
  if (total !== head.totalMinor) return doesNotFoot(where, total, head.totalMinor, amount)
  if (head.openingMinor !== undefined && head.closingMinor !== undefined) {
    const closing = head.openingMinor + sum(lines.map((line) => line.amountMinor))
    if (closing !== head.closingMinor) return doesNotFoot(where, closing, head.closingMinor, amount)
  }
  return accepted({ ...head, lines })
}

function doesNotFoot(
  where: string,
  read: bigint,
  stated: bigint,
  amount: (minor: bigint) => string,
): Translated<never> {
  return refused(
    'StatementDoesNotFoot',
    where,
    `${where}: the lines come to ${amount(read)}, stated are ${amount(stated)}: ` +
      `a difference of ${amount(read - stated)}. Fetch the whole statement again.`,
  )
}

/** All statements, or the problems of all that have some; no statement stands twice. */
export function everyOne(
  results: readonly Translated<SettlementStatement>[],
): Translated<SettlementStatement[]> {
  const problems = results.flatMap((result) => (result.ok ? [] : result.problems))
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 20) }
  const statements = results.flatMap((result) => (result.ok ? [result.value] : []))
  if (statements.length === 0) return refused('empty', '$', 'the file holds no lines')
  const keys = statements.map((s) => `${s.account} ${s.statementId} ${s.currency}`.trim())
  const twice = keys.find((key, n) => keys.indexOf(key) !== n)
  if (twice) return refused('duplicate-statement', '$', `the file states ${twice} twice`)
  return accepted(statements)
}

/** First and last day of a list; undefined of an empty one. */
export function daysOf(days: readonly string[]): { from?: string; to?: string } {
  const sorted = [...days].filter((day) => day !== '').sort()
  return { from: sorted[0], to: sorted.at(-1) }
}
