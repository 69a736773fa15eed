import type { Reader } from '../client.ts'

/** What journal entries name as their source, and what hangs below it. */
export const DOCUMENT_TYPES = [
  'order',
  'shipment',
  'invoice',
  'payment',
  'receipt',
  'adjustment',
  'opening',
] as const
export type DocumentType = (typeof DOCUMENT_TYPES)[number]

export interface DocumentRef {
  type: DocumentType
  id: string
}

export interface DocumentLine {
  sku: string | null
  /** Units; below zero where they went away without an order. */
  qty: string
  /** Net value in the document's currency; null where the document has none. */
  netMinor: string | null
  /** Cost in functional currency; null where it has none. */
  costMinor: string | null
}

export interface BusinessDocument extends DocumentRef {
  /** What people call it: order number, the warehouse's reference, invoice or receipt number. */
  number: string
  entity: string
  functionalCurrency: string
  currency: string
  channel: string | null
  site: string | null
  on: string
  actor: string | null
  parent: DocumentRef | null
  children: DocumentRef[]
  lines: DocumentLine[]
  entries: { id: string; eventType: string; effectiveOn: string }[]
}

type Found = Omit<BusinessDocument, 'type' | 'id' | 'entries'>

export function isDocumentType(type: string): type is DocumentType {
  return (DOCUMENT_TYPES as readonly string[]).includes(type)
}

/** A document with what it came from, what came of it and what it posted; undefined when there is none. */
export async function readDocument(
  db: Reader,
  type: DocumentType,
  id: string,
): Promise<BusinessDocument | undefined> {
  const numeric = /^[1-9]\d{0,17}$/.test(id) ? BigInt(id) : undefined
  const moved = type === 'adjustment' || type === 'opening'
  if (!moved && numeric === undefined) return undefined
  const found = moved ? await stockDocument(db, type, id) : await READERS[type](db, numeric!)
  if (!found) return undefined
  return { type, id, ...found, entries: await entriesOf(db, { type, id }, found.parent) }
}

const READERS: Record<
  Exclude<DocumentType, 'adjustment' | 'opening'>,
  (db: Reader, id: bigint) => Promise<Found | undefined>
> = {
  async order(db, id) {
    const [row] = await db<Found[]>`
      SELECT o.order_number AS number, e.code AS entity, e.functional_currency AS "functionalCurrency", o.currency, c.code AS channel, NULL AS site, o.placed_on AS "on",
        o.entered_by AS actor, NULL::jsonb AS parent,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('type', r.type, 'id', r.id::text) ORDER BY r.type, r.id), '[]') FROM (
          SELECT 'shipment' AS type, id FROM shipment WHERE order_id = o.id UNION ALL SELECT 'invoice', id FROM customer_invoice WHERE order_id = o.id
          UNION ALL SELECT 'payment', id FROM payment WHERE order_id = o.id) r) AS children,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('sku', coalesce(i.sku, l.sku), 'qty', l.qty_ordered::text,
          'netMinor', (l.goods_minor - l.discount_minor + l.shipping_minor)::text, 'costMinor', NULL) ORDER BY l.line_no), '[]')
          FROM sales_order_line l LEFT JOIN item i ON i.id = l.item_id WHERE l.order_id = o.id) AS lines
      FROM sales_order o JOIN entity e ON e.id = o.entity_id JOIN channel c ON c.id = o.channel_id WHERE o.id = ${id}`
    return row
  },
  async shipment(db, id) {
    const [row] = await db<Found[]>`
      SELECT h.reference AS number, e.code AS entity, e.functional_currency AS "functionalCurrency", o.currency, c.code AS channel, s.code AS site, h.shipped_on AS "on", h.actor,
        jsonb_build_object('type', 'order', 'id', o.id::text) AS parent,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('type', 'invoice', 'id', v.id::text) ORDER BY v.id), '[]') FROM customer_invoice v WHERE v.shipment_id = h.id) AS children,
        ${shippedLines(db)} AS lines
      FROM shipment h JOIN sales_order o ON o.id = h.order_id JOIN entity e ON e.id = o.entity_id JOIN channel c ON c.id = o.channel_id JOIN site s ON s.id = h.site_id
      WHERE h.id = ${id}`
    return row
  },
  async invoice(db, id) {
    const [row] = await db<Found[]>`
      SELECT v.number::text AS number, e.code AS entity, e.functional_currency AS "functionalCurrency", v.currency, c.code AS channel, s.code AS site, v.issued_on AS "on", h.actor,
        jsonb_build_object('type', 'shipment', 'id', h.id::text) AS parent, '[]'::jsonb AS children, ${shippedLines(db)} AS lines
      FROM customer_invoice v JOIN shipment h ON h.id = v.shipment_id JOIN sales_order o ON o.id = v.order_id JOIN entity e ON e.id = v.entity_id
        JOIN channel c ON c.id = o.channel_id JOIN site s ON s.id = h.site_id
      WHERE v.id = ${id}`
    return row
  },
  async payment(db, id) {
    const [row] = await db<Found[]>`
      SELECT coalesce(y.reference, y.kind || ' ' || y.seq) AS number, e.code AS entity, e.functional_currency AS "functionalCurrency", o.currency, c.code AS channel, NULL AS site,
        coalesce((SELECT min(v.effective_on) FROM payment_event v WHERE v.payment_id = y.id), o.placed_on) AS "on", y.provider AS actor,
        jsonb_build_object('type', 'order', 'id', o.id::text) AS parent, '[]'::jsonb AS children, '[]'::jsonb AS lines
      FROM payment y JOIN sales_order o ON o.id = y.order_id JOIN entity e ON e.id = o.entity_id JOIN channel c ON c.id = o.channel_id WHERE y.id = ${id}`
    return row
  },
  async receipt(db, id) {
    const [row] = await db<Found[]>`
      SELECT g.receipt_no AS number, e.code AS entity, e.functional_currency AS "functionalCurrency", e.functional_currency AS currency, NULL AS channel, s.code AS site,
        g.received_on AS "on", g.actor, NULL::jsonb AS parent, '[]'::jsonb AS children,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('sku', i.sku, 'qty', l.received_qty::text, 'netMinor', NULL, 'costMinor', coalesce(l.value_minor, l.received_qty * l.unit_cost_minor)::text)
          ORDER BY l.line_no), '[]') FROM goods_receipt_line l JOIN item i ON i.id = l.item_id WHERE l.receipt_id = g.id) AS lines
      FROM goods_receipt g JOIN entity e ON e.id = g.entity_id JOIN site s ON s.id = g.site_id WHERE g.id = ${id}`
    return row
  },
}

