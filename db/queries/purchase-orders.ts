import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface PurchasePlace {
  id: bigint
  poNumber: string
  workflowId: string
  entity: string
  /** Where its goods go. */
  sites: string[]
}

const sitesOf = (reader: Reader) => reader`
  ARRAY(SELECT DISTINCT w.code FROM purchase_order_line x JOIN site w ON w.id = x.site_id WHERE x.purchase_order_id = p.id ORDER BY 1)`

/** Where an order lies and which process it has; undefined when there is none of this number. */
export async function placeOfPurchase(
  reader: Reader,
  poNumber: string,
): Promise<PurchasePlace | undefined> {
  const [row] = await reader<PurchasePlace[]>`
    SELECT p.id, p.po_number AS "poNumber", p.workflow_id AS "workflowId", e.code AS entity, ${sitesOf(reader)} AS sites FROM purchase_order p JOIN entity e ON e.id = p.entity_id
    WHERE p.po_number = ${poNumber}`
  return row
}

/** The order's place by its id, as cases name it. */
export async function placeOfPurchaseId(
  reader: Reader,
  id: string,
): Promise<PurchasePlace | undefined> {
  const [row] = await reader<PurchasePlace[]>`
    SELECT p.id, p.po_number AS "poNumber", p.workflow_id AS "workflowId", e.code AS entity, ${sitesOf(reader)} AS sites FROM purchase_order p JOIN entity e ON e.id = p.entity_id
    WHERE p.id = ${BigInt(id)}`
  return row
}

export interface PurchaseRow {
  id: bigint
  poNumber: string
  entity: string
  supplier: string
  currency: string
  orderedOn: string
  phase: string
  waitingFor: string
  revision: number
  version: number
  createdBy: string
  sites: string[]
  closedAt: string | null
  lines: number
  totalMinor: bigint
  openMinor: bigint
  nextDueOn: string | null
}

const summaryColumns = (reader: Reader) => reader`
  p.id, p.po_number AS "poNumber", e.code AS entity, s.code AS supplier, p.currency, p.ordered_on AS "orderedOn", p.phase, p.waiting_for AS "waitingFor",
  p.revision, p.version, p.created_by AS "createdBy", ${sitesOf(reader)} AS sites, p.closed_at AS "closedAt", l.lines, l.total AS "totalMinor", l.open AS "openMinor", l.due AS "nextDueOn"`

const summaryFrom = (reader: Reader) => reader`
  purchase_order p JOIN entity e ON e.id = p.entity_id JOIN supplier s ON s.id = p.supplier_id
  CROSS JOIN LATERAL (SELECT count(*)::int AS lines, coalesce(sum(round(unit_price_minor::numeric * (qty_ordered - qty_cancelled) / price_per)), 0)::bigint AS total,
    coalesce(sum(round(unit_price_minor::numeric * qty_open / price_per)), 0)::bigint AS open,
    min(coalesce(promised_on, needed_on)) FILTER (WHERE qty_open > 0) AS due FROM purchase_order_line WHERE purchase_order_id = p.id) l`

/** Purchase orders, newest first. */
export async function listPurchases(
  reader: Reader,
  ask: {
    before: bigint
    limit: number
    scopes: Scopes
    phase?: string | undefined
    supplier?: string | undefined
  },
): Promise<PurchaseRow[]> {
  const { entities, sites } = ask.scopes
  return reader<PurchaseRow[]>`
    SELECT ${summaryColumns(reader)} FROM ${summaryFrom(reader)}
    WHERE p.id < ${ask.before} AND (${ask.phase ?? null}::text IS NULL OR p.phase = ${ask.phase ?? null})
      AND (${ask.supplier ?? null}::text IS NULL OR s.code = ${ask.supplier ?? null})
      AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
      AND (${sites === null} OR EXISTS (SELECT FROM purchase_order_line x JOIN site w ON w.id = x.site_id WHERE x.purchase_order_id = p.id AND w.code = ANY(${[...(sites ?? [])]}::text[])))
    ORDER BY p.id DESC LIMIT ${ask.limit}`
}

