import type { ItemAmount, PlannedLine, SaidBefore } from '#domain/settlement/order-settlement'
import type { TaxShare } from '#domain/ledger/sales-terms'
import { accountOfRole } from '#domain/ledger/chart'
import type { HeldFor } from '#domain/settlement/treatments'
import type { Tx } from '../client.ts'
import type { SettlementDoc } from './settlements.ts'

/** Lines that are posted alike, added up. */
export interface LineSum extends ItemAmount {
  groupKey: string
  openKey: string | null
  orderId: bigint | null
  postedOn: string
  held: HeldFor | null
}

/**
 * What one part of a statement posts, ordered by open item and day. Every type of a sale names its
 * units again, so they are those of the type that names most.
 */
export async function chunkSums(tx: Tx, doc: SettlementDoc, chunk: number): Promise<LineSum[]> {
  return tx<LineSum[]>`
    SELECT "groupKey", "openKey", "orderId", "orderLineId", "postedOn", treatment, held, "isTax", sum(amount)::bigint AS "amountMinor", max(units)::bigint AS units FROM (
      SELECT m.group_key AS "groupKey", m.open_key AS "openKey", m.order_id AS "orderId", m.order_line_id AS "orderLineId", l.posted_on AS "postedOn",
        m.treatment, m.held, l.class = 'refund-tax' AS "isTax", l.type, sum(l.amount_minor) AS amount,
        coalesce(sum(l.quantity) FILTER (WHERE l.class = 'sale' AND l.amount_minor > 0), 0) AS units
      FROM settlement_chunk c JOIN settlement_match m ON m.statement_id = c.statement_id AND m.group_key BETWEEN c.from_key AND c.to_key
      JOIN settlement_line l ON l.statement_id = m.statement_id AND l.line_no = m.line_no
      WHERE c.statement_id = ${doc.id} AND c.chunk = ${chunk} AND m.treatment <> 'memo'
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9) t
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 5, 4`
}

/** Open items by key, each locked until the transaction ends, in key order. */
export async function lockItems(
  tx: Tx,
  doc: Pick<SettlementDoc, 'entityId' | 'clearing' | 'currency'>,
  keys: readonly string[],
): Promise<Map<string, { amountMinor: bigint; funcMinor: bigint }>> {
  if (keys.length === 0) return new Map()
  const rows = await tx<{ key: string; amountMinor: bigint; funcMinor: bigint }[]>`
    SELECT i.key, i.balance_minor AS "amountMinor", i.func_minor AS "funcMinor"
    FROM (SELECT DISTINCT key FROM unnest(${[...keys]}::text[]) AS k(key) ORDER BY key) k
    CROSS JOIN LATERAL lock_open_item(${doc.entityId}, ${accountOfRole[doc.clearing]}, ${doc.currency}, k.key) i`
  return new Map(rows.map(({ key, ...item }) => [key, item]))
}

/**
 * What statements have said of these orders so far. Orders of which this part of a statement tells
 * refunds are locked: a channel may tell the same refund at this moment.
 */
export async function saidBefore(
  tx: Tx,
  ids: readonly bigint[],
  refunded: readonly bigint[],
): Promise<Map<bigint, SaidBefore>> {
  if (ids.length === 0) return new Map()
  if (refunded.length > 0)
    await tx`SELECT FROM sales_order WHERE id = ANY(${refunded.map(String)}::bigint[]) ORDER BY id FOR UPDATE`
  const rows = await tx<(SaidBefore & { orderId: bigint })[]>`
    SELECT o.id AS "orderId", i."saleMinor", i.units, i."commissionMinor", i."fulfilmentMinor", greatest(0, coalesce(c.told, 0) - i.told)::bigint AS "refundToldMinor" FROM unnest(${ids.map(String)}::bigint[]) AS o(id)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(sale_minor), 0)::bigint AS "saleMinor", coalesce(sum(units), 0)::bigint AS units, coalesce(sum(expected_commission_minor), 0)::bigint AS "commissionMinor",
        coalesce(sum(expected_fulfilment_minor), 0)::bigint AS "fulfilmentMinor", coalesce(sum(refund_told_minor), 0) AS told FROM settlement_item WHERE order_id = o.id) i
    CROSS JOIN LATERAL (SELECT sum(c.refund_minor) AS told FROM credit_note c JOIN customer_return r ON r.id = c.return_id WHERE c.order_id = o.id AND r.kind = 'channel-refund') c`
  return new Map(rows.map(({ orderId, ...said }) => [orderId, said]))
}

export interface OrderAbout {
  channelId: number
  segment: string
}

