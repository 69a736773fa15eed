import type { DocumentProblem } from '#contracts/order-intake'
import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { Field, shown } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import { fromStripeAmount } from '../stripe/amount.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { readJson } from './json-document.ts'
import { stripeClass } from './stripe-class.ts'

interface ReadTransaction {
  currency: string
  source: string
  lines: LineDraft[]
}

/**
 * Reads the list of balance transactions of Stripe's API, in its minor units; one statement for
 * each currency. With one payout among them the others must come to it, as the list of an
 * automatic payout does; without one or with several they state no total.
 */
export function readStripeBalance(content: string | Uint8Array): Translated<SettlementStatement[]> {
  const json = readJson(content)
  if (!json.ok) return json
  const problems: DocumentProblem[] = []
  const document = new Field(json.value, problems)
  const pages = Array.isArray(document.value) ? document.list() : [document]
  const isList = pages.length > 0 && pages.every((page) => Array.isArray(page.at('data').value))
  if (!isList) return refused('no-list', 'data', 'the document is no list of balance transactions')
  if (pages.at(-1)!.at('has_more').value === true)
    return refused('more-pages', 'has_more', 'fetch the pages that follow, and send them together')
  const all = pages.flatMap((page) => page.at('data').list().map(readTransaction))
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 20) }
  const ids = all.map(({ lines }) => lines[0]!.externalId)
  if (new Set(ids).size < ids.length)
    return refused('duplicate-transaction', 'data', 'a transaction stands here twice')
  return everyOne([...groupBy(all, (t) => t.currency)].map(([, members]) => statementOf(members)))
}

function readTransaction(transaction: Field): ReadTransaction {
  const code = transaction.at('currency')
  const currency = code.currency()
  const amount = minorAt(transaction.at('amount'), currency)
  const fee = minorAt(transaction.at('fee'), currency)
  if (amount - fee !== minorAt(transaction.at('net'), currency))
    transaction.refuse('StatementDoesNotFoot', 'has a net that is not its amount less its fee')
  const type = transaction.at('type').needText()
  const source = sourceOf(transaction.at('source'))
  const named = {
    postedOn: dayAt(transaction.at('created')),
    paymentReference: source,
    externalId: transaction.at('id').needId(),
  }
  const words = [transaction.at('reporting_category').text() ?? '', type]
  const gross: LineDraft = {
    class: stripeClass(words, amount),
    type: [...new Set(words.filter(Boolean))].join('/'),
    amountMinor: amount,
    ...named,
  }
  const fees = feesOf(transaction, fee, currency).map(([kind, feeMinor]): LineDraft => ({
    class: feeMinor > 0n ? 'fee' : 'fee-refund',
    type: `${gross.type}/fee/${kind}`,
    amountMinor: -feeMinor,
    ...named,
  }))
  return { currency, source: source ?? '', lines: [gross, ...fees] }
}

function feesOf(transaction: Field, fee: bigint, currency: string): [string, bigint][] {
  const details = transaction.at('fee_details').list()
  if (details.length === 0) return fee === 0n ? [] : [['fee', fee]]
  const fees = details.map((detail): [string, bigint] => [
    detail.at('type').text() ?? 'fee',
    minorAt(
      detail.at('amount'),
      detail.at('currency').present ? detail.at('currency').currency() : currency,
    ),
  ])
  if (sum(fees.map(([, amount]) => amount)) !== fee)
    transaction.at('fee_details').refuse('StatementDoesNotFoot', 'does not come to the fee')
  return fees
}

/** Stripe expands a source to an object where it is asked to. */
function sourceOf(source: Field): string | undefined {
  return (source.isObject ? source.at('id') : source).id() ?? undefined
}

function minorAt(field: Field, currency: string): bigint {
  const amount = field.value
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount)) {
    field.refuse('not-an-integer', `must be whole minor units, got ${shown(amount)}`)
    return 0n
  }
  // Stripe writes crowns and shillings in hundredths that do not exist.
  if (/^(ISK|UGX)$/.test(currency) && amount % 100 !== 0)
    field.refuse('amount-too-fine', `must be whole ${currency}, got ${amount} hundredths`)
  return fromStripeAmount(amount, currency)
}

function dayAt(field: Field): string {
  const seconds = field.value
  if (typeof seconds === 'number' && seconds > 0 && seconds < 32_503_680_000)
    return new Date(seconds * 1000).toISOString().slice(0, 10)
  field.refuse('not-an-instant', `must be seconds since 1970, got ${shown(seconds)}`)
  return ''
}

function statementOf(members: readonly ReadTransaction[]): Translated<SettlementStatement> {
  const { currency } = members[0]!
  const lines = members.flatMap((member) => member.lines)
  const payouts = members.filter((member) => member.lines[0]!.class === 'payout')
  const paid = -sum(lines.filter((l) => l.class === 'payout').map((line) => line.amountMinor))
  const open = sum(lines.filter((l) => l.class !== 'payout').map((line) => line.amountMinor))
  const isPayout = payouts.length === 1
  const period = daysOf(lines.map((line) => line.postedOn))
  const payoutId = isPayout ? payouts[0]!.source : ''
  const head = {
    provider: 'stripe' as const,
    account: '',
    statementId: payoutId || `balance/${period.from}..${period.to}`,
    currency,
    ...period,
    depositedOn: payouts[0]?.lines[0]!.postedOn,
    totalMinor: isPayout ? paid : open,
    payoutMinor: paid,
    payoutReference: payoutId || undefined,
  }
  return footedStatement(head, lines, `data, payout ${payoutId}`)
}
