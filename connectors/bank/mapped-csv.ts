import { sum } from '#domain/money'
import type { BankCsvColumns, BankStatement } from '#domain/settlement/bank-statement'
import { balanceChain } from '../balance-chain.ts'
import { readTable, type HeaderTable, type TableRow } from '../header-table.ts'
import { refused, type Translated } from '../result.ts'
import { RowReader } from '../settlements/row-reader.ts'
import { statementText } from '../statement-text.ts'
import { decimalMark } from '../written-amounts.ts'
import { dayOrder } from '../written-days.ts'
import { balancedStatement, everyStatement, type BankLineDraft } from './balanced-statement.ts'

/** How the CSV of one account is read; set up once for each. */
export interface BankCsvMapping extends BankCsvColumns {
  account: string
  currency: string
}

const plain = (header: string) => header.normalize('NFC').trim().toLowerCase()

/**
 * Reads a bank's CSV by the mapping of its columns. With a column of balances each row must follow
 * from another, in either order of time; without one no row may stand twice.
 */
export function readMappedCsv(
  content: string | Uint8Array,
  mapping: BankCsvMapping,
): Translated<BankStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const { amount } = mapping
  const amounts = (typeof amount === 'string' ? [amount] : [amount.credit, amount.debit]).map(plain)
  const needed = [
    plain(mapping.bookedOn),
    ...amounts,
    ...(mapping.balance ? [plain(mapping.balance)] : []),
  ]
  const table = tableOf(text.value, mapping, needed)
  if (!table.ok) return table
  const { rows, isClosed } = table.value
  const money = [...amounts, ...(mapping.balance ? [plain(mapping.balance)] : [])]
  const mark =
    mapping.decimalMark ??
    decimalMark(rows.flatMap((row) => money.map((column) => row.get(column))))
  if (mark === null) return refused('mixed-decimals', '$', 'say the decimal mark in the mapping')
  const days = rows.map((row) => row.get(plain(mapping.bookedOn)))
  const reader = new RowReader({ mark, order: mapping.dayOrder ?? dayOrder(days, 'dmy') })
  if (!mapping.balance) reader.refuseDoubled(rows)
  if (!mapping.balance && !isClosed)
    return refused(
      'truncated',
      '$',
      'the last row has no line end, and no balance tells if it is whole',
    )
  const lines = rows.map((row) => lineOf(row, mapping, reader))
  const links = rows.map((row, n) => ({
    amountMinor: lines[n]!.amountMinor,
    balanceMinor: mapping.balance
      ? reader.needAmount(row, mapping.currency, plain(mapping.balance))
      : 0n,
  }))
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return everyStatement(rows.length === 0 ? [] : [statementOf(mapping, lines, links)])
}

/** The table below its header. A mapped column that the file does not have is refused by its name. */
function tableOf(
  text: string,
  mapping: BankCsvMapping,
  needed: readonly string[],
): Translated<HeaderTable> {
  const { delimiter } = mapping
  const isHeader = (columns: readonly string[]) => needed.every((name) => columns.includes(name))
  const table = readTable(text, { plain, delimiter, isHeader })
  const some = (columns: readonly string[]) => needed.some((name) => columns.includes(name))
  const alike = table.ok ? table : readTable(text, { plain, delimiter, isHeader: some })
  if (!alike.ok) return table
  const missing = mappedColumns(mapping).filter(
    (name) => !alike.value.columns.includes(plain(name)),
  )
  if (missing.length === 0) return table
  const there = alike.value.columns.filter((name) => name !== '').join(', ')
  const problems = missing.map((column) => ({
    ...{ code: 'unknown-column', field: column },
    message: `the file has no column "${column}": map one of ${there}`,
  }))
  return { ok: false, problems }
}

function mappedColumns(mapping: BankCsvMapping): string[] {
  const { amount, bookedOn, valueOn, balance } = mapping
  const { bankReference, reference, counterparty, purpose } = mapping
  const sides = typeof amount === 'string' ? [amount] : [amount.credit, amount.debit]
  const others = [valueOn, balance, bankReference, reference, counterparty, purpose]
  return [bookedOn, ...sides, ...others].filter((name) => name !== undefined)
}

function lineOf(row: TableRow, mapping: BankCsvMapping, reader: RowReader): BankLineDraft {
  const { amount, currency } = mapping
  const text = (column: string | undefined) =>
    column ? reader.text(row, plain(column)) : undefined
  return {
    bookedOn: reader.needDay(row, plain(mapping.bookedOn)),
    valueOn: (mapping.valueOn && reader.day(row, plain(mapping.valueOn))) || undefined,
    amountMinor:
      typeof amount === 'string'
        ? reader.needAmount(row, currency, plain(amount))
        : sideOf(row, amount, currency, reader),
    bankReference: text(mapping.bankReference),
    reference: text(mapping.reference),
    counterparty: text(mapping.counterparty),
    purpose: text(mapping.purpose),
  }
}

/** Some banks write debits with a minus, others without. */
function sideOf(
  row: TableRow,
  { credit, debit }: { credit: string; debit: string },
  currency: string,
  reader: RowReader,
): bigint {
  const [come, gone] = [credit, debit].map((column) => reader.amount(row, currency, plain(column)))
  if (come === 0n && gone === 0n && row.get(plain(credit), plain(debit)) === '')
    reader.refuse(row, credit, 'missing-field', 'neither side is filled in')
  return come! - (gone! < 0n ? -gone! : gone!)
}

function statementOf(
  { account, currency, balance }: BankCsvMapping,
  lines: readonly BankLineDraft[],
  links: Parameters<typeof balanceChain>[0],
): Translated<BankStatement> {
  const chain = balance ? balanceChain(links) : undefined
  if (chain === null)
    return refused(
      'StatementDoesNotFoot',
      balance!,
      `the balances do not follow from one another: a row is lost, doubled or changed (the rows come to ${sum(links.map((link) => link.amountMinor))} minor units)`,
    )
  const days = lines.map((line) => line.bookedOn).sort()
  const [from, to] = [days[0]!, days.at(-1)!]
  const head = { account, statementId: `${from}..${to}`, currency, from, to, ...chain }
  return balancedStatement(head, lines, balance ?? '$')
}
