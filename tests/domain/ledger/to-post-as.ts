import { expect } from 'vitest'
import { accountName } from '#domain/ledger/chart'
import { assertBalanced, type JournalEntryDraft } from '#domain/ledger/journal'
import { formatMinor } from '#domain/money'

declare module 'vitest' {
  interface Matchers<T> {
    /**
     * Compares an entry with its text, one line each: `Dr Bank 12.00`, or with a currency beside
     * the functional one `Cr Payables USD 12.00 (10.80)`.
     */
    toPostAs(expected: string): T
  }
}

expect.extend({
  toPostAs(entry: JournalEntryDraft, expected: string) {
    assertBalanced(entry.key, entry.lines)
    const wanted = expected
      .split('\n')
      .map((line) => line.trim().replaceAll(/\s+/g, ' '))
      .filter((line) => line !== '')
    const posted = entryText(entry)
    return {
      pass: this.equals(posted, wanted),
      message: () => `${entry.key} posts otherwise`,
      actual: posted.join('\n'),
      expected: wanted.join('\n'),
    }
  },
})

function entryText(entry: JournalEntryDraft): string[] {
  return entry.lines.map((line) => {
    const debit = line.amountMinor > 0n || (line.amountMinor === 0n && line.funcMinor > 0n)
    const amount = formatMinor(magnitude(line.amountMinor), line.currency)
    const account = `${debit ? 'Dr' : 'Cr'} ${accountName(line.accountId)}`
    if (line.amountMinor === line.funcMinor) return `${account} ${amount}`
    return `${account} ${line.currency} ${amount} (${formatMinor(magnitude(line.funcMinor), 'USD')})`
  })
}

function magnitude(minor: bigint): bigint {
  return minor < 0n ? -minor : minor
}
