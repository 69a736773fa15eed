import { pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { buildServer } from '#api/server'
import { createLogger } from '#api/plugins/logging'
import { hashApiKey } from '#api/tokens'
import type { Db } from '#db/client'
import { availableToSell } from '#db/queries/stock'
import { EVERYWHERE } from '#domain/scopes'
import { startOwnServers, type OwnDatabase } from '#tests/support/own-servers'
import { percentile, row, table, type BenchRow } from './rows.ts'

const SKUS = 100_000
const SITES = 20
const KEY = 'tlk_bench0000000000000000000000000'

/**
 * Available to sell of one SKU at all sites for one channel, in a company with a hundred
 * thousand SKUs at twenty sites: at the database, beside the bare rows by their key, and over HTTP.
 */
export async function run({ samples = 1000 } = {}): Promise<BenchRow[]> {
  const servers = await startOwnServers({ engine: false })
  const database = await servers.newDatabase()
  try {
    await fill(database.admin)
    const bare = await measure(samples, (sku) => bareRows(database.db, sku))
    const query = await measure(samples, async (sku) => {
      const rows = await availableToSell(database.db, { ...ALL, skus: [sku], channel: 'web' })
      if (rows.length !== SITES) throw new Error(`${sku} has ${rows.length} rows`)
    })
    const http = await overHttp(database, samples)
    return [
      row('ATS at the database, p50', percentile(query, 0.5), 'ms', percentile(bare, 0.5)),
      row(
        'ATS at the database, p99 (target < 5)',
        percentile(query, 0.99),
        'ms',
        percentile(bare, 0.99),
      ),
      row('ATS over HTTP, p50', percentile(http, 0.5), 'ms', percentile(bare, 0.5)),
      row('ATS over HTTP, p99 (target < 15)', percentile(http, 0.99), 'ms', percentile(bare, 0.99)),
    ]
  } finally {
    await database.end()
    await servers.stop()
  }
}

const ALL = { scopes: EVERYWHERE, afterSku: '', afterSite: '', limit: 100 }

/** Two million positions, set-wise and past the guards; every part of the sum has rows to find. */
async function fill(admin: Db): Promise<void> {
  await admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`INSERT INTO entity (code, name, functional_currency, country) VALUES ('US', 'US', 'USD', 'US')`
    await tx`INSERT INTO site (entity_id, code, name, kind, country) SELECT 1, 'S' || lpad(n::text, 2, '0'), 'Site', 'own', 'US' FROM generate_series(1, ${SITES}) n`
    await tx`INSERT INTO channel (code, name, kind, entity_id, currency) VALUES ('web', 'Web', 'shopify', 1, 'USD'), ('b2b', 'Trade', 'b2b', 1, 'USD')`
    await tx`INSERT INTO item (sku, name, status) SELECT 'SKU-' || lpad(n::text, 6, '0'), 'Item', 'active' FROM generate_series(1, ${SKUS}) n`
    await tx`INSERT INTO stock_position (item_id, site_id, condition, on_hand, reserved)
      SELECT i.id, s.id, 'sellable', 50 + (i.id * 7 + s.id) % 100, (i.id + s.id) % 20 FROM item i, site s`
    await tx`INSERT INTO listing (channel_id, external_id, item_id, buffer) SELECT c.id, i.sku, i.id, 2 FROM item i, channel c`
    await tx`INSERT INTO stock_policy (item_id, site_id, safety_stock, effective_from, reason, actor)
      SELECT i.id, s.id, 3, current_date - 30, 'bench', 'bench' FROM item i, site s WHERE i.id % 4 = 0 AND s.id % 4 = 0`
    await tx`INSERT INTO stock_pool (channel_id, item_id, site_id, qty, reason)
      SELECT c.id, i.id, s.id, 4, 'bench' FROM item i, site s, channel c WHERE i.id % 5 = 0 AND s.id % 5 = 0`
    await tx`INSERT INTO expected_supply (item_id, site_id, qty, due_on, source_type, source_id)
      SELECT i.id, s.id, 100, current_date + 7, 'po', i.id || '/' || s.id FROM item i, site s WHERE i.id % 3 = 0 AND s.id = 1`
    await tx`INSERT INTO stock_count (item_id, site_id, counted, expected, actor) SELECT i.id, s.id, 50, 50, 'bench' FROM item i, site s WHERE i.id % 2 = 0`
    await tx`INSERT INTO missing_stock (item_id, site_id, qty, cause_type, cause_id, actor) SELECT i.id, s.id, 1, 'short-pick', 'bench', 'bench' FROM item i, site s WHERE i.id % 50 = 0 AND s.id = 1`
    await tx`INSERT INTO api_key (name, key_hash, roles) VALUES ('bench', ${hashApiKey(KEY)}, '{connector}')`
  })
  await admin`VACUUM (ANALYZE)`
  // Writing two million rows out belongs to the filling, not to the reads that follow.
  await admin`CHECKPOINT`
}

async function measure(
  samples: number,
  read: (sku: string) => Promise<unknown>,
): Promise<number[]> {
  const times: number[] = []
  // The first reads prepare statements and warm caches.
  for (let n = 0; n < samples + 100; n += 1) {
    const sku = `SKU-${String(1 + ((n * 7919) % SKUS)).padStart(6, '0')}`
    const startedAt = performance.now()
    await read(sku)
    if (n >= 100) times.push(performance.now() - startedAt)
  }
  return times
}

function bareRows(db: Db, sku: string): Promise<unknown> {
  const itemId = Number(sku.slice(4))
  return db`SELECT site_id, on_hand, reserved FROM stock_position WHERE item_id = ${itemId} AND condition = 'sellable' ORDER BY site_id`
}

/** Through a real socket, as a channel's program would ask. */
async function overHttp({ db }: OwnDatabase, samples: number): Promise<number[]> {
  const connection = Connection.lazy({ address: '127.0.0.1:1' })
  const server = await buildServer({
    db,
    temporal: new Client({ connection }),
    config: { JWT_SECRET: 'b'.repeat(40), TEMPORAL_NAMESPACE: 'default' } as never,
    logger: createLogger('silent'),
  })
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  try {
    return await measure(samples, async (sku) => {
      const answer = await fetch(`${address}/v1/stock/ats?sku=${sku}&channel=web&limit=100`, {
        headers: { 'x-api-key': KEY },
      })
      const body = await answer.text()
      if (!answer.ok) throw new Error(`${answer.status}: ${body}`)
    })
  } finally {
    await server.close()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(table(await run()))
