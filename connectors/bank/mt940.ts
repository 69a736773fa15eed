import type { BankStatement } from '#domain/settlement/bank-statement'
import { isCurrency } from '../currencies.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { writtenMinor } from '../written-amounts.ts'
import { dayOf } from '../written-days.ts'
import { balancedStatement, everyStatement, type BankLineDraft } from './balanced-statement.ts'

export const isMt940 = (text: string) => /^:20:/m.test(text) && /^:60[FM]:/m.test(text)

interface TaggedField {
  row: number
  tag: string
  text: string
}

/** `:60F:C260601EUR1234,56`: side, day, currency, amount. */
const BALANCE = /^([CD])(\d{6})([A-Z]{3})([\d.,]+)\s*$/
/** `:61:2606010602CR12,50NTRFREF//BANKREF`: value day, booked, side, amount, kind, references. */
const LINE =
  /^(\d{6})(\d{4})?(R?[CD])([A-Z])?([\d.,]+?)(?:([NFS][A-Z0-9]{3})([^\n]*))?(?:\n([\s\S]*))?$/

/**
 * Reads SWIFT MT940, with or without its envelope, one statement for each `:20:`. Its lines must
 * lead from `:60F:` to `:62F:`, of an intermediate message from `:60M:` to `:62M:`.
 */
export function readMt940(content: string | Uint8Array): Translated<BankStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const messages: TaggedField[][] = []
  for (const field of fieldsOf(text.value)) {
    if (field.tag === '20') messages.push([])
    messages.at(-1)?.push(field)
  }
  return everyStatement(messages.map(readMessage))
}

