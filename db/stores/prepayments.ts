import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { convertMinor } from '#domain/ledger/fx'
import { takeBooked } from '#domain/ledger/open-value'
import { billKey } from '#domain/ledger/posting-bills'
import {
  postPrepaymentApplied,
  postPrepaymentRefunded,
  prepaymentKey,
} from '#domain/ledger/posting-prepayments'
import { divideRounded } from '#domain/money'
import { orderValue } from '#domain/purchasing/order'
import { Refusal } from '#domain/refusal'
import type { VendorBill } from './bills.ts'
import { lockOpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'
import type { PurchaseOrder } from './purchase-orders.ts'
import { recordAudit } from './records.ts'

export interface PrepaymentRequest {
  /** A share of the order's value, or an amount in its currency; one of both. */
  sharePpm?: number | undefined
  amountMinor?: bigint | undefined
  dueOn: string
  reason: string
  actor: string
}

/**
 * Asks for money that an order's terms want ahead; somebody else approves it.
 * @throws Refusal `PurchaseNotApproved`, `PrepaymentAboveOrder`
 */
export async function requestPrepayment(
  tx: Tx,
  order: PurchaseOrder,
  asked: PrepaymentRequest,
): Promise<bigint> {
  if (order.approvedRevision !== order.revision || order.cancelledAt !== null)
    throw new Refusal(
      'PurchaseNotApproved',
      `${order.poNumber} is not approved as it is now: let it be approved, then ask for its prepayment.`,
    )
  const value = orderValue(order.lines)
  const { sharePpm, amountMinor: given, dueOn, reason, actor } = asked
  const amountMinor = given ?? divideRounded(value * BigInt(sharePpm!), 1_000_000n)
  const [before] = await tx<{ minor: bigint }[]>`
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM vendor_prepayment WHERE purchase_order_id = ${order.id} AND cancelled_at IS NULL`
  if (amountMinor <= 0n || before!.minor + amountMinor > value)
    throw new Refusal(
      'PrepaymentAboveOrder',
      `${order.poNumber} is worth ${value} minor units, of which ${before!.minor} are prepaid or asked for: ask for what is left at most.`,
    )
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO vendor_prepayment (purchase_order_id, entity_id, supplier_id, currency, amount_minor, share_ppm, due_on, reason, requested_by)
    VALUES (${order.id}, ${order.entityId}, ${order.supplierId}, ${order.currency}, ${amountMinor}, ${sharePpm ?? null}, ${dueOn}, ${reason}, ${actor}) RETURNING id`
  await auditPrepayment(tx, row!.id, { action: 'requested', actor, reason })
  return row!.id
}

export interface Prepayment {
  id: bigint
  entityId: number
  party: string
  currency: string
  functionalCurrency: string
  amountMinor: bigint
  approvedBy: string | null
  cancelledBy: string | null
  /** The run that holds it, or has paid it. */
  runId: bigint | null
  runState: string | null
}

const prepayments = (tx: Tx, where: ReturnType<Tx>) => tx<Prepayment[]>`
  SELECT p.id, p.entity_id AS "entityId", s.party, p.currency, e.functional_currency AS "functionalCurrency", p.amount_minor AS "amountMinor",
    p.approved_by AS "approvedBy", p.cancelled_by AS "cancelledBy", r.id AS "runId", r.state AS "runState"
  FROM vendor_prepayment p JOIN supplier s ON s.id = p.supplier_id JOIN entity e ON e.id = p.entity_id
  LEFT JOIN payment_run_prepayment l ON l.prepayment_id = p.id AND l.dropped_because IS NULL LEFT JOIN payment_run r ON r.id = l.run_id
  WHERE ${where} ORDER BY p.id FOR NO KEY UPDATE OF p`

/** @throws Refusal `PrepaymentNotFound` */
export async function lockPrepayment(tx: Tx, id: bigint): Promise<Prepayment> {
  const [found] = await prepayments(tx, tx`p.id = ${id}`)
  if (!found)
    throw new Refusal('PrepaymentNotFound', `There is no prepayment ${id}: ask for one first.`)
  return found
}

/** @throws Refusal `PrepaymentState`; the guard refuses who asked for it. */
export async function approvePrepayment(tx: Tx, found: Prepayment, actor: string): Promise<void> {
  if (found.approvedBy !== null || found.cancelledBy !== null) throw notSo(found, 'approved')
  await tx`UPDATE vendor_prepayment SET approved_by = ${actor}, approved_at = clock_timestamp() WHERE id = ${found.id}`
  await auditPrepayment(tx, found.id, { action: 'approved', actor })
}

/** @throws Refusal `PrepaymentState` once a payment run holds it. */
export async function cancelPrepayment(
  tx: Tx,
  found: Prepayment,
  by: { actor: string; reason: string },
): Promise<void> {
  if (found.cancelledBy !== null || found.runId !== null) throw notSo(found, 'cancelled')
  await tx`UPDATE vendor_prepayment SET cancelled_by = ${by.actor}, cancelled_at = clock_timestamp() WHERE id = ${found.id}`
  await auditPrepayment(tx, found.id, { action: 'cancelled', ...by })
}

function notSo({ id, runId, approvedBy, cancelledBy }: Prepayment, what: string): Refusal {
  const state = cancelledBy ? 'cancelled' : runId ? `in run ${runId}` : approvedBy ? 'approved' : ''
  return new Refusal(
    'PrepaymentState',
    `Prepayment ${id} is ${state} and cannot be ${what}: read it again.`,
  )
}

/**
 * The order is cancelled: what no run holds is not paid any more. Answers what has been paid, or
 * may be, and is to come back.
 */
export async function dropPrepayments(
  tx: Tx,
  orderId: bigint,
  by: { actor: string; reason: string },
): Promise<{ prepaymentId: string; currency: string; minor: bigint }[]> {
  const stranded = []
  for (const found of await prepayments(tx, tx`p.purchase_order_id = ${orderId}`)) {
    if (found.cancelledBy !== null) continue
    if (found.runId === null) await cancelPrepayment(tx, found, by)
    else
      stranded.push({
        ...{ prepaymentId: `${found.id}`, currency: found.currency, minor: found.amountMinor },
      })
  }
  return stranded
}

/**
 * The supplier has paid back what is left of an order's prepayments: Dr Bank.
 * @throws Refusal `PrepaymentState` where nothing of them was paid.
 */
export async function refundPrepayments(
  tx: Tx,
  orderId: bigint,
  by: { actor: string; on: string; reference: string | null },
): Promise<void> {
  let settled = 0
  for (const found of await prepayments(tx, tx`p.purchase_order_id = ${orderId}`)) {
    const open = await openValueOf(tx, found)
    if (open.amountMinor <= 0n) {
      if (found.runId !== null || found.cancelledBy !== null) continue
      await cancelPrepayment(tx, found, { actor: by.actor, reason: 'it never left' })
      settled += 1
      continue
    }
    const { id: prepaymentId, entityId: entity, party, currency, functionalCurrency } = found
    const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on: by.on })
    const { amountMinor: minor, funcMinor: bookedFuncMinor } = open
    const receivedFuncMinor = convertMinor(minor, currency, functionalCurrency, rateE9)
    const books = { prepaymentId, entity, party, currency, functionalCurrency, rateE9, on: by.on }
    const entry = postPrepaymentRefunded({ ...books, minor, bookedFuncMinor, receivedFuncMinor })
    await postEntries(tx, [entry], by.actor)
    await tx`
      INSERT INTO vendor_prepayment_use (prepayment_id, kind, minor, used_on, reference, actor) VALUES (${prepaymentId}, 'refund', ${minor}, ${by.on}, ${by.reference}, ${by.actor})`
    settled += 1
  }
  if (settled === 0)
    throw new Refusal(
      'PrepaymentState',
      'Nothing of these prepayments has left yet: cancel the payment run that holds them first.',
    )
}

async function openValueOf(
  tx: Tx,
  { id, entityId, currency }: Pick<Prepayment, 'id' | 'entityId' | 'currency'>,
): Promise<{ amountMinor: bigint; funcMinor: bigint }> {
  const key = prepaymentKey(id)
  const item = await lockOpenItem(tx, { entityId, account: 'VendorPrepayment', currency, key })
  return { amountMinor: item?.balanceMinor ?? 0n, funcMinor: item?.funcMinor ?? 0n }
}

/**
 * What was paid ahead for the orders of a posted bill pays it, the oldest first. A bill that a run
 * holds is left as it was approved.
 */
export async function applyPrepayments(
  tx: Tx,
  bill: VendorBill,
  by: { actor: string; today: string },
): Promise<void> {
  const held = await tx`
    SELECT 1 FROM payment_run_line WHERE bill_id = ${bill.id} AND dropped_because IS NULL`
  if (held.length > 0) return
  const ahead = await prepayments(
    tx,
    tx`r.state IN ('released', 'settled') AND p.currency = ${bill.currency} AND p.purchase_order_id IN (SELECT o.purchase_order_id
      FROM vendor_bill_line l JOIN purchase_order_line o ON o.id = l.purchase_order_line_id WHERE l.bill_id = ${bill.id})
      AND NOT EXISTS (SELECT FROM vendor_prepayment_use u WHERE u.prepayment_id = p.id AND u.bill_id = ${bill.id})`,
  )
  for (const prepayment of ahead) await applyOne(tx, bill, prepayment, by)
}

async function applyOne(
  tx: Tx,
  bill: VendorBill,
  prepayment: Prepayment,
  { actor, today }: { actor: string; today: string },
): Promise<void> {
  const { entityId, party, currency, functionalCurrency } = bill
  const key = billKey(bill.id)
  const item = await lockOpenItem(tx, { entityId, account: 'Payables', currency, key })
  const owed = { amountMinor: -(item?.balanceMinor ?? 0n), funcMinor: -(item?.funcMinor ?? 0n) }
  const paid = await openValueOf(tx, prepayment)
  const minor = paid.amountMinor < owed.amountMinor ? paid.amountMinor : owed.amountMinor
  if (minor <= 0n) return
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on: today })
  const { id: prepaymentId } = prepayment
  const entry = postPrepaymentApplied({
    ...{ prepaymentId, entity: entityId, party, currency, functionalCurrency, rateE9, on: today },
    ...{ billId: bill.id, minor },
    bookedFuncMinor: takeBooked(paid, minor),
    billFuncMinor: takeBooked(owed, minor),
  })
  await postEntries(tx, [entry], actor)
  await tx`
    INSERT INTO vendor_prepayment_use (prepayment_id, kind, bill_id, minor, used_on, actor) VALUES (${prepaymentId}, 'bill', ${bill.id}, ${minor}, ${today}, ${actor})`
}

/** A bill that prepayments have paid whole is paid, once all of its goods are here. */
export async function closeIfPrepaid(tx: Tx, bill: VendorBill, aheadQty: bigint): Promise<void> {
  if (bill.postedMinor === null || bill.paidAt !== null || aheadQty > 0n) return
  const [prepaid] = await tx<{ minor: bigint }[]>`
    SELECT coalesce(sum(minor), 0)::bigint AS minor FROM vendor_prepayment_use WHERE bill_id = ${bill.id}`
  if (prepaid!.minor < bill.postedMinor) return
  const [row] = await tx<{ paidAt: string }[]>`
    UPDATE vendor_bill SET paid_at = clock_timestamp() WHERE id = ${bill.id} RETURNING paid_at AS "paidAt"`
  bill.paidAt = row!.paidAt
}

async function auditPrepayment(
  tx: Tx,
  id: bigint,
  { action, actor, reason }: { action: string; actor: string; reason?: string },
): Promise<void> {
  const about = { subjectType: 'vendor-prepayment', subjectId: id.toString() }
  await recordAudit(tx, [{ ...about, action, actor, ...(reason ? { reason } : {}) }])
}
