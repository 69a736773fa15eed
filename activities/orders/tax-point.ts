import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { taxAccount, type TaxShare } from '#domain/ledger/sales-terms'
import { sum } from '#domain/money'
import { moneyOfUnits } from '#domain/orders/shares'
import { paidIn } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'
import { withoutUnits, type UnitRange } from '#domain/orders/unit-ranges'
import { lineOf } from './plan.ts'

/** Which units of a shipment are earned: those that waited for its delivery, or the others. */
export interface Earning {
  shipmentId: bigint
  onDelivery: boolean
}

/**
 * R17: the VAT that is to be posted now, because payment is its tax point: what falls due on what
 * is paid and on what is earned, less what the order has posted so far. Below zero where it falls
 * away again. Nothing where the policy says shipment; sales tax never falls due by payment.
 * @param earning the units whose revenue the same commit posts.
 */
export async function vatToPost(tx: Tx, order: SalesOrder, earning?: Earning): Promise<TaxShare[]> {
  if (order.policies.order.body.taxPoint !== 'payment' || order.settlement === 'marketplace')
    return []
  const { kept, earned } = await taxesOf(tx, order, earning)
  const posted = await postedVat(tx, order)
  const paid = paidIn(order)
  const worth = keptValue(order)
  return [...new Map([...kept, ...posted]).values()].flatMap((share) => {
    const key = keyOf(share)
    const all = amountOf(kept, key)
    const byPayment = paid >= worth ? all : (all * max(paid, 0n)) / worth
    const due = max(byPayment, amountOf(earned, key))
    const amountMinor = due - amountOf(posted, key)
    return amountMinor === 0n ? [] : [{ ...share, amountMinor }]
  })
}

/** What falls away again, for the entry that gives `amountMinor` of `excessMinor` back: the last takes the rest. */
export async function vatGivenBack(
  tx: Tx,
  order: SalesOrder,
  { amountMinor, excessMinor }: { amountMinor: bigint; excessMinor: bigint },
): Promise<TaxShare[]> {
  const shares = await vatToPost(tx, order)
  return shares.map((share) => ({
    ...share,
    amountMinor: (-share.amountMinor * amountMinor) / excessMinor,
  }))
}

/** The part of the units' tax that the payment has posted already: what is left is posted with them. */
export async function prepaidVat(
  tx: Tx,
  order: SalesOrder,
  earning: Earning,
  taxes: readonly TaxShare[],
): Promise<TaxShare[]> {
  if (order.policies.order.body.taxPoint !== 'payment') return []
  const toPost = byKey(await vatToPost(tx, order, earning))
  const ofUnits = byKey(taxes.filter(isVat))
  return [...new Map([...ofUnits, ...toPost]).values()].flatMap((share) => {
    const amountMinor = amountOf(ofUnits, keyOf(share)) - amountOf(toPost, keyOf(share))
    return amountMinor === 0n ? [] : [{ ...share, amountMinor }]
  })
}

type Shares = Map<string, TaxShare>

/** Tax of the units that nobody cancelled or lost, and of those among them that are earned. */
async function taxesOf(
  tx: Tx,
  order: SalesOrder,
  earning: Earning | undefined,
): Promise<{ kept: Shares; earned: Shares }> {
  const { shipmentId = null, onDelivery = false } = earning ?? {}
  const waits = tx`coalesce(ol.revenue_on, ${order.policies.order.body.revenueOn}) = 'delivered'`
  const shipped = await tx<Left[]>`
    SELECT l.order_line_id AS "orderLineId", l.unit_from AS "unitFrom", l.qty,
      CASE WHEN ${waits} THEN ${said(tx, 'goods-delivered')} OR h.id = ${shipmentId} AND ${onDelivery}
        ELSE ${said(tx, 'goods-shipped')} OR h.id = ${shipmentId} AND NOT ${onDelivery} END AS earned,
      coalesce((SELECT jsonb_agg(jsonb_build_object('unitFrom', x.unit_from, 'qty', x.qty)) FROM lost_units x WHERE x.shipment_id = h.id AND x.order_line_id = l.order_line_id), '[]') AS gone,
      EXISTS (SELECT FROM journal_entry e WHERE e.idem_key = 'goods-lost/' || h.id) AS lost
    FROM shipment_line l JOIN shipment h ON h.id = l.shipment_id JOIN sales_order_line ol ON ol.id = l.order_line_id
    WHERE h.order_id = ${order.id} ORDER BY l.order_line_id, l.unit_from`
  const there = shipped
    .filter((units) => !units.lost)
    .flatMap((units) => withoutUnits(units, units.gone).map((range) => ({ ...units, ...range })))
  const taxOf = ({ orderLineId, unitFrom, qty }: Units) =>
    moneyOfUnits(lineOf(order, orderLineId), unitFrom, unitFrom + qty).taxes.filter(isVat)
  const earned = there.filter((units) => units.earned).flatMap(taxOf)
  const open = order.lines.map((line): Units => {
    const left = shipped.filter((units) => units.orderLineId === line.id)
    // The units of a shipment that this very commit makes are counted on the line only later.
    const unitFrom = Math.max(
      line.shipped + line.cancelled,
      ...left.map((units) => units.unitFrom + units.qty),
    )
    return { orderLineId: line.id, unitFrom, qty: line.ordered - unitFrom }
  })
  return { kept: byKey([...there, ...open].flatMap(taxOf)), earned: byKey(earned) }
}

interface Units extends UnitRange {
  orderLineId: bigint
}

interface Left extends Units {
  earned: boolean | null
  gone: UnitRange[]
  /** As a whole, before losses were kept by their parcels. */
  lost: boolean
}

function said(tx: Tx, kind: 'goods-shipped' | 'goods-delivered') {
  return tx`EXISTS (SELECT FROM journal_entry e WHERE e.source_type = 'shipment' AND e.source_id = h.id::text AND e.event_type = ${kind})`
}

/** Without what credits of returned units have given back: that was due, and falls due no second time. */
async function postedVat(tx: Tx, order: SalesOrder): Promise<Shares> {
  const rows = await tx<Omit<TaxShare, 'collectedBy'>[]>`
    SELECT l.jurisdiction, l.tax_code AS "taxCode", -sum(l.amount_minor)::bigint AS "amountMinor" FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE l.order_id = ${order.id} AND l.account_id IN (2220, 2225, 2228) AND e.source_type <> 'credit-note' GROUP BY 1, 2`
  return byKey(rows.map((row) => ({ ...row, collectedBy: 'seller' })))
}

function isVat(share: TaxShare): boolean {
  return share.collectedBy === 'seller' && taxAccount(share) !== 'SalesTaxPayable'
}

function byKey(shares: readonly TaxShare[]): Shares {
  const keys = [...new Set(shares.map(keyOf))]
  return new Map(
    keys.map((key) => {
      const same = shares.filter((share) => keyOf(share) === key)
      return [key, { ...same[0]!, amountMinor: sum(same.map((share) => share.amountMinor)) }]
    }),
  )
}

function keyOf({ jurisdiction, taxCode }: TaxShare): string {
  return JSON.stringify([jurisdiction, taxCode])
}

function amountOf(shares: Shares, key: string): bigint {
  return shares.get(key)?.amountMinor ?? 0n
}

function max(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