const shippedLines = (db: Reader) => db`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('sku', coalesce(i.sku, ol.sku), 'qty', l.qty::text,
    'netMinor', (l.goods_minor - l.discount_minor + l.shipping_minor)::text, 'costMinor', l.cost_minor::text) ORDER BY ol.line_no), '[]')
    FROM shipment_line l JOIN sales_order_line ol ON ol.id = l.order_line_id LEFT JOIN item i ON i.id = ol.item_id WHERE l.shipment_id = h.id)`

/** Documents that are nothing but their movements: a correction, or what was there at the start. */
async function stockDocument(
  db: Reader,
  type: 'adjustment' | 'opening',
  id: string,
): Promise<Found | undefined> {
  const [row] = await db<(Found & { sites: number })[]>`
    SELECT coalesce(min(m.reason), ${id}) AS number, min(e.code) AS entity, min(e.functional_currency) AS "functionalCurrency", min(e.functional_currency) AS currency,
      NULL AS channel, CASE WHEN count(DISTINCT s.id) = 1 THEN min(s.code) END AS site, min(m.effective_on) AS "on", min(m.actor) AS actor,
      NULL::jsonb AS parent, '[]'::jsonb AS children,
      jsonb_agg(jsonb_build_object('sku', i.sku, 'qty', (CASE WHEN m.to_site_id IS NULL THEN -m.qty ELSE m.qty END)::text, 'netMinor', NULL, 'costMinor', NULL) ORDER BY m.id) AS lines
    FROM stock_movement m JOIN item i ON i.id = m.item_id JOIN site s ON s.id = coalesce(m.to_site_id, m.from_site_id) JOIN entity e ON e.id = s.entity_id
    WHERE m.cause_type = ${type} AND m.cause_id = ${id} HAVING count(*) > 0`
  if (!row) return undefined
  const { sites: _, ...found } = row
  return found
}

/** An invoice was posted with its shipment, and a payment's entries name its order and its provider. */
async function entriesOf(
  db: Reader,
  { type, id }: DocumentRef,
  parent: DocumentRef | null,
): Promise<BusinessDocument['entries']> {
  const source = (type === 'invoice' || type === 'payment') && parent ? parent : { type, id }
  const rows = await db<BusinessDocument['entries']>`
    SELECT j.id::text, j.event_type AS "eventType", j.effective_on AS "effectiveOn" FROM journal_entry j
    WHERE j.source_type = ${source.type} AND j.source_id = ${source.id}
      ${
        type === 'payment'
          ? db`AND EXISTS (SELECT FROM payment y JOIN journal_line l ON l.entry_id = j.id
              WHERE y.id = ${id} AND (l.provider = y.provider OR l.open_key = y.reference OR right(j.idem_key, length(y.reference)) = y.reference))`
          : db``
      }
    ORDER BY j.id`
  return [...rows]
}
