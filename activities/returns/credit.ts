import {
  countCredited,
  goodwillOf,
  insertCreditNote,
  insertNoteTenders,
} from '#db/stores/credit-notes'
import { saveUnits, type ReturnedUnit } from '#db/stores/customer-returns'
import { postEntries } from '#db/stores/ledger'
import type { OrderPayment, SalesOrder } from '#db/stores/orders'
import { costOfUnits } from '#db/stores/returned-units'
import { groupBy } from '#domain/groups'
import { postReturnCredited, type CreditedLine } from '#domain/ledger/posting-returns'
import { apportion } from '#domain/apportion'
import { sum } from '#domain/money'
import { refundableOf } from '#domain/orders/tenders'
import { shippedValue } from '#domain/orders/worth'
import { invariant } from '#domain/refusal'
import {
  creditOfUnits,
  grossOf,
  netOf,
  openGoodwill,
  ownTaxes,
  spreadOverTenders,
  tooMuch,
  useGoodwill,
  type CreditTerms,
} from '#domain/returns/credit'
import { intendPayment } from '../orders/captures.ts'
import { moneyOn, settledReceivables } from '../orders/order-money.ts'
import { lineOf } from '../orders/plan.ts'
import { promiseRefund, storeCreditOf } from '../orders/refunds.ts'
import { soldLineOf, type ReturnWork } from './work.ts'

/** What would be given back for units, before anything that was given before. */
export function valueOfUnits(work: ReturnWork, units: readonly ReturnedUnit[]): bigint {
  const { order } = work
  if (!order) return 0n
  const credits = creditsOf(work, order, units).map(({ credit }) => credit)
  return sum(credits.map((credit) => grossOf(credit) - credit.feeMinor))
}

export function creditsOf(
  work: ReturnWork,
  order: SalesOrder,
  units: readonly ReturnedUnit[],
  terms: CreditTerms = termsOf(work),
) {
  return [...groupBy(units, (unit) => unit.orderLineId.toString()).values()].map((group) => ({
    units: group,
    credit: creditOfUnits(lineOf(order, group[0]!.orderLineId), group, terms),
  }))
}

function termsOf({ doc: { policy, reason } }: ReturnWork): CreditTerms {
  const ours = policy.ourFault.includes(reason)
  return {
    shipping: ours || policy.refundShipping,
    feePpm: ours ? 0 : policy.restockingFeePpm,
  }
}

/** How a credit is other than the policy would have it: what a channel has decided and paid. */
export interface OtherTerms {
  shipping?: boolean
  /** What is kept of it in all. */
  keptMinor?: bigint
  /** Nothing is called, only booked. */
  paidElsewhere?: true
}

export interface Granted {
  creditId: bigint
  netMinor: bigint
  parts: PaidPart[]
}

/** A part of a credit and the refund that pays it; by no tender of ours where a marketplace paid. */
export interface PaidPart {
  payment: OrderPayment | undefined
  refundId: string
  amountMinor: bigint
}

/**
 * Credits units and promises the money: the note, the entry, the tenders' refunds and the calls
 * that pay them, in this transaction, under the order's lock. Bounded by what of the order was
 * earned and not given back; goodwill that was given for it before counts first.
 * @throws Refusal `CreditExceedsPaid`.
 */
export async function grantCredit(
  work: ReturnWork,
  order: SalesOrder,
  units: readonly ReturnedUnit[],
  other: OtherTerms = {},
): Promise<Granted> {
  const { tx, doc, today, actor } = work
  const lines = await creditedLines(work, order, units, other)
  const gross = sum(lines.map(({ credit }) => grossOf(credit)))
  const feeMinor = sum(lines.map(({ credit }) => credit.feeMinor))
  const given = await goodwillOf(tx, order.id)
  const usedMinor = goodwillToUse(gross - feeMinor, shippedValue(order), openGoodwill(given))
  const used = useGoodwill(given, usedMinor)
  const netMinor = gross - feeMinor - usedMinor
  const receivables = await receivablesFor(work, order, netMinor)
  const owedMinor = sum(receivables.map((owed) => owed.amountMinor))
  spread(work, order, netMinor - owedMinor)
  const taxes = lines.flatMap(({ credit }) => ownTaxes(credit.taxes))
  const creditId = await insertCreditNote(tx, {
    ...noteOf(work, order),
    kind: 'return',
    goodsMinor: sum(lines.map(({ credit }) => netOf(credit))),
    shippingMinor: sum(lines.map(({ credit }) => credit.shippingMinor)),
    taxMinor: sum(taxes.map((tax) => tax.amountMinor)),
    feeMinor,
    goodwillUsedMinor: usedMinor,
    refundMinor: netMinor - owedMinor,
    owedMinor,
    taxes: [...taxes, ...used.taxes.map((tax) => ({ ...tax, amountMinor: -tax.amountMinor }))],
  })
  const { paidElsewhere } = other
  const paying = { creditId, amountMinor: netMinor - owedMinor, paidElsewhere }
  const parts = await payBack(work, order, paying)
  const event = { returnNo: doc.no, creditId, creditedOn: today, lines, parts, receivables }
  // What was given away for nothing is credited with nothing, and says nothing in money.
  if (gross > 0n)
    await postEntries(
      tx,
      [postReturnCredited({ ...(await moneyOn(tx, order, today)), ...event, goodwillUsed: used })],
      actor,
    )
  for (const unit of units) unit.creditId = creditId
  await saveUnits(tx, units)
  await count(work, order, netMinor)
  return { creditId, netMinor, parts }
}

