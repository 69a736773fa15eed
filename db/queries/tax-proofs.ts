import type { Proof } from './proofs.ts'

/** What must always hold of tax returns; each returns no row. */
export const taxProofs: readonly Proof[] = [
  {
    name: 'TAX-RETURN',
    invariant:
      'A return is the sum of its lines, and a paid one has settled exactly these, account by account.',
    sql: `SELECT r.id AS return_id, r.due_minor, NULL::int AS account_id, sum(l.due_minor)::bigint AS said FROM tax_return r JOIN tax_return_line l ON l.return_id = r.id GROUP BY 1, 2 HAVING sum(l.due_minor) <> r.due_minor
      UNION ALL
      SELECT return_id, sum(filed)::bigint, account_id, sum(posted)::bigint FROM (
        SELECT l.return_id, l.account_id, l.tax_code, l.currency, l.tax_minor AS filed, 0 AS posted FROM tax_return_line l JOIN tax_return_event e ON e.return_id = l.return_id AND e.kind = 'paid'
        UNION ALL
        SELECT e.source_id::bigint, l.account_id, l.tax_code, l.currency, 0, l.amount_minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
        WHERE e.event_type = 'tax-return-paid' AND l.account_id IN (1420, 2210, 2220, 2225, 2228)) t
      GROUP BY return_id, account_id, tax_code, currency HAVING sum(filed) <> sum(posted)`,
  },
]
