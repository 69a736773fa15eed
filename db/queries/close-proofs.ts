import type { Proof } from './proofs.ts'

/** What must always hold of closes: who signed what, what a lock was set on, and what estimates did. */
export const closeProofs: readonly Proof[] = [
  {
    name: 'CLOSE-REPORTS',
    invariant: 'A closed period has the reports that its lock was set on.',
    sql: `WITH standing AS (
        SELECT DISTINCT ON (c.period_id) c.id, c.period_id FROM period_closing c
        WHERE NOT EXISTS (SELECT FROM gl_period_event v WHERE v.period_id = c.period_id AND v.action = 'reopen' AND v.recorded_at > c.recorded_at)
        ORDER BY c.period_id, c.id DESC
      )
      SELECT s.period_id, k.report, encode(k.sha256, 'hex') AS kept, encode(r.sha256, 'hex') AS now FROM standing s
      JOIN period_closing_report k ON k.closing_id = s.id CROSS JOIN LATERAL period_report(s.period_id) r
      WHERE r.report = k.report AND (r.sha256 <> k.sha256 OR r.lines <> k.lines)`,
  },
  {
    name: 'CLOSE-SOD',
    invariant:
      'Nobody reviewed what they prepared, or locked a period whose close they prepared; what was signed is what was prepared.',
    sql: `SELECT p.id AS preparation_id, NULL::bigint AS event_id FROM close_preparation p JOIN close_review r ON r.preparation_id = p.id
        WHERE r.reviewed_by = p.prepared_by OR r.sha256 <> p.sha256
      UNION ALL
      SELECT p.id, v.id FROM close_preparation p JOIN period_close c ON c.id = p.close_id
        JOIN gl_period_event v ON v.period_id = c.period_id AND v.action = 'close' AND v.actor = p.prepared_by AND v.recorded_at > p.recorded_at
      UNION ALL
      SELECT NULL, o.version FROM close_policy o JOIN close_policy_approval a USING (entity_id, version) WHERE a.approved_by = o.owner`,
  },
  {
    name: 'CLOSE-MATERIAL',
    invariant: 'No difference above materiality was accepted.',
    sql: `SELECT a.close_id, a.evidence_id, v.at_risk_minor FROM close_acceptance a JOIN close_evidence v ON v.id = a.evidence_id JOIN period_close c ON c.id = a.close_id
      WHERE v.at_risk_minor > c.materiality_minor OR v.period_id <> c.period_id`,
  },
  {
    name: 'FX-LIFE',
    invariant:
      'Revaluation changes the value of open monetary items and nothing else: no amount, no stock, no deposit; and what is taken back is taken back on the next day.',
    sql: `SELECT e.id AS entry_id, l.line_no FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
        WHERE e.event_type IN ('fx-revalued', 'fx-revalued.reversed') AND (l.amount_minor <> 0 OR NOT (a.monetary OR a.id = 7020) OR l.currency = (SELECT functional_currency FROM entity n WHERE n.id = e.entity_id))
      UNION ALL
      SELECT e.id, NULL FROM journal_entry r JOIN journal_entry e ON e.id = r.reverses JOIN gl_period p ON p.id = e.period_id
        WHERE e.source_type = 'period-close' AND coalesce(r.fact_on, r.effective_on) <> p.ends + 1`,
  },
  {
    name: 'CLOSE-REVERSED',
    invariant: 'Every accrual of a close is taken back on the first day after its period.',
    sql: `SELECT e.id AS entry_id, e.event_type FROM journal_entry e WHERE e.event_type IN ('freight-accrued', 'invoice-accrued', 'marketplace-fees-accrued')
      AND NOT EXISTS (SELECT FROM journal_entry r WHERE r.reverses = e.id)`,
  },
  {
    name: 'YEAR',
    invariant:
      'Once a year is locked, its income and expenses are zero, and retained earnings moved by their result.',
    sql: `WITH closed AS (
        SELECT p.entity_id, p.id, left(p.period, 4) AS year, p.ends FROM gl_period p WHERE p.kind = 'adjusting'
          AND NOT EXISTS (SELECT FROM gl_period_area a WHERE a.period_id = p.id AND a.state <> 'closed')
          AND EXISTS (SELECT FROM journal_entry e WHERE e.period_id = p.id AND e.event_type = 'year-closed')
      )
      SELECT c.entity_id, c.year, 'result' AS what, l.account_id, sum(l.func_minor)::bigint AS left_minor
      FROM closed c JOIN journal_entry e ON e.entity_id = c.entity_id AND e.book = 'main' AND e.effective_on BETWEEN (c.year || '-01-01')::date AND c.ends
      JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id AND a.class IN ('income', 'expense')
      GROUP BY 1, 2, 4 HAVING sum(l.func_minor) <> 0
      UNION ALL
      SELECT c.entity_id, c.year, 'retained earnings', 3200, sum(l.func_minor)::bigint
      FROM closed c JOIN journal_entry e ON e.period_id = c.id AND e.event_type = 'year-closed' JOIN journal_line l ON l.entry_id = e.id
      GROUP BY 1, 2 HAVING sum(l.func_minor) <> 0`,
  },
]