function goodwillToUse(wanted: bigint, remaining: bigint, goodwill: bigint): bigint {
  const missing = wanted - remaining
  if (missing <= 0n) return 0n
  if (missing > goodwill) throw tooMuch(wanted, remaining)
  return missing
}

async function creditedLines(
  work: ReturnWork,
  order: SalesOrder,
  units: readonly ReturnedUnit[],
  { shipping, keptMinor }: OtherTerms,
): Promise<CreditedLine[]> {
  const costs = await costOfUnits(work.tx, units)
  const terms = shipping === undefined ? termsOf(work) : { shipping, feePpm: 0 }
  const credits = creditsOf(work, order, units, terms)
  const fees =
    keptMinor &&
    apportion(
      keptMinor,
      credits.map(({ credit }) => grossOf(credit)),
    )
  return credits.map(({ units: group, credit }, n) => ({
    sold: soldLineOf(order, group[0]!, costs(group[0]!).siteId),
    qty: BigInt(group.length),
    credit: fees ? { ...credit, feeMinor: fees[n]! } : credit,
  }))
}

/** What every note of a return says. */
export function noteOf({ doc, today }: ReturnWork, order: SalesOrder) {
  const approver = doc.refundApprovedBy ?? doc.approvedBy
  return {
    ...{ entityId: order.entityId, orderId: order.id, returnId: doc.id, issuedOn: today },
    ...{ currency: order.currency, trigger: doc.refundOn, policyVersion: doc.policyVersion },
    ...{ reason: doc.reason, grantedBy: doc.requestedBy, approvedBy: approver },
  }
}

/** What the customer owes is settled first: nobody is paid back what they have not paid. */
export async function receivablesFor({ tx }: ReturnWork, order: SalesOrder, amountMinor: bigint) {
  return order.settlement === 'receivable' ? settledReceivables(tx, order, amountMinor) : []
}

export async function count(work: ReturnWork, order: SalesOrder, netMinor: bigint): Promise<void> {
  await countCredited(work.tx, order.id, netMinor)
  order.creditedMinor += netMinor
  work.doc.hasCredit = true
  work.orderTouched = true
}

/** What each tender gives back of it. @throws Refusal `CreditExceedsPaid`, before anything is written. */
function spread({ doc }: ReturnWork, order: SalesOrder, amountMinor: bigint) {
  if (order.settlement === 'marketplace') return []
  const tenders = order.payments.map((payment) => ({
    ...payment,
    keptMinor: refundableOf(payment),
  }))
  return spreadOverTenders(amountMinor, tenders, doc.policy)
}

interface ToPayBack {
  creditId: bigint
  amountMinor: bigint
  /** The channel has paid already: nothing is called, only booked. */
  paidElsewhere?: true | undefined
}

/** Promises each tender's part and intends the call that pays it. */
export async function payBack(
  work: ReturnWork,
  order: SalesOrder,
  { creditId, amountMinor, paidElsewhere }: ToPayBack,
): Promise<PaidPart[]> {
  const { tx, doc } = work
  if (amountMinor === 0n) return []
  if (order.settlement === 'marketplace')
    return [{ payment: undefined, refundId: `channel/${creditId}`, amountMinor }]
  const parts = spread(work, order, amountMinor).map(({ id, amountMinor: part }) => {
    const payment = order.payments.find((each) => each.id === id)
    invariant(payment, `tender ${id} is one of the order's`)
    return { payment, refundId: `refund/${id}/credit/${creditId}`, amountMinor: part }
  })
  for (const { payment, refundId: key, amountMinor: part } of parts) {
    await promiseRefund(tx, payment, { key, amountMinor: part }, work)
    if (paidElsewhere) continue
    await intendPayment(tx, order, payment, {
      ...{ key, operation: 'refund', amountMinor: part, reason: doc.reason, refundId: key },
      returnWorkflowId: doc.workflowId,
      ...(doc.refundTo === 'store-credit' ? storeCreditOf(order) : {}),
    })
  }
  await insertNoteTenders(
    tx,
    creditId,
    parts.map((part) => ({ ...part, paymentId: part.payment.id, refundKey: part.refundId })),
  )
  return parts
}
