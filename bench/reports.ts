import { connect, type Db } from '#db/client'
import { migrate } from '#db/migrate'
import { periodBalances, type BalanceScope } from '#db/queries/report-balances'
import { itemSales } from '#db/queries/report-margin'
import { waitingItems } from '#db/queries/report-open-items'
import { orderResults } from '#db/queries/report-orders'
import { stockMoves } from '#db/queries/report-stock'
import { startOwnServers } from '#tests/support/own-servers'
import { row, type BenchRow } from './rows.ts'

/** Orders of ten journal lines each, over a year: 5 million lines. */
const ORDERS = Number(process.env['BENCH_REPORT_ORDERS'] ?? 500_000)
const TIMES = 5

/**
 * Seconds of each report over a year's lines, beside a plain aggregate over the same rows. The
 * database is filled by set-based SQL without the door, as a restored one is; the totals are taken
 * as the worker takes them.
 */
export async function run(): Promise<BenchRow[]> {
  const servers = await startOwnServers({ durable: false, engine: false })
  try {
    await migrate(servers.postgres.url)
    const db = connect(servers.postgres.url, { max: 4 })
    try {
      return await measureAll(db)
    } finally {
      await db.end()
    }
  } finally {
    await servers.stop()
  }
}

async function measureAll(db: Db): Promise<BenchRow[]> {
  const entityId = await fill(db)
  const [lines] = await db<{ count: bigint }[]>`SELECT count(*) FROM journal_line`
  const taken = await seconds(() => db`SELECT take_ledger_days(1)`)
  // A tail that no totals hold yet, as long as the worker ever leaves it.
  await insertOrders(db, entityId, ORDERS + 1, ORDERS + 2000)
  await db`VACUUM ANALYZE`
  const year = { entityId, from: '2026-01-01', to: '2026-12-31', horizon: undefined }
  const month = { ...year, from: '2026-11-01', to: '2026-11-30' }
  const rows: BenchRow[] = [
    row('journal lines', Number(lines!.count), 'lines'),
    row('all totals taken anew', taken, 's'),
  ]
  const plain = (scope: BalanceScope, by: string) =>
    median(
      () =>
        db.unsafe(
          `SELECT l.account_id, l.currency, ${by}, sum(l.func_minor) FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
           WHERE e.entity_id = $1 AND e.book = 'main' AND l.effective_on BETWEEN $2 AND $3 GROUP BY 1, 2, 3`,
          [scope.entityId, scope.from, scope.to],
        ),
      3,
    )
  const whole = await plain(year, '1::int')
  const measured: [string, () => Promise<unknown>, number][] = [
    ['trial balance, balance sheet', () => periodBalances(db, year), whole],
    ['profit and loss, a year', () => periodBalances(db, { ...year, result: true }), whole],
    [
      'profit and loss by channel, a year',
      () => periodBalances(db, { ...year, result: true, by: 'channel' }),
      await plain(year, 'l.channel_id'),
    ],
    [
      'profit and loss by SKU, a year',
      () => periodBalances(db, { ...year, result: true, by: 'item' }),
      await plain(year, 'l.item_id'),
    ],
    ['receivables by age', () => aged(db, entityId), await plainAged(db, entityId)],
    [
      'inventory roll-forward, a month',
      () => stockMoves(db, month),
      await plain(month, 'l.item_id'),
    ],
    [
      'result by order, a month',
      () => orderResults(db, month, 1000),
      await plain(month, 'l.order_id'),
    ],
    ['margin bridge, a month of two', () => itemSales(db, month), await plain(month, 'l.item_id')],
  ]
  for (const [what, work, baseline] of measured) {
    const value = await median(work, TIMES)
    rows.push(row(`${what} (target < 2)`, value, 's', baseline))
  }
  const orders = await median(() => orderResults(db, year, 1000), 3)
  rows.push(row('result by order, a year', orders, 's', await plain(year, 'l.order_id')))
  return rows
}

const aged = (db: Db, entityId: number) =>
  waitingItems(db, { entityId, accounts: [1200], asOf: '2026-12-31', horizon: undefined })

const plainAged = (db: Db, entityId: number) =>
  median(
    () => db`
      SELECT l.open_key, min(l.effective_on), sum(l.func_minor) FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      WHERE e.entity_id = ${entityId} AND l.account_id = 1200 AND l.effective_on <= '2026-12-31' GROUP BY 1 HAVING sum(l.func_minor) <> 0`,
    3,
  )

async function seconds(work: () => PromiseLike<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return Math.round(performance.now() - startedAt) / 1000
}

async function median(work: () => PromiseLike<unknown>, times: number): Promise<number> {
  const all: number[] = []
  for (let n = 0; n < times; n += 1) all.push(await seconds(work))
  return all.sort((a, b) => a - b)[Math.floor(times / 2)]!
}

