import type { Reader } from '#db/client'

/** What was posted, and what documents say, of one tax in one return; minor units, above zero what is owed. */
export interface TaxReturnLine {
  returnPeriod: string
  jurisdiction: string
  taxCode: string
  currency: string
  ledgerMinor: bigint
  /** Frozen tax of what was earned; where payment is the tax point, of what was paid. */
  documentsMinor: bigint
  /** A marketplace collected it: a memo that we owe nothing of (R11). */
  facilitatorMinor: bigint
}

/** What posts tax of an order, and what its documents say of it. */
export const MONEY_AND_GOODS = `('payment-captured', 'tender-applied', 'deposit-cancelled', 'goods-shipped', 'goods-delivered', 'sale-taken-back')`

/** What gives tax of an order back: the shares of units that were returned, and of goodwill. */
export const CREDITS = `('return-credited', 'goodwill-credited')`

/** The account of a one-stop scheme that a frozen tax `t` names in its code; none: the jurisdiction's own return. */
const SCHEME = `CASE WHEN t.tax_code LIKE '%/oss' THEN 2225 WHEN t.tax_code LIKE '%/ioss' THEN 2228 END`

/**
 * Tax by return, jurisdiction and code, of both sides: 22xx of the ledger, and the frozen tax of
 * the units that each shipment earned, less what credit notes give back, on the day of its entry.
 * @param lines and @param entries narrow what is read, of `l` and of `e`.
 */
export function taxByReturn({ lines, entries }: { lines: string; entries: string }): string {
  return `
    SELECT l.entity_id, l.return_period, l.jurisdiction, l.tax_code, l.currency, l.tax_minor AS ledger,
      CASE WHEN o.policies->'order'->'body'->>'taxPoint' = 'payment' AND l.event_type IN ${MONEY_AND_GOODS} THEN l.tax_minor ELSE 0 END AS documents, 0 AS facilitator
    FROM tax_ledger_line l LEFT JOIN sales_order o ON o.id = l.order_id WHERE ${lines}
    UNION ALL
    SELECT o.entity_id, tax_return_period(o.entity_id, ${SCHEME}, t.jurisdiction, tax_day((SELECT max(x.belongs_to) FROM journal_line x WHERE x.entry_id = e.id), e.effective_on)),
      t.jurisdiction, t.tax_code, o.currency, 0, CASE WHEN t.collected_by = 'seller' THEN u.minor ELSE 0 END, CASE WHEN t.collected_by = 'seller' THEN 0 ELSE u.minor END
    FROM journal_entry e JOIN earned_units s ON s.entry_id = e.id JOIN sales_order o ON o.id = s.order_id
    JOIN sales_order_line ol ON ol.id = s.order_line_id JOIN order_line_tax t ON t.order_line_id = ol.id
    CROSS JOIN LATERAL (SELECT s.sign * ((t.tax_minor * (s.unit_from + s.qty)) / ol.qty_ordered - (t.tax_minor * s.unit_from) / ol.qty_ordered) AS minor) u
    WHERE e.source_type = 'shipment'
      AND (t.collected_by = 'marketplace' OR o.policies->'order'->'body'->>'taxPoint' IS DISTINCT FROM 'payment') AND ${entries}
    UNION ALL
    SELECT e.entity_id, tax_return_period(e.entity_id, ${SCHEME}, t.jurisdiction, tax_day((SELECT max(x.belongs_to) FROM journal_line x WHERE x.entry_id = e.id), e.effective_on)),
      t.jurisdiction, t.tax_code, n.currency, 0, -t.amount_minor, 0
    FROM journal_entry e JOIN credit_note n ON n.id::text = split_part(e.source_id, '/', 2) JOIN credit_note_tax t ON t.credit_id = n.id
    WHERE e.source_type = 'credit-note' AND e.event_type IN ${CREDITS} AND ${entries}`
}

/** A company's return: everything whose own return it is. A late fact has a later day and names its own month. */
export async function readTaxReturn(
  reader: Reader,
  { entityId, period, from }: { entityId: number; period: string; from: string },
): Promise<TaxReturnLine[]> {
  const since = `entity_id = $1 AND %.effective_on >= $2`
  const facts = taxByReturn({
    lines: since.replace('entity_id', 'l.entity_id').replace('%', 'l'),
    entries: since.replace('entity_id', 'e.entity_id').replace('%', 'e'),
  })
  return reader.unsafe<TaxReturnLine[]>(
    `SELECT return_period AS "returnPeriod", jurisdiction, tax_code AS "taxCode", currency, sum(ledger)::bigint AS "ledgerMinor",
       sum(documents)::bigint AS "documentsMinor", sum(facilitator)::bigint AS "facilitatorMinor"
     FROM (${facts}) f WHERE return_period = $3 GROUP BY 1, 2, 3, 4 ORDER BY jurisdiction, tax_code, currency`,
    [entityId, from, period],
  )
}

export interface TaxRegistration {
  scheme: 'domestic' | 'oss' | 'ioss'
  jurisdiction: string
  number: string
  frequency: 'month' | 'quarter' | 'year'
  validFrom: string
}

export async function taxRegistrations(
  reader: Reader,
  entityId: number,
): Promise<TaxRegistration[]> {
  return reader<TaxRegistration[]>`
    SELECT scheme, jurisdiction, number, frequency, valid_from AS "validFrom" FROM tax_registration
    WHERE entity_id = ${entityId} ORDER BY jurisdiction, scheme, valid_from`
}