/** What entries about these orders say beside their amounts. */
export async function aboutOrders(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, OrderAbout>> {
  if (ids.length === 0) return new Map()
  const rows = await tx<(OrderAbout & { id: bigint })[]>`
    SELECT id, channel_id AS "channelId", segment FROM sales_order WHERE id = ANY(${ids.map(String)}::bigint[])`
  return new Map(rows.map(({ id, ...about }) => [id, about]))
}

type PlannedRow = Omit<PlannedLine, 'taxes'> & {
  taxes: (Omit<TaxShare, 'amountMinor'> & { amountMinor: string })[]
}

/**
 * The lines of these orders as they were placed, less what was cancelled, with the site that their
 * units left from; where none has left, where they are reserved, else the company's first.
 */
export async function plannedLines(
  tx: Tx,
  doc: SettlementDoc,
  ids: readonly bigint[],
): Promise<Map<bigint, PlannedLine[]>> {
  const planned = new Map<bigint, PlannedLine[]>()
  if (ids.length === 0) return planned
  const rows = await tx<PlannedRow[]>`
    SELECT l.order_id AS "orderId", l.id AS "orderLineId", o.channel_id AS "channelId", l.item_id AS "itemId", o.segment,
      coalesce((SELECT h.site_id FROM shipment_line s JOIN shipment h ON h.id = s.shipment_id WHERE s.order_line_id = l.id ORDER BY h.id DESC LIMIT 1),
        (SELECT r.site_id FROM reservation r WHERE r.order_id = l.order_id AND r.order_line_id = l.id LIMIT 1), ${await firstSite(tx, doc)}) AS "siteId",
      l.goods_minor - l.discount_minor + l.shipping_minor + coalesce(t.tax_minor, 0) + coalesce(f.funded_minor, 0) - l.cancelled_minor AS "grossMinor",
      (l.qty_ordered - l.qty_cancelled)::bigint AS units, (l.commission_minor * (l.qty_ordered - l.qty_cancelled)) / l.qty_ordered AS "commissionMinor",
      (l.fee_minor * (l.qty_ordered - l.qty_cancelled)) / l.qty_ordered AS "fulfilmentMinor", coalesce(t.taxes, '[]') AS taxes
    FROM sales_order o JOIN sales_order_line l ON l.order_id = o.id
    LEFT JOIN LATERAL (
      SELECT sum(t.tax_minor)::bigint AS tax_minor, jsonb_agg(jsonb_build_object('jurisdiction', t.jurisdiction, 'taxCode', t.tax_code,
        'amountMinor', t.tax_minor::text, 'collectedBy', t.collected_by) ORDER BY t.seq) AS taxes
      FROM order_line_tax t WHERE t.order_line_id = l.id AND t.collected_by = 'seller') t ON true
    LEFT JOIN LATERAL (
      SELECT sum(d.amount_minor)::bigint AS funded_minor FROM order_line_discount d WHERE d.order_line_id = l.id AND d.funded_by = 'marketplace') f ON true
    WHERE o.id = ANY(${ids.map(String)}::bigint[]) AND l.item_id IS NOT NULL ORDER BY l.order_id, l.line_no`
  for (const { taxes, ...line } of rows) {
    const shares = taxes.map((tax) => ({ ...tax, amountMinor: BigInt(tax.amountMinor) }))
    planned.set(line.orderId, [...(planned.get(line.orderId) ?? []), { ...line, taxes: shares }])
  }
  return planned
}

async function firstSite(tx: Tx, { entityId }: SettlementDoc): Promise<number | null> {
  const [site] = await tx<{ id: number }[]>`
    SELECT id FROM site WHERE entity_id = ${entityId} ORDER BY id LIMIT 1`
  return site?.id ?? null
}

/** What a statement said of one open item, for what later ones and people compare with. */
export interface SettledItem {
  openKey: string
  orderId: bigint | null
  saleMinor: bigint
  units: bigint
  refundMinor: bigint
  refundToldMinor: bigint
  expectedCommissionMinor: bigint
  actualCommissionMinor: bigint
  expectedFulfilmentMinor: bigint
  actualFulfilmentMinor: bigint
  actualFeeMinor: bigint
}

export async function keepItems(
  tx: Tx,
  doc: SettlementDoc,
  items: readonly SettledItem[],
  cause: string,
): Promise<void> {
  if (items.length === 0) return
  const column = (pick: (item: SettledItem) => string | bigint | null) =>
    items.map((item) => pick(item)?.toString() ?? null)
  await tx`
    INSERT INTO settlement_item (statement_id, cause, open_key, order_id, sale_minor, units, refund_minor, refund_told_minor, expected_commission_minor, actual_commission_minor,
      expected_fulfilment_minor, actual_fulfilment_minor, actual_fee_minor)
    SELECT ${doc.id}, ${cause}, * FROM unnest(${column((i) => i.openKey)}::text[], ${column((i) => i.orderId)}::text[]::bigint[], ${column((i) => i.saleMinor)}::text[]::bigint[], ${column((i) => i.units)}::text[]::bigint[],
      ${column((i) => i.refundMinor)}::text[]::bigint[], ${column((i) => i.refundToldMinor)}::text[]::bigint[], ${column((i) => i.expectedCommissionMinor)}::text[]::bigint[], ${column((i) => i.actualCommissionMinor)}::text[]::bigint[],
      ${column((i) => i.expectedFulfilmentMinor)}::text[]::bigint[], ${column((i) => i.actualFulfilmentMinor)}::text[]::bigint[], ${column((i) => i.actualFeeMinor)}::text[]::bigint[])`
}
