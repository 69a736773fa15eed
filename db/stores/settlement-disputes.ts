import type { Tx } from '../client.ts'
import type { SettlementDoc } from './settlements.ts'

/** One line by which a processor takes the money of a dispute, or gives it back. */
export interface DisputeTold {
  lineNo: number
  provider: string
  disputeId: string
  /** The payment that is disputed as the processor calls it, else the dispute. */
  reference: string
  /** Below zero was taken. */
  amountMinor: bigint
  /** What lines have taken in this round so far, this one included; zero or below. */
  takenMinor: bigint
  /** Above zero; fees of all statements so far. */
  feeMinor: bigint
  round: number
  /** ISO date. */
  on: string
}

/** Disputes that a part of a statement tells of, in the order in which the processor booked them. */
export async function disputesTold(
  tx: Tx,
  { id, entityId }: SettlementDoc,
  chunk: number,
): Promise<DisputeTold[]> {
  return tx<DisputeTold[]>`
    WITH told AS (
      SELECT m.statement_id, m.line_no, m.open_key, m.order_id, l.amount_minor, l.posted_on, l.payment_reference, l.order_reference,
        count(*) FILTER (WHERE l.amount_minor > 0) OVER earlier AS reversals
      FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no)
      WHERE m.rule = 'dispute' AND l.class IN ('chargeback', 'chargeback-reversal') AND l.amount_minor <> 0
        AND m.open_key IN (SELECT k.open_key FROM settlement_chunk c JOIN settlement_match k ON k.statement_id = c.statement_id AND k.group_key BETWEEN c.from_key AND c.to_key
          WHERE c.statement_id = ${id} AND c.chunk = ${chunk} AND k.rule = 'dispute')
      WINDOW earlier AS (PARTITION BY m.open_key ORDER BY l.posted_on, m.statement_id, m.line_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), summed AS (
      SELECT *, sum(least(amount_minor, 0)) OVER (PARTITION BY open_key, reversals ORDER BY posted_on, statement_id, line_no) AS taken FROM told
    )
    SELECT t.line_no AS "lineNo", split_part(t.open_key, '/', 1) AS provider, substr(t.open_key, position('/' IN t.open_key) + 1) AS "disputeId",
      coalesce(b.reference, named.reference, ordered.reference, t.payment_reference, t.open_key) AS reference,
      t.amount_minor AS "amountMinor", t.taken::bigint AS "takenMinor", greatest(fees.minor, 0)::bigint AS "feeMinor", (1 + t.reversals)::int AS round, t.posted_on AS "on"
    FROM summed t LEFT JOIN chargeback b ON b.no = t.open_key
    LEFT JOIN LATERAL (
      SELECT e.reference FROM payment_event e WHERE e.reference = t.payment_reference AND e.kind = 'captured' LIMIT 1) named ON true
    LEFT JOIN LATERAL (
      SELECT p.reference FROM (
        SELECT n.id FROM sales_order n WHERE n.order_number IN (t.order_reference, '#' || t.order_reference) AND n.entity_id = ${entityId}
        UNION SELECT x.id FROM channel h JOIN sales_order x ON x.channel_id = h.id AND x.external_id = t.order_reference WHERE h.entity_id = ${entityId}) o
      JOIN payment p ON p.order_id = o.id AND p.provider = split_part(t.open_key, '/', 1) WHERE p.reference IS NOT NULL ORDER BY p.captured_minor DESC, p.id DESC LIMIT 1) ordered ON true
    CROSS JOIN LATERAL (
      SELECT coalesce(-sum(l.amount_minor), 0) AS minor FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no)
      WHERE m.open_key = t.open_key AND m.rule = 'dispute' AND l.class IN ('fee', 'fee-refund')) fees
    WHERE t.statement_id = ${id} ORDER BY t.posted_on, t.line_no`
}
