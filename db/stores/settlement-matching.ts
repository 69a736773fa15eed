import type postgres from 'postgres'
import type { StatementLineClass } from '#domain/settlement/statement'
import {
  defaultTreatment,
  heldFor,
  type HeldFor,
  type Treatment,
} from '#domain/settlement/treatments'
import { accountOfRole } from '#domain/ledger/chart'
import { conversionKey } from '#domain/ledger/posting-conversions'
import type { Tx } from '../client.ts'
import type { LineSum } from './settlement-posting.ts'
import type { SettlementDoc } from './settlements.ts'

/** What lines of one class and type are taken for, before anybody looks for what they are about. */
interface KindOfLine {
  class: StatementLineClass
  type: string
  treatment: Treatment | null
  held: HeldFor | null
  mappingVersion: number | null
}

export interface LineRange {
  from: number
  to: number
}

/**
 * Says of each line in the range what it is and what it is about, by the first rule of the ladder
 * that finds something: payment, item id, order with SKU and quantity, order with amount, order.
 * What no rule explains is held. One statement, whatever the number of lines.
 */
export async function matchLines(tx: Tx, doc: SettlementDoc, range: LineRange): Promise<void> {
  const lines = tx`l.line_no BETWEEN ${range.from} AND ${range.to}`
  const kinds = await kindsOf(tx, doc, lines)
  await tx`
    INSERT INTO settlement_match (statement_id, line_no, order_id, order_line_id, mapping_version, rule, treatment, held, open_key, group_key)
    SELECT statement_id, line_no, order_id, order_line_id, mapping_version, rule, treatment, held, open_key, group_key FROM (${foundFor(tx, doc, kinds, lines)}) m`
}

/** A held line that the ladder explains by now. */
export interface FoundLine extends LineSum {
  lineNo: number
  rule: string
}

/** Looks once more for what held lines are about: their orders may have been imported meanwhile. */
export async function findHeldLines(tx: Tx, doc: SettlementDoc): Promise<FoundLine[]> {
  const lines = tx`EXISTS (
    SELECT FROM settlement_match h WHERE h.statement_id = l.statement_id AND h.line_no = l.line_no AND h.held = 'order-unknown'
      AND NOT EXISTS (SELECT FROM settlement_release r WHERE r.statement_id = h.statement_id AND r.line_no = h.line_no))`
  const kinds = await kindsOf(tx, doc, lines)
  return tx<FoundLine[]>`
    SELECT m.line_no AS "lineNo", m.rule, m.group_key AS "groupKey", m.open_key AS "openKey", m.order_id AS "orderId", m.order_line_id AS "orderLineId",
      l.posted_on AS "postedOn", m.treatment, m.held, l.class = 'refund-tax' AS "isTax", l.amount_minor AS "amountMinor",
      CASE WHEN l.class = 'sale' AND l.type = min(l.type) FILTER (WHERE l.class = 'sale') OVER (PARTITION BY m.order_line_id) THEN coalesce(l.quantity, 0) ELSE 0 END::bigint AS units
    FROM (${foundFor(tx, doc, kinds, lines)}) m JOIN settlement_line l USING (statement_id, line_no)
    WHERE m.treatment <> 'suspense' AND m.group_key <> 'statement' ORDER BY m.group_key, l.posted_on, m.line_no`
}

type Fragment = postgres.PendingQuery<postgres.Row[]>

const foundFor = (tx: Tx, doc: SettlementDoc, kinds: readonly KindOfLine[], lines: Fragment) =>
  doc.clearing === 'MarketplaceClearing'
    ? ordersFound(tx, doc, kinds, lines)
    : paymentsFound(tx, doc, kinds, lines)

