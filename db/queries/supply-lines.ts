import type { SupplyLine } from '#domain/purchasing/scorecard'
import type { Reader } from '#db/client'

/** A line to judge a supplier by, and where it stands. */
export interface SupplyLineRow extends SupplyLine {
  /** history: told by a file; order: of a purchase order here. */
  kind: 'history' | 'order'
  id: bigint
  supplier: string
  /** The order's number, here or at the file's source. */
  document: string
  source: string
  sku: string
  /** `YYYY-MM` in which it was promised, else received, else ordered; null where no day is known. */
  month: string | null
  orderedGap: string | null
  incoterm: string | null
  mode: string | null
  freightMinor: bigint | null
  freightTerms: string | null
  /** File and row that told of it. */
  origin: string | null
}

export interface SupplyLinesAsk {
  entities: readonly string[] | null
  supplier?: string | undefined
  sku?: string | undefined
  /** A month as {@link SupplyLineRow.month}. */
  month?: string | undefined
  /** Of the day that the month is of; lines without any day are left out where one is given. */
  from?: string | undefined
  to?: string | undefined
  after?: { kind: string; id: bigint } | undefined
}

/** Of every supplier one after the other; read in portions, as they may be very many. */
export async function* supplyLines(
  reader: Reader,
  ask: SupplyLinesAsk,
): AsyncGenerator<SupplyLineRow> {
  const { entities, supplier = null, sku = null, month = null, from = null, to = null } = ask
  const { kind, id } = ask.after ?? { kind: '', id: 0n }
  const wanted = reader`(${entities === null} OR e.code = ANY (${[...(entities ?? [])]}::text[]))
    AND (${supplier}::text IS NULL OR s.code = ${supplier}) AND (${sku}::text IS NULL OR i.sku = ${sku})`
  const rows = reader<SupplyLineRow[]>`
    WITH line AS (
      ${pastLines(reader)} WHERE ${wanted}
      UNION ALL
      ${orderedLines(reader)} WHERE (p.sent_revision IS NOT NULL OR l.qty_received > 0) AND ${wanted}
    )
    SELECT line.*, to_char(day, 'YYYY-MM') AS month FROM line, coalesce("promisedOn", "receivedOn", "orderedOn") AS day
    WHERE (${month}::text IS NULL OR to_char(day, 'YYYY-MM') = ${month}) AND (${from}::date IS NULL OR day >= ${from}) AND (${to}::date IS NULL OR day <= ${to})
      AND (kind, id) > (${kind}, ${id})
    ORDER BY supplier, kind, id`
  for await (const portion of rows.cursor(1000)) yield* portion
}

const tolerances = (reader: Reader) => reader`
  coalesce(si.over_receipt_ppm, s.over_receipt_ppm, 0) AS "overPpm", coalesce(si.under_receipt_ppm, s.under_receipt_ppm, 0) AS "underPpm"`

/** A file that was written before an order ended does not tell how its lines that had not come did. */
const pastLines = (reader: Reader) => reader`
  SELECT 'history' AS kind, l.id, s.code AS supplier, p.external_id AS document, p.source, i.sku,
    CASE WHEN p.state = 'complete' OR l.received_on IS NOT NULL THEN 'settled' ELSE 'untold' END AS state,
    l.ordered_on AS "orderedOn", l.ordered_gap AS "orderedGap", l.promised_on AS "promisedOn", l.received_on AS "receivedOn",
    l.qty_ordered AS "qtyOrdered", l.qty_received AS "qtyReceived", l.qty_rejected AS "qtyRejected", p.currency,
    div(2 * l.qty_ordered::numeric * l.agreed_minor + l.agreed_per, 2 * l.agreed_per)::bigint AS "agreedMinor", l.goods_minor AS "paidMinor",
    ${tolerances(reader)}, l.incoterm, l.mode, l.freight_minor AS "freightMinor", l.freight_terms AS "freightTerms", l.origin
  FROM purchase_history_line l JOIN purchase_history p ON p.id = l.purchase_id JOIN supplier s ON s.id = p.supplier_id
  JOIN entity e ON e.id = p.entity_id JOIN item i ON i.id = l.item_id LEFT JOIN supplier_item si ON si.supplier_id = s.id AND si.item_id = i.id`

/**
 * Of orders that the supplier has been told of. Replacements count as ordered too. What the dock
 * found damaged or wrong is rejected, also where nobody inspects; of inspected goods nothing is
 * known before all of them are judged.
 */
const orderedLines = (reader: Reader) => reader`
  SELECT 'order', l.id, s.code, p.po_number, 'purchase-order', i.sku,
    CASE WHEN l.qty_received = 0 AND l.qty_cancelled >= l.qty_ordered THEN 'cancelled' WHEN l.qty_open = 0 THEN 'settled' ELSE 'open' END,
    p.ordered_on, NULL, l.promised_on, came.last_on, l.qty_ordered + l.qty_replacing, l.qty_received,
    CASE WHEN NOT l.inspect OR l.qty_inspected >= l.qty_received THEN least(l.qty_received, greatest(l.qty_rejected, found.qty)) END,
    p.currency, div(2 * l.qty_ordered::numeric * asked.price_minor + asked.price_per, 2 * asked.price_per)::bigint,
    div(2 * l.qty_ordered::numeric * l.unit_price_minor + l.price_per, 2 * l.price_per)::bigint,
    ${tolerances(reader)}, p.incoterm, NULL, NULL, NULL, NULL
  FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id JOIN supplier s ON s.id = p.supplier_id
  JOIN entity e ON e.id = p.entity_id JOIN item i ON i.id = l.item_id LEFT JOIN supplier_item si ON si.supplier_id = s.id AND si.item_id = i.id
  CROSS JOIN LATERAL (SELECT max(r.received_on) AS last_on FROM goods_receipt_line g JOIN goods_receipt r ON r.id = g.receipt_id
    WHERE g.purchase_order_line_id = l.id AND g.received_qty > 0) came
  CROSS JOIN LATERAL (SELECT coalesce(sum(d.qty), 0)::bigint AS qty FROM receipt_discrepancy d
    WHERE d.purchase_order_line_id = l.id AND d.kind IN ('damaged', 'wrong')) found
  LEFT JOIN LATERAL (SELECT b.price_minor, b.price_per FROM supplier_price b
    WHERE b.supplier_item_id = si.id AND b.min_qty <= l.qty_ordered AND b.valid_from <= p.ordered_on AND p.currency = s.currency
    ORDER BY b.min_qty DESC, b.valid_from DESC, b.id DESC LIMIT 1) asked ON true`

export interface ScoredSupplier {
  code: string
  name: string
  entity: string
  state: string
  standing: string
}

/** The suppliers within reach, by code; of one code, where that is said. */
export async function scoredSuppliers(
  reader: Reader,
  ask: { entities: readonly string[] | null; code?: string | undefined },
): Promise<ScoredSupplier[]> {
  const { entities, code = null } = ask
  return reader<ScoredSupplier[]>`
    SELECT s.code, s.name, e.code AS entity, s.state, s.standing FROM supplier s JOIN entity e ON e.id = s.entity_id
    WHERE (${entities === null} OR e.code = ANY (${[...(entities ?? [])]}::text[])) AND (${code}::text IS NULL OR s.code = ${code})
    ORDER BY s.code`
}