/** A field goes on over the lines that begin with no tag. */
function fieldsOf(text: string): TaggedField[] {
  const fields: TaggedField[] = []
  let isOpen = false
  for (const [n, line] of text.split(/\r\n|\n|\r/).entries()) {
    const match = /^(?:\{.*\{4:)?:(\d{2}[A-Z]?):(.*)$/.exec(line)
    if (match) fields.push({ row: n + 1, tag: match[1]!, text: match[2]! })
    else if (/^-\}?\s*$|^\{/.test(line)) isOpen = false
    else if (isOpen && fields.length > 0) fields.at(-1)!.text += `\n${line}`
    if (match) isOpen = true
  }
  return fields.map((field) => ({ ...field, text: field.text.trimEnd() }))
}

function readMessage(fields: readonly TaggedField[]): Translated<BankStatement> {
  const first = (...tags: string[]) => fields.find(({ tag }) => tags.includes(tag))
  const opening = first('60F', '60M')
  const closing = first('62F', '62M')
  const where = `line ${fields[0]!.row}`
  if (!opening || !closing)
    return refused(
      'truncated',
      where,
      `${where}: the message has not both :60: and :62:, it is cut`,
    )
  const [from, to] = [balanceOf(opening), balanceOf(closing)]
  if (!from.ok) return from
  if (!to.ok) return to
  const { currency } = from.value
  if (to.value.currency !== currency)
    return refused('other-currency', `line ${closing.row}, :62:`, 'is of another currency')
  const account = first('25', '25P')?.text.split('\n')[0]!.trim() ?? ''
  if (account === '') return refused('missing-field', `${where}, :25:`, 'the account is missing')
  const lines: BankLineDraft[] = []
  for (const [n, field] of fields.entries()) {
    if (field.tag !== '61') continue
    const next = fields[n + 1]
    const line = lineOf(field, next?.tag === '86' ? next.text : '', currency)
    if (!line.ok) return line
    lines.push(line.value)
  }
  const id = (first('28C', '28')?.text ?? '').trim() || first('20')!.text
  const head = {
    account,
    statementId: `${id}/${to.value.on}`,
    currency,
    from: from.value.on,
    to: to.value.on,
    openingMinor: from.value.minor,
    closingMinor: to.value.minor,
  }
  return balancedStatement(head, lines, `line ${closing.row}, :62:`)
}

function balanceOf(
  field: TaggedField,
): Translated<{ minor: bigint; on: string; currency: string }> {
  const where = `line ${field.row}, :${field.tag}:`
  const match = BALANCE.exec(field.text.replaceAll(/\s+/g, ''))
  const on = dayOf(`20${match?.[2] ?? ''}`)
  const currency = match?.[3] ?? ''
  const minor = match && isCurrency(currency) ? minorOf(match[4]!, currency) : null
  if (minor === null || on === null)
    return refused(
      'not-a-balance',
      where,
      `${where}: got ${JSON.stringify(field.text.slice(0, 60))}`,
    )
  return { ok: true, value: { minor: match![1] === 'D' ? -minor : minor, on, currency } }
}

function minorOf(text: string, currency: string): bigint | null {
  const minor = writtenMinor(text, currency, text.includes(',') ? ',' : '.')
  return typeof minor === 'bigint' ? minor : null
}

function lineOf(field: TaggedField, told: string, currency: string): Translated<BankLineDraft> {
  const where = `line ${field.row}, :61:`
  const match = LINE.exec(field.text)
  const valueOn = dayOf(`20${match?.[1] ?? ''}`)
  const minor = match ? minorOf(match[5]!, currency) : null
  if (!match || valueOn === null || minor === null)
    return refused('not-a-line', where, `${where}: got ${JSON.stringify(field.text.slice(0, 60))}`)
  // A reversed credit takes money away.
  const isOut = match[3] === 'D' || match[3] === 'RC'
  const [customer = '', bank = ''] = (match[7] ?? '').split('//').map((part) => part.trim())
  const { counterparty, purpose, reference } = informationOf(told)
  const own = /^(NONREF|NOTPROVIDED|)$/.test(customer) ? undefined : customer
  return {
    ok: true,
    value: {
      bookedOn: bookedOn(valueOn, match[2]),
      valueOn,
      amountMinor: isOut ? -minor : minor,
      bankReference: bank || undefined,
      reference: reference || own,
      counterparty: counterparty || undefined,
      purpose: purpose || match[8]?.trim() || undefined,
    },
  }
}

/** The booking day has no year: it is the one nearest to the value day. */
function bookedOn(valueOn: string, monthDay: string | undefined): string {
  if (monthDay === undefined) return valueOn
  const year = Number(valueOn.slice(0, 4))
  const value = Date.parse(valueOn)
  const days = [year - 1, year, year + 1].flatMap((each) => dayOf(`${each}${monthDay}`) ?? [])
  const distance = (day: string) => Math.abs(Date.parse(day) - value)
  return days.sort((a, b) => distance(a) - distance(b))[0] ?? valueOn
}

/** Field 86, as German banks structure it by `?20`, Dutch ones by `/NAME/`, or as free text. */
function informationOf(text: string): { counterparty: string; purpose: string; reference: string } {
  const joined = text.replaceAll('\n', '')
  const german = [...joined.matchAll(/\?(\d\d)([^?]*)/g)]
  const of = (from: number, to: number) =>
    german
      .filter(([, code]) => Number(code) >= from && Number(code) <= to)
      .map(([, , word]) => word)
      .join('')
  if (german.length > 0) {
    const purpose = (of(20, 29) + of(60, 63)).trim()
    const reference = /EREF[+:]\s*(.*?)(?=(?:KREF|MREF|CRED|SVWZ|ABWA|PURP|DEBT)[+:]|$)/.exec(
      purpose,
    )
    return { counterparty: of(32, 33).trim(), purpose, reference: reference?.[1]?.trim() ?? '' }
  }
  const dutch = (name: string) =>
    new RegExp(
      `/${name}/(.*?)(?=/(?:TRTP|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|ORDP|BENM|ISDT|PREF|SVCL)/|/?$)`,
    ).exec(joined)?.[1]
  return {
    counterparty: dutch('NAME')?.trim() ?? '',
    purpose: (dutch('REMI') ?? text.replaceAll('\n', ' ')).trim(),
    reference:
      dutch('EREF')
        ?.replace(/^NOTPROVIDED$/, '')
        .trim() ?? '',
  }
}