async function fill(db: Db): Promise<number> {
  const [entity] = await db<{ id: number }[]>`
    INSERT INTO entity (code, name, functional_currency, country) VALUES ('BENCH', 'Bench', 'USD', 'US') RETURNING id`
  const { id } = entity!
  await db`SELECT open_periods(${id}, 2026)`
  await db`INSERT INTO channel (code, name, kind, entity_id, currency) SELECT 'c' || n, 'c', 'b2b', ${id}, 'USD' FROM generate_series(1, 4) n`
  await db`INSERT INTO site (entity_id, code, name, kind, country) SELECT ${id}, 's' || n, 's', 'own', 'US' FROM generate_series(1, 3) n`
  await db`INSERT INTO item (sku, name) SELECT 'SKU-' || n, 'Item' FROM generate_series(1, 2000) n`
  const step = 50_000
  for (let first = 1; first <= ORDERS; first += step)
    await insertOrders(db, id, first, Math.min(ORDERS, first + step - 1))
  await db`VACUUM ANALYZE`
  return id
}

/** An order shipped and paid: two entries, ten lines, an open item; one in fifty stays unpaid. */
async function insertOrders(db: Db, entityId: number, first: number, last: number): Promise<void> {
  await db.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`
      CREATE TEMP TABLE sold ON COMMIT DROP AS
      SELECT n AS o, date '2026-01-01' + (n::bigint * 365 / ${ORDERS + 2001})::int AS d, 1 + n % 4 AS channel, 1 + n % 3 AS site, (1 + n::bigint * 7919 % 2000)::int AS item,
        (ARRAY['retail', 'b2b', 'vip'])[1 + n % 3] AS segment, 1000 + n % 9000 AS price FROM generate_series(${first}::int, ${last}::int) n`
    await tx`
      INSERT INTO journal_entry (id, xid, entity_id, period_id, effective_on, rule_version, line_count, areas, area, event_type, source_type, source_id, idem_key, actor, leaf)
      SELECT 2 * o + k, pg_current_xact_id(), ${entityId}, p.id, d, 1, CASE k WHEN 0 THEN 8 ELSE 2 END, 63, 'AR', CASE k WHEN 0 THEN 'goods-shipped' ELSE 'payment-captured' END,
        CASE k WHEN 0 THEN 'shipment' ELSE 'payment' END, o::text, k || '/' || o, 'bench', sha256('x')
      FROM sold CROSS JOIN (VALUES (0), (1)) kind(k) JOIN gl_period p ON p.entity_id = ${entityId} AND d BETWEEN p.starts AND p.ends AND p.kind = 'normal'
      WHERE k = 0 OR o % 50 <> 0`
    await tx`
      INSERT INTO journal_line (entry_id, line_no, account_id, effective_on, currency, amount_minor, func_minor, qty, order_id, order_line_id, channel_id, item_id, site_id, segment, condition, layer_id, open_key, party)
      SELECT 2 * o + l.k, l.no, l.account, d, 'USD', l.share * price, l.share * price, CASE l.account WHEN 4010 THEN -1 WHEN 5010 THEN 1 WHEN 1300 THEN -1 END,
        o, CASE WHEN l.sold THEN o END, CASE WHEN l.sold THEN channel END, CASE WHEN l.sold THEN item END, CASE WHEN l.sold THEN site END, CASE WHEN l.sold THEN segment END,
        CASE l.account WHEN 1300 THEN 'sellable' END, CASE l.account WHEN 1300 THEN 1 END,
        CASE WHEN l.account IN (1200, 2040, 1110) THEN 'shipment/' || o END, 'customer/' || o % 1000
      FROM sold CROSS JOIN (VALUES (0, 1, 1200, 9, false), (0, 2, 4110, 1, true), (0, 3, 4010, -10, true), (0, 4, 5010, 4, true), (0, 5, 1300, -4, true),
        (0, 6, 5040, 1, true), (0, 7, 2040, -2, false), (0, 8, 6010, 1, true), (1, 1, 1010, 9, false), (1, 2, 1200, -9, false)) l(k, no, account, share, sold)
      WHERE l.k = 0 OR o % 50 <> 0`
    await tx`
      INSERT INTO open_item (id, balance_minor, func_minor, entity_id, account_id, opened_on, limited, currency, key) OVERRIDING SYSTEM VALUE
      SELECT o, b, b, ${entityId}, 1200, d, false, 'USD', 'shipment/' || o FROM (SELECT *, CASE WHEN o % 50 = 0 THEN 9 * price ELSE 0 END AS b FROM sold) s`
    await tx`
      INSERT INTO open_item_match (open_item_id, entry_id, line_no, amount_minor, func_minor)
      SELECT o, 2 * o + k, CASE k WHEN 0 THEN 1 ELSE 2 END, CASE k WHEN 0 THEN 9 ELSE -9 END * price, CASE k WHEN 0 THEN 9 ELSE -9 END * price
      FROM sold CROSS JOIN (VALUES (0), (1)) kind(k) WHERE k = 0 OR o % 50 <> 0`
  })
}
