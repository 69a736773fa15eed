import type { RequestedReturn } from '#contracts/return-to-refund'
import { refundedByStatements } from '#db/queries/statement-refunds'
import type { ReturnedUnit } from '#db/stores/customer-returns'
import { postEntries } from '#db/stores/ledger'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { costOfUnits, shippedRanges } from '#db/stores/returned-units'
import { postMarketplaceRefunded } from '#domain/ledger/posting-returns'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { grossOf } from '#domain/returns/credit'
import { moneyOn } from '../orders/order-money.ts'
import { bookRefund } from '../orders/payment-outcomes.ts'
import { approve } from './cases.ts'
import { creditsOf, grantCredit, type Granted } from './credit.ts'
import { grantGoodwill } from './goodwill.ts'
import { soldLineOf, type ReturnWork } from './work.ts'

interface Told {
  request: RequestedReturn
  /** Units of other returns that this pays back. */
  joined: readonly ReturnedUnit[]
}

/**
 * A channel has paid a buyer back: a fact, whatever a policy says. The units' frozen shares are
 * credited, what goes beyond them is goodwill, what stays below was kept; then the goods are
 * waited for, as of any refund that came before them.
 * @throws Refusal `CreditExceedsPaid`, `RefundOnStatement`.
 */
export async function takeChannelRefund(
  work: ReturnWork,
  order: SalesOrder,
  { request, joined }: Told,
): Promise<void> {
  const { doc } = work
  if (request.refundedOn !== undefined) work.today = request.refundedOn
  await requireUnknown(work, order)
  approve(work, 'channel')
  const units = [...joined, ...doc.units]
  const paidMinor = doc.amountMinor ?? 0n
  const worth = worthOf(work, order, units)
  const shipping = units.length > 0 && paidMinor >= worth.withShipping
  const creditMinor = shipping ? worth.withShipping : worth.goods
  const paidElsewhere = true as const
  if (units.length > 0) {
    const kept = creditMinor > paidMinor ? creditMinor - paidMinor : 0n
    const terms = { shipping, keptMinor: kept, paidElsewhere }
    await bookPaid(work, order, await grantCredit(work, order, units, terms))
  }
  const beyond = paidMinor - (units.length > 0 ? creditMinor : 0n)
  if (beyond > 0n)
    await bookPaid(work, order, await grantGoodwill(work, order, beyond, { paidElsewhere }))
  await bookFees(work, order)
  await tellReturns(work, joined)
}

/** Whoever tells a refund that a statement has booked would book it twice. */
async function requireUnknown({ tx }: ReturnWork, order: SalesOrder): Promise<void> {
  if (order.settlement !== 'marketplace') return
  const given = await refundedByStatements(tx, order.id)
  if (given > 0n)
    throw new Refusal(
      'RefundOnStatement',
      `A statement has booked ${given} that was given back of ${order.orderNumber}: ask for a return of its goods (kind return) instead.`,
      { givenMinor: given.toString() },
    )
}

function worthOf(work: ReturnWork, order: SalesOrder, units: readonly ReturnedUnit[]) {
  const worth = (shipping: boolean) =>
    sum(creditsOf(work, order, units, { shipping, feePpm: 0 }).map(({ credit }) => grossOf(credit)))
  return { goods: worth(false), withShipping: worth(true) }
}

/** What was promised has left already: by the tender that the channel gave it back to, or kept back by it. */
async function bookPaid(work: ReturnWork, order: SalesOrder, granted: Granted): Promise<void> {
  const { doc, today, actor } = work
  for (const { payment, refundId, amountMinor } of granted.parts) {
    if (payment === undefined) {
      await bookMarketplace(work, order, granted, { refundId, amountMinor })
      continue
    }
    const request = { amountMinor: amountMinor.toString(), paymentId: `${payment.id}`, refundId }
    const reference = `${order.channelCode}/${doc.no}`
    const effect = { key: refundId, request }
    await bookRefund(work.tx, order, { effect, payment, reference }, { actor, today })
  }
}

async function bookMarketplace(
  work: ReturnWork,
  order: SalesOrder,
  { creditId }: Granted,
  part: { refundId: string; amountMinor: bigint },
): Promise<void> {
  const { tx, doc, today, actor } = work
  const entry = postMarketplaceRefunded({
    ...(await moneyOn(tx, order, today)),
    ...{ returnNo: doc.no, creditId, refundedOn: today, ...part },
    ...{ sold: await someLine(work, order), commissionBackMinor: 0n, adminFeeMinor: 0n },
  })
  await postEntries(tx, [entry], actor)
}

/** Row 9b: what the marketplace gives back of its commission, and what it takes for the refund. */
async function bookFees(work: ReturnWork, order: SalesOrder): Promise<void> {
  const { tx, doc, today, actor } = work
  if (!doc.fees || order.settlement !== 'marketplace') return
  const { commissionBackMinor, adminFeeMinor } = doc.fees
  if (commissionBackMinor === adminFeeMinor) return
  const entry = postMarketplaceRefunded({
    ...(await moneyOn(tx, order, today)),
    ...{
      returnNo: doc.no,
      creditId: `fees/${doc.id}`,
      refundedOn: today,
      sold: await someLine(work, order),
    },
    ...{ refundId: `fees/${doc.id}`, amountMinor: 0n },
    commissionBackMinor: BigInt(commissionBackMinor),
    adminFeeMinor: BigInt(adminFeeMinor),
  })
  await postEntries(tx, [entry], actor)
}

/** Which line bears what is about the whole refund: that of its first unit, else of what left first. */
async function someLine({ tx, doc }: ReturnWork, order: SalesOrder) {
  const [unit] = doc.units
  if (unit) return soldLineOf(order, unit, (await costOfUnits(tx, [unit]))(unit).siteId)
  const [first] = await shippedRanges(tx, order.id)
  if (!first)
    throw new Refusal(
      'NotReturnable',
      `Nothing of ${order.orderNumber} has left: what was paid for it is given back by cancelling it.`,
    )
  return soldLineOf(order, first, first.siteId)
}

/** Returns whose units this pays for look whether they are over. */
async function tellReturns({ tx, doc }: ReturnWork, joined: readonly ReturnedUnit[]) {
  const ids = [...new Set(joined.map((unit) => unit.returnId.toString()))]
  const rows = await tx<{ id: bigint; workflowId: string }[]>`
    SELECT id, workflow_id AS "workflowId" FROM customer_return WHERE id = ANY(${ids}::bigint[])`
  await addToOutbox(
    tx,
    rows.map(({ id, workflowId }) => ({
      ...{ topic: 'look-again', key: `return/${id}/paid-by/${doc.id}` },
      body: { workflowId, cause: 'the channel has paid' },
    })),
  )
}