async function kindsOf(tx: Tx, doc: SettlementDoc, lines: Fragment): Promise<KindOfLine[]> {
  const rows = await tx<
    { class: StatementLineClass; type: string; mapped: Treatment | null; version: number | null }[]
  >`
    SELECT l.class, l.type, m.treatment AS mapped, m.version FROM (
      SELECT DISTINCT class, type FROM settlement_line l WHERE statement_id = ${doc.id} AND ${lines}) l
    LEFT JOIN LATERAL (
      SELECT treatment, version FROM settlement_mapping m WHERE m.provider = ${doc.provider} AND m.type = l.type ORDER BY version DESC LIMIT 1) m ON true`
  return rows.map((row) => {
    const treatment = row.mapped ?? defaultTreatment(doc.provider, row) ?? null
    const held = treatment === null ? heldFor(row) : null
    return { class: row.class, type: row.type, treatment, held, mappingVersion: row.version }
  })
}

/** The kinds as a table to join. */
const kindRows = (tx: Tx, kinds: readonly KindOfLine[]) => tx`
  unnest(${kinds.map((k) => k.class)}::text[], ${kinds.map((k) => k.type)}::text[], ${kinds.map((k) => k.treatment)}::text[], ${kinds.map((k) => k.held)}::text[],
    ${kinds.map((k) => k.mappingVersion)}::int[]) AS k(class, type, wished, held, mapping_version)`

/** A marketplace names orders: what it owes stands under the order's own key. */
function ordersFound(tx: Tx, doc: SettlementDoc, kinds: readonly KindOfLine[], lines: Fragment) {
  return tx`
    SELECT statement_id, line_no, CASE WHEN about THEN order_id END AS order_id, CASE WHEN about THEN order_line_id END AS order_line_id, mapping_version,
      CASE WHEN about AND order_id IS NOT NULL THEN rule WHEN mapping_version IS NOT NULL THEN 'mapping' ELSE 'type' END AS rule,
      coalesce(treatment, 'suspense') AS treatment, CASE WHEN treatment IS NULL THEN coalesce(held, 'order-unknown') END AS held,
      CASE WHEN about AND order_id IS NOT NULL THEN 'order/' || order_id END AS open_key,
      CASE WHEN about AND treatment IS NOT NULL AND order_id IS NOT NULL THEN 'order/' || order_id ELSE 'statement' END AS group_key
    FROM (
      SELECT l.statement_id, l.line_no, k.mapping_version, k.held, o.id AS order_id, s.id AS order_line_id, s.rule,
        k.wished IN ('order', 'refund', 'commission', 'fulfilment-fee') OR k.held = 'reimbursement' AS about,
        CASE WHEN k.wished IN ('order', 'refund') AND o.id IS NULL THEN NULL
          WHEN k.wished = 'refund' AND l.class = 'refund-tax' AND o.tax_collected_by = 'marketplace' THEN 'order'
          WHEN k.wished IN ('refund', 'commission', 'fulfilment-fee') AND o.id IS NOT NULL AND s.id IS NULL THEN NULL
          WHEN k.wished IN ('commission', 'fulfilment-fee') AND l.order_reference IS NULL THEN 'storage'
          WHEN k.wished IN ('commission', 'fulfilment-fee') AND o.id IS NULL THEN NULL
          ELSE k.wished END AS treatment
      FROM settlement_line l JOIN ${kindRows(tx, kinds)} ON k.class = l.class AND k.type = l.type
      LEFT JOIN sales_order o ON o.channel_id = ${doc.channelId} AND o.external_id = l.order_reference AND o.currency = ${doc.currency}
      LEFT JOIN LATERAL (
        SELECT s.id, CASE WHEN s.external_line_id = l.item_reference THEN 'item-id'
          WHEN l.sku IN (i.sku, s.sku) AND s.qty_ordered = l.quantity THEN 'order-sku-quantity'
          WHEN s.goods_minor = abs(l.amount_minor) THEN 'order-amount' ELSE 'order' END AS rule
        FROM sales_order_line s JOIN item i ON i.id = s.item_id WHERE s.order_id = o.id
        ORDER BY s.external_line_id = l.item_reference DESC NULLS LAST, (l.sku IN (i.sku, s.sku) AND s.qty_ordered = l.quantity) DESC NULLS LAST,
          l.sku IN (i.sku, s.sku) DESC NULLS LAST, s.goods_minor = abs(l.amount_minor) DESC, s.line_no LIMIT 1) s ON true
      WHERE l.statement_id = ${doc.id} AND ${lines}) f`
}

