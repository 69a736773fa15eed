import type { DocumentProblem } from '#contracts/order-intake'
import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { Field } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import { amazonClass } from './amazon-class.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { exactAmount, readJson, writtenDay } from './json-document.ts'

interface ReadTransaction {
  id: string
  settlement: string
  currency: string
  totalMinor: bigint
  lines: LineDraft[]
}

/**
 * Reads listTransactions of the finances API 2024-06-19: a response, or a list of all pages. Each
 * transaction states its total; breakdowns count as far down as they add up to what is above them.
 * One statement for each settlement (financial event group) and currency. A transaction that is
 * still deferred is a line of nothing: it comes again when it is released.
 */
export function readAmazonTransactions(
  content: string | Uint8Array,
): Translated<SettlementStatement[]> {
  const json = readJson(content)
  if (!json.ok) return json
  const problems: DocumentProblem[] = []
  const document = new Field(json.value, problems)
  const pages = (Array.isArray(document.value) ? document.list() : [document]).map((page) =>
    page.at('payload').isObject ? page.at('payload') : page,
  )
  const last = pages.at(-1)
  if (!last?.at('transactions').present)
    return refused('no-transactions', 'transactions', 'the document holds no transactions')
  if (last.at('nextToken').present)
    return refused('more-pages', 'nextToken', 'fetch the pages that follow, and send them together')
  const all = pages.flatMap((page) => page.at('transactions').list().map(readTransaction))
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 20) }
  const ids = all.map(({ id }) => id)
  if (new Set(ids).size < ids.length)
    return refused('duplicate-transaction', 'transactions', 'a transaction stands here twice')
  const groups = groupBy(all, ({ settlement, currency }) => `${settlement}\n${currency}`)
  return everyOne([...groups.values()].map((members) => statementOf(members)))
}

function readTransaction(transaction: Field): ReadTransaction {
  const money = transaction.at('totalAmount')
  const currency = money.at('currencyCode').currency()
  const isDeferred = transaction.at('transactionStatus').text() === 'DEFERRED'
  const whole: Part = {
    words: [transaction.at('transactionType').needText()],
    amountMinor: currency === '' ? 0n : exactAmount(money.at('currencyAmount'), currency),
  }
  const related = (name: string) => relatedTo(transaction, name)
  const id = transaction.at('transactionId').needId()
  const named = {
    postedOn: writtenDay(transaction.at('postedDate')),
    orderReference: related('ORDER_ID'),
    paymentReference: related('REFUND_ID') ?? related('SETTLEMENT_ID'),
    externalId: id,
  }
  const settlement = related('FINANCIAL_EVENT_GROUP_ID') ?? related('SETTLEMENT_ID') ?? ''
  if (currency === '' || isDeferred) {
    const type = `Deferred/${whole.words[0]}`
    const line: LineDraft = {
      class: 'reserve',
      type,
      amountMinor: 0n,
      ...named,
      externalId: undefined,
    }
    // Its id is free for the transaction as it comes when it is released.
    return { id, settlement, currency, totalMinor: 0n, lines: [line] }
  }
  const lines = partsOf(transaction, whole, currency).map((part) => lineOf(part, named))
  return { id, settlement, currency, totalMinor: whole.amountMinor, lines }
}

function relatedTo(place: Field, name: string): string | undefined {
  const keys = ['relatedIdentifierName', 'itemRelatedIdentifierName']
  const found = place
    .at('relatedIdentifiers')
    .list()
    .find((entry) => keys.some((key) => entry.at(key).value === name))
  return found?.firstOf('relatedIdentifierValue', 'itemRelatedIdentifierValue').id() ?? undefined
}

interface Part {
  words: string[]
  amountMinor: bigint
  sku?: string
  itemReference?: string
  quantity?: number
}

/** By item where the items come to the total, else by breakdown, else the transaction as a whole. */
function partsOf(transaction: Field, whole: Part, currency: string): Part[] {
  const items = transaction
    .at('items')
    .list()
    .map((item) => {
      const product = item
        .at('contexts')
        .list()
        .find((context) => context.at('sku').present)
      const quantity = product?.at('quantityShipped')
      const part: Part = {
        words: whole.words,
        amountMinor: amountOf(item.at('totalAmount'), currency),
        sku: product?.at('sku').text() ?? undefined,
        quantity: quantity?.present ? quantity.quantity(0) : undefined,
        itemReference:
          relatedTo(item, 'ORDER_ADJUSTMENT_ITEM_ID') ?? relatedTo(item, 'ORDER_ITEM_ID'),
      }
      return { item, part }
    })
  const byItem = sum(items.map(({ part }) => part.amountMinor))
  if (items.length > 0 && byItem === whole.amountMinor)
    return items.flatMap(({ item, part }) => brokenDown(item.at('breakdowns'), part, currency))
  return brokenDown(transaction.at('breakdowns'), whole, currency)
}

function brokenDown(breakdowns: Field, whole: Part, currency: string): Part[] {
  const inner = Array.isArray(breakdowns.value) ? breakdowns : breakdowns.at('breakdowns')
  const parts = inner.list().map((breakdown) => ({
    breakdown,
    part: {
      ...whole,
      words: [...whole.words, breakdown.at('breakdownType').needText()],
      amountMinor: amountOf(breakdown.at('breakdownAmount'), currency),
    },
  }))
  const comesTo = sum(parts.map(({ part }) => part.amountMinor))
  if (parts.length === 0 || comesTo !== whole.amountMinor) return [whole]
  return parts.flatMap(({ breakdown, part }) =>
    brokenDown(breakdown.at('breakdowns'), part, currency),
  )
}

function amountOf(money: Field, currency: string): bigint {
  if (!money.present) return 0n
  if (money.at('currencyCode').currency() !== currency)
    money.refuse('other-currency', `must be in ${currency} as the transaction is`)
  return exactAmount(money.at('currencyAmount'), currency)
}

/** Breakdowns group as Amazon's own reports do: `Sales`, `Expenses`, `Tax`, … */
function lineOf(part: Part, named: Pick<LineDraft, 'postedOn'>): LineDraft {
  const { words, amountMinor, ...item } = part
  const [transaction = '', ...types] = words
  const description = types.at(-1) ?? ''
  const isPrice = /product ?charges|^sales$|principal|tax$|shipping$|gift ?wrap/i
  const amountType = types.some((type) => /fees|expenses/i.test(type))
    ? 'ItemFees'
    : types.some((type) => /promo/i.test(type))
      ? 'Promotion'
      : types.some((type) => isPrice.test(type))
        ? 'ItemPrice'
        : types.slice(0, -1).join('/')
  return {
    class: amazonClass({ transaction, amountType, description }, amountMinor),
    type: words.join('/'),
    amountMinor,
    ...item,
    ...named,
  }
}

function statementOf(members: readonly ReadTransaction[]): Translated<SettlementStatement> {
  const { settlement, currency } = members[0]!
  const lines = members.flatMap((member) => member.lines)
  const period = daysOf(lines.map((line) => line.postedOn))
  const totalMinor = sum(members.map((member) => member.totalMinor))
  const head = {
    provider: 'amazon' as const,
    account: '',
    statementId: settlement || `transactions/${period.from}..${period.to}`,
    currency,
    ...period,
    totalMinor,
    payoutMinor: settlement === '' ? 0n : totalMinor,
  }
  return footedStatement(head, lines, 'transactions')
}
