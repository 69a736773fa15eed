import type { DocumentProblem } from '#contracts/order-intake'
import { sum } from '#domain/money'
import type { BankStatement } from '#domain/settlement/bank-statement'
import { isCurrency } from '../currencies.ts'
import { shown } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { writtenMinor } from '../written-amounts.ts'
import { dayOf } from '../written-days.ts'
import { balancedStatement, everyStatement, type BankLineDraft } from './balanced-statement.ts'
import { xmlTree, type XmlElement } from './xml-tree.ts'

export const isCamt053 = (text: string) => /<(\w+:)?BkToCstmrStmt\b/.test(text.slice(0, 5000))

/**
 * Reads ISO 20022 camt.053 of any version. An entry whose transactions state amounts that come to
 * it is a line for each of them, as a batch booking is; else one line. Entries that are pending or
 * for information move no balance and are left out.
 */
export function readCamt053(content: string | Uint8Array): Translated<BankStatement[]> {
  const text = statementText(inDeclaredEncoding(content))
  if (!text.ok) return text
  const tree = xmlTree(text.value)
  if (!tree.ok) return tree
  const message = tree.value.name === 'BkToCstmrStmt' ? tree.value : tree.value.at('BkToCstmrStmt')
  if (!message) return refused('not-camt-053', '$', 'the file is no BkToCstmrStmt')
  return everyStatement(message.all('Stmt').map((statement, n) => readStatement(statement, n)))
}

