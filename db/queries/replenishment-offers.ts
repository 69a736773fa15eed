import type { Reader } from '#db/client'
import { convertMinor } from '#domain/ledger/fx'
import type { SupplierOffer } from '#domain/replenishment/options'
import { decimalText, integerRoot, ONE } from '#domain/replenishment/scaled'
import { leadTimeStatistics } from '#domain/replenishment/statistics'
import { rateOn } from './rates.ts'
import type { ItemRange } from './replenishment-nodes.ts'

/** So many deliveries tell how long the next takes. */
const ENOUGH_DELIVERIES = 3

/** An offer before somebody's policy says which lead time is believed. */
interface KnownOffer extends SupplierOffer {
  plannedDays: number
  actual: ActualLeadTime | null
}

interface ActualLeadTime {
  deliveries: number
  days: bigint
  squares: bigint
  p50: number
  p90: number
}

/** Who sells the items of the range to this company, best rank first; prices in the company's currency. */
export async function offersOf(
  reader: Reader,
  range: ItemRange,
  functionalCurrency: string,
): Promise<Map<number, KnownOffer[]>> {
  const { entityId, after, to, on } = range
  const rows = await reader<
    {
      itemId: number
      supplierId: number
      supplier: string
      rank: number
      moq: bigint
      multiple: bigint
      plannedDays: number
      currency: string
      prices: [min: string, price: string, per: string][] | null
    }[]
  >`
    SELECT i.item_id AS "itemId", s.id AS "supplierId", s.code AS supplier, i.rank, i.moq, i.multiple, i.lead_time_days AS "plannedDays", s.currency,
      (SELECT jsonb_agg(jsonb_build_array(min_qty::text, price_minor::text, price_per::text)) FROM (
        SELECT DISTINCT ON (min_qty) min_qty, price_minor, price_per FROM supplier_price p
        WHERE p.supplier_item_id = i.id AND p.valid_from <= ${on} ORDER BY min_qty, valid_from DESC, id DESC) b) AS prices
    FROM supplier_item i JOIN supplier s ON s.id = i.supplier_id
    WHERE s.entity_id = ${entityId} AND s.state = 'approved' AND i.status = 'active' AND i.item_id > ${after} AND i.item_id <= ${to}
    ORDER BY i.item_id, i.rank, s.id`
  const leads = await actualLeadTimes(reader, range)
  const rates = await ratesOf(
    reader,
    new Set(rows.map((row) => row.currency)),
    functionalCurrency,
    on,
  )
  const byItem = new Map<number, KnownOffer[]>()
  for (const { itemId, currency, prices, ...row } of rows) {
    const rateE9 = rates.get(currency)
    // Without a price that can be compared nothing can be ordered there.
    if (rateE9 === undefined || prices === null) continue
    const offer: KnownOffer = {
      ...row,
      ...{ leadDays: row.plannedDays, leadVarianceE12: 0n, leadSource: 'planned' },
      actual: leads.get(`${itemId}/${row.supplierId}`) ?? null,
      prices: (prices ?? []).map(([minQty, priceMinor, pricePer]) => ({
        minQty: BigInt(minQty),
        priceMinor: convertMinor(BigInt(priceMinor), currency, functionalCurrency, rateE9),
        pricePer: BigInt(pricePer),
      })),
    }
    const known = byItem.get(itemId)
    if (known) known.push(offer)
    else byItem.set(itemId, [offer])
  }
  return byItem
}

/** With the lead time that the policy believes: planned, or what deliveries took (INV-20). */
export function believed(offer: KnownOffer, leadTime: 'planned' | 'actual'): SupplierOffer {
  const { actual } = offer
  if (leadTime === 'planned' || !actual || actual.deliveries < ENOUGH_DELIVERIES) return offer
  const { meanE6, varianceE12 } = leadTimeStatistics(actual)
  return {
    ...offer,
    leadDays: Number((meanE6 + ONE - 1n) / ONE),
    leadVarianceE12: varianceE12,
    leadSource: `${actual.deliveries} deliveries: mean ${decimalText(meanE6)}, deviation ${decimalText(integerRoot(varianceE12))}, P50 ${actual.p50}, P90 ${actual.p90}; planned ${offer.plannedDays}`,
  }
}

async function ratesOf(
  reader: Reader,
  currencies: ReadonlySet<string>,
  to: string,
  on: string,
): Promise<Map<string, bigint>> {
  const rates = new Map<string, bigint>()
  for (const from of currencies) {
    const rateE9 = await rateOn(reader, { from, to, on })
    if (rateE9 !== undefined) rates.set(from, rateE9)
  }
  return rates
}

/** From sending the order to the dock, of every delivery of the last two years. */
async function actualLeadTimes(
  reader: Reader,
  { entityId, after, to, on }: ItemRange,
): Promise<Map<string, ActualLeadTime>> {
  const rows = await reader<(ActualLeadTime & { itemId: number; supplierId: number })[]>`
    SELECT item_id AS "itemId", supplier_id AS "supplierId", count(*)::int AS deliveries, sum(days)::bigint AS days, sum(days * days)::bigint AS squares,
      percentile_disc(0.5) WITHIN GROUP (ORDER BY days)::int AS p50, percentile_disc(0.9) WITHIN GROUP (ORDER BY days)::int AS p90
    FROM (
      SELECT l.item_id, p.supplier_id, greatest(0, r.received_on - (p.sent_at AT TIME ZONE 'UTC')::date)::bigint AS days
      FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id
      JOIN goods_receipt_line g ON g.purchase_order_line_id = l.id JOIN goods_receipt r ON r.id = g.receipt_id
      WHERE l.qty_received > 0 AND l.item_id > ${after} AND l.item_id <= ${to} AND p.entity_id = ${entityId} AND p.sent_at IS NOT NULL
        AND r.received_on >= ${on}::date - 730) t GROUP BY 1, 2`
  return new Map(rows.map((row) => [`${row.itemId}/${row.supplierId}`, row]))
}
