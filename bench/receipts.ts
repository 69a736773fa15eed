import { pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { createLogger } from '#api/plugins/logging'
import { buildServer, type ApiServer } from '#api/server'
import { hashApiKey } from '#api/tokens'
import type { Db } from '#db/client'
import { foundCompany } from '#tests/support/company'
import { startOwnServers, type OwnDatabase } from '#tests/support/own-servers'
import { percentile, row, table, type BenchRow } from './rows.ts'

const LINES = 1_000
const API_KEY = 'tlk_of_the_dock_where_goods_arrive'

/** A receipt of a thousand lines over HTTP, beside bare inserts of as many rows into plain tables. */
export async function run({ rounds = 9 } = {}): Promise<BenchRow[]> {
  const servers = await startOwnServers({ durable: true, engine: false })
  const database = await servers.newDatabase()
  const connection = Connection.lazy({ address: '127.0.0.1:1' })
  const api = await buildServer({
    db: database.db,
    temporal: new Client({ connection }),
    config: { TEMPORAL_NAMESPACE: 'default', JWT_SECRET: 'bench'.repeat(8) } as never,
    logger: createLogger('silent'),
  })
  try {
    await stockCatalogue(database)
    const [bare, received]: number[][] = [[], []]
    // The first round prepares the statements and is not counted.
    for (let n = 0; n <= rounds; n += 1) {
      const [insert, receive] = [await insertBare(database.admin), await receiveOnce(api, n)]
      if (n === 0) continue
      bare!.push(insert)
      received!.push(receive)
    }
    const [p50, worst] = [percentile(received!, 0.5), percentile(received!, 1)]
    return [
      row(`receipt of ${LINES} lines, p50 (target < 2,000)`, p50, 'ms', percentile(bare!, 0.5)),
      row(`receipt of ${LINES} lines, slowest`, worst, 'ms', percentile(bare!, 1)),
    ]
  } finally {
    await api.close()
    await connection.close()
    await database.end()
    await servers.stop()
  }
}

async function stockCatalogue({ admin }: OwnDatabase): Promise<void> {
  await foundCompany(admin)
  await admin`INSERT INTO api_key (name, key_hash, roles) VALUES ('dock', ${hashApiKey(API_KEY)}, '{system}')`
  await admin`
    INSERT INTO item (sku, name, status, weight_g, length_mm, width_mm, height_mm, hs_code, origin, list_price_minor, list_currency)
    SELECT 'BENCH-' || n, 'bench', 'active', 500, 100, 100, 100, '6912.00', 'CN', 1000, 'USD' FROM generate_series(1, ${LINES}::int) AS n`
  // What a receipt writes by line, without a key, a guard or a foreign key.
  await admin.unsafe(`
    CREATE TABLE bare_receipt_line (LIKE goods_receipt_line);
    CREATE TABLE bare_movement (LIKE stock_movement);
    CREATE TABLE bare_layer (LIKE cost_layer);
    CREATE TABLE bare_journal_line (LIKE journal_line);`)
}

/** Milliseconds until the whole receipt is answered. */
async function receiveOnce(api: ApiServer, n: number): Promise<number> {
  const lines = Array.from({ length: LINES }, (_, line) => ({
    sku: `BENCH-${line + 1}`,
    expectedQty: '12',
    receivedQty: '12',
    unitCostMinor: '450',
  }))
  const startedAt = performance.now()
  const answer = await api.inject({
    method: 'POST',
    url: '/v1/goods-receipts',
    headers: { 'x-api-key': API_KEY, 'idempotency-key': `receipt-${n}` },
    payload: { receiptNo: `BENCH-${n}`, site: 'EAST', supplier: 'bench', lines },
  })
  const took = performance.now() - startedAt
  if (answer.statusCode !== 201) throw new Error(answer.body)
  return took
}

/** The rows that the receipt before left behind, copied in one transaction; of the first round, none. */
async function insertBare(admin: Db): Promise<number> {
  const startedAt = performance.now()
  await admin.begin(async (tx) => {
    await tx`INSERT INTO bare_receipt_line SELECT * FROM goods_receipt_line ORDER BY receipt_id DESC LIMIT ${LINES}`
    await tx`INSERT INTO bare_movement SELECT * FROM stock_movement ORDER BY id DESC LIMIT ${LINES}`
    await tx`INSERT INTO bare_layer SELECT * FROM cost_layer ORDER BY id DESC LIMIT ${LINES}`
    await tx`INSERT INTO bare_journal_line SELECT * FROM journal_line ORDER BY entry_id DESC LIMIT ${LINES}`
  })
  return performance.now() - startedAt
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(table(await run()))
