import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import cliProgress from 'cli-progress'
import { MockActivityEnvironment } from '@temporalio/testing'
import { replenishmentActivities } from '#activities/replenishment/index'
import type { RunProgress } from '#contracts/replenishment'
import type { Db } from '#db/client'
import { startOwnServers } from '#tests/support/own-servers'
import { row, table, type BenchRow } from './rows.ts'

const ITEMS = 5000
const SITES = 20
const HISTORY_DAYS = 91

/**
 * One run over a hundred thousand item-nodes, with three months of history each: facts, formula,
 * transfer or buy, proposals and cases. Baseline: mean and deviation of the same movements by one
 * plain aggregate of PostgreSQL. The second run finds nothing new.
 */
export async function run({ items = ITEMS } = {}): Promise<BenchRow[]> {
  const servers = await startOwnServers({ engine: false, durable: true })
  const database = await servers.newDatabase()
  try {
    await fill(database.admin, items)
    const plain = await timed(() => plainAggregate(database.db))
    const first = await timed(() => wholeRun(database.db))
    const again = await timed(() => wholeRun(database.db))
    const nodes = items * SITES
    const { proposed, kept } = first.value
    const open = again.value
    if (first.value.done !== nodes || proposed === 0 || open.kept !== proposed + kept)
      throw new Error(`the runs disagree: ${JSON.stringify([first.value, open])}`)
    return [
      row(
        `run over ${nodes} item-nodes, ${proposed} proposals (target < 30)`,
        first.seconds,
        's',
        plain.seconds,
      ),
      row('the same again, nothing changed', again.seconds, 's', plain.seconds),
      row('item-nodes a second', nodes / first.seconds, '/s', nodes / plain.seconds),
    ]
  } finally {
    await database.end()
    await servers.stop()
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const startedAt = performance.now()
  const value = await work()
  return { seconds: (performance.now() - startedAt) / 1000, value }
}

async function plainAggregate(db: Db): Promise<void> {
  const rows = await db<{ n: number }[]>`
    SELECT count(*)::int AS n FROM (
      SELECT item_id, from_site_id, sum(qty) / ${HISTORY_DAYS}::numeric AS mean, stddev_samp(qty) AS deviation FROM stock_movement
      WHERE kind = 'issue' AND effective_on >= current_date - ${HISTORY_DAYS}::int AND effective_on < current_date GROUP BY 1, 2) t`
  if (rows[0]!.n === 0) throw new Error('there is no history')
}

/** As the process drives it: slices until it is through, then what is proposed is shown. */
async function wholeRun(db: Db): Promise<RunProgress> {
  const act = replenishmentActivities({ db })
  const key = randomUUID()
  const { progress } = await act.beginRun({ entity: 'US', key, cause: 'bench', actor: 'bench' })
  const { runId, total } = progress!
  const bar = new cliProgress.SingleBar(
    { format: '  {bar} {percentage}% {value}/{total} item-nodes', clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  )
  bar.start(total, 0)
  try {
    for (;;) {
      const environment = new MockActivityEnvironment()
      environment.on('heartbeat', ({ done }: RunProgress) => bar.update(done))
      const slice: RunProgress = await environment.run(() => act.computeItems({ runId }))
      bar.update(slice.done)
      if (slice.state !== 'running') return await act.finishRun({ runId })
    }
  } finally {
    bar.stop()
  }
}

/** Set-wise and past the guards: two thirds of the nodes have sold on every third day. */
async function fill(admin: Db, items: number): Promise<void> {
  await admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`INSERT INTO entity (code, name, functional_currency, country) VALUES ('US', 'US', 'USD', 'US')`
    await tx`INSERT INTO site (entity_id, code, name, kind, country) SELECT 1, 'S' || lpad(n::text, 2, '0'), 'Site', 'own', 'US' FROM generate_series(1, ${SITES}) n`
    await tx`INSERT INTO item (sku, name, status, class) SELECT 'SKU-' || lpad(n::text, 6, '0'), 'Item', 'active', 'C' || n % 10 FROM generate_series(1, ${items}) n`
    await tx`INSERT INTO stock_position (item_id, site_id, condition, on_hand, reserved)
      SELECT i.id, s.id, 'sellable', (i.id * 7 + s.id * 13) % 90, (i.id + s.id) % 3 FROM item i, site s WHERE i.kind = 'stock'`
    await tx`INSERT INTO stock_movement (item_id, qty, kind, from_site_id, cause_type, cause_id, actor, effective_on)
      SELECT i.id, 1 + (i.id + d) % 5, 'issue', s.id, 'past', 'past', 'bench', current_date - d
      FROM item i, site s, generate_series(1, ${HISTORY_DAYS}) d WHERE i.kind = 'stock' AND (i.id + s.id) % 3 <> 0 AND (d + i.id) % 3 = 0`
    await tx`INSERT INTO supplier (entity_id, code, name, country, currency, state, created_by, approved_by)
      SELECT 1, 'SUP-' || n, 'Supplier ' || n, 'US', 'USD', 'approved', 'a', 'b' FROM generate_series(1, 50) n`
    await tx`INSERT INTO supplier_item (supplier_id, item_id, vendor_sku, rank, moq, multiple, lead_time_days)
      SELECT 1 + (i.id + r) % 50, i.id, 'V-' || i.id, r, 1 + i.id % 24, 1 + i.id % 6, 7 + i.id % 21 FROM item i, generate_series(1, 2) r WHERE i.kind = 'stock'`
    await tx`INSERT INTO supplier_price (supplier_item_id, min_qty, price_minor, valid_from, actor)
      SELECT id, q, 500 - q, current_date - 100, 'bench' FROM supplier_item, unnest('{1,100}'::int[]) q`
    await tx`INSERT INTO expected_supply (item_id, site_id, qty, due_on, source_type, source_id)
      SELECT i.id, s.id, 30, current_date + 5, 'purchase-order', i.id || '/' || s.id FROM item i, site s WHERE i.kind = 'stock' AND (i.id + s.id) % 10 = 0`
    await tx`INSERT INTO replenishment_lane (from_site_id, to_site_id, days, fixed_minor, per_unit_minor, status, reason, actor)
      SELECT 1, id, 3, 2000, 20, 'active', 'bench', 'bench' FROM site WHERE id > 1`
    await tx`INSERT INTO replenishment_policy (entity_id, site_id, item_class, version, effective_from, method, safety_kind, safety_value, history_days, reason, actor)
      SELECT 1, NULL::int, NULL::text, 1, current_date - 1, 'reorder-point', 'service', 950000, ${HISTORY_DAYS}::int, 'bench', 'bench'
      UNION ALL SELECT 1, NULL, 'C1', 1, current_date - 1, 'cover-days', 'days', 5, ${HISTORY_DAYS}::int, 'bench', 'bench'
      UNION ALL SELECT 1, 1, NULL, 1, current_date - 1, 'order-up-to', 'service', 980000, ${HISTORY_DAYS}::int, 'bench', 'bench'`
    await tx`INSERT INTO demand_event (entity_id, item_class, kind, name, from_on, to_on, factor_ppm, reason, actor)
      VALUES (1, 'C2', 'promotion', 'sale', current_date + 3, current_date + 9, 2000000, 'bench', 'bench')`
  })
  await admin`VACUUM (ANALYZE)`
  await admin`CHECKPOINT`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(table(await run()))
