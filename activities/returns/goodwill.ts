import { insertCreditNote } from '#db/stores/credit-notes'
import { postEntries } from '#db/stores/ledger'
import type { SalesOrder } from '#db/stores/orders'
import { shippedRanges } from '#db/stores/returned-units'
import { postGoodwillCredited } from '#domain/ledger/posting-returns'
import type { TaxShare } from '#domain/ledger/sales-terms'
import { sum } from '#domain/money'
import { moneyOfUnits } from '#domain/orders/shares'
import { shippedValue } from '#domain/orders/worth'
import { ownTaxes, splitGross, tooMuch } from '#domain/returns/credit'
import { moneyOn } from '../orders/order-money.ts'
import { lineOf } from '../orders/plan.ts'
import { count, noteOf, payBack, receivablesFor, type Granted, type OtherTerms } from './credit.ts'
import { soldLineOf, type ReturnWork } from './work.ts'

/**
 * Money back without goods (row 10): its tax is the share that tax has in what the order earned,
 * its net is borne by the lines that left, by what each sold for.
 * @throws Refusal `CreditExceedsPaid`.
 */
export async function grantGoodwill(
  work: ReturnWork,
  order: SalesOrder,
  amountMinor: bigint,
  { paidElsewhere }: Pick<OtherTerms, 'paidElsewhere'> = {},
): Promise<Granted> {
  const { tx, doc, today, actor } = work
  const remaining = shippedValue(order)
  if (amountMinor > remaining) throw tooMuch(amountMinor, remaining)
  const sold = await soldOf(work, order)
  const netMinor = sum(sold.lines.map((line) => line.weight))
  const split = splitGross(amountMinor, netMinor, sold.taxes)
  const receivables = await receivablesFor(work, order, amountMinor)
  const owedMinor = sum(receivables.map((owed) => owed.amountMinor))
  const creditId = await insertCreditNote(tx, {
    ...noteOf(work, order),
    kind: 'goodwill',
    goodsMinor: split.netMinor,
    shippingMinor: 0n,
    taxMinor: sum(split.taxes.map((tax) => tax.amountMinor)),
    feeMinor: 0n,
    goodwillUsedMinor: 0n,
    refundMinor: amountMinor - owedMinor,
    owedMinor,
    taxes: split.taxes,
  })
  const refundMinor = amountMinor - owedMinor
  const parts = await payBack(work, order, { creditId, amountMinor: refundMinor, paidElsewhere })
  const entry = postGoodwillCredited({
    ...(await moneyOn(tx, order, today)),
    ...{ returnNo: doc.no, creditId, creditedOn: today, parts, receivables },
    ...{ lines: sold.lines, netMinor: split.netMinor, taxes: split.taxes },
  })
  await postEntries(tx, [entry], actor)
  await count(work, order, amountMinor)
  return { creditId, netMinor: amountMinor, parts }
}

/** What left of each line and its tax, in the frozen shares, less nothing that was given back. */
async function soldOf({ tx }: ReturnWork, order: SalesOrder) {
  const ranges = await shippedRanges(tx, order.id)
  const taxes = new Map<string, TaxShare>()
  const lines = ranges.map(({ orderLineId, unitFrom, qty, siteId }) => {
    const money = moneyOfUnits(lineOf(order, orderLineId), unitFrom, unitFrom + qty)
    for (const tax of ownTaxes(money.taxes)) {
      const key = JSON.stringify([tax.jurisdiction, tax.taxCode])
      const before = taxes.get(key)?.amountMinor ?? 0n
      taxes.set(key, { ...tax, amountMinor: before + tax.amountMinor })
    }
    const net = money.goodsMinor - money.discountMinor + money.shippingMinor
    return { sold: soldLineOf(order, { orderLineId }, siteId), weight: net > 0n ? net : 0n }
  })
  return { lines, taxes: [...taxes.values()] }
}
