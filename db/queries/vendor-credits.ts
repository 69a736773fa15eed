import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface VendorCreditRow {
  id: bigint
  entity: string
  supplier: string
  number: string
  creditedOn: string
  currency: string
  grossMinor: bigint
  source: string
  capturedBy: string
  /** unmatched: nobody knows what it is for; open: something is left of it; used: nothing is. */
  state: string
  returnNo: string | null
  billNumber: string | null
  matchedBy: string | null
  matchedOn: string | null
  claimMinor: bigint | null
  disputedMinor: bigint | null
  /** What may still be taken off bills. */
  leftMinor: bigint
  payments: { runId: string; billId: string; state: string; minor: string }[]
}

/** Vendors' credit notes with the bills that they pay, the newest first. */
export async function listVendorCredits(
  reader: Reader,
  ask: {
    before: bigint
    limit: number
    id?: bigint | undefined
    state?: string | undefined
    supplier?: string | undefined
    scopes: Scopes
  },
): Promise<VendorCreditRow[]> {
  const { before, limit, id = null, state = null, supplier = null, scopes } = ask
  return reader<VendorCreditRow[]>`
    SELECT c.*, (SELECT coalesce(jsonb_agg(jsonb_build_object('runId', p.run_id::text, 'billId', p.bill_id::text, 'state', r.state, 'minor', p.minor::text) ORDER BY p.run_id, p.bill_id), '[]')
      FROM payment_run_credit p JOIN payment_run r ON r.id = p.run_id WHERE p.credit_id = c.id) AS payments FROM (
      SELECT c.id, e.code AS entity, s.code AS supplier, c.credit_number AS number, c.credited_on AS "creditedOn", c.currency, c.gross_minor AS "grossMinor", c.source,
        c.captured_by AS "capturedBy", CASE WHEN c.matched_on IS NULL THEN 'unmatched' WHEN i.balance_minor > 0 THEN 'open' ELSE 'used' END AS state,
        v.return_no AS "returnNo", b.bill_number AS "billNumber", c.matched_by AS "matchedBy", c.matched_on AS "matchedOn", c.claim_minor AS "claimMinor",
        c.disputed_minor AS "disputedMinor", coalesce(i.balance_minor, 0)::bigint AS "leftMinor"
      FROM vendor_credit c JOIN entity e ON e.id = c.entity_id JOIN supplier s ON s.id = c.supplier_id LEFT JOIN vendor_return v ON v.id = c.return_id LEFT JOIN vendor_bill b ON b.id = c.bill_id
      LEFT JOIN open_item i ON i.entity_id = c.entity_id AND i.account_id = 2010 AND i.currency = c.currency AND i.book = 'main' AND i.key = 'vendor-credit/' || c.id) c
    WHERE c.id < ${before} AND (${id}::bigint IS NULL OR c.id = ${id}) AND (${state}::text IS NULL OR c.state = ${state}) AND (${supplier}::text IS NULL OR c.supplier = ${supplier})
      AND (${scopes.entities === null} OR c.entity = ANY(${[...(scopes.entities ?? [])]}::text[]))
    ORDER BY c.id DESC LIMIT ${limit}`
}
