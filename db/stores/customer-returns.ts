import type { Tx } from '#db/client'
import type { RefundTrigger, ReturnPolicy } from '#domain/returns/policy'
import type { UnitState } from '#domain/returns/phase'
import { invariant, Refusal } from '#domain/refusal'
import { json } from './records.ts'

/** One unit of an order line that somebody sends back. */
export interface ReturnedUnit {
  returnId: bigint
  orderLineId: bigint
  unit: number
  shipmentId: bigint
  itemId: number
  sku: string
  state: UnitState
  condition: string | null
  grade: string | null
  receiptId: bigint | null
  costMinor: bigint | null
  layerId: bigint | null
  dispositionId: bigint | null
  creditPpm: number
  /** A person has said what is given back for it. */
  creditDecided: boolean
  creditId: bigint | null
}

/** A return with all that its rules look at. */
export interface CustomerReturn {
  subjectType: 'customer-return'
  id: bigint
  no: string
  workflowId: string
  kind: 'return' | 'goodwill' | 'channel-refund' | 'blind'
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  orderId: bigint | null
  siteId: number
  site: string
  source: string
  phase: string
  version: number
  reason: string
  policyVersion: number
  policy: ReturnPolicy
  refundTo: 'original' | 'store-credit'
  refundOn: RefundTrigger
  amountMinor: bigint | null
  fees: { commissionBackMinor: string; adminFeeMinor: string } | null
  /** Of what its units sold for, what a statement of the marketplace has given back already. */
  byStatementMinor: bigint
  requestedBy: string
  requestedOn: string
  approvedBy: string | null
  approvedOn: string | null
  refundApprovedBy: string | null
  endedAs: 'declined' | 'cancelled' | 'expired' | null
  endedBy: string | null
  expiresOn: string | null
  chaseOn: string | null
  scannedOn: string | null
  label: { carrier: string; trackingNumber: string; costMinor: string } | null
  exchangeOrderId: bigint | null
  /** Something was credited. */
  hasCredit: boolean
  units: ReturnedUnit[]
}

/**
 * Locks the return for this transaction. Everything that changes one goes through here; its order,
 * where it has one, is locked before it, since orders are what refunds race for.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockReturn(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<CustomerReturn> {
  const [header] = await tx<Omit<CustomerReturn, 'units' | 'subjectType'>[]>`
    SELECT r.id, r.return_no AS no, r.workflow_id AS "workflowId", r.kind, r.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone,
      r.order_id AS "orderId", r.site_id AS "siteId", s.code AS site, r.source, r.phase, r.version, r.reason, r.policy_version AS "policyVersion", r.policy,
      r.refund_to AS "refundTo", r.refund_on AS "refundOn", r.amount_minor AS "amountMinor", r.fees, r.by_statement_minor AS "byStatementMinor", r.requested_by AS "requestedBy", r.requested_on AS "requestedOn",
      r.approved_by AS "approvedBy", r.approved_on AS "approvedOn", r.refund_approved_by AS "refundApprovedBy", r.ended_as AS "endedAs", r.ended_by AS "endedBy",
      r.expires_on AS "expiresOn", r.chase_on AS "chaseOn", r.scanned_on AS "scannedOn", r.label, r.exchange_order_id AS "exchangeOrderId",
      EXISTS (SELECT FROM credit_note n WHERE n.return_id = r.id) AS "hasCredit"
    FROM customer_return r JOIN entity e ON e.id = r.entity_id JOIN site s ON s.id = r.site_id WHERE r.id = ${id} FOR NO KEY UPDATE OF r`
  invariant(header, `there is no return ${id}`)
  if (expectedVersion !== undefined && expectedVersion !== header.version)
    throw new Refusal(
      'StaleVersion',
      `The return is at version ${header.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  return { ...header, subjectType: 'customer-return', units: await unitsOfReturn(tx, id) }
}

async function unitsOfReturn(tx: Tx, id: bigint): Promise<ReturnedUnit[]> {
  const rows = await unitsWhere(tx, tx`u.return_id = ${id}`)
  return [...rows]
}

/** Units of an order's lines that returns have and that nobody has credited, the first come first. */
export async function uncreditedUnits(
  tx: Tx,
  orderLineIds: readonly string[],
): Promise<ReturnedUnit[]> {
  const rows = await unitsWhere(
    tx,
    tx`u.order_line_id = ANY(${[...orderLineIds]}::bigint[]) AND u.state <> 'dropped' AND u.credit_id IS NULL`,
  )
  return [...rows]
}

function unitsWhere(tx: Tx, condition: ReturnType<Tx>) {
  return tx<ReturnedUnit[]>`
    SELECT u.return_id AS "returnId", u.order_line_id AS "orderLineId", u.unit, u.shipment_id AS "shipmentId", u.item_id AS "itemId", i.sku, u.state, u.condition, u.grade, u.receipt_id AS "receiptId",
      u.cost_minor AS "costMinor", u.layer_id AS "layerId", u.disposition_id AS "dispositionId", u.credit_ppm AS "creditPpm", u.credit_decided AS "creditDecided", u.credit_id AS "creditId"
    FROM returned_unit u JOIN item i ON i.id = u.item_id WHERE ${condition} ORDER BY u.return_id, u.order_line_id, u.unit`
}

