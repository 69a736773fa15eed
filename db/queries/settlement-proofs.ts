import type { Proof } from './proofs.ts'

/** Statements that are in the books as a whole. */
const posted = `s.phase IN ('posted', 'closed')`
/** Lines of the journal that a statement's process has posted. */
const byStatement = `e.source_type = 'settlement'`

/** What must always hold between statements, the books and the bank. */
export const settlementProofs: readonly Proof[] = [
  {
    name: 'SETTLE',
    invariant:
      'A statement has all its lines, they are its total, and opening and total are payout and closing.',
    sql: `SELECT s.id::text AS settlement, l.lines, l.total, s.total_minor FROM settlement_statement s
      LEFT JOIN (SELECT statement_id, count(*) AS lines, coalesce(sum(amount_minor) FILTER (WHERE class <> 'payout'), 0)::bigint AS total FROM settlement_line GROUP BY 1) l ON l.statement_id = s.id
      WHERE l.lines IS DISTINCT FROM s.line_count OR l.total IS DISTINCT FROM s.total_minor OR s.opening_minor + s.total_minor <> s.payout_minor + s.closing_minor`,
  },
  {
    name: 'SETTLE-POSTED',
    invariant:
      'A posted statement has matched every line, paid out what it says, and nothing is left under its own key.',
    sql: `SELECT s.id::text AS settlement, 'lines' AS problem, s.line_count - count(m.line_no) AS difference
        FROM settlement_statement s LEFT JOIN settlement_match m ON m.statement_id = s.id WHERE ${posted} GROUP BY s.id HAVING count(m.line_no) <> s.line_count
      UNION ALL
      SELECT s.id::text, 'left', o.balance_minor FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id
        JOIN open_item o ON o.entity_id = a.entity_id AND o.account_id IN (1110, 1120) AND o.currency = s.currency AND o.key = 'statement/' || s.id AND o.balance_minor <> 0
        WHERE ${posted}
      UNION ALL
      SELECT s.id::text, 'payout', s.payout_minor - coalesce(p.paid, 0) FROM settlement_statement s
        LEFT JOIN (SELECT e.source_id, sum(l.amount_minor) AS paid FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id AND l.account_id = 1050
          WHERE ${byStatement} AND e.event_type = 'statement-paid' GROUP BY 1) p ON p.source_id = s.id::text
        WHERE ${posted} AND s.payout_minor <> coalesce(p.paid, 0)`,
  },
  {
    name: 'SETTLE-SUSPENSE',
    invariant:
      'What statements have in suspense is what they hold and nobody has explained; each of it has a case.',
    sql: `SELECT settlement, sum(held)::bigint AS held, sum(gl)::bigint AS gl FROM (
        SELECT m.statement_id::text AS settlement, l.amount_minor AS held, 0 AS gl FROM settlement_match m JOIN settlement_line l USING (statement_id, line_no)
          JOIN settlement_statement s ON s.id = m.statement_id
          WHERE m.held IS NOT NULL AND ${posted} AND NOT EXISTS (SELECT FROM settlement_release r WHERE r.statement_id = m.statement_id AND r.line_no = m.line_no)
        UNION ALL
        SELECT e.source_id, 0, -l.amount_minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id AND l.account_id = 9090
          JOIN settlement_statement s ON s.id::text = e.source_id WHERE ${byStatement} AND ${posted}) t
      GROUP BY 1 HAVING sum(held) <> sum(gl)
      UNION ALL
      SELECT m.statement_id::text, count(*), NULL FROM settlement_match m JOIN settlement_statement s ON s.id = m.statement_id
        WHERE m.held IS NOT NULL AND ${posted} AND NOT EXISTS (SELECT FROM settlement_release r WHERE r.statement_id = m.statement_id AND r.line_no = m.line_no)
          AND NOT EXISTS (SELECT FROM exception_case c WHERE c.subject_type = 'settlement' AND c.subject_id = m.statement_id::text AND c.state = 'open')
        GROUP BY 1`,
  },
  {
    name: 'SETTLE-CLOSED',
    invariant: 'A closed statement has no open case, and the bank has shown all of its payout.',
    sql: `SELECT s.id::text AS settlement, o.balance_minor FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id
        LEFT JOIN open_item o ON o.entity_id = a.entity_id AND o.account_id = 1050 AND o.currency = s.currency AND o.book = 'main'
          AND o.key = 'payout/' || a.provider || '/' || coalesce(s.payout_reference, s.statement_id)
        WHERE s.closed_at IS NOT NULL AND (coalesce(o.balance_minor, 0) <> 0 OR EXISTS (
          SELECT FROM exception_case c WHERE c.subject_type = 'settlement' AND c.subject_id = s.id::text AND c.state = 'open'))`,
  },
  {
    name: 'BANK-MATCH',
    invariant:
      'What the books say that the bank has shown of payouts is what its matched lines say.',
    sql: `SELECT settlement, sum(bank)::bigint AS bank, sum(gl)::bigint AS gl FROM (
        SELECT m.statement_id::text AS settlement, l.amount_minor + m.fee_minor AS bank, 0 AS gl FROM bank_match m JOIN bank_line l USING (bank_statement_id, line_no) WHERE m.statement_id IS NOT NULL
        UNION ALL
        SELECT e.source_id, 0, -l.amount_minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id AND l.account_id = 1050
          WHERE ${byStatement} AND e.event_type = 'payout-banked') t
      GROUP BY 1 HAVING sum(bank) <> sum(gl)`,
  },
]
