import type { Tx } from '#db/client'
import { sum } from '#domain/money'
import { normaliseBillNumber } from '#domain/purchasing/bill-number'
import type { CreditDocument } from '#domain/purchasing/credit-document'
import { Refusal } from '#domain/refusal'
import type { BillSupplier } from './bill-capture.ts'
import { recordAudit } from './records.ts'

/** A credit note with all that its rules look at; locked until the transaction ends. */
export interface VendorCredit {
  id: bigint
  entityId: number
  functionalCurrency: string
  timezone: string
  supplierId: number
  supplier: string
  party: string
  number: string
  creditedOn: string
  currency: string
  netMinor: bigint
  taxMinor: bigint
  grossMinor: bigint
  matchedOn: string | null
  taxes: { jurisdiction: string; taxCode: string; taxMinor: bigint }[]
}

/** @throws Refusal `CreditNotFound` */
export async function lockCredit(tx: Tx, id: bigint): Promise<VendorCredit> {
  const [header] = await tx<Omit<VendorCredit, 'taxes'>[]>`
    SELECT c.id, c.entity_id AS "entityId", e.functional_currency AS "functionalCurrency", e.timezone, c.supplier_id AS "supplierId", s.code AS supplier, s.party,
      c.credit_number AS number, c.credited_on AS "creditedOn", c.currency, c.net_minor AS "netMinor", c.tax_minor AS "taxMinor", c.gross_minor AS "grossMinor",
      c.matched_on AS "matchedOn"
    FROM vendor_credit c JOIN entity e ON e.id = c.entity_id JOIN supplier s ON s.id = c.supplier_id WHERE c.id = ${id} FOR NO KEY UPDATE OF c`
  if (!header)
    throw new Refusal('CreditNotFound', `There is no credit note ${id}: capture it first.`)
  const taxes = await tx<VendorCredit['taxes'][number][]>`
    SELECT jurisdiction, tax_code AS "taxCode", tax_minor AS "taxMinor" FROM vendor_credit_tax WHERE credit_id = ${id} ORDER BY 1, 2`
  return { ...header, taxes: [...taxes] }
}

export interface CaptureCredit {
  supplier: BillSupplier
  document: CreditDocument
  source: 'typed' | 'csv' | 'x12-810'
  actor: string
}

/**
 * Writes down what a vendor gives back. The same credit note again, however its number is
 * written, is the one that is known.
 * @throws Refusal `CreditDoesNotFoot`, `CreditNumberUsed`
 */
export async function captureCredit(
  tx: Tx,
  capture: CaptureCredit,
): Promise<{ creditId: bigint; known: boolean }> {
  const { document, supplier, source, actor } = capture
  const tax = sum(document.taxes.map(({ amountMinor }) => amountMinor))
  if (document.netMinor <= 0n || document.netMinor + tax !== document.totalMinor)
    throw new Refusal(
      'CreditDoesNotFoot',
      `Net and taxes of credit note ${document.number} come to ${document.netMinor + tax} minor units, its total to ${document.totalMinor}: send it as the vendor wrote it, with amounts above zero.`,
    )
  const [added] = await tx<{ id: bigint }[]>`
    INSERT INTO vendor_credit ${tx({
      entity_id: supplier.entityId,
      supplier_id: supplier.id,
      credit_number: document.number,
      normal_number: normalNumber(document.number),
      credited_on: document.creditedOn,
      currency: document.currency ?? supplier.currency,
      net_minor: document.netMinor,
      tax_minor: tax,
      gross_minor: document.totalMinor,
      source,
      captured_by: actor,
    })} ON CONFLICT (supplier_id, normal_number) DO NOTHING RETURNING id`
  if (!added) return { creditId: await knownCredit(tx, capture), known: true }
  const taxes = document.taxes.map(({ jurisdiction, taxCode, amountMinor }) => ({
    credit_id: added.id,
    jurisdiction: jurisdiction ?? supplier.country,
    tax_code: taxCode,
    tax_minor: amountMinor,
  }))
  if (taxes.length > 0) await tx`INSERT INTO vendor_credit_tax ${tx(taxes)}`
  const after = {
    number: document.number,
    supplier: supplier.code,
    grossMinor: document.totalMinor,
  }
  const about = { subjectType: 'vendor-credit', subjectId: added.id.toString() }
  await recordAudit(tx, [{ ...about, action: 'captured', after, actor }])
  return { creditId: added.id, known: false }
}

const normalNumber = (number: string) => normaliseBillNumber(number) || number

/** The credit note of this number, when it says the same. */
async function knownCredit(tx: Tx, { document, supplier }: CaptureCredit): Promise<bigint> {
  const [known] = await tx<{ id: bigint; same: boolean }[]>`
    SELECT id, gross_minor = ${document.totalMinor} AND credited_on = ${document.creditedOn} AND currency = ${document.currency ?? supplier.currency} AS same
    FROM vendor_credit WHERE supplier_id = ${supplier.id} AND normal_number = ${normalNumber(document.number)}`
  if (!known!.same)
    throw new Refusal(
      'CreditNumberUsed',
      `${supplier.code} has sent another credit note ${document.number} before (${known!.id}). If both are right, capture this one with its date behind the number.`,
      { creditId: known!.id.toString() },
    )
  return known!.id
}

/** What a credit note turned out to be for. */
export interface CreditMatch {
  returnId: bigint | null
  billId: bigint | null
  disputedMinor: bigint
  claimMinor: bigint
  postedMinor: bigint
}

export async function keepMatch(
  tx: Tx,
  credit: VendorCredit,
  match: CreditMatch,
  by: { actor: string; on: string },
): Promise<void> {
  const { returnId, billId, disputedMinor, claimMinor, postedMinor } = match
  await tx`
    UPDATE vendor_credit SET return_id = ${returnId}, bill_id = ${billId}, disputed_minor = ${disputedMinor}, claim_minor = ${claimMinor},
      posted_minor = ${postedMinor}, matched_by = ${by.actor}, matched_on = ${by.on} WHERE id = ${credit.id}`
  const about = { subjectType: 'vendor-credit', subjectId: credit.id.toString() }
  await recordAudit(tx, [{ ...about, action: 'matched', after: match, actor: by.actor }])
}
