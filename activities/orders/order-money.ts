import type { Tx } from '#db/client'
import { rateOn } from '#db/queries/rates'
import { openItem, openReceivables } from '#db/stores/ledger-open-items'
import type { SalesOrder } from '#db/stores/orders'
import { takeBooked, type OpenValue } from '#domain/ledger/open-value'
import type { OrderMoney, SettledReceivable } from '#domain/ledger/posting-payments'
import { orderKey } from '#domain/ledger/sales-terms'

/**
 * What every posting about this order's money says, at the rate of the day it is about (R18). A
 * day for which no rate is known is before any: the rate of placement is the nearest.
 */
export async function moneyOn(tx: Tx, order: SalesOrder, on: string): Promise<OrderMoney> {
  const { currency, functionalCurrency } = order
  const rateE9 = await rateOn(tx, { from: currency, to: functionalCurrency, on })
  return {
    entity: order.entityId,
    orderId: order.id,
    channelId: order.channelId,
    segment: order.segment,
    currency,
    functionalCurrency,
    rateE9: rateE9 ?? order.rateE9,
  }
}

/** What was paid in for this order and is not earned or given back yet; the order's row is locked. */
export async function openDeposit(tx: Tx, order: SalesOrder): Promise<OpenValue> {
  return openLiability(tx, order, 'CustomerDeposits', orderKey(order.id))
}

/** What somebody waits for under a key of a liability, above zero. */
export async function openLiability(
  tx: Tx,
  { entityId, currency }: Pick<SalesOrder, 'entityId' | 'currency'>,
  account: 'CustomerDeposits' | 'RefundsPayable',
  key: string,
): Promise<OpenValue> {
  const item = await openItem(tx, { entityId, account, currency, key })
  if (!item || item.balanceMinor >= 0n) return { amountMinor: 0n, funcMinor: 0n }
  return { amountMinor: -item.balanceMinor, funcMinor: -item.funcMinor }
}

/** The buyer's invoices that a payment settles, the oldest first, each at the value it was booked at. */
export async function settledReceivables(
  tx: Tx,
  order: SalesOrder,
  amountMinor: bigint,
): Promise<SettledReceivable[]> {
  const settled: SettledReceivable[] = []
  let left = amountMinor
  for (const item of await openReceivables(tx, order)) {
    const part = left < item.balanceMinor ? left : item.balanceMinor
    if (part <= 0n) continue
    left -= part
    const open = { amountMinor: item.balanceMinor, funcMinor: item.funcMinor }
    settled.push({
      openKey: item.key,
      party: partyOf(order),
      amountMinor: part,
      bookedFuncMinor: takeBooked(open, part),
    })
  }
  return settled
}

/** Who owes for the order on the receivables' lines: the customer, or the order of a guest. */
export function partyOf(order: Pick<SalesOrder, 'id' | 'customerId'>): string {
  return order.customerId === null ? `guest/${order.id}` : `customer/${order.customerId}`
}
