import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface VendorReturnRow {
  id: bigint
  no: string
  workflowId: string
  entity: string
  site: string
  receiptNo: string
  party: string
  currency: string
  phase: string
  version: number
  reason: string
  requestedBy: string
  reference: string | null
  shippedOn: string | null
  /** What the supplier is still to credit, in the return's currency. */
  uncreditedMinor: bigint
  lines: {
    receiptLineNo: number
    sku: string
    condition: string
    qty: string
    state: string
    /** Once they left. */
    unbilledQty: string | null
    creditMinor: string | null
    costMinor: string | null
  }[]
}

export interface VendorReturnFilter {
  after: bigint
  limit: number
  no?: string | undefined
  phase?: string | undefined
  receiptNo?: string | undefined
  scopes: Scopes
}

/** Returns to suppliers with their lines, the oldest first. */
export async function listVendorReturns(
  reader: Reader,
  { after, limit, no, phase, receiptNo, scopes }: VendorReturnFilter,
): Promise<VendorReturnRow[]> {
  return reader<VendorReturnRow[]>`
    SELECT v.id, v.return_no AS no, v.workflow_id AS "workflowId", e.code AS entity, s.code AS site, r.receipt_no AS "receiptNo", v.party, v.currency, v.phase, v.version,
      v.reason, v.requested_by AS "requestedBy", v.reference, v.shipped_on AS "shippedOn",
      coalesce((SELECT balance_minor FROM open_item o WHERE o.entity_id = v.entity_id AND o.account_id = 1230 AND o.currency = v.currency AND o.book = 'main'
        AND o.key = 'vendor-return/' || v.return_no), 0)::bigint AS "uncreditedMinor",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('receiptLineNo', l.receipt_line_no, 'sku', i.sku, 'condition', l.condition, 'qty', l.qty::text, 'state', l.state,
          'unbilledQty', l.unbilled_qty::text, 'creditMinor', l.credit_minor::text, 'costMinor', l.cost_minor::text) ORDER BY l.line_no), '[]')
        FROM vendor_return_line l JOIN item i ON i.id = l.item_id WHERE l.return_id = v.id) AS lines
    FROM vendor_return v JOIN entity e ON e.id = v.entity_id JOIN site s ON s.id = v.site_id JOIN goods_receipt r ON r.id = v.receipt_id
    WHERE v.id > ${after} AND (${no ?? null}::text IS NULL OR v.return_no = ${no ?? null}) AND (${phase ?? null}::text IS NULL OR v.phase = ${phase ?? null})
      AND (${receiptNo ?? null}::text IS NULL OR r.receipt_no = ${receiptNo ?? null})
      AND (${scopes.entities === null} OR e.code = ANY(${[...(scopes.entities ?? [])]}::text[]))
      AND (${scopes.sites === null} OR s.code = ANY(${[...(scopes.sites ?? [])]}::text[]))
    ORDER BY v.id LIMIT ${limit}`
}

/** Whose goods a receipt took in, and where; nothing where there is no such receipt. */
export async function placeOfReceipt(
  reader: Reader,
  receiptNo: string,
): Promise<{ entity: string; site: string } | undefined> {
  const [place] = await reader<{ entity: string; site: string }[]>`
    SELECT e.code AS entity, s.code AS site FROM goods_receipt r JOIN entity e ON e.id = r.entity_id JOIN site s ON s.id = r.site_id WHERE r.receipt_no = ${receiptNo}`
  return place
}
