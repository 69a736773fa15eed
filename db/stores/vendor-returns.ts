import type { Tx } from '#db/client'
import { invariant, Refusal } from '#domain/refusal'
import { lockOpenItem } from './ledger-open-items.ts'
import { vendorReturnKey } from '#domain/ledger/posting-vendor-returns'

export interface VendorReturnLine {
  id: bigint
  receiptLineNo: number
  itemId: number
  sku: string
  condition: string
  qty: bigint
  state: 'requested' | 'shipped' | 'cancelled'
}

/** A return with all that its rules look at. */
export interface VendorReturnDoc {
  subjectType: 'vendor-return'
  id: bigint
  no: string
  workflowId: string
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  siteId: number
  site: string
  receiptId: bigint
  party: string
  currency: string
  version: number
  phase: string
  requestedBy: string
  reference: string | null
  shippedOn: string | null
  cancelledBy: string | null
  lines: VendorReturnLine[]
}

/**
 * Locks the return for this transaction. Everything that changes one goes through here.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockVendorReturn(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<VendorReturnDoc> {
  const [header] = await tx<Omit<VendorReturnDoc, 'lines' | 'subjectType'>[]>`
    SELECT v.id, v.return_no AS no, v.workflow_id AS "workflowId", v.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone,
      v.site_id AS "siteId", s.code AS site, v.receipt_id AS "receiptId", v.party, v.currency, v.version, v.phase, v.requested_by AS "requestedBy", v.reference,
      v.shipped_on AS "shippedOn", v.cancelled_by AS "cancelledBy"
    FROM vendor_return v JOIN entity e ON e.id = v.entity_id JOIN site s ON s.id = v.site_id WHERE v.id = ${id} FOR NO KEY UPDATE OF v`
  invariant(header, `there is no vendor return ${id}`)
  if (expectedVersion !== undefined && expectedVersion !== header.version)
    throw new Refusal(
      'StaleVersion',
      `The return is at version ${header.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  const lines = await tx<VendorReturnLine[]>`
    SELECT l.id, l.receipt_line_no AS "receiptLineNo", l.item_id AS "itemId", i.sku, l.condition, l.qty, l.state
    FROM vendor_return_line l JOIN item i ON i.id = l.item_id WHERE l.return_id = ${id} ORDER BY l.line_no`
  return { ...header, subjectType: 'vendor-return', lines: [...lines] }
}

/** A line of a receipt as far as a return asks: where its units lie, and how many wait for a judgement. */
export interface ReturnableLine {
  lineNo: number
  itemId: number
  condition: string
  unjudged: bigint
  currency: string | null
}

export interface NewVendorReturn {
  no: string
  workflowId: string
  entityId: number
  siteId: number
  receiptId: bigint
  party: string
  currency: string
  reason: string
  requestedBy: string
  lines: { receiptLineNo: number; itemId: number; condition: string; qty: bigint }[]
}

/**
 * Writes a return down and holds its units: no other return has them, no order is promised them,
 * nobody judges them meanwhile. The guards of the database say so, whoever else asks.
 */
export async function insertVendorReturn(tx: Tx, asked: NewVendorReturn): Promise<bigint> {
  const { receiptId, siteId } = asked
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO vendor_return (return_no, workflow_id, entity_id, site_id, receipt_id, party, currency, phase, reason, requested_by)
    VALUES (${asked.no}, ${asked.workflowId}, ${asked.entityId}, ${siteId}, ${receiptId}, ${asked.party}, ${asked.currency}, 'requested', ${asked.reason}, ${asked.requestedBy})
    RETURNING id`
  const lines = asked.lines.map((line, n) => ({
    return_id: row!.id,
    line_no: n + 1,
    receipt_id: receiptId,
    receipt_line_no: line.receiptLineNo,
    item_id: line.itemId,
    site_id: siteId,
    condition: line.condition,
    qty: line.qty,
  }))
  await tx`INSERT INTO vendor_return_line ${tx(lines)}`
  await tx`
    INSERT INTO vendor_return_reservation (line_id, item_id, site_id, qty)
    SELECT id, item_id, site_id, qty FROM vendor_return_line WHERE return_id = ${row!.id} AND condition = 'sellable' ORDER BY item_id`
  return row!.id
}

/** The units are held no more: they have left, or stay. */
export async function endReturnReservations(tx: Tx, returnId: bigint): Promise<void> {
  await tx`
    UPDATE vendor_return_reservation SET ended_at = clock_timestamp()
    WHERE ended_at IS NULL AND line_id IN (SELECT id FROM vendor_return_line WHERE return_id = ${returnId})`
}

/** What became of a line's units when they left. */
export interface ShippedReturnLine {
  lineId: bigint
  unbilledQty: bigint
  grniMinor: bigint
  creditMinor: bigint
  costMinor: bigint
}

export async function keepShippedLine(tx: Tx, line: ShippedReturnLine): Promise<void> {
  await tx`
    UPDATE vendor_return_line SET state = 'shipped', unbilled_qty = ${line.unbilledQty}, grni_minor = ${line.grniMinor}, credit_minor = ${line.creditMinor},
      cost_minor = ${line.costMinor} WHERE id = ${line.lineId}`
}

export async function cancelReturnLines(tx: Tx, returnId: bigint): Promise<void> {
  await tx`UPDATE vendor_return_line SET state = 'cancelled' WHERE return_id = ${returnId} AND state = 'requested'`
}

/** Writes back the header that follows from what happened; answers the new version. */
export async function saveVendorReturn(
  tx: Tx,
  doc: VendorReturnDoc,
  header: { phase: string; open: boolean },
): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    UPDATE vendor_return SET version = version + 1, phase = ${header.phase}, reference = ${doc.reference}, shipped_on = ${doc.shippedOn}, cancelled_by = ${doc.cancelledBy},
      closed_at = CASE WHEN ${header.open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${doc.id} RETURNING version`
  return row!.version
}

/** What the supplier is still to credit, in the return's currency and as it was booked; locked. */
export async function openCredit(
  tx: Tx,
  { entityId, currency, no }: VendorReturnDoc,
): Promise<{ amountMinor: bigint; funcMinor: bigint }> {
  const key = vendorReturnKey(no)
  const item = await lockOpenItem(tx, { entityId, account: 'VendorReceivable', currency, key })
  return { amountMinor: item?.balanceMinor ?? 0n, funcMinor: item?.funcMinor ?? 0n }
}