/**
 * A processor names payments and refunds, or the order that they were for: what it holds stands
 * under the capture's or the refund's key. A dispute, and what the processor takes for one, stands
 * under the key that its chargeback books it with.
 */
function paymentsFound(tx: Tx, doc: SettlementDoc, kinds: readonly KindOfLine[], lines: Fragment) {
  const { provider, entityId, currency } = doc
  const isOpen = tx`EXISTS (SELECT FROM open_item i WHERE i.entity_id = ${entityId} AND i.account_id = ${accountOfRole.ProcessorClearing}
    AND i.currency = ${currency} AND i.book = 'main' AND i.key = c.key`
  return tx`
    SELECT statement_id, line_no, order_id, NULL::bigint AS order_line_id, mapping_version,
      CASE WHEN key IS NOT NULL THEN rule WHEN mapping_version IS NOT NULL THEN 'mapping' ELSE 'type' END AS rule,
      CASE WHEN lost THEN 'suspense' WHEN rule IN ('dispute', 'conversion') THEN 'order' ELSE wished END AS treatment,
      CASE WHEN lost THEN coalesce(held, CASE wished WHEN 'conversion' THEN 'type-unknown' ELSE 'order-unknown' END) END AS held,
      key AS open_key, CASE WHEN wished IS NOT NULL THEN coalesce(key, 'statement') ELSE 'statement' END AS group_key
    FROM (
      SELECT l.statement_id, l.line_no, k.wished, k.held, k.mapping_version, coalesce(d.key, x.key, c.key) AS key, coalesce(d.order_id, c.order_id) AS order_id,
        CASE WHEN d.key IS NOT NULL THEN 'dispute' WHEN x.key IS NOT NULL THEN 'conversion' ELSE c.rule END AS rule,
        k.wished IS NULL OR (k.wished IN ('order', 'conversion') AND coalesce(d.key, x.key, c.key) IS NULL) AS lost
      FROM settlement_line l JOIN ${kindRows(tx, kinds)} ON k.class = l.class AND k.type = l.type
      LEFT JOIN LATERAL (${disputeOf(tx, doc)}) d ON k.wished = 'dispute' OR (k.wished = 'processing-fee' AND d.takes_fees)
      LEFT JOIN LATERAL (SELECT ${conversionKey({ provider, account: doc.account })} || l.payment_reference AS key) x ON k.wished = 'conversion'
      LEFT JOIN LATERAL (
        SELECT c.key, c.order_id, c.rule FROM (
          SELECT p.provider || '/' || e.reference || CASE WHEN row_number() OVER (PARTITION BY e.payment_id, e.reference ORDER BY e.id) = 1 THEN ''
              ELSE '#' || row_number() OVER (PARTITION BY e.payment_id, e.reference ORDER BY e.id) END AS key,
            p.order_id, 'payment-reference' AS rule, 1 AS rung, e.amount_minor, false AS refund
          FROM payment_event e JOIN payment p ON p.id = e.payment_id
          WHERE e.reference = l.payment_reference AND e.kind = 'captured' AND starts_with(p.provider, ${provider})
          UNION ALL
          SELECT p.provider || '/refund/' || left(e.key, -5), p.order_id, 'payment-reference', 1, e.amount_minor, true
          FROM payment_event e JOIN payment p ON p.id = e.payment_id
          WHERE e.reference = l.payment_reference AND e.kind = 'refunded' AND starts_with(p.provider, ${provider})
          UNION ALL
          SELECT ${provider} || '/' || l.payment_reference, NULL, 'payment-reference', 2, NULL, l.amount_minor < 0 WHERE l.payment_reference IS NOT NULL
          UNION ALL
          SELECT p.provider || '/' || CASE e.kind WHEN 'captured' THEN e.reference ELSE 'refund/' || left(e.key, -5) END, p.order_id,
            CASE WHEN e.amount_minor = abs(l.amount_minor) THEN 'order-amount' ELSE 'order' END, CASE WHEN e.amount_minor = abs(l.amount_minor) THEN 3 ELSE 4 END,
            e.amount_minor, e.kind = 'refunded'
          FROM (
            SELECT n.id FROM sales_order n WHERE n.order_number IN (l.order_reference, '#' || l.order_reference) AND n.entity_id = ${entityId}
            UNION SELECT x.id FROM channel h JOIN sales_order x ON x.channel_id = h.id AND x.external_id = l.order_reference WHERE h.entity_id = ${entityId}) o
          JOIN payment p ON p.order_id = o.id JOIN payment_event e ON e.payment_id = p.id AND e.kind IN ('captured', 'refunded')
          WHERE l.order_reference IS NOT NULL AND starts_with(p.provider, ${provider})) c
        WHERE ${isOpen})
        ORDER BY c.rung, (c.refund = (l.class IN ('refund', 'refund-tax'))) DESC, (c.amount_minor = abs(l.amount_minor)) DESC NULLS LAST LIMIT 1
      ) c ON d.key IS NULL AND k.wished IN ('order', 'processing-fee')
      WHERE l.statement_id = ${doc.id} AND ${lines}) f`
}

