import type { DocumentProblem } from '#contracts/order-intake'
import { groupBy } from '#domain/groups'
import { sum } from '#domain/money'
import type { SettlementStatement } from '#domain/settlement/statement'
import { Field } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import { daysOf, everyOne, footedStatement, type LineDraft } from './footed-statement.ts'
import { exactAmount, readJson, writtenDay } from './json-document.ts'
import { shopifyClass } from './shopify-class.ts'

/**
 * Reads payouts and balance transactions of Shopify Payments' REST API: `{ transactions }`,
 * `{ payout }` or `{ payouts }`, or both in one document. With a payout its transactions must come
 * to its amount; a payout alone is read by its summary. Transactions without a payout
 * are left out: they come again with one.
 */
export function readShopifyPayouts(
  content: string | Uint8Array,
): Translated<SettlementStatement[]> {
  const json = readJson(content)
  if (!json.ok) return json
  const problems: DocumentProblem[] = []
  const document = new Field(json.value, problems)
  const single = document.at('payout')
  const payouts = (single.present ? [single] : document.at('payouts').list()).map(readPayout)
  const transactions = document.at('transactions').list().map(readTransaction)
  if (payouts.length + transactions.length === 0)
    return refused('no-payouts', '$', 'the document holds no payouts and no transactions')
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 20) }
  const ids = transactions.map(({ lines }) => lines[0]!.externalId)
  if (new Set(ids).size < ids.length)
    return refused('duplicate-transaction', 'transactions', 'a transaction stands here twice')
  if (!document.at('transactions').present) return everyOne(payouts.map(summaryStatement))
  const settled = transactions.filter(({ payoutId }) => payoutId !== '')
  if (payouts.length + settled.length === 0)
    return refused('nothing-settled', 'transactions', 'no transaction has a payout yet')
  const groups = groupBy(settled, (t) => `${t.payoutId}\n${t.currency}`)
  for (const payout of payouts) {
    const key = `${payout.id}\n${payout.currency}`
    if (!groups.has(key)) groups.set(key, [])
  }
  return everyOne(
    [...groups].map(([key, members]) => {
      const [id = '', currency = ''] = key.split('\n')
      const payout = payouts.find((each) => each.id === id && each.currency === currency)
      return payoutStatement(id, currency, members, payout)
    }),
  )
}

interface ReadPayout {
  id: string
  currency: string
  on: string
  isPaid: boolean
  amountMinor: bigint
  summary: LineDraft[]
  path: string
}

interface ReadTransaction {
  payoutId: string
  currency: string
  lines: LineDraft[]
}

function readPayout(payout: Field): ReadPayout {
  const currency = payout.at('currency').currency()
  const on = writtenDay(payout.at('date'))
  const summary = payout.at('summary')
  return {
    id: payout.at('id').needId(),
    currency,
    on,
    isPaid: !/^(failed|cancell?ed)$/i.test(payout.at('status').text() ?? ''),
    amountMinor: exactAmount(payout.at('amount'), currency),
    summary: SUMMED.flatMap(([key, type]) => {
      const gross = summary.at(`${key}_gross_amount`)
      const fee = summary.at(`${key}_fee_amount`)
      const amount = (field: Field) => (field.present ? exactAmount(field, currency) : 0n)
      return grossAndFee(type, amount(gross), -amount(fee), { postedOn: on })
    }),
    path: payout.path,
  }
}

const SUMMED = [
  ['charges', 'charge'],
  ['refunds', 'refund'],
  ['adjustments', 'adjustment'],
  ['reserved_funds', 'reserved_funds'],
  ['retried_payouts', 'retried_payout'],
] as const

/** A payout that is tried again is money of ours, not a payment: it belongs to the lines. */
function grossAndFee(
  type: string,
  grossMinor: bigint,
  feeMinor: bigint,
  named: Omit<LineDraft, 'class' | 'type' | 'amountMinor'>,
): LineDraft[] {
  const isRetried = type === 'retried_payout'
  const lines: LineDraft[] = [
    {
      class: isRetried ? 'carried-balance' : shopifyClass(type, grossMinor),
      type,
      amountMinor: grossMinor,
      ...named,
    },
  ]
  if (feeMinor !== 0n)
    lines.push({
      class: feeMinor > 0n ? 'fee-refund' : 'fee',
      type: `${type}/fee`,
      amountMinor: feeMinor,
      ...named,
    })
  return lines
}

function readTransaction(transaction: Field): ReadTransaction {
  const currency = transaction.at('currency').currency()
  const amount = exactAmount(transaction.at('amount'), currency)
  const fee = exactAmount(transaction.at('fee'), currency)
  const net = exactAmount(transaction.at('net'), currency)
  // Fees that are given back are written with either sign; net is what moves the balance.
  const feeMinor = net - amount
  if (feeMinor !== fee && feeMinor !== -fee)
    transaction.refuse('StatementDoesNotFoot', 'has a net that is not its amount less its fee')
  const named = {
    postedOn: writtenDay(transaction.at('processed_at')),
    orderReference: transaction.at('source_order_id').id() ?? undefined,
    paymentReference:
      transaction.firstOf('source_order_transaction_id', 'source_id').id() ?? undefined,
    externalId: transaction.at('id').needId(),
  }
  const type = transaction.at('type').needText()
  return {
    payoutId: transaction.at('payout_id').id() ?? '',
    currency,
    lines: grossAndFee(type, amount, feeMinor, named),
  }
}

function summaryStatement(payout: ReadPayout): Translated<SettlementStatement> {
  return footedStatement(headOf(payout, payout.amountMinor), payout.summary, payout.path)
}

function headOf(payout: ReadPayout, totalMinor: bigint) {
  return {
    provider: 'shopify' as const,
    account: '',
    statementId: payout.id,
    currency: payout.currency,
    depositedOn: payout.on,
    totalMinor,
    payoutMinor: payout.isPaid ? payout.amountMinor : 0n,
    payoutReference: payout.id,
  }
}

/** The payout stands among its own transactions, as a negative one, unless they were filtered. */
function payoutStatement(
  id: string,
  currency: string,
  members: readonly ReadTransaction[],
  payout: ReadPayout | undefined,
): Translated<SettlementStatement> {
  const lines = members.flatMap((member) => member.lines)
  const paid = lines.filter((line) => line.class === 'payout')
  const paidMinor = -sum(paid.map((line) => line.amountMinor))
  const open = sum(lines.filter((l) => l.class !== 'payout').map((line) => line.amountMinor))
  const stated = payout?.amountMinor ?? (paid.length > 0 ? paidMinor : open)
  const period = daysOf(lines.map((line) => line.postedOn))
  const where = payout?.path || 'transactions'
  if (payout) return footedStatement({ ...headOf(payout, stated), ...period }, lines, where)
  const head = {
    provider: 'shopify' as const,
    account: '',
    statementId: id,
    currency,
    ...period,
    totalMinor: stated,
    payoutMinor: stated,
    payoutReference: id,
  }
  return footedStatement(head, lines, where)
}
