import { parse } from 'csv-parse/sync'
import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { TableRow } from '../header-table.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { dayOf } from '../written-days.ts'
import { everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { paypalClass } from './paypal-words.ts'
import { RowReader } from './row-reader.ts'

/** A section: the movements of one account in one period, and what each currency comes to. */
interface Section {
  account: string
  from: string | undefined
  to: string | undefined
  rows: TableRow[]
  footers: string[][]
}

export const isPaypalStl = (text: string) =>
  /^\uFEFF?"?(RH|FH|SH)"?[,\t;|]/.test(text) && /^"?CH"?[,\t;|]"?Transaction ID/m.test(text)

/**
 * Reads PayPal's settlement report (STL), whose amounts are unsigned minor units beside a column
 * of debit or credit; one statement for each account, period and currency. Each currency must come
 * to the totals of its section's footer.
 */
export function readPaypalStl(content: string | Uint8Array): Translated<SettlementStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const reader = new RowReader({ mark: '.', order: 'dmy' })
  const sections = sectionsOf(text.value)
  if (!sections.ok) return sections
  const statements = sections.value.flatMap((section) => sectionStatements(section, reader))
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return everyOne(statements)
}

function sectionsOf(text: string): Translated<Section[]> {
  const delimiter = /^"?[A-Z]{2}"?([,\t;|])/.exec(text)?.[1] ?? ','
  let records: string[][]
  try {
    records = parse(text, { delimiter, relax_column_count: true, skip_empty_lines: true })
  } catch {
    return refused('malformed-row', '$', 'a row cannot be read: look for a quote')
  }
  const sections: Section[] = []
  let columns = new Map<string, number>()
  for (const [n, cells] of records.entries()) {
    const section = sections.at(-1)
    const [kind, ...rest] = cells
    if (kind === 'SH') {
      const [from, to] = [rest[0], rest[1]].map((day) => dayOf(day ?? '') ?? undefined)
      sections.push({ account: rest[2] ?? '', from, to, rows: [], footers: [] })
    } else if (kind === 'CH')
      columns = new Map(rest.map((name, at) => [name.trim().toLowerCase(), at + 1]))
    else if (kind === 'SB' && section) section.rows.push(new TableRow(n + 1, cells, columns))
    else if (kind === 'SF' && section) section.footers.push(rest)
    else if (!/^(RH|FH|SC|RF|RC|FF)$/.test(kind ?? ''))
      return refused('malformed-row', `row ${n + 1}`, `row ${n + 1} is of no kind of this report`)
  }
  if (sections.length === 0) return refused('columns', '$', 'the report has no section')
  return { ok: true, value: sections }
}

function sectionStatements(section: Section, reader: RowReader): Translated<SettlementStatement>[] {
  const groups = groupBy(section.rows, (row) => row.get('gross transaction currency'))
  for (const [currency = ''] of section.footers) if (!groups.has(currency)) groups.set(currency, [])
  return [...groups].map(([currency, rows]) => {
    const footer = section.footers.find(([code]) => code === currency)
    const where = `section ${section.account}, ${currency}`
    if (!footer)
      return refused('truncated', where, `${where}: the footer with the totals is missing`)
    const movements = rows.map((row) => movementOf(row, currency, reader))
    return statementOf(section, currency, movements, footer, where)
  })
}

interface Movement {
  grossMinor: bigint
  feeMinor: bigint
  lines: LineDraft[]
}

function movementOf(row: TableRow, currency: string, reader: RowReader): Movement {
  reader.currency(row, 'gross transaction currency')
  const grossMinor = signed(row, 'gross transaction amount', 'transaction debit or credit', reader)
  const feeMinor = signed(row, 'fee amount', 'fee debit or credit', reader)
  const feeCurrency = row.get('fee currency')
  if (feeMinor !== 0n && feeCurrency !== '' && feeCurrency !== currency)
    reader.refuse(row, 'fee currency', 'other-currency', `must be ${currency} as the amount is`)
  const event = reader.text(row, 'transaction event code') ?? ''
  const named = {
    postedOn: reader.needDay(row, 'transaction completion date', 'transaction initiation date'),
    orderReference: reader.text(row, 'invoice id', 'custom field'),
    paymentReference: reader.text(row, 'paypal reference id', 'transaction id'),
    externalId: reader.text(row, 'transaction id'),
  }
  const lines: LineDraft[] = [
    { class: paypalClass(event, '', grossMinor), type: event, amountMinor: grossMinor, ...named },
  ]
  if (feeMinor !== 0n)
    lines.push({
      class: feeMinor > 0n ? 'fee-refund' : 'fee',
      type: `${event}/fee`,
      amountMinor: feeMinor,
      ...named,
    })
  return { grossMinor, feeMinor, lines }
}

function signed(row: TableRow, amount: string, side: string, reader: RowReader): bigint {
  const text = row.get(amount)
  if (text === '') return 0n
  if (!/^\d{1,15}$/.test(text)) reader.refuse(row, amount, 'not-an-integer', 'must be minor units')
  const direction = row.get(side).toUpperCase()
  if (!/^(CR|DR)$/.test(direction)) reader.refuse(row, side, 'not-a-side', 'must be CR or DR')
  const minor = /^\d{1,15}$/.test(text) ? BigInt(text) : 0n
  return direction === 'DR' ? -minor : minor
}

/** The footer has gross credits and debits, then the fees of both, in either order. */
function statementOf(
  section: Section,
  currency: string,
  movements: readonly Movement[],
  footer: readonly string[],
  where: string,
): Translated<SettlementStatement> {
  const totals = footer.slice(1, 5)
  if (totals.length < 4 || totals.some((total) => !/^\d{1,18}$/.test(total)))
    return refused('malformed-row', where, `${where}: the footer does not state four totals`)
  const [credits, debits, ...fees] = totals.map(BigInt) as [bigint, bigint, bigint, bigint]
  const of = (amounts: bigint[], isCredit: boolean) =>
    sum(amounts.filter((amount) => amount > 0n === isCredit))
  const gross = movements.map((movement) => movement.grossMinor)
  const fee = movements.map((movement) => movement.feeMinor)
  const feeSums = [of(fee, true), -of(fee, false)]
  const isFeeRight = [fees, fees.toReversed()].some((pair) =>
    pair.every((f, n) => f === feeSums[n]),
  )
  if (of(gross, true) !== credits || -of(gross, false) !== debits || !isFeeRight)
    return refused(
      'StatementDoesNotFoot',
      where,
      `${where}: the rows come to ${of(gross, true)} credits and ${-of(gross, false)} debits, fees ` +
        `${feeSums.join(' and ')}; the footer states ${totals.join(', ')} minor units`,
    )
  const lines = movements.flatMap((movement) => movement.lines)
  const paid = sum(lines.filter((l) => l.class === 'payout').map((line) => line.amountMinor))
  const head = {
    provider: 'paypal' as const,
    account: section.account,
    statementId: `stl/${section.from ?? ''}..${section.to ?? ''}`,
    currency,
    from: section.from,
    to: section.to,
    totalMinor: sum([...gross, ...fee]) - paid,
    payoutMinor: -paid,
  }
  return footedStatement(head, lines, where)
}
