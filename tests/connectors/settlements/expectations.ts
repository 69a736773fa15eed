import fc from 'fast-check'
import { expect } from 'vitest'
import type { BankStatement } from '#domain/settlement/bank-statement'
import type { SettlementStatement } from '#domain/settlement/statement'
import type { Translated } from '#connectors/result'

type Reader<T> = (content: string | Uint8Array) => Translated<T[]>

export function valueOf<T>(read: Translated<T>): T {
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.value
}

/** Code and place of the first problem; undefined where the document is read. */
export function problemOf(read: Translated<unknown>): string | undefined {
  return read.ok ? undefined : `${read.problems[0]!.code} at ${read.problems[0]!.field}`
}

/** What must be the same however the rows stand: each type's amount, by statement and currency. */
export function perType(statements: readonly SettlementStatement[]): Record<string, bigint> {
  const amounts: Record<string, bigint> = {}
  for (const { statementId, currency, lines } of statements)
    for (const line of lines) {
      const key = `${statementId} ${currency} ${line.class} ${line.type}`
      amounts[key] = (amounts[key] ?? 0n) + line.amountMinor
    }
  return amounts
}

export function expectFooted(statements: readonly SettlementStatement[]): void {
  for (const statement of statements) {
    const total = statement.lines
      .filter((line) => line.class !== 'payout')
      .reduce((sum, line) => sum + line.amountMinor, 0n)
    expect(total).toBe(statement.totalMinor)
    expect(statement.lines.map((line) => line.lineNo)).toEqual(statement.lines.map((_, n) => n + 1))
    for (const line of statement.lines) expect(line.postedOn).toMatch(/^\d{4}-\d\d-\d\d$/)
  }
}

export function expectBalanced(statements: readonly BankStatement[]): void {
  for (const { openingMinor, closingMinor, lines } of statements)
    if (openingMinor !== undefined && closingMinor !== undefined)
      expect(lines.reduce((sum, line) => sum + line.amountMinor, openingMinor)).toBe(closingMinor)
}

/** Cut at any byte it is refused, or nothing but empty space was cut off. */
export function expectNoCutIsRead<T>(whole: string, read: Reader<T>): void {
  const bytes = Buffer.from(whole)
  const expected = valueOf(read(bytes))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => {
      const result = read(bytes.subarray(0, length))
      if (result.ok) expect(result.value).toEqual(expected)
    }),
    { numRuns: 300 },
  )
}

/** In any order of its rows it says the same; `head` lines stay. */
export function expectAnyOrder(text: string, read: Reader<SettlementStatement>, head = 1): void {
  const lines = text.trimEnd().split('\n')
  const expected = perType(valueOf(read(text)))
  fc.assert(
    fc.property(
      fc.shuffledSubarray(lines.slice(head), { minLength: lines.length - head }),
      (rows) => {
        const shuffled = `${[...lines.slice(0, head), ...rows].join('\n')}\n`
        expect(perType(valueOf(read(shuffled)))).toEqual(expected)
      },
    ),
    { numRuns: 50 },
  )
}

/** A row that stands twice is refused, unless it carries no money. */
export function expectNoDoubledRow(
  text: string,
  read: Reader<SettlementStatement>,
  head = 1,
): void {
  const lines = text.trimEnd().split('\n')
  const expected = perType(valueOf(read(text)))
  for (let n = head; n < lines.length; n++) {
    const result = read(`${[...lines.slice(0, n), lines[n], ...lines.slice(n)].join('\n')}\n`)
    if (result.ok) expect(perType(result.value), lines[n]).toEqual(expected)
  }
}

/** In any encoding it says the same. */
export function expectAnyEncoding<T>(text: string, read: Reader<T>): void {
  const expected = valueOf(read(text))
  const big = Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()
  const encodings = {
    utf8: Buffer.from(text),
    'utf8 with mark': Buffer.from(`\uFEFF${text}`),
    utf16le: Buffer.from(`\uFEFF${text}`, 'utf16le'),
    'utf16le without mark': Buffer.from(text, 'utf16le'),
    utf16be: big,
    crlf: Buffer.from(text.replaceAll('\n', '\r\n')),
  }
  for (const [name, bytes] of Object.entries(encodings))
    expect(valueOf(read(bytes)), name).toEqual(expected)
}
