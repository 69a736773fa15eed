import type { Tx } from '#db/client'
import { sum } from '#domain/money'
import type { BillDocument } from '#domain/purchasing/bill-document'
import { normaliseBillNumber } from '#domain/purchasing/bill-number'
import type { LandedCostBasis } from '#domain/purchasing/landed-cost'
import { dueDates } from '#domain/purchasing/prompt-payment'
import { Refusal } from '#domain/refusal'
import { addToOutbox, recordAudit } from './records.ts'

export interface BillSupplier {
  id: number
  code: string
  entityId: number
  entity: string
  country: string
  currency: string
  termsDays: number
  discountPpm: number
  discountDays: number
}

/**
 * The supplier that a bill names, by our code or by its address in electronic interchange.
 * @throws Refusal `UnknownSupplier`
 */
export async function supplierOfBill(
  tx: Tx,
  { supplier, supplierEdiId }: Pick<BillDocument, 'supplier' | 'supplierEdiId'>,
): Promise<BillSupplier> {
  const found = await tx<BillSupplier[]>`
    SELECT s.id, s.code, s.entity_id AS "entityId", e.code AS entity, e.country, s.currency, s.terms_days AS "termsDays",
      s.discount_ppm AS "discountPpm", s.discount_days AS "discountDays"
    FROM supplier s JOIN entity e ON e.id = s.entity_id
    WHERE ${supplier === null ? tx`s.edi_id = ${supplierEdiId}` : tx`s.code = ${supplier}`} ORDER BY s.id LIMIT 2`
  if (found.length === 1) return found[0]!
  throw new Refusal(
    'UnknownSupplier',
    `${supplier ?? `The sender ${supplierEdiId ?? ''}`} is ${found.length === 0 ? 'no supplier' : 'more than one supplier'} of ours: create it, or correct its address, first.`,
  )
}

export interface CapturedBill {
  billId: string
  workflowId: string
  supplier: string
  number: string
  entity: string
  /** It had been captured before, with the same content. */
  known: boolean
}

/** Where a landed cost goes; the bill names no items of its own. */
export interface LandedCostOf {
  basis: LandedCostBasis
  clearsEstimate: boolean
  receiptLines: readonly { receiptNo: string; lineNo: number; manualMinor?: bigint }[]
}

export interface CaptureBill {
  supplier: BillSupplier
  document: BillDocument
  source: 'typed' | 'csv' | 'x12-810'
  actor: string
  /** Where the bill's process is told to begin. */
  workflowId: string
  landedCost?: LandedCostOf
}

/**
 * Writes down what a vendor wants, and that its process is to be told: from here nothing is lost.
 * The same bill again is the one that is known.
 * @throws Refusal `BillDoesNotFoot`, `BillNumberUsed`, `UnknownReceiptLine`
 */
export async function captureBill(tx: Tx, capture: CaptureBill): Promise<CapturedBill> {
  const { document, supplier } = capture
  const net = sum(document.lines.map(({ netMinor }) => netMinor))
  const tax = sum(document.taxes.map(({ amountMinor }) => amountMinor))
  if (net + tax !== document.totalMinor)
    throw new Refusal(
      'BillDoesNotFoot',
      `Lines and taxes of bill ${document.number} come to ${net + tax} minor units, its total to ${document.totalMinor}: send it as the vendor wrote it.`,
    )
  const [added] = await insertHeader(tx, capture, { net, tax })
  const answer = {
    workflowId: capture.workflowId,
    supplier: supplier.code,
    number: document.number,
    entity: supplier.entity,
  }
  if (!added) return { ...answer, ...(await knownBill(tx, capture)), known: true }
  await insertLines(tx, added.id, capture)
  if (capture.landedCost) await insertBearers(tx, added.id, capture.landedCost, supplier.entityId)
  await addToOutbox(tx, [
    { topic: 'vendor-bill', key: `captured/${added.id}`, body: { billId: added.id.toString() } },
  ])
  await recordAudit(tx, [
    {
      subjectType: 'vendor-bill',
      subjectId: added.id.toString(),
      action: 'captured',
      after: { number: document.number, supplier: supplier.code, grossMinor: document.totalMinor },
      actor: capture.actor,
    },
  ])
  return { ...answer, billId: added.id.toString(), known: false }
}

