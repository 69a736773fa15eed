import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface SupplierRow {
  id: number
  entityId: number
  entity: string
  functionalCurrency: string
  code: string
  party: string
  name: string
  country: string
  taxId: string | null
  currency: string
  termsDays: number
  discountPpm: number
  discountDays: number
  incoterm: string | null
  email: string | null
  ediId: string | null
  sendBy: 'mail' | 'edi'
  state: string
  standing: string
  overReceiptPpm: number | null
  underReceiptPpm: number | null
  priceTolerancePpm: number | null
  priceToleranceMinor: bigint | null
  qtyTolerancePpm: number | null
  version: number
  createdBy: string
  approvedBy: string | null
}

const supplierColumns = (reader: Reader) => reader`
  s.id, s.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", s.code, s.party, s.name, s.country,
  s.tax_id AS "taxId", s.currency, s.terms_days AS "termsDays", s.discount_ppm AS "discountPpm", s.discount_days AS "discountDays", s.incoterm,
  s.email, s.edi_id AS "ediId", s.send_by AS "sendBy", s.state, s.standing, s.over_receipt_ppm AS "overReceiptPpm", s.under_receipt_ppm AS "underReceiptPpm",
  s.price_tolerance_ppm AS "priceTolerancePpm", s.price_tolerance_minor AS "priceToleranceMinor", s.qty_tolerance_ppm AS "qtyTolerancePpm",
  s.version, s.created_by AS "createdBy", s.approved_by AS "approvedBy"`

/** The supplier of this code; undefined when there is none. */
export async function readSupplier(reader: Reader, code: string): Promise<SupplierRow | undefined> {
  const [row] = await reader<SupplierRow[]>`
    SELECT ${supplierColumns(reader)} FROM supplier s JOIN entity e ON e.id = s.entity_id WHERE s.code = ${code}`
  return row
}

/** By code, from the one after `after`. */
export async function listSuppliers(
  reader: Reader,
  ask: { after: string; limit: number; scopes: Scopes; state?: string | undefined },
): Promise<SupplierRow[]> {
  const { entities } = ask.scopes
  return reader<SupplierRow[]>`
    SELECT ${supplierColumns(reader)} FROM supplier s JOIN entity e ON e.id = s.entity_id
    WHERE s.code > ${ask.after} AND (${ask.state ?? null}::text IS NULL OR s.state = ${ask.state ?? null})
      AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
    ORDER BY s.code LIMIT ${ask.limit}`
}

export interface BankAccountRow {
  version: number
  holder: string
  accountNo: string
  bic: string | null
  currency: string
  verifiedBy: string
  verifiedHow: string
  usableFrom: string
}

/** Verified bank accounts of a supplier, newest first; the first whose cool-off is over is paid to. */
export async function bankAccountsOf(
  reader: Reader,
  supplierId: number,
): Promise<BankAccountRow[]> {
  return reader<BankAccountRow[]>`
    SELECT version, holder, account_no AS "accountNo", bic, currency, verified_by AS "verifiedBy", verified_how AS "verifiedHow", usable_from AS "usableFrom"
    FROM supplier_bank_account WHERE supplier_id = ${supplierId} ORDER BY version DESC`
}

export interface SupplierItemRow {
  id: bigint
  sku: string
  vendorSku: string
  rank: number
  moq: bigint
  multiple: bigint
  leadTimeDays: number
  overReceiptPpm: number | null
  underReceiptPpm: number | null
  inspect: boolean
  status: string
  prices: { minQty: string; priceMinor: string; pricePer: string; validFrom: string }[]
}

/** What a supplier sells us, with the prices that are in force today and later. */
export async function supplierItemsOf(
  reader: Reader,
  supplierId: number,
): Promise<SupplierItemRow[]> {
  return reader<SupplierItemRow[]>`
    SELECT si.id, i.sku, si.vendor_sku AS "vendorSku", si.rank, si.moq, si.multiple, si.lead_time_days AS "leadTimeDays",
      si.over_receipt_ppm AS "overReceiptPpm", si.under_receipt_ppm AS "underReceiptPpm", si.inspect, si.status,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('minQty', p.min_qty::text, 'priceMinor', p.price_minor::text, 'pricePer', p.price_per::text, 'validFrom', p.valid_from)
        ORDER BY p.min_qty, p.valid_from), '[]') FROM (
        SELECT DISTINCT ON (min_qty, valid_from) * FROM supplier_price WHERE supplier_item_id = si.id ORDER BY min_qty, valid_from, id DESC) p) AS prices
    FROM supplier_item si JOIN item i ON i.id = si.item_id WHERE si.supplier_id = ${supplierId} ORDER BY i.sku`
}

export interface SupplierChangeRow {
  id: bigint
  supplier: string
  entity: string
  kind: string
  basedOn: number
  body: Record<string, unknown>
  duplicates: { supplier: string; by: string }[]
  reason: string
  state: string
  requestedBy: string
  requestedAt: string
  decidedBy: string | null
  decidedAt: string | null
  decisionNote: string | null
}

/** Proposed changes, newest first; `id` asks for one. */
export async function listSupplierChanges(
  reader: Reader,
  ask: {
    before: bigint
    limit: number
    scopes: Scopes
    state?: string | undefined
    supplier?: string | undefined
    id?: bigint
  },
): Promise<SupplierChangeRow[]> {
  const { entities } = ask.scopes
  return reader<SupplierChangeRow[]>`
    SELECT c.id, s.code AS supplier, e.code AS entity, c.kind, c.based_on AS "basedOn", c.body, c.duplicates, c.reason, c.state, c.requested_by AS "requestedBy",
      c.requested_at AS "requestedAt", c.decided_by AS "decidedBy", c.decided_at AS "decidedAt", c.decision_note AS "decisionNote"
    FROM supplier_change c JOIN supplier s ON s.id = c.supplier_id JOIN entity e ON e.id = s.entity_id
    WHERE c.id < ${ask.before} AND (${ask.id ?? null}::bigint IS NULL OR c.id = ${ask.id ?? null})
      AND (${ask.state ?? null}::text IS NULL OR c.state = ${ask.state ?? null}) AND (${ask.supplier ?? null}::text IS NULL OR s.code = ${ask.supplier ?? null})
      AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
    ORDER BY c.id DESC LIMIT ${ask.limit}`
}