/**
 * The dispute that a processor's line `l` is about: the one that is known by that name or of that
 * charge, else one that the line is the first to tell of. A fee is the dispute's where it names
 * the dispute, or the charge and by its type the dispute.
 */
function disputeOf(tx: Tx, { id, provider }: SettlementDoc) {
  return tx`
    SELECT coalesce(k.key, coalesce(p.provider, ${provider}) || '/' || coalesce(l.payment_reference, l.external_id, l.statement_id || '-' || l.line_no)) AS key,
      coalesce(k.order_id, p.order_id) AS order_id,
      (p.order_id IS NULL OR l.type ~* 'dispute|chargeback') AND (k.key IS NOT NULL OR EXISTS (
        SELECT FROM settlement_line s WHERE s.statement_id = ${id} AND s.payment_reference = l.payment_reference AND s.class IN ('chargeback', 'chargeback-reversal'))) AS takes_fees
    FROM (SELECT) one
    LEFT JOIN LATERAL (
      SELECT b.no AS key, b.order_id FROM chargeback b WHERE starts_with(b.provider, ${provider}) AND l.payment_reference IN (b.dispute_id, b.reference)
      ORDER BY b.dispute_id = l.payment_reference DESC, b.id DESC LIMIT 1) k ON true
    LEFT JOIN LATERAL (
      SELECT y.provider, y.order_id FROM payment_event e JOIN payment y ON y.id = e.payment_id
      WHERE e.reference = l.payment_reference AND e.kind = 'captured' AND starts_with(y.provider, ${provider}) ORDER BY y.id DESC LIMIT 1) p ON true`
}

/**
 * Cuts the matched lines into parts that one transaction each can post: the lines of one order or
 * payment are never apart. Answers how many there are.
 */
export async function cutIntoChunks(tx: Tx, doc: SettlementDoc, lines: number): Promise<number> {
  const cut = await tx`
    INSERT INTO settlement_chunk (statement_id, chunk, from_key, to_key, lines)
    SELECT ${doc.id}, row_number() OVER (ORDER BY part), min(group_key), max(group_key), sum(lines)::int FROM (
      SELECT group_key, count(*) AS lines, (sum(count(*)) OVER (ORDER BY group_key) - 1)::bigint / ${lines}::bigint AS part
      FROM settlement_match WHERE statement_id = ${doc.id} GROUP BY group_key) g
    GROUP BY part`
  return cut.count
}

/** What waits in suspense, and what all lines move, both without signs. */
export async function heldShare(
  tx: Tx,
  doc: SettlementDoc,
): Promise<{ heldMinor: bigint; movedMinor: bigint }> {
  const [row] = await tx<{ heldMinor: bigint; movedMinor: bigint }[]>`
    SELECT coalesce(sum(abs(l.amount_minor)) FILTER (WHERE m.held IS NOT NULL), 0)::bigint AS "heldMinor", coalesce(sum(abs(l.amount_minor)), 0)::bigint AS "movedMinor"
    FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no) WHERE m.statement_id = ${doc.id} AND m.treatment <> 'memo'`
  return row!
}
