import type { Tx } from '#db/client'
import type { TaxShare } from '#domain/ledger/sales-terms'
import type { GivenGoodwill } from '#domain/returns/credit'
import { json } from './records.ts'

export interface NewCreditNote {
  entityId: number
  orderId: bigint
  returnId: bigint
  kind: 'return' | 'goodwill'
  issuedOn: string
  currency: string
  goodsMinor: bigint
  shippingMinor: bigint
  taxMinor: bigint
  feeMinor: bigint
  goodwillUsedMinor: bigint
  refundMinor: bigint
  owedMinor: bigint
  trigger: string
  policyVersion: number
  reason: string
  grantedBy: string
  approvedBy: string | null
  taxes: readonly TaxShare[]
}

/** The note with the company's next number; whoever holds it keeps the company's other notes waiting until COMMIT. */
export async function insertCreditNote(tx: Tx, note: NewCreditNote): Promise<bigint> {
  const { taxes, ...header } = note
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO credit_note (entity_id, order_id, return_id, kind, issued_on, currency, goods_minor, shipping_minor, tax_minor, fee_minor, goodwill_used_minor, refund_minor, owed_minor,
      trigger, policy_version, reason, granted_by, approved_by)
    VALUES (${header.entityId}, ${header.orderId}, ${header.returnId}, ${header.kind}, ${header.issuedOn}, ${header.currency}, ${header.goodsMinor}, ${header.shippingMinor},
      ${header.taxMinor}, ${header.feeMinor}, ${header.goodwillUsedMinor}, ${header.refundMinor}, ${header.owedMinor}, ${header.trigger}, ${header.policyVersion},
      ${header.reason}, ${header.grantedBy}, ${header.approvedBy}) RETURNING id`
  if (taxes.length > 0)
    await tx`
      INSERT INTO credit_note_tax (credit_id, jurisdiction, tax_code, amount_minor)
      SELECT ${row!.id}, jurisdiction, "taxCode", sum("amountMinor") FROM jsonb_to_recordset(${json(tx, taxes)}) AS t (jurisdiction text, "taxCode" text, "amountMinor" bigint)
      GROUP BY 2, 3 HAVING sum("amountMinor") <> 0`
  return row!.id
}

export async function insertNoteTenders(
  tx: Tx,
  creditId: bigint,
  parts: readonly { paymentId: bigint; refundKey: string; amountMinor: bigint }[],
): Promise<void> {
  if (parts.length === 0) return
  await tx`
    INSERT INTO credit_note_tender (credit_id, payment_id, refund_key, amount_minor)
    SELECT ${creditId}, "paymentId", "refundKey", "amountMinor"
    FROM jsonb_to_recordset(${json(tx, parts)}) AS p ("paymentId" bigint, "refundKey" text, "amountMinor" bigint)`
}

/** What was given back of an order's earnings, so that nobody gives it back twice; its row is locked. */
export async function countCredited(tx: Tx, orderId: bigint, minor: bigint): Promise<void> {
  await tx`UPDATE sales_order SET credited_minor = credited_minor + ${minor} WHERE id = ${orderId}`
}

/** Goodwill that an order was given: net and each tax, and how much of it credits have counted since. */
export async function goodwillOf(tx: Tx, orderId: bigint): Promise<GivenGoodwill> {
  const [[sums], taxes] = await Promise.all([
    tx<{ net: bigint; used: bigint }[]>`
      SELECT coalesce(sum(goods_minor) FILTER (WHERE kind = 'goodwill'), 0)::bigint AS net, coalesce(sum(goodwill_used_minor), 0)::bigint AS used
      FROM credit_note WHERE order_id = ${orderId}`,
    tx<{ jurisdiction: string; taxCode: string; amountMinor: bigint }[]>`
      SELECT t.jurisdiction, t.tax_code AS "taxCode", sum(t.amount_minor)::bigint AS "amountMinor" FROM credit_note n JOIN credit_note_tax t ON t.credit_id = n.id
      WHERE n.order_id = ${orderId} AND n.kind = 'goodwill' GROUP BY 1, 2 ORDER BY 1, 2`,
  ])
  const own = taxes.map((tax) => ({ ...tax, collectedBy: 'seller' as const }))
  return { netMinor: sums!.net, usedMinor: sums!.used, taxes: own }
}

/** What of a return's refunds is granted and has not reached anybody yet. */
export async function pendingRefunds(tx: Tx, returnId: bigint): Promise<bigint> {
  const [row] = await tx<{ minor: bigint }[]>`
    SELECT coalesce(-sum(i.balance_minor), 0)::bigint AS minor FROM credit_note n JOIN credit_note_tender t ON t.credit_id = n.id
    JOIN open_item i ON i.entity_id = n.entity_id AND i.account_id = 2140 AND i.currency = n.currency AND i.book = 'main' AND i.key = 'refund/' || t.refund_key
    WHERE n.return_id = ${returnId}`
  return row!.minor
}

/** What was credited to a customer lately, and by one person on one day; in each order's currency as it is. */
export async function creditedBy(
  tx: Tx,
  { entityId, actor, on }: { entityId: number; actor: string; on: string },
): Promise<bigint> {
  const [row] = await tx<{ minor: bigint }[]>`
    SELECT coalesce(sum(refund_minor + owed_minor), 0)::bigint AS minor FROM credit_note
    WHERE entity_id = ${entityId} AND granted_by = ${actor} AND issued_on = ${on}`
  return row!.minor
}
