import { accountOfRole } from '#domain/ledger/chart'
import type { HeldFor } from '#domain/settlement/treatments'
import type { Reader } from '../client.ts'

interface Statement {
  id: bigint
  entityId: number
  currency: string
  clearing: 'MarketplaceClearing' | 'ProcessorClearing'
}

/** Lines that wait in suspense for the same reason. */
export interface HeldLines {
  held: HeldFor
  /** The provider's type, where nobody knows what that is. */
  type: string | null
  lines: number
  amountMinor: bigint
  /** Without signs. */
  movedMinor: bigint
  orders: string[]
}

/** What waits in suspense of a statement and why; types that nobody knows one by one. */
export async function heldLines(reader: Reader, id: bigint): Promise<HeldLines[]> {
  return reader<HeldLines[]>`
    SELECT m.held, CASE WHEN m.held = 'type-unknown' THEN l.type END AS type, count(*)::int AS lines, sum(l.amount_minor)::bigint AS "amountMinor",
      sum(abs(l.amount_minor))::bigint AS "movedMinor", coalesce((array_agg(DISTINCT l.order_reference) FILTER (WHERE l.order_reference IS NOT NULL))[1:20], '{}') AS orders
    FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no)
    WHERE m.statement_id = ${id} AND m.held IS NOT NULL
      AND NOT EXISTS (SELECT FROM settlement_release r WHERE r.statement_id = m.statement_id AND r.line_no = m.line_no)
    GROUP BY 1, 2 ORDER BY 1, 2`
}

/** An open item that a statement has spoken of and that is not empty. */
export interface LeftOver {
  openKey: string
  orderId: bigint | null
  amountMinor: bigint
  funcMinor: bigint
}

/**
 * What is left of orders and payments after this statement: of an order only once all of it has
 * left and statements have named each of its lines, and every unit where they name any, so that no
 * part of it is still to come.
 */
export async function leftOvers(
  reader: Reader,
  { id, entityId, currency, clearing }: Statement,
): Promise<LeftOver[]> {
  return reader<LeftOver[]>`
    SELECT DISTINCT i.open_key AS "openKey", i.order_id AS "orderId", o.balance_minor AS "amountMinor", o.func_minor AS "funcMinor"
    FROM settlement_item i JOIN open_item o ON o.entity_id = ${entityId} AND o.account_id = ${accountOfRole[clearing]} AND o.currency = ${currency}
      AND o.book = 'main' AND o.key = i.open_key AND o.balance_minor <> 0
    WHERE i.statement_id = ${id} AND ${clearing === 'MarketplaceClearing' ? reader`` : reader`NOT EXISTS (${toldDispute(reader, id)}) AND NOT starts_with(i.open_key, 'conversion/') AND`} (${clearing !== 'MarketplaceClearing'} OR NOT EXISTS (
      SELECT FROM sales_order_line l WHERE l.order_id = i.order_id AND l.qty_cancelled < l.qty_ordered
        AND (l.qty_shipped + l.qty_cancelled < l.qty_ordered OR NOT EXISTS (
          SELECT FROM settlement_match m WHERE m.order_id = l.order_id AND m.order_line_id = l.id AND m.treatment = 'order')))
      AND NOT EXISTS (SELECT FROM settlement_item n WHERE n.order_id = i.order_id
        HAVING sum(n.units) BETWEEN 1 AND (SELECT sum(l.qty_ordered - l.qty_cancelled) FROM sales_order_line l WHERE l.order_id = i.order_id) - 1))
    ORDER BY 1`
}

/** A dispute that this statement told of item `i`, and that no chargeback has booked yet. */
function toldDispute(reader: Reader, id: bigint) {
  return reader`
    SELECT FROM settlement_match m WHERE m.statement_id = ${id} AND m.open_key = i.open_key AND m.rule = 'dispute'
      AND NOT EXISTS (SELECT FROM chargeback b WHERE b.no = i.open_key AND b.booked_minor IS NOT NULL)`
}

/** What a marketplace gave back to buyers by this statement, and nobody here knew of. */
export interface RefundTold {
  orderId: bigint
  orderLineId: bigint
  order: string
  amountMinor: bigint
}