/** The order that a return is about, read without a lock, so that the order can be locked first. */
export async function orderOfReturn(tx: Tx, id: bigint): Promise<bigint | null> {
  const [row] = await tx<{ orderId: bigint | null }[]>`
    SELECT order_id AS "orderId" FROM customer_return WHERE id = ${id}`
  invariant(row, `there is no return ${id}`)
  return row.orderId
}

export type NewCustomerReturn = Pick<
  CustomerReturn,
  | 'no'
  | 'workflowId'
  | 'kind'
  | 'entityId'
  | 'orderId'
  | 'siteId'
  | 'source'
  | 'reason'
  | 'policyVersion'
  | 'policy'
  | 'refundTo'
  | 'refundOn'
  | 'amountMinor'
  | 'fees'
  | 'requestedBy'
  | 'requestedOn'
  | 'exchangeOrderId'
> & { note: string | null }

export async function insertReturn(tx: Tx, asked: NewCustomerReturn): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO customer_return (return_no, workflow_id, kind, entity_id, order_id, site_id, source, phase, reason, note, policy_version, policy, refund_to, refund_on,
      amount_minor, fees, requested_by, requested_on, exchange_order_id)
    VALUES (${asked.no}, ${asked.workflowId}, ${asked.kind}, ${asked.entityId}, ${asked.orderId}, ${asked.siteId}, ${asked.source}, 'requested', ${asked.reason}, ${asked.note},
      ${asked.policyVersion}, ${json(tx, asked.policy)}, ${asked.refundTo}, ${asked.refundOn}, ${asked.amountMinor}, ${asked.fees ? json(tx, asked.fees) : null},
      ${asked.requestedBy}, ${asked.requestedOn}, ${asked.exchangeOrderId})
    RETURNING id`
  return row!.id
}

/** Claims units for a return; the guard refuses one that goes back already. */
export async function insertReturnedUnits(
  tx: Tx,
  returnId: bigint,
  units: readonly Pick<ReturnedUnit, 'orderLineId' | 'unit' | 'shipmentId' | 'itemId' | 'state'>[],
): Promise<void> {
  if (units.length === 0) return
  await tx`
    INSERT INTO returned_unit (return_id, order_line_id, unit, shipment_id, item_id, state)
    SELECT ${returnId}, "orderLineId", unit, "shipmentId", "itemId", state
    FROM jsonb_to_recordset(${json(tx, units)}) AS u ("orderLineId" bigint, unit int, "shipmentId" bigint, "itemId" int, state text)
    ORDER BY 2, 3`
}

/** Writes back what has become of units. */
export async function saveUnits(tx: Tx, units: readonly ReturnedUnit[]): Promise<void> {
  if (units.length === 0) return
  await tx`
    UPDATE returned_unit u SET state = n.state, condition = n.condition, grade = n.grade, receipt_id = n."receiptId", cost_minor = n."costMinor", layer_id = n."layerId",
      disposition_id = n."dispositionId", credit_ppm = n."creditPpm", credit_decided = n."creditDecided", credit_id = n."creditId"
    FROM jsonb_to_recordset(${json(tx, units)}) AS n ("returnId" bigint, "orderLineId" bigint, unit int, state text, condition text, grade text, "receiptId" bigint, "costMinor" bigint,
      "layerId" bigint, "dispositionId" bigint, "creditPpm" int, "creditDecided" boolean, "creditId" bigint)
    WHERE u.return_id = n."returnId" AND u.order_line_id = n."orderLineId" AND u.unit = n.unit`
}

/** Writes back the header that follows from what happened; answers the new version. */
export async function saveReturn(
  tx: Tx,
  doc: CustomerReturn,
  header: { phase: string; open: boolean },
): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    UPDATE customer_return SET version = version + 1, phase = ${header.phase}, order_id = ${doc.orderId}, site_id = ${doc.siteId}, reason = ${doc.reason}, refund_to = ${doc.refundTo},
      refund_on = ${doc.refundOn}, approved_by = ${doc.approvedBy}, approved_on = ${doc.approvedOn}, refund_approved_by = ${doc.refundApprovedBy}, ended_as = ${doc.endedAs},
      ended_by = ${doc.endedBy}, expires_on = ${doc.expiresOn}, chase_on = ${doc.chaseOn}, scanned_on = ${doc.scannedOn}, label = ${doc.label ? json(tx, doc.label) : null},
      exchange_order_id = ${doc.exchangeOrderId}, by_statement_minor = ${doc.byStatementMinor}, closed_at = CASE WHEN ${header.open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${doc.id} RETURNING version`
  return row!.version
}