function inDeclaredEncoding(content: string | Uint8Array): string | Uint8Array {
  if (typeof content === 'string') return content
  const start = Buffer.from(content.subarray(0, 200)).toString('latin1')
  const label = /^<\?xml[^>]*encoding=["']([\w.-]+)["']/.exec(start)?.[1]
  if (!label || /^utf-?8$/i.test(label)) return content
  try {
    return new TextDecoder(label, { fatal: true }).decode(content)
  } catch {
    return content
  }
}

/** Notes what is wrong under the path of the element. */
class CamtReader {
  readonly problems: DocumentProblem[] = []
  readonly currency: string

  constructor(currency: string) {
    this.currency = currency
  }

  refuse(field: string, code: string, message: string): void {
    this.problems.push({ code, field, message: `${field}: ${message}` })
  }

  /** Above zero has come in. */
  signed(place: XmlElement, amount: XmlElement | undefined, field: string): bigint {
    const text = amount?.text.trim() ?? ''
    const minor = writtenMinor(text, this.currency, '.')
    if (typeof minor !== 'bigint') this.refuse(`${field}/Amt`, minor, `got ${shown(text)}`)
    const code = amount?.attributes['Ccy'] ?? this.currency
    if (code !== this.currency)
      this.refuse(
        `${field}/Amt`,
        'other-currency',
        `is in ${code}, the account in ${this.currency}`,
      )
    const side = place.word('CdtDbtInd')
    if (!/^(CRDT|DBIT)$/.test(side)) this.refuse(`${field}/CdtDbtInd`, 'not-a-side', `got ${side}`)
    const value = typeof minor === 'bigint' ? minor : 0n
    return side === 'DBIT' ? -value : value
  }

  balance(statement: XmlElement, ...codes: string[]): { minor: bigint; on: string } | undefined {
    for (const code of codes) {
      const balance = statement.all('Bal').filter((each) => each.word('Tp/CdOrPrtry/Cd') === code)
      const found = code === 'ITBD' && codes.includes('CLBD') ? balance.at(-1) : balance[0]
      if (found)
        return { minor: this.signed(found, found.at('Amt'), `Bal ${code}`), on: dayAt(found, 'Dt') }
    }
    return undefined
  }
}

const dayAt = (place: XmlElement, name: string) =>
  dayOf(place.word(`${name}/Dt`, `${name}/DtTm`, name)) ?? ''

function readStatement(statement: XmlElement, n: number): Translated<BankStatement> {
  const where = `Stmt[${n + 1}]`
  const stated = statement.all('Bal').map((bal) => bal.at('Amt')?.attributes['Ccy'] ?? '')
  const entered = statement.all('Ntry').map((entry) => entry.at('Amt')?.attributes['Ccy'] ?? '')
  const currency = statement.word('Acct/Ccy') || [...stated, ...entered].find(Boolean) || ''
  if (!isCurrency(currency))
    return refused('unknown-currency', `${where}/Acct/Ccy`, `got ${shown(currency)}`)
  const reader = new CamtReader(currency)
  const opening = reader.balance(statement, 'OPBD', 'PRCD', 'ITBD')
  const closing = reader.balance(statement, 'CLBD', 'ITBD')
  const entries = statement
    .all('Ntry')
    .filter((entry) => !/^(PDNG|INFO|FUTR)$/.test(entry.word('Sts/Cd', 'Sts/Prtry', 'Sts')))
  const lines = entries.flatMap((entry, at) =>
    entryLines(entry, `${where}/Ntry[${at + 1}]`, reader),
  )
  const days = lines.map((line) => line.bookedOn).sort()
  const from = dayOf(statement.word('FrToDt/FrDtTm')) ?? days[0] ?? opening?.on ?? ''
  const to = dayOf(statement.word('FrToDt/ToDtTm')) ?? closing?.on ?? days.at(-1) ?? ''
  const account = statement.word('Acct/Id/IBAN', 'Acct/Id/Othr/Id', 'Acct/Id/PrtryAcct/Id')
  if (account === '') reader.refuse(`${where}/Acct/Id`, 'missing-field', 'is missing')
  const statementId = [
    statement.word('Id', 'ElctrncSeqNb', 'LglSeqNb'),
    statement.word('StmtPgntn/PgNb'),
  ]
    .filter(Boolean)
    .join('/')
  const count = statement.word('TxsSummry/TtlNtries/NbOfNtries')
  const hasBoth = opening !== undefined && closing !== undefined
  if (!hasBoth && count !== '' && Number(count) !== statement.all('Ntry').length)
    reader.refuse(`${where}/TxsSummry`, 'count-mismatch', `states ${count} entries`)
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return balancedStatement(
    {
      account,
      statementId,
      currency,
      from,
      to,
      openingMinor: opening?.minor,
      closingMinor: closing?.minor,
    },
    lines,
    `${where}/Bal`,
  )
}

function entryLines(entry: XmlElement, where: string, reader: CamtReader): BankLineDraft[] {
  const amountMinor = reader.signed(entry, entry.at('Amt'), where)
  const valueOn = dayAt(entry, 'ValDt')
  const bookedOn = dayAt(entry, 'BookgDt') || valueOn
  if (bookedOn === '') reader.refuse(`${where}/BookgDt`, 'missing-field', 'is missing')
  const dates = { bookedOn, valueOn: valueOn || undefined }
  const details = entry.all('NtryDtls').flatMap((each) => each.all('TxDtls'))
  const parts = details.map((detail) => partOf(detail, amountMinor < 0n, reader.currency))
  const stated = parts.flatMap((part) => (part === null ? [] : [part]))
  const isWhole = stated.length === details.length && sum(stated) === amountMinor
  if (details.length > 1 && isWhole)
    return details.map((detail, n) => ({
      ...dates,
      amountMinor: stated[n]!,
      ...told(detail, entry, stated[n]!),
    }))
  const [only] = details
  return [
    { ...dates, amountMinor, ...told(details.length === 1 ? only : undefined, entry, amountMinor) },
  ]
}

/** The amount of one transaction of a batch; null where it states none in the account's currency. */
function partOf(detail: XmlElement, isDebit: boolean, currency: string): bigint | null {
  const amount =
    detail.at('Amt') ?? detail.at('AmtDtls/TxAmt/Amt') ?? detail.at('AmtDtls/InstdAmt/Amt')
  if (!amount || (amount.attributes['Ccy'] ?? currency) !== currency) return null
  const minor = writtenMinor(amount.text, currency, '.')
  if (typeof minor !== 'bigint') return null
  const side = detail.word('CdtDbtInd')
  return (side === '' ? isDebit : side === 'DBIT') ? -minor : minor
}

/** Who paid whom, for what: of the transaction where there is one, else of the entry. */
function told(detail: XmlElement | undefined, entry: XmlElement, amountMinor: bigint) {
  const [other, ultimate] = amountMinor < 0n ? ['Cdtr', 'UltmtCdtr'] : ['Dbtr', 'UltmtDbtr']
  const parties = [ultimate, other].flatMap((role) => [
    `RltdPties/${role}/Nm`,
    `RltdPties/${role}/Pty/Nm`,
  ])
  const remittance = detail?.at('RmtInf')
  const structured = remittance
    ?.all('Strd')
    .map((each) => each.word('CdtrRefInf/Ref', 'RfrdDocInf/Nb'))
  const endToEnd = detail?.word('Refs/EndToEndId') ?? ''
  const free = remittance
    ?.all('Ustrd')
    .map((each) => each.text.trim())
    .join(' ')
  return {
    bankReference:
      detail?.word('Refs/AcctSvcrRef') || entry.word('AcctSvcrRef', 'NtryRef') || undefined,
    reference:
      (/^(NOTPROVIDED|)$/.test(endToEnd) ? '' : endToEnd) ||
      structured?.find(Boolean) ||
      detail?.word('Refs/ChqNb', 'Refs/InstrId', 'Refs/MsgId') ||
      undefined,
    counterparty: detail?.word(...parties.reverse()) || undefined,
    purpose:
      free ||
      structured?.find(Boolean) ||
      detail?.word('AddtlTxInf') ||
      entry.word('AddtlNtryInf') ||
      undefined,
  }
}
