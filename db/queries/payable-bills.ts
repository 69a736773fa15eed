import type { Reader } from '#db/client'

/** A bill that may be paid, with where its supplier is paid and why not, if so. */
export interface PayableBill {
  billId: bigint
  supplier: string
  number: string
  currency: string
  dueOn: string
  discountPpm: number
  discountUntil: string | null
  netMinor: bigint
  taxMinor: bigint[]
  openMinor: bigint
  bankAccountId: bigint | null
  /** Why it is not paid now. */
  blockedBy: string | null
}

/**
 * Posted bills without goods outstanding that are due, or whose discount ends, until a day, and
 * that no other run holds. A supplier is paid to its newest verified account, once it has lain
 * long enough and nobody asks to change it.
 */
export async function payableBills(
  reader: Reader,
  ask: { entityId: number; until: string; billIds?: readonly bigint[] },
): Promise<PayableBill[]> {
  return reader<PayableBill[]>`
    SELECT b.id AS "billId", s.code AS supplier, b.bill_number AS number, b.currency, b.due_on AS "dueOn", CASE WHEN k.returned THEN 0 ELSE b.discount_ppm END AS "discountPpm", b.discount_until AS "discountUntil",
      (b.posted_minor - t.tax)::bigint AS "netMinor", t.taxes AS "taxMinor", -i.balance_minor AS "openMinor", a.id AS "bankAccountId",
      CASE WHEN s.state <> 'approved' THEN 'the supplier is ' || s.state
        WHEN k.asked THEN 'its payment came back: its case asks for bank details'
        WHEN p.waiting THEN 'new bank details wait to be verified'
        WHEN a.id IS NULL THEN 'no bank details are verified'
        WHEN a.usable_from > clock_timestamp() THEN 'its bank details are new and may be used from ' || to_char(a.usable_from, 'YYYY-MM-DD') END AS "blockedBy"
    FROM vendor_bill b JOIN supplier s ON s.id = b.supplier_id
    JOIN open_item i ON i.entity_id = b.entity_id AND i.account_id = 2010 AND i.currency = b.currency AND i.key = 'bill/' || b.id AND i.book = 'main' AND i.balance_minor < 0
    CROSS JOIN LATERAL (SELECT coalesce(sum(posted_minor), 0) AS tax, coalesce(array_agg(posted_minor ORDER BY jurisdiction, tax_code), '{}') AS taxes
      FROM vendor_bill_tax WHERE bill_id = b.id) t
    LEFT JOIN LATERAL (SELECT id, usable_from FROM supplier_bank_account WHERE supplier_id = s.id AND currency = b.currency ORDER BY version DESC LIMIT 1) a ON true
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM supplier_change WHERE supplier_id = s.id AND kind = 'bank' AND state = 'pending') AS waiting) p
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM payment_return x WHERE x.bill_id = b.id) AS returned,
      EXISTS (SELECT FROM exception_case x WHERE x.key = 'vendor-bill/' || b.id || '/bill-payment-returned' AND x.state = 'open') AS asked) k
    WHERE b.entity_id = ${ask.entityId} AND b.posted_on IS NOT NULL AND b.paid_at IS NULL AND (b.due_on <= ${ask.until} OR b.discount_until <= ${ask.until})
      ${ask.billIds ? reader`AND b.id = ANY(${ask.billIds.map(String)}::bigint[])` : reader``}
      AND NOT EXISTS (SELECT FROM payment_run_line l WHERE l.bill_id = b.id AND l.dropped_because IS NULL)
      AND NOT EXISTS (SELECT FROM bill_match m WHERE m.bill_id = b.id AND m.kind IN ('ahead', 'arrived')
        HAVING sum(CASE m.kind WHEN 'ahead' THEN m.qty ELSE -m.qty END) > 0)
    ORDER BY b.due_on, b.id`
}
