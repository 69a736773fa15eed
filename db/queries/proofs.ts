import type { Reader } from '../client.ts'

/** A statement that must return no row: what must always hold, asked of the whole database. */
export interface Proof {
  name: string
  /** The invariant in words, for a person who sees it fail. */
  invariant: string
  sql: string
}

export interface ProofResult {
  proof: Proof
  /** Rows that break it, at most a hundred. */
  broken: Record<string, unknown>[]
  seconds: number
}

/** The ledger's own standing proofs; other areas keep theirs in a list like this one. */
export const ledgerProofs: readonly Proof[] = [
  {
    name: 'BAL-F',
    invariant: 'Every entry sums to zero in functional currency.',
    sql: `SELECT entry_id, sum(func_minor)::bigint AS difference FROM journal_line GROUP BY entry_id HAVING sum(func_minor) <> 0`,
  },
  {
    name: 'BAL-C',
    invariant: 'Every entry sums to zero in each currency.',
    sql: `SELECT entry_id, currency, sum(amount_minor)::bigint AS difference FROM journal_line GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0`,
  },
  {
    name: 'WHOLE',
    invariant: 'Every entry has all its lines, at least two, numbered from one.',
    sql: `SELECT e.id AS entry_id, e.line_count, l.lines FROM journal_entry e
      FULL JOIN (SELECT entry_id, count(*) AS lines, min(line_no) AS first, max(line_no) AS last FROM journal_line GROUP BY entry_id) l
        ON l.entry_id = e.id
      WHERE e.id IS NULL OR l.entry_id IS NULL OR e.line_count < 2 OR l.lines <> e.line_count OR l.first <> 1 OR l.last <> e.line_count`,
  },
  {
    name: 'SAME-TX',
    invariant: 'An entry and its lines were written by one transaction.',
    sql: `SELECT l.entry_id, l.line_no FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE l.xmin::text <> e.xmin::text`,
  },
  {
    name: 'IN-PERIOD',
    invariant: 'Every entry is dated within its period, and every line as its entry.',
    sql: `SELECT e.id AS entry_id, e.effective_on FROM journal_entry e LEFT JOIN gl_period p ON p.id = e.period_id
      WHERE p.id IS NULL OR p.entity_id <> e.entity_id OR e.effective_on NOT BETWEEN p.starts AND p.ends
      UNION ALL
      SELECT l.entry_id, l.effective_on FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE l.effective_on <> e.effective_on`,
  },
  {
    name: 'AREAS',
    invariant: 'Every entry names all areas that its lines touch, and each period its open areas.',
    sql: `SELECT e.id AS entry_id, e.areas FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
      GROUP BY e.id HAVING bit_or(a.area_bit) | ledger_area_bit(e.area) <> e.areas
      UNION ALL
      SELECT p.id, p.open_areas FROM gl_period p LEFT JOIN gl_period_area a ON a.period_id = p.id
      GROUP BY p.id HAVING count(a.area) <> 6 OR coalesce(bit_or(ledger_area_bit(a.area)) FILTER (WHERE a.state = 'open'), 0) <> p.open_areas`,
  },
  {
    name: 'SIGN',
    invariant:
      'A functional-currency amount is its own value, signs agree, and value without amount is an exchange difference.',
    sql: `SELECT l.entry_id, l.line_no FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      JOIN entity n ON n.id = e.entity_id JOIN gl_account a ON a.id = l.account_id
      WHERE (l.currency = n.functional_currency AND l.amount_minor <> l.func_minor) OR sign(l.amount_minor) * sign(l.func_minor) < 0
        OR (l.amount_minor = 0 AND NOT (a.fx_difference OR a.monetary))`,
  },
  {
    name: 'TB',
    invariant: 'Each entity and book: assets equal liabilities, equity and result.',
    sql: `SELECT e.entity_id, e.book, sum(l.func_minor)::bigint AS difference FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      JOIN gl_account a ON a.id = l.account_id GROUP BY e.entity_id, e.book HAVING sum(l.func_minor) <> 0`,
  },
  {
    name: 'PROJ',
    invariant: 'Each balance snapshot equals the entries below its horizon.',
    sql: `WITH run AS (
        SELECT id, upto_xid, lag(upto_xid, 1, '0'::xid8) OVER (ORDER BY upto_xid) AS from_xid, lag(id) OVER (ORDER BY upto_xid) AS before FROM balance_run
      ), moved AS (
        SELECT r.id AS run_id, e.entity_id, l.account_id, l.currency, e.book, l.amount_minor, l.func_minor
        FROM run r JOIN journal_entry e ON e.xid >= r.from_xid AND e.xid < r.upto_xid JOIN journal_line l ON l.entry_id = e.id
        UNION ALL
        SELECT r.id, s.entity_id, s.account_id, s.currency, s.book, s.amount_minor, s.func_minor FROM run r JOIN balance_snapshot s ON s.run_id = r.before
        UNION ALL
        SELECT s.run_id, s.entity_id, s.account_id, s.currency, s.book, -s.amount_minor, -s.func_minor FROM balance_snapshot s
      )
      SELECT run_id, entity_id, account_id, currency, sum(amount_minor)::bigint AS difference FROM moved
      GROUP BY run_id, entity_id, account_id, currency, book HAVING sum(amount_minor) <> 0 OR sum(func_minor) <> 0`,
  },
  {
    name: 'PROJ-DAY',
    invariant:
      'The daily totals, and those by month and item, order or account, equal the entries between their horizons.',
    sql: `WITH run AS (
        SELECT id, upto_xid, lag(upto_xid, 1, '0'::xid8) OVER (ORDER BY upto_xid) AS from_xid FROM ledger_day_run
      ), line AS (
        SELECT r.id AS run_id, e.entity_id, e.book, l.*, a.class IN ('income', 'expense') AND EXISTS (
          SELECT FROM journal_line t WHERE t.entry_id = e.id AND t.account_id = 3200) AS transfer
        FROM run r JOIN journal_entry e ON e.xid >= r.from_xid AND e.xid < r.upto_xid JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
      ), result AS (SELECT line.* FROM line JOIN gl_account a ON a.id = line.account_id AND a.class IN ('income', 'expense') WHERE NOT line.transfer)
      SELECT run_id, entity_id, account_id, currency, effective_on, sum(amount)::bigint AS difference FROM (
        SELECT run_id, entity_id, book, account_id, currency, effective_on, channel_id, site_id, segment, transfer, amount_minor AS amount, func_minor AS func FROM line
        UNION ALL
        SELECT run_id, entity_id, book, account_id, currency, effective_on, channel_id, site_id, segment, transfer, -amount_minor, -func_minor FROM ledger_day) d
      GROUP BY run_id, entity_id, book, account_id, currency, effective_on, channel_id, site_id, segment, transfer HAVING sum(amount) <> 0 OR sum(func) <> 0
      UNION ALL
      SELECT run_id, entity_id, account_id, currency, month, sum(amount)::bigint FROM (
        SELECT run_id, entity_id, book, account_id, currency, date_trunc('month', effective_on)::date AS month, item_id, site_id, condition, transfer, coalesce(qty, 0) AS qty, amount_minor AS amount, func_minor AS func FROM line
        UNION ALL
        SELECT run_id, entity_id, book, account_id, currency, month, item_id, site_id, condition, transfer, -qty, -amount_minor, -func_minor FROM ledger_item_month) m
      GROUP BY run_id, entity_id, book, account_id, currency, month, item_id, site_id, condition, transfer HAVING sum(amount) <> 0 OR sum(func) <> 0 OR sum(qty) <> 0
      UNION ALL
      SELECT run_id, entity_id, NULL, order_id::text, month, sum(result)::bigint FROM (
        SELECT run_id, entity_id, book, date_trunc('month', effective_on)::date AS month, order_id, -func_minor AS result FROM result WHERE order_id IS NOT NULL
        UNION ALL
        SELECT run_id, entity_id, book, month, order_id, -result_minor FROM ledger_order_month) o
      GROUP BY run_id, entity_id, book, month, order_id HAVING sum(result) <> 0
      UNION ALL
      SELECT run_id, entity_id, account_id, currency, month, sum(amount)::bigint FROM (
        SELECT run_id, entity_id, book, account_id, currency, date_trunc('month', effective_on)::date AS month, order_id IS NOT NULL AS of_order, amount_minor AS amount, func_minor AS func FROM result
        UNION ALL
        SELECT run_id, entity_id, book, account_id, currency, month, of_order, -amount_minor, -func_minor FROM ledger_result_month) a
      GROUP BY run_id, entity_id, book, account_id, currency, month, of_order HAVING sum(amount) <> 0 OR sum(func) <> 0`,
  },
  {
    name: 'JOURNAL-EXPORT',
    invariant:
      'Journal exports are numbered without a gap, and each reaches as far as the one before.',
    sql: `SELECT entity_id, number FROM (
        SELECT entity_id, number, to_on, upto_xid, row_number() OVER w AS nth, lag(to_on) OVER w AS before_on, lag(upto_xid) OVER w AS before_xid
        FROM journal_export WINDOW w AS (PARTITION BY entity_id ORDER BY number)) x
      WHERE number <> nth OR to_on < before_on OR upto_xid < before_xid`,
  },
  {
    name: 'NO-GAP',
    invariant:
      'Every entry below the last seal is in exactly one sealed batch, and batches adjoin.',
    sql: `SELECT s.no, s.entries AS sealed, count(e.id) AS found FROM (
        SELECT no, from_xid, to_xid, entries, lag(to_xid, 1, '0'::xid8) OVER (ORDER BY no) AS ended FROM seal) s
      LEFT JOIN journal_entry e ON e.xid >= s.ended AND e.xid < s.to_xid
      GROUP BY s.no, s.entries, s.from_xid, s.ended HAVING count(e.id) <> s.entries OR s.from_xid <> s.ended`,
  },
  {
    name: 'SEAL',
    invariant:
      'Every sealed entry still has the content, the tree and the chain that it was sealed with.',
    sql: `SELECT seal_no, entry_id, problem FROM verify_seals()`,
  },
  {
    name: 'AUDIT-SEAL',
    invariant:
      'Every sealed audit event still has the content, the tree and the chain that it was sealed with.',
    sql: `SELECT seal_no, problem FROM verify_audit_seals()`,
  },
  {
    name: 'CLOSE-STABLE',
    invariant: 'A closed period holds what it held when its last area was closed.',
    sql: `WITH standing AS (
        SELECT DISTINCT ON (c.period_id) c.id, c.period_id FROM period_closing c
        WHERE NOT EXISTS (SELECT FROM gl_period_event v WHERE v.period_id = c.period_id AND v.action = 'reopen' AND v.recorded_at > c.recorded_at)
        ORDER BY c.period_id, c.id DESC
      )
      SELECT period_id, book, account_id, currency, sum(amount)::bigint AS difference FROM (
        SELECT c.period_id, b.book, b.account_id, b.currency, b.amount_minor AS amount, b.func_minor AS func
        FROM standing c JOIN period_closing_balance b ON b.closing_id = c.id
        UNION ALL
        SELECT c.period_id, e.book, l.account_id, l.currency, -l.amount_minor, -l.func_minor
        FROM standing c JOIN journal_entry e ON e.period_id = c.period_id JOIN journal_line l ON l.entry_id = e.id) t
      GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0 OR sum(func) <> 0`,
  },
  {
    name: 'REV',
    invariant: 'A reversal is the mirror image of the entry it reverses.',
    sql: `SELECT r.id AS entry_id, r.reverses, a.line_no FROM journal_entry r
      LEFT JOIN journal_entry o ON o.id = r.reverses LEFT JOIN journal_line a ON a.entry_id = o.id
      LEFT JOIN journal_line b ON b.entry_id = r.id AND b.line_no = a.line_no
      WHERE r.reverses IS NOT NULL AND (o.id IS NULL OR o.line_count <> r.line_count OR o.entity_id <> r.entity_id OR
        (a.account_id, a.currency, -a.amount_minor, -a.func_minor, a.order_line_id, a.channel_id, a.item_id, a.site_id, a.layer_id, a.open_key)
        IS DISTINCT FROM
        (b.account_id, b.currency, b.amount_minor, b.func_minor, b.order_line_id, b.channel_id, b.item_id, b.site_id, b.layer_id, b.open_key))`,
  },
  {
    name: 'CLEAR',
    invariant:
      'Each clearing, receivable, payable and deposit key: journal lines = matches = open item.',
    sql: `SELECT entity_id, account_id, currency, key, book, sum(line)::bigint AS lines, sum(match)::bigint AS matches, sum(item)::bigint AS item FROM (
        SELECT e.entity_id, l.account_id, l.currency, l.open_key AS key, e.book, l.amount_minor AS line, 0 AS match, 0 AS item,
          l.func_minor AS line_func, 0 AS match_func, 0 AS item_func
        FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id JOIN gl_account a ON a.id = l.account_id WHERE a.open_items
        UNION ALL
        SELECT i.entity_id, i.account_id, i.currency, i.key, i.book, 0, m.amount_minor, 0, 0, m.func_minor, 0
        FROM open_item_match m JOIN open_item i ON i.id = m.open_item_id
        UNION ALL
        SELECT entity_id, account_id, currency, key, book, 0, 0, balance_minor, 0, 0, func_minor FROM open_item) t
      GROUP BY entity_id, account_id, currency, key, book
      HAVING sum(line) <> sum(match) OR sum(match) <> sum(item) OR sum(line_func) <> sum(match_func) OR sum(match_func) <> sum(item_func)`,
  },
  {
    name: 'LIMITED',
    invariant: 'No deposit, gift card or store credit was spent beyond what was paid in.',
    sql: `SELECT entity_id, account_id, currency, key, balance_minor FROM open_item WHERE limited AND balance_minor > 0`,
  },
  {
    name: 'DIM',
    invariant: 'Every line carries the dimensions that its account demands.',
    sql: `SELECT l.entry_id, l.line_no, l.account_id FROM journal_line l JOIN gl_account a ON a.id = l.account_id
      WHERE a.required_dims & ~journal_dimension_bits(l) <> 0`,
  },
  {
    name: 'FX-POS',
    invariant: 'The exchange position has no functional balance after any entry.',
    sql: `SELECT l.entry_id, sum(l.func_minor)::bigint AS difference FROM journal_line l JOIN gl_account a ON a.id = l.account_id
      WHERE a.fx_position GROUP BY l.entry_id HAVING sum(l.func_minor) <> 0`,
  },
]

/** Runs each proof and says what breaks it; an empty `broken` is the proof. */
export async function runProofs(
  db: Reader,
  proofs: readonly Proof[] = ledgerProofs,
): Promise<ProofResult[]> {
  const results: ProofResult[] = []
  for (const proof of proofs) {
    const startedAt = performance.now()
    const broken = await db.unsafe<Record<string, unknown>[]>(`${proof.sql} LIMIT 100`)
    results.push({ proof, broken: [...broken], seconds: (performance.now() - startedAt) / 1000 })
  }
  return results
}