export async function refundsTold(reader: Reader, id: bigint): Promise<RefundTold[]> {
  return reader<RefundTold[]>`
    SELECT m.order_id AS "orderId", m.order_line_id AS "orderLineId", l.order_reference AS "order", -sum(l.amount_minor)::bigint AS "amountMinor"
    FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no)
    WHERE m.statement_id = ${id} AND m.treatment = 'refund' AND l.class IN ('refund', 'chargeback', 'chargeback-reversal')
      AND EXISTS (SELECT FROM settlement_item i WHERE i.statement_id = m.statement_id AND i.order_id = m.order_id AND i.refund_minor > i.refund_told_minor)
      AND NOT EXISTS (SELECT FROM customer_return r WHERE r.order_id = m.order_id AND r.kind IN ('return', 'blind') AND r.ended_as IS NULL)
    GROUP BY 1, 2, 3 HAVING sum(l.amount_minor) <> 0 ORDER BY 1, 2`
}

/** A line of the bank that nobody has matched yet and that may be this payout. */
export interface BankCandidate {
  bankStatementId: bigint
  lineNo: number
  amountMinor: bigint
  bookedOn: string
  /** How it was found; the amount alone says so only when it is the only such payout and line. */
  rule: 'payout-reference' | 'amount-and-date'
}

export interface PayoutSought {
  entityId: number
  currency: string
  openKey: string
  /** What the bank may print: the provider's id of the payout, or of the statement. */
  names: readonly string[]
  openMinor: bigint
  on: string
}

const DAYS_BEFORE = 2
const DAYS_AFTER = 14

/**
 * Lines of the bank that name the payout, else the one line that can only be it: no other payout is
 * of that amount, and the line names none. The oldest first.
 */
export async function bankCandidates(
  reader: Reader,
  payout: PayoutSought,
): Promise<BankCandidate[]> {
  const { entityId, currency, openKey, openMinor, on } = payout
  const names = payout.names.filter((name) => name.length >= 5).map((name) => name.toLowerCase())
  return reader<BankCandidate[]>`
    WITH line AS (
      SELECT l.*, lower(concat_ws(' ', l.reference, l.purpose, l.bank_reference)) AS said FROM bank_line l JOIN bank_statement b ON b.id = l.bank_statement_id
      WHERE b.entity_id = ${entityId} AND b.currency = ${currency}
        AND NOT EXISTS (SELECT FROM bank_match m WHERE m.bank_statement_id = l.bank_statement_id AND m.line_no = l.line_no)
    ), other AS (
      SELECT o.key, o.balance_minor FROM open_item o WHERE o.entity_id = ${entityId} AND o.account_id = ${accountOfRole.CashInTransit} AND o.currency = ${currency}
        AND o.book = 'main' AND o.balance_minor <> 0 AND o.key <> ${openKey}
    ), named AS (
      SELECT l.*, 'payout-reference' AS rule FROM line l WHERE EXISTS (SELECT FROM unnest(${names}::text[]) AS n(name) WHERE position(n.name IN l.said) > 0)
    ), alike AS (
      SELECT l.* FROM line l WHERE l.amount_minor = ${openMinor} AND l.booked_on BETWEEN ${on}::date - ${DAYS_BEFORE}::int AND ${on}::date + ${DAYS_AFTER}::int
        AND NOT EXISTS (SELECT FROM other o WHERE position(lower(regexp_replace(o.key, '^payout/[^/]*/', '')) IN l.said) > 0)
    )
    SELECT bank_statement_id AS "bankStatementId", line_no AS "lineNo", amount_minor AS "amountMinor", booked_on AS "bookedOn", rule FROM named
    UNION ALL
    SELECT bank_statement_id, line_no, amount_minor, booked_on, 'amount-and-date' FROM alike
    WHERE NOT EXISTS (SELECT FROM named) AND (SELECT count(*) FROM alike) = 1 AND NOT EXISTS (SELECT FROM other o WHERE o.balance_minor = ${openMinor})
    ORDER BY 4, 1, 2`
}
