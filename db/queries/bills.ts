import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

/** A bill as its process is told about it. */
export async function billToTell(
  reader: Reader,
  billId: string,
): Promise<
  | { billId: string; workflowId: string; supplier: string; number: string; entity: string }
  | undefined
> {
  const [bill] = await reader<
    { billId: string; workflowId: string; supplier: string; number: string; entity: string }[]
  >`
    SELECT b.id::text AS "billId", b.workflow_id AS "workflowId", s.code AS supplier, b.bill_number AS number, e.code AS entity
    FROM vendor_bill b JOIN supplier s ON s.id = b.supplier_id JOIN entity e ON e.id = b.entity_id WHERE b.id = ${BigInt(billId)}`
  return bill
}

export interface BillRow {
  id: bigint
  entity: string
  supplier: string
  number: string
  kind: string
  billedOn: string
  dueOn: string
  discountUntil: string | null
  currency: string
  grossMinor: bigint
  postedMinor: bigint | null
  postedOn: string | null
  source: string
  capturedBy: string
  approvedBy: string | null
  phase: string
  waitingFor: string
  version: number
}

const columns = (reader: Reader) => reader`
  b.id, e.code AS entity, s.code AS supplier, b.bill_number AS number, b.kind, b.billed_on AS "billedOn", b.due_on AS "dueOn", b.discount_until AS "discountUntil",
  b.currency, b.gross_minor AS "grossMinor", b.posted_minor AS "postedMinor", b.posted_on AS "postedOn", b.source, b.captured_by AS "capturedBy",
  b.approved_by AS "approvedBy", b.phase, b.waiting_for AS "waitingFor", b.version`

export interface BillFilter {
  limit: number
  before: bigint
  phase?: string | undefined
  supplier?: string | undefined
  scopes: Scopes
}

/** Bills, newest first. */
export async function listBills(reader: Reader, filter: BillFilter): Promise<BillRow[]> {
  const { entities } = filter.scopes
  return reader<BillRow[]>`
    SELECT ${columns(reader)} FROM vendor_bill b JOIN entity e ON e.id = b.entity_id JOIN supplier s ON s.id = b.supplier_id
    WHERE b.id < ${filter.before} AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
      AND (${filter.phase ?? null}::text IS NULL OR b.phase = ${filter.phase ?? null})
      AND (${filter.supplier ?? null}::text IS NULL OR s.code = ${filter.supplier ?? null})
    ORDER BY b.id DESC LIMIT ${filter.limit}`
}

export interface BillDetail extends BillRow {
  workflowId: string
  rejectReason: string | null
  lines: {
    lineNo: number
    kind: string
    sku: string | null
    description: string
    qty: string
    netMinor: string
    acceptedNetMinor: string | null
    poNumber: string | null
    matches: {
      kind: string
      receipt: string | null
      receiptLine: number | null
      qty: string
      receivedMinor: string
      billedMinor: string
      matchedOn: string
    }[]
  }[]
  taxes: { jurisdiction: string; taxCode: string; taxMinor: string; postedMinor: string | null }[]
  payment: { runId: string; state: string; payMinor: string; currency: string } | null
}

/** One bill with its lines and what each was matched with. */
export async function billDetail(reader: Reader, id: bigint): Promise<BillDetail | undefined> {
  const [bill] = await reader<BillDetail[]>`
    SELECT ${columns(reader)}, b.workflow_id AS "workflowId", b.reject_reason AS "rejectReason",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('lineNo', l.line_no, 'kind', l.kind, 'sku', coalesce(i.sku, l.sku), 'description', l.description, 'qty', l.qty::text,
          'netMinor', l.net_minor::text, 'acceptedNetMinor', l.accepted_net_minor::text, 'poNumber', p.po_number, 'matches', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('kind', m.kind, 'receipt', r.receipt_no, 'receiptLine', m.receipt_line_no, 'qty', m.qty::text,
              'receivedMinor', m.received_minor::text, 'billedMinor', m.billed_minor::text, 'matchedOn', m.matched_on) ORDER BY m.id), '[]')
            FROM bill_match m LEFT JOIN goods_receipt r ON r.id = m.receipt_id WHERE m.bill_id = l.bill_id AND m.line_no = l.line_no)) ORDER BY l.line_no), '[]')
        FROM vendor_bill_line l LEFT JOIN item i ON i.id = l.item_id LEFT JOIN purchase_order_line q ON q.id = l.purchase_order_line_id
        LEFT JOIN purchase_order p ON p.id = q.purchase_order_id WHERE l.bill_id = b.id) AS lines,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('jurisdiction', t.jurisdiction, 'taxCode', t.tax_code, 'taxMinor', t.tax_minor::text, 'postedMinor', t.posted_minor::text)
        ORDER BY t.jurisdiction, t.tax_code), '[]') FROM vendor_bill_tax t WHERE t.bill_id = b.id) AS taxes,
      (SELECT jsonb_build_object('runId', r.id::text, 'state', r.state, 'payMinor', x.pay_minor::text, 'currency', x.currency) FROM payment_run_line x
        JOIN payment_run r ON r.id = x.run_id WHERE x.bill_id = b.id AND x.dropped_because IS NULL) AS payment
    FROM vendor_bill b JOIN entity e ON e.id = b.entity_id JOIN supplier s ON s.id = b.supplier_id WHERE b.id = ${id}`
  return bill
}
