import type { DocumentProblem } from '#contracts/order-intake'
import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { Field } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import { amazonClass } from './amazon-class.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { exactAmount, readJson, writtenDay } from './json-document.ts'

/** What only explains another amount of the event. */
const EXPLAINS =
  /^(PerUnitAmount|RentalInitialValue|OriginalAmount|BaseAmount|DebtRecoveryItemList|ChargeInstrumentList|SAFETReimbursementItemList)$/
/** What is the sum of the other amounts beside it. */
const IS_SUM = /^(transactionValue|TotalAmount|TotalExpense|AdjustmentAmount)$/

interface EventAmount {
  currency: string
  line: LineDraft
}

interface EventContext {
  words: string[]
  container: string
  postedOn: string
  named: Pick<
    LineDraft,
    'orderReference' | 'itemReference' | 'sku' | 'quantity' | 'paymentReference'
  >
}

/**
 * Reads listFinancialEvents of the finances API v0: a response, or a list of all pages, or
 * `{ FinancialEventGroup, pages }` with the group that they were listed by. With a group the
 * events and its beginning balance must come to its `OriginalTotal`; events alone state no total.
 */
export function readAmazonFinances(
  content: string | Uint8Array,
): Translated<SettlementStatement[]> {
  const json = readJson(content)
  if (!json.ok) return json
  const problems: DocumentProblem[] = []
  const document = new Field(json.value, problems)
  const pages = pagesOf(document)
  const last = pages.at(-1)
  if (!last?.at('FinancialEvents').isObject)
    return refused('no-events', 'FinancialEvents', 'the document holds no financial events')
  if (last.at('NextToken').present)
    return refused('more-pages', 'NextToken', 'fetch the pages that follow, and send them together')
  const group = document.at('FinancialEventGroup')
  const lastDay = group.at('FinancialEventGroupEnd').present
    ? writtenDay(group.at('FinancialEventGroupEnd'))
    : latestDay(json.value)
  const amounts = pages.flatMap((page) => eventAmounts(page.at('FinancialEvents'), lastDay))
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 20) }
  return group.present ? groupStatement(group, amounts, lastDay) : openStatements(amounts)
}

function pagesOf(document: Field): Field[] {
  const listed = Array.isArray(document.value) ? document : document.at('pages')
  const pages = listed.present ? listed.list() : [document]
  return pages.map((page) => (page.at('payload').isObject ? page.at('payload') : page))
}

function eventAmounts(events: Field, lastDay: string): EventAmount[] {
  return Object.keys(events.value as object).flatMap((list) =>
    events
      .at(list)
      .list()
      .flatMap((event) => {
        const posted = event.firstOf('PostedDate', 'postedDate', 'TransactionPostedDate')
        return amountsIn(event, {
          words: [list.replace(/(Event)?List$/, '')],
          container: '',
          postedOn: posted.present ? writtenDay(posted) : lastDay,
          named: { orderReference: event.at('AmazonOrderId').id() ?? undefined },
        })
      }),
  )
}

/** Every amount under a place of the event, at whatever depth: new kinds of events lose nothing. */
function amountsIn(place: Field, outer: EventContext): EventAmount[] {
  if (!place.isObject) return []
  const context = contextOf(place, outer)
  const keys = Object.keys(place.value as object).filter((key) => !EXPLAINS.test(key))
  const isMoney = (key: string) => place.at(key).at('CurrencyAmount').present
  const sumKey = keys.find((key) => IS_SUM.test(key) && isMoney(key))
  const parts = keys
    .filter((key) => key !== sumKey)
    .flatMap((key) =>
      isMoney(key) ? [amountAt(place, key, context)] : inside(place, key, context),
    )
  if (sumKey === undefined) return parts
  const whole = amountAt(place, sumKey, context)
  const comesTo = sum(parts.map(({ line }) => line.amountMinor))
  return parts.length > 0 && comesTo === whole.line.amountMinor ? parts : [whole]
}

function inside(place: Field, key: string, context: EventContext): EventAmount[] {
  const child = place.at(key)
  if (!Array.isArray(child.value)) return amountsIn(child, context)
  return child.list().flatMap((entry) => amountsIn(entry, { ...context, container: key }))
}

