import type { BankStatement } from '#domain/settlement/bank-statement'
import { isCurrency } from '../currencies.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { decimalMark, writtenMinor, type DecimalMark } from '../written-amounts.ts'
import { dayOf } from '../written-days.ts'
import { balancedStatement, everyStatement, type BankLineDraft } from './balanced-statement.ts'

export const isOfx = (text: string) =>
  /^\s*(OFXHEADER:|<\?xml[^>]*\?>\s*<\?OFX|<\?OFX|<OFX>)/.test(text)

/** A block such as STMTTRN: the text between its tags, or to the next block of its kind. */
const blocks = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map((match) => match[1]!)

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
}

/** An element's text: OFX 1 closes no elements, OFX 2 all of them. */
function word(text: string, name: string): string {
  const found = new RegExp(`<${name}>([^<\\r\\n]*)`).exec(text)?.[1] ?? ''
  return found.replaceAll(/&(\w+);/g, (all, entity: string) => ENTITIES[entity] ?? all).trim()
}

/**
 * Reads OFX 1 (SGML) and OFX 2 (XML): bank and card statements. The format states a closing
 * balance alone, which may be of a later day, so that nothing tells whether an entry is lost; no
 * entry may stand twice.
 */
export function readOfx(content: string | Uint8Array): Translated<BankStatement[]> {
  const read = statementText(content)
  if (!read.ok) return read
  const text = read.value
  if (!isOfx(text)) return refused('not-ofx', '$', 'the file is no OFX')
  if (!/<\/OFX>\s*$/.test(text))
    return refused('truncated', '$', 'the file does not end with </OFX>')
  if (/<!(DOCTYPE|ENTITY)/i.test(text))
    return refused('not-ofx', '$', 'a document type is not taken')
  const statements = [...blocks(text, 'STMTRS'), ...blocks(text, 'CCSTMTRS')]
  return everyStatement(
    statements.map((statement, n) => readStatement(statement, `statement ${n + 1}`)),
  )
}

function readStatement(statement: string, where: string): Translated<BankStatement> {
  const currency = word(statement, 'CURDEF').toUpperCase()
  const account = word(statement, 'ACCTID')
  if (!isCurrency(currency))
    return refused('unknown-currency', `${where}, CURDEF`, `got ${currency}`)
  if (account === '') return refused('missing-field', `${where}, ACCTID`, 'the account is missing')
  const entries = blocks(statement, 'STMTTRN')
  if (entries.length !== statement.split('<STMTTRN>').length - 1)
    return refused('malformed-row', `${where}, STMTTRN`, 'an entry is not closed')
  if (new Set(entries.map((entry) => entry.replaceAll(/\s+/g, ' '))).size < entries.length)
    return refused('duplicate-row', `${where}, STMTTRN`, 'an entry stands here twice')
  const ledger = blocks(statement, 'LEDGERBAL')[0] ?? ''
  const mark = decimalMark([...entries.map((e) => word(e, 'TRNAMT')), word(ledger, 'BALAMT')])
  if (mark === null)
    return refused('mixed-decimals', where, 'amounts have a comma here and a dot there')
  const lines: BankLineDraft[] = []
  for (const [n, entry] of entries.entries()) {
    const line = lineOf(entry, currency, mark, `${where}, STMTTRN ${n + 1}`)
    if (!line.ok) return line
    lines.push(line.value)
  }
  const days = lines.map((line) => line.bookedOn).sort()
  const from = dayOf(word(statement, 'DTSTART').slice(0, 8)) ?? days[0] ?? ''
  const to = dayOf(word(statement, 'DTEND').slice(0, 8)) ?? days.at(-1) ?? ''
  const closing = ledger === '' ? undefined : writtenMinor(word(ledger, 'BALAMT'), currency, mark)
  const head = {
    account: [word(statement, 'BANKID'), account].filter(Boolean).join('/'),
    statementId: `${from}..${to}`,
    currency,
    from,
    to,
    closingMinor: typeof closing === 'bigint' ? closing : undefined,
  }
  return balancedStatement(head, lines, where)
}

function lineOf(
  entry: string,
  currency: string,
  mark: DecimalMark,
  where: string,
): Translated<BankLineDraft> {
  const amountMinor = writtenMinor(word(entry, 'TRNAMT'), currency, mark)
  const bookedOn = dayOf(word(entry, 'DTPOSTED').slice(0, 8))
  if (typeof amountMinor !== 'bigint')
    return refused(amountMinor, `${where}, TRNAMT`, `got ${word(entry, 'TRNAMT')}`)
  if (bookedOn === null)
    return refused('not-a-date', `${where}, DTPOSTED`, `got ${word(entry, 'DTPOSTED')}`)
  if (entry.includes('<CURRENCY>'))
    return refused(
      'other-currency',
      `${where}, CURRENCY`,
      'the entry is not in the currency of the account',
    )
  return {
    ok: true,
    value: {
      bookedOn,
      valueOn: dayOf(word(entry, 'DTAVAIL').slice(0, 8)) ?? undefined,
      amountMinor,
      bankReference: word(entry, 'FITID') || undefined,
      reference: word(entry, 'CHECKNUM') || word(entry, 'REFNUM') || undefined,
      counterparty: word(entry, 'NAME') || undefined,
      purpose: word(entry, 'MEMO') || undefined,
    },
  }
}
