import { formatMinor, sum } from '../money.ts'
import { Refusal } from '../refusal.ts'
import type { BankStatement } from './bank-statement.ts'
import type { SettlementStatement, StatementLine } from './statement.ts'

/** What a statement says as a whole, with what it leaves unsaid filled in. */
export interface CheckedStatement {
  openingMinor: bigint
  closingMinor: bigint
  /** The day of what it says as a whole. */
  effectiveOn: string
}

/**
 * Whether the lines are the total, and what was there and what came is what was paid and what stays.
 * Where a file does not say what stays, that is the rest, carried to the next statement.
 * @throws Refusal `StatementDoesNotFoot`, `StatementDoesNotTie`, `StatementLineTwice`.
 */
export function checkStatement(statement: SettlementStatement): CheckedStatement {
  const { totalMinor, payoutMinor, openingMinor = 0n, lines } = statement
  const added = sum(lines.filter(({ class: of }) => of !== 'payout').map((l) => l.amountMinor))
  if (added !== totalMinor)
    throw notFooting(`statement ${statement.statementId}`, statement.currency, added, totalMinor)
  const closingMinor = statement.closingMinor ?? openingMinor + totalMinor - payoutMinor
  const untied = openingMinor + totalMinor - payoutMinor - closingMinor
  if (untied !== 0n)
    throw new Refusal(
      'StatementDoesNotTie',
      `Opening balance and lines of statement ${statement.statementId} differ from payout and closing balance by ${formatMinor(untied, statement.currency)} ${statement.currency}. Send the whole statement.`,
      { differenceMinor: untied.toString() },
    )
  refuseTwice(lines)
  return { openingMinor, closingMinor, effectiveOn: effectiveOn(statement) }
}

function notFooting(what: string, currency: string, added: bigint, stated: bigint): Refusal {
  const difference = stated - added
  return new Refusal(
    'StatementDoesNotFoot',
    `The lines of ${what} come to ${formatMinor(added, currency)} ${currency}, it states ${formatMinor(stated, currency)}: ${formatMinor(difference, currency)} is missing or too much. Send the whole file.`,
    { differenceMinor: difference.toString() },
  )
}

function refuseTwice(lines: readonly StatementLine[]): void {
  const numbers = new Set<number>()
  for (const { lineNo } of lines) {
    if (numbers.has(lineNo))
      throw new Refusal(
        'StatementLineTwice',
        `Line ${lineNo} is there twice. Number the lines, or send the file as it came.`,
      )
    numbers.add(lineNo)
  }
}

function effectiveOn({ depositedOn, to, lines }: SettlementStatement): string {
  const last = lines.reduce((latest, { postedOn }) => (postedOn > latest ? postedOn : latest), '')
  return depositedOn ?? to ?? last
}

/**
 * The statement as text in which the order of lines says nothing: the same content, however it is
 * sorted or encoded, is the same text.
 */
export function statementContent(statement: SettlementStatement): string {
  const { lines, ...header } = statement
  return contentOf(
    header,
    lines.map(({ lineNo: _, ...line }) => line),
  )
}

/** @throws Refusal `StatementDoesNotFoot`, `StatementLineTwice`. */
export function checkBankStatement(statement: BankStatement): void {
  const { openingMinor, closingMinor, lines, currency } = statement
  const numbers = new Set(lines.map(({ lineNo }) => lineNo))
  if (numbers.size !== lines.length)
    throw new Refusal('StatementLineTwice', 'Two lines have one number. Number the lines.')
  if (openingMinor === undefined || closingMinor === undefined) return
  const added = openingMinor + sum(lines.map((line) => line.amountMinor))
  if (added !== closingMinor)
    throw notFooting(`bank statement ${statement.statementId}`, currency, added, closingMinor)
}

/** As {@link statementContent}. */
export function bankContent(statement: BankStatement): string {
  const { lines, ...header } = statement
  return contentOf(
    header,
    lines.map(({ lineNo: _, ...line }) => line),
  )
}

function contentOf(header: object, lines: readonly object[]): string {
  return [fields(header), ...lines.map(fields).sort()].join('\n')
}

function fields(record: object): string {
  const members = Object.entries(record as Record<string, unknown>)
  const said = members.filter(([, value]) => value !== undefined && value !== null && value !== '')
  said.sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(said.map(([name, value]) => [name, String(value)]))
}