function contextOf(place: Field, outer: EventContext): EventContext {
  const type = typeOf(place)
  const isEntry = outer.container !== ''
  const named = {
    ...outer.named,
    itemReference:
      place.firstOf('OrderItemId', 'OrderAdjustmentItemId').id() ?? outer.named.itemReference,
    sku: place.firstOf('SellerSKU', 'sku').text() ?? outer.named.sku,
    quantity: place.at('QuantityShipped').present
      ? place.at('QuantityShipped').quantity(0)
      : outer.named.quantity,
  }
  if (isEntry || type === null || outer.words.includes(type)) return { ...outer, named }
  return { ...outer, named, words: [...outer.words, type] }
}

function typeOf(place: Field): string | null {
  const key = Object.keys(place.value as object).find(
    (name) => /Type$/.test(name) && typeof place.at(name).value === 'string',
  )
  return key === undefined ? null : place.at(key).text()
}

function amountAt(place: Field, key: string, context: EventContext): EventAmount {
  const money = place.at(key)
  const currency = money.at('CurrencyCode').currency()
  const amountMinor = currency === '' ? 0n : exactAmount(money.at('CurrencyAmount'), currency)
  const type = context.container === '' ? null : typeOf(place)
  const words = {
    transaction: context.words.join('/'),
    amountType: context.container,
    description: type ?? key,
  }
  return {
    currency,
    line: {
      class: amazonClass(words, amountMinor),
      type: [words.transaction, words.amountType, words.description].filter(Boolean).join('/'),
      amountMinor,
      postedOn: context.postedOn,
      ...context.named,
    },
  }
}

/** The day of an event that names none, such as a service fee. */
function latestDay(document: unknown): string {
  const days = JSON.stringify(document).match(/(?<=[Pp]osted[Dd]ate":")\d{4}-\d\d-\d\d/g) ?? []
  return days.sort().at(-1) ?? ''
}

function groupStatement(
  group: Field,
  amounts: readonly EventAmount[],
  lastDay: string,
): Translated<SettlementStatement[]> {
  const total = group.at('OriginalTotal')
  const currency = total.at('CurrencyCode').currency()
  const totalMinor = exactAmount(total.at('CurrencyAmount'), currency)
  const statementId = group.at('FinancialEventGroupId').needId()
  const opening = group.at('BeginningBalance')
  const carried = opening.present ? exactAmount(opening.at('CurrencyAmount'), currency) : 0n
  const isForeign = amounts.some((amount) => amount.currency !== currency)
  if (isForeign) total.refuse('other-currency', `is in ${currency}, but events are in others too`)
  if (group.problems.length > 0) return { ok: false, problems: group.problems }
  const lines = amounts.map(({ line }) => line)
  if (carried !== 0n)
    lines.unshift({
      class: 'carried-balance',
      type: 'BeginningBalance',
      amountMinor: carried,
      postedOn: lastDay,
    })
  const day = (key: string) => group.at(key).text()?.slice(0, 10)
  const head = {
    provider: 'amazon' as const,
    account: '',
    statementId,
    currency,
    from: day('FinancialEventGroupStart'),
    to: day('FinancialEventGroupEnd'),
    depositedOn: day('FundTransferDate'),
    totalMinor,
    payoutMinor: totalMinor,
    payoutReference: group.at('TraceId').id() ?? undefined,
  }
  return everyOne([footedStatement(head, lines, total.path)])
}

/** Events that no group sums up: nothing is paid by them yet. */
function openStatements(amounts: readonly EventAmount[]): Translated<SettlementStatement[]> {
  const statements = [...groupBy(amounts, ({ currency }) => currency)].map(
    ([currency, members]) => {
      const lines = members.map(({ line }) => line)
      const period = daysOf(lines.map(({ postedOn }) => postedOn))
      if (!period.from) return refused('no-date', '$', 'no event says when it was posted')
      const head = {
        provider: 'amazon' as const,
        account: '',
        statementId: `events/${period.from}..${period.to}`,
        currency,
        ...period,
        totalMinor: sum(lines.map(({ amountMinor }) => amountMinor)),
        payoutMinor: 0n,
      }
      return footedStatement(head, lines, '$')
    },
  )
  return everyOne(statements)
}
