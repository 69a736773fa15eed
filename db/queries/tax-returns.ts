import type { Reader } from '#db/client'

/** A registration's return. */
export interface ReturnOf {
  entityId: number
  scheme: 'domestic' | 'oss' | 'ioss'
  jurisdiction: string
  period: string
}

/** One tax that a return has or would have; minor units of `currency`, above zero what is owed. */
export interface ReturnLine {
  postedPeriod: string
  /** The period of the sale, where an OSS return takes a sale of an earlier one back. */
  correctsPeriod: string | null
  accountId: number
  jurisdiction: string
  taxCode: string
  currency: string
  taxMinor: bigint
  funcMinor: bigint
}

/** How far back a return looks for what was posted late: OSS corrects for three years and a quarter. */
const LOOKS_BACK = '4 years'

/**
 * What no return has said yet, to the end of a period: the period's own tax, and of earlier ones
 * what was posted after they were filed (R14, adjustments of earlier periods). A rejected return
 * has said nothing.
 */
export async function unreturnedTax(reader: Reader, of: ReturnOf): Promise<ReturnLine[]> {
  const { entityId, scheme, jurisdiction, period } = of
  return reader<ReturnLine[]>`
    SELECT posted_period AS "postedPeriod", nullif(sold, '') AS "correctsPeriod", account_id AS "accountId", jurisdiction, tax_code AS "taxCode", currency,
      sum(tax)::bigint AS "taxMinor", sum(func)::bigint AS "funcMinor" FROM (
      SELECT posted_period, CASE WHEN tax_period_ends(sold_period) < tax_period_ends(posted_period) THEN sold_period ELSE '' END AS sold, account_id, jurisdiction, tax_code, currency, tax_minor AS tax, func_minor AS func
      FROM tax_return_source WHERE entity_id = ${entityId} AND scheme = ${scheme} AND registration = ${jurisdiction}
        AND effective_on > tax_period_ends(${period}) - ${LOOKS_BACK}::interval
      UNION ALL
      SELECT l.posted_period, coalesce(l.corrects_period, ''), l.account_id, l.jurisdiction, l.tax_code, l.currency, -l.tax_minor, -l.func_minor
      FROM tax_return_line l JOIN tax_return r ON r.id = l.return_id WHERE r.entity_id = ${entityId} AND r.scheme = ${scheme} AND r.jurisdiction = ${jurisdiction}
        AND tax_period_ends(l.posted_period) > tax_period_ends(${period}) - ${LOOKS_BACK}::interval
        AND NOT EXISTS (SELECT FROM tax_return_event e WHERE e.return_id = r.id AND e.kind = 'rejected')) t
    WHERE tax_period_ends(posted_period) <= tax_period_ends(${period})
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(tax) <> 0 OR sum(func) <> 0 ORDER BY tax_period_ends(posted_period) DESC, 2 NULLS FIRST, account_id, jurisdiction, tax_code, currency`
}

/** Net sales of a return by tax line, as their documents were frozen, with those that nothing was charged on (R11). */
export interface ReturnSales {
  jurisdiction: string
  taxCode: string
  collectedBy: 'seller' | 'marketplace'
  currency: string
  netMinor: bigint
}

export async function salesOfReturn(
  reader: Reader,
  { entityId, scheme, jurisdiction, period, from }: ReturnOf & { from: string },
): Promise<ReturnSales[]> {
  return reader<ReturnSales[]>`
    SELECT t.jurisdiction, t.tax_code AS "taxCode", t.collected_by AS "collectedBy", o.currency,
      sum((t.base_minor * (s.unit_from + s.qty)) / l.qty_ordered - (t.base_minor * s.unit_from) / l.qty_ordered)::bigint AS "netMinor"
    FROM journal_entry e JOIN shipment h ON h.id::text = e.source_id JOIN sales_order o ON o.id = h.order_id JOIN shipment_line s ON s.shipment_id = h.id
    JOIN sales_order_line l ON l.id = s.order_line_id JOIN order_line_tax t ON t.order_line_id = l.id
    CROSS JOIN LATERAL (SELECT CASE WHEN t.tax_code LIKE '%/oss' THEN 2225 WHEN t.tax_code LIKE '%/ioss' THEN 2228 ELSE 2220 END AS account) a
    WHERE e.source_type = 'shipment' AND e.event_type IN ('goods-shipped', 'goods-delivered') AND e.entity_id = ${entityId}
      AND e.effective_on BETWEEN ${from}::date AND tax_period_ends(${period})
      AND CASE a.account WHEN 2225 THEN 'oss' WHEN 2228 THEN 'ioss' ELSE 'domestic' END = ${scheme}
      AND tax_registration_of(e.entity_id, a.account, t.jurisdiction, e.effective_on) = ${jurisdiction}
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`
}

export interface TaxReturn extends ReturnOf {
  id: bigint
  entity: string
  currency: string
  functionalCurrency: string
  dueMinor: bigint
  state: 'prepared' | 'filed' | 'rejected' | 'paid'
  preparedBy: string
  reference: string | null
}

/** Returns of a company, the newest first, or the one of this id. */
export async function taxReturns(
  reader: Reader,
  {
    entity,
    id,
    before = null,
    limit = 1,
  }: { entity?: string; id?: bigint; before?: bigint | null; limit?: number },
): Promise<TaxReturn[]> {
  return reader<TaxReturn[]>`
    SELECT r.id, r.entity_id AS "entityId", n.code AS entity, r.scheme, r.jurisdiction, r.period, r.currency, n.functional_currency AS "functionalCurrency", r.due_minor AS "dueMinor",
      coalesce(e.kind, 'prepared') AS state, r.prepared_by AS "preparedBy", e.reference
    FROM tax_return r JOIN entity n ON n.id = r.entity_id
    LEFT JOIN LATERAL (SELECT kind, reference FROM tax_return_event e WHERE e.return_id = r.id ORDER BY kind = 'paid' DESC LIMIT 1) e ON true
    WHERE (${entity ?? null}::text IS NULL OR n.code = ${entity ?? null}) AND (${id ?? null}::bigint IS NULL OR r.id = ${id ?? null}) AND (${before}::bigint IS NULL OR r.id < ${before})
    ORDER BY r.id DESC LIMIT ${limit}`
}

export async function linesOfReturn(
  reader: Reader,
  returnId: bigint,
): Promise<(ReturnLine & { dueMinor: bigint })[]> {
  return reader<(ReturnLine & { dueMinor: bigint })[]>`
    SELECT posted_period AS "postedPeriod", corrects_period AS "correctsPeriod", account_id AS "accountId", jurisdiction, tax_code AS "taxCode", currency,
      tax_minor AS "taxMinor", func_minor AS "funcMinor", due_minor AS "dueMinor" FROM tax_return_line WHERE return_id = ${returnId} ORDER BY line_no`
}
