import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { postedLines } from '#db/queries/posted-lines'
import type { Chargeback } from '#db/stores/chargebacks'
import { openItem } from '#db/stores/ledger-open-items'
import { postEntries } from '#db/stores/ledger'
import type { SalesOrder } from '#db/stores/orders'
import { taxRelief, type EarnedTax } from '#domain/chargebacks/tax-relief'
import { takeBooked } from '#domain/ledger/open-value'
import {
  chargebackKey,
  postChargebackFee,
  chargebackLostKey,
  postChargebackLost,
  postChargebackOpened,
  postChargebackReopened,
  postChargebackWon,
  type ChargebackEnded,
  type DisputedMoney,
} from '#domain/ledger/posting-chargebacks'
import { invariant } from '#domain/refusal'
import { openDeposit } from '../orders/order-money.ts'

/**
 * Books whatever is known and not in the books yet, in the order of row 13, whatever was told
 * first: the withdrawal with its fee, then the outcome. A dispute of nobody's charge waits.
 */
export async function bookDispute(
  tx: Tx,
  doc: Chargeback,
  order: SalesOrder,
  by: { actor: string },
): Promise<void> {
  const money = await disputedMoney(tx, doc, order)
  const { amountMinor, feeMinor, feeBookedMinor } = doc
  const fee = feeMinor - feeBookedMinor
  if (doc.withdrawn && doc.bookedMinor === null) {
    await postEntries(
      tx,
      [postChargebackOpened({ ...money, amountMinor, feeMinor: fee })],
      by.actor,
    )
    Object.assign(doc, { bookedMinor: amountMinor, feeBookedMinor: feeMinor })
  } else if (fee > 0n && doc.bookedMinor !== null) {
    const entry = postChargebackFee({ ...money, feeMinor: fee, totalMinor: feeMinor })
    await postEntries(tx, [entry], by.actor)
    doc.feeBookedMinor = feeMinor
  }
  if (doc.bookedMinor === null || doc.outcomeBooked) return
  if (doc.stage === 'won') await bookWon(tx, doc, money, by)
  if (doc.stage === 'lost' || doc.stage === 'accepted') await bookLost(tx, doc, order, money, by)
}

async function bookWon(
  tx: Tx,
  doc: Chargeback,
  money: DisputedMoney,
  { actor }: { actor: string },
): Promise<void> {
  await postEntries(tx, [postChargebackWon(await ending(tx, doc, money))], actor)
  doc.outcomeBooked = true
}

/** A deposit for goods that have not left goes first: it is the customer's, and no loss of ours. */
async function bookLost(
  tx: Tx,
  doc: Chargeback,
  order: SalesOrder,
  money: DisputedMoney,
  { actor }: { actor: string },
): Promise<void> {
  const ended = await ending(tx, doc, money)
  const deposit = await openDeposit(tx, order)
  const bound = doc.currency === order.currency ? doc.boundMinor : 0n
  const amountMinor = deposit.amountMinor < bound ? deposit.amountMinor : bound
  const taken = { amountMinor, funcMinor: takeBooked(deposit, amountMinor) }
  const lossMinor = ended.amountMinor - amountMinor
  const allowed = order.policies.order.body.chargebackTaxRelief ?? []
  const relief =
    doc.currency === order.currency && allowed.length > 0
      ? taxRelief(lossMinor, await earnedOf(tx, order), allowed)
      : []
  await postEntries(tx, [postChargebackLost({ ...ended, deposit: taken, relief })], actor)
  Object.assign(doc, { outcomeBooked: true, depositMinor: amountMinor })
}

/** A loss that is decided anew is none yet: what was posted for it is posted the other way round. */
export async function takeLossBack(
  tx: Tx,
  { entityId, provider, disputeId, round }: Chargeback,
  { effectiveOn: on, actor }: { effectiveOn: string; actor: string },
): Promise<void> {
  const key = chargebackLostKey({ provider, disputeId, round: round - 1 })
  const lines = await postedLines(tx, { entityId, key })
  invariant(lines.length > 0, `${key} is posted before it is taken back`)
  const of = { entity: entityId, provider, disputeId, round, on }
  await postEntries(tx, [postChargebackReopened({ ...of, lines })], actor)
}

async function ending(tx: Tx, doc: Chargeback, money: DisputedMoney): Promise<ChargebackEnded> {
  const { entityId, currency, bookedMinor } = doc
  invariant(bookedMinor !== null, `chargeback ${doc.no} is booked before it ends`)
  const of = { entityId, account: 'ChargebacksInDispute' as const, currency }
  const item = await openItem(tx, { ...of, key: chargebackKey(doc) })
  return { ...money, amountMinor: bookedMinor, bookedFuncMinor: item?.funcMinor ?? 0n }
}

/** @throws Refusal `NoExchangeRate` where the dispute's currency has no rate yet: told again later. */
async function disputedMoney(tx: Tx, doc: Chargeback, order: SalesOrder): Promise<DisputedMoney> {
  const { currency, functionalCurrency, provider, disputeId, round, toldOn: on } = doc
  return {
    entity: doc.entityId,
    orderId: order.id,
    channelId: order.channelId,
    segment: order.segment,
    currency,
    functionalCurrency,
    rateE9: await exchangeRate(tx, { from: currency, to: functionalCurrency, on }),
    ...{ provider, disputeId, round, on },
  }
}

/** What was earned by units that have left, and our tax within it. */
async function earnedOf(
  tx: Tx,
  { id }: SalesOrder,
): Promise<{ grossMinor: bigint; taxes: EarnedTax[] }> {
  const [earned] = await tx<{ grossMinor: bigint }[]>`
    SELECT coalesce(sum(s.goods_minor - s.discount_minor + s.shipping_minor + s.tax_minor), 0)::bigint AS "grossMinor"
    FROM shipment_line s JOIN shipment h ON h.id = s.shipment_id WHERE h.order_id = ${id}`
  const taxes = await tx<EarnedTax[]>`
    SELECT jurisdiction, tax_code AS "taxCode", (-sum(amount_minor))::bigint AS "taxMinor" FROM journal_line
    WHERE order_id = ${id} AND account_id IN (2210, 2220, 2225, 2228) GROUP BY 1, 2 HAVING sum(amount_minor) < 0 ORDER BY 1, 2`
  return { grossMinor: earned!.grossMinor, taxes: [...taxes] }
}
