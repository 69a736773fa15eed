import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface PrepaymentRow {
  id: bigint
  entity: string
  supplier: string
  poNumber: string
  currency: string
  amountMinor: bigint
  sharePpm: number | null
  dueOn: string
  reason: string
  /** requested, approved, in-run, paid or cancelled. */
  state: string
  requestedBy: string
  approvedBy: string | null
  runId: string | null
  /** What has paid no bill yet and has not come back. */
  leftMinor: bigint
  uses: { kind: string; billNumber: string | null; minor: string; usedOn: string }[]
}

/** Prepayments of purchase orders with the bills that they paid, the newest first. */
export async function listPrepayments(
  reader: Reader,
  ask: {
    before: bigint
    limit: number
    id?: bigint | undefined
    poNumber?: string | undefined
    state?: string | undefined
    scopes: Scopes
  },
): Promise<PrepaymentRow[]> {
  const { before, limit, id = null, poNumber = null, state = null, scopes } = ask
  return reader<PrepaymentRow[]>`
    SELECT p.*, (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', u.kind, 'billNumber', b.bill_number, 'minor', u.minor::text, 'usedOn', u.used_on) ORDER BY u.id), '[]')
      FROM vendor_prepayment_use u LEFT JOIN vendor_bill b ON b.id = u.bill_id WHERE u.prepayment_id = p.id) AS uses FROM (
      SELECT p.id, e.code AS entity, s.code AS supplier, o.po_number AS "poNumber", p.currency, p.amount_minor AS "amountMinor", p.share_ppm AS "sharePpm", p.due_on AS "dueOn",
        p.reason, CASE WHEN p.cancelled_at IS NOT NULL THEN 'cancelled' WHEN r.state IN ('released', 'settled') THEN 'paid' WHEN r.id IS NOT NULL THEN 'in-run'
          WHEN p.approved_at IS NOT NULL THEN 'approved' ELSE 'requested' END AS state,
        p.requested_by AS "requestedBy", p.approved_by AS "approvedBy", r.id::text AS "runId", coalesce(i.balance_minor, 0)::bigint AS "leftMinor"
      FROM vendor_prepayment p JOIN entity e ON e.id = p.entity_id JOIN supplier s ON s.id = p.supplier_id JOIN purchase_order o ON o.id = p.purchase_order_id
      LEFT JOIN payment_run_prepayment l ON l.prepayment_id = p.id AND l.dropped_because IS NULL LEFT JOIN payment_run r ON r.id = l.run_id
      LEFT JOIN open_item i ON i.entity_id = p.entity_id AND i.account_id = 1400 AND i.currency = p.currency AND i.book = 'main' AND i.key = 'prepayment/' || p.id) p
    WHERE p.id < ${before} AND (${id}::bigint IS NULL OR p.id = ${id}) AND (${poNumber}::text IS NULL OR p."poNumber" = ${poNumber})
      AND (${state}::text IS NULL OR p.state = ${state})
      AND (${scopes.entities === null} OR p.entity = ANY(${[...(scopes.entities ?? [])]}::text[]))
    ORDER BY p.id DESC LIMIT ${limit}`
}