export interface PurchaseDetail extends PurchaseRow {
  note: string | null
  termsDays: number
  incoterm: string | null
  authors: string[]
  sentAt: string | null
  shipsToOrderId: string | null
  items: Record<string, unknown>[]
  approvals: Record<string, unknown>[]
  acknowledgements: Record<string, unknown>[]
  shipNotices: Record<string, unknown>[]
  receipts: Record<string, unknown>[]
  discrepancies: Record<string, unknown>[]
  documents: { revision: number; kind: string }[]
  changes: Record<string, unknown>[]
}

/** One order with all that has happened to it; undefined when there is none of this number. */
export async function readPurchase(
  reader: Reader,
  poNumber: string,
): Promise<PurchaseDetail | undefined> {
  const [row] = await reader<PurchaseDetail[]>`
    SELECT ${summaryColumns(reader)}, p.note, p.terms_days AS "termsDays", p.incoterm, p.authors, p.sent_at AS "sentAt", p.ships_to_order_id::text AS "shipsToOrderId",
      (SELECT jsonb_agg(jsonb_build_object('lineNo', x.line_no, 'sku', i.sku, 'vendorSku', x.vendor_sku, 'site', w.code, 'unitPriceMinor', x.unit_price_minor::text,
        'pricePer', x.price_per::text, 'landedEstimateMinor', x.landed_estimate_minor::text, 'neededOn', x.needed_on, 'promisedOn', x.promised_on, 'inspect', x.inspect,
        'ordered', x.qty_ordered::text, 'acknowledged', x.qty_acknowledged::text, 'received', x.qty_received::text, 'inspected', x.qty_inspected::text,
        'rejected', x.qty_rejected::text, 'replacing', x.qty_replacing::text, 'billed', x.qty_billed::text, 'cancelled', x.qty_cancelled::text, 'open', x.qty_open::text) ORDER BY x.line_no)
        FROM purchase_order_line x JOIN item i ON i.id = x.item_id JOIN site w ON w.id = x.site_id WHERE x.purchase_order_id = p.id) AS items,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('revision', a.revision, 'step', a.step, 'decision', a.decision, 'reason', a.reason, 'actor', a.actor, 'at', a.recorded_at) ORDER BY a.id), '[]')
        FROM purchase_order_approval a WHERE a.purchase_order_id = p.id) AS approvals,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('ackNo', k.ack_no, 'source', k.source, 'outcome', k.outcome, 'at', k.recorded_at) ORDER BY k.id), '[]')
        FROM purchase_order_ack k WHERE k.purchase_order_id = p.id) AS acknowledgements,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('asnNo', n.asn_no, 'source', n.source, 'shippedOn', n.shipped_on, 'expectedOn', n.expected_on, 'carrier', n.carrier) ORDER BY n.id), '[]')
        FROM asn n WHERE n.purchase_order_id = p.id) AS "shipNotices",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('receiptNo', r.receipt_no, 'receivedOn', r.received_on, 'actor', r.actor,
        'lines', (SELECT jsonb_agg(jsonb_build_object('receiptLineNo', g.line_no, 'sku', i.sku, 'qty', g.received_qty::text, 'condition', g.condition, 'valueMinor', g.value_minor::text) ORDER BY g.line_no)
          FROM goods_receipt_line g JOIN item i ON i.id = g.item_id WHERE g.receipt_id = r.id)) ORDER BY r.id), '[]')
        FROM goods_receipt r WHERE r.purchase_order_id = p.id) AS receipts,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'qty', d.qty::text, 'note', d.note, 'caseId', d.case_id::text, 'resolution', d.resolution, 'resolvedBy', d.resolved_by) ORDER BY d.id), '[]')
        FROM receipt_discrepancy d JOIN goods_receipt r ON r.id = d.receipt_id WHERE r.purchase_order_id = p.id) AS discrepancies,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('revision', c.revision, 'kind', c.kind) ORDER BY c.revision, c.kind), '[]') FROM purchase_order_document c WHERE c.purchase_order_id = p.id) AS documents,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', h.id::text, 'state', h.state, 'reason', h.reason, 'lines', h.lines, 'added', jsonb_array_length(h.added), 'counter', h.counter,
        'needs', h.needed_step, 'requestedBy', h.requested_by, 'approvedBy', h.approved_by, 'answeredAt', h.answered_at) ORDER BY h.id), '[]') FROM purchase_change h WHERE h.purchase_order_id = p.id) AS changes
    FROM ${summaryFrom(reader)} WHERE p.po_number = ${poNumber}`
  return row
}