function insertHeader(
  tx: Tx,
  { document, supplier, source, actor, workflowId, landedCost }: CaptureBill,
  { net, tax }: { net: bigint; tax: bigint },
): Promise<{ id: bigint }[]> {
  const terms = document.terms ?? supplier
  const { dueOn, discountUntil } = dueDates(document.billedOn, terms)
  return tx<{ id: bigint }[]>`
    INSERT INTO vendor_bill ${tx({
      entity_id: supplier.entityId,
      supplier_id: supplier.id,
      workflow_id: workflowId,
      bill_number: document.number,
      normal_number: normaliseBillNumber(document.number) || document.number,
      kind: landedCost ? 'landed-cost' : 'goods',
      billed_on: document.billedOn,
      due_on: dueOn,
      discount_ppm: terms.discountPpm,
      discount_until: discountUntil,
      currency: document.currency ?? supplier.currency,
      po_number: document.poNumber,
      net_minor: net,
      tax_minor: tax,
      gross_minor: document.totalMinor,
      basis: landedCost?.basis ?? null,
      clears_estimate: landedCost?.clearsEstimate ?? true,
      source,
      captured_by: actor,
    })} ON CONFLICT (supplier_id, bill_number) DO NOTHING RETURNING id`
}

/** The bill of this number, when it says the same. */
async function knownBill(
  tx: Tx,
  { document, supplier }: CaptureBill,
): Promise<{ billId: string; workflowId: string }> {
  const [known] = await tx<{ id: bigint; workflowId: string; same: boolean }[]>`
    SELECT id, workflow_id AS "workflowId", gross_minor = ${document.totalMinor} AND billed_on = ${document.billedOn}
      AND currency = ${document.currency ?? supplier.currency} AS same
    FROM vendor_bill WHERE supplier_id = ${supplier.id} AND bill_number = ${document.number}`
  if (!known!.same)
    throw new Refusal(
      'BillNumberUsed',
      `${supplier.code} has sent another bill ${document.number} before (${known!.id}). If both are right, capture this one with its date behind the number.`,
      { billId: known!.id.toString() },
    )
  return { billId: known!.id.toString(), workflowId: known!.workflowId }
}

async function insertLines(tx: Tx, billId: bigint, capture: CaptureBill): Promise<void> {
  const { document, supplier } = capture
  const lines = document.lines.map((line, n) => ({
    bill_id: billId,
    line_no: n + 1,
    kind: line.kind,
    sku: line.sku,
    vendor_sku: line.vendorSku,
    description: line.description,
    qty: line.qty,
    net_minor: line.netMinor,
    po_number: line.poNumber,
    receipt_no: line.receiptNo,
  }))
  await tx`INSERT INTO vendor_bill_line ${tx(lines)}`
  await tx`
    UPDATE vendor_bill_line l SET item_id = coalesce(
      (SELECT id FROM item WHERE sku = l.sku),
      (SELECT item_id FROM supplier_item i WHERE i.supplier_id = ${supplier.id} AND i.vendor_sku = l.vendor_sku ORDER BY i.id LIMIT 1))
    WHERE l.bill_id = ${billId} AND l.kind = 'goods'`
  if (document.taxes.length === 0) return
  const taxes = document.taxes.map((tax) => ({
    bill_id: billId,
    jurisdiction: tax.jurisdiction ?? supplier.country,
    tax_code: tax.taxCode,
    tax_minor: tax.amountMinor,
  }))
  await tx`INSERT INTO vendor_bill_tax ${tx(taxes)}`
}

async function insertBearers(
  tx: Tx,
  billId: bigint,
  { receiptLines }: LandedCostOf,
  entityId: number,
): Promise<void> {
  for (const [n, line] of receiptLines.entries()) {
    const added = await tx`
      INSERT INTO landed_cost_allocation (bill_id, receipt_id, receipt_line_no, manual_minor)
      SELECT ${billId}, r.id, l.line_no, ${line.manualMinor ?? null} FROM goods_receipt r JOIN goods_receipt_line l ON l.receipt_id = r.id
      WHERE r.receipt_no = ${line.receiptNo} AND l.line_no = ${line.lineNo} AND r.entity_id = ${entityId} AND l.received_qty > 0`
    if (added.count === 0)
      throw new Refusal(
        'UnknownReceiptLine',
        `Receipt ${line.receiptNo} of this company has no line ${line.lineNo} with goods: name the line that the cost belongs to.`,
        { field: `body.landedCost.receiptLines.${n}` },
      )
  }
}
