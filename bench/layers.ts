import { pathToFileURL } from 'node:url'
import type { Db, Tx } from '#db/client'
import { consumeCost } from '#db/stores/stock'
import { startOwnServers } from '#tests/support/own-servers'
import { foundCompany } from '#tests/support/company'
import { percentile, row, table, type BenchRow } from './rows.ts'

const DEPTHS = [10, 1_000, 100_000]

/**
 * What it costs to take one unit out of stock by FIFO when it lies in many cost layers: beside
 * the shallowest stack, so that a ratio near one says that the depth does not matter.
 */
export async function run({ rounds = 200 } = {}): Promise<BenchRow[]> {
  const servers = await startOwnServers({ engine: false })
  const database = await servers.newDatabase()
  try {
    const company = await foundCompany(database.admin, { MUG: { east: 1 } })
    const rows: BenchRow[] = []
    for (const depth of DEPTHS) {
      const itemId = await stack(database.admin, company.entityId, company.east, depth)
      const samples = await consume(database.admin, itemId, company.east, rounds)
      const p50 = percentile(samples, 0.5)
      rows.push(row(`one unit out of ${depth} layers, p50`, p50, 'ms', rows[0]?.value ?? null))
    }
    return rows
  } finally {
    await database.end()
    await servers.stop()
  }
}

/** An item with so many layers of ten units; written set-wise, past the guards of a receipt. */
async function stack(admin: Db, entityId: number, siteId: number, depth: number): Promise<number> {
  const [item] = await admin<{ id: number }[]>`
    INSERT INTO item (sku, name) VALUES (${`STACK-${depth}`}, 'stack') RETURNING id`
  await admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`
      INSERT INTO cost_layer (entity_id, item_id, site_id, condition, ranked_on, qty0, value0_minor, remaining_qty, remaining_minor, source_type, source_id)
      SELECT ${entityId}, ${item!.id}, ${siteId}, 'sellable', date '2020-01-01' + (n % 2000), 10, 1000, 10, 1000, 'bench', n::text
      FROM generate_series(1, ${depth}) AS n`
  })
  await admin`VACUUM (ANALYZE) cost_layer`
  return item!.id
}

async function consume(
  admin: Db,
  itemId: number,
  siteId: number,
  rounds: number,
): Promise<number[]> {
  const samples: number[] = []
  const rollback = new Error('measured')
  for (let n = 0; n < rounds + 20; n += 1)
    await admin
      .begin(async (tx) => {
        const startedAt = performance.now()
        await consumeCost(tx as unknown as Tx, [
          {
            itemId,
            siteId,
            qty: 1n,
            causeType: 'bench',
            causeId: `${n}`,
            effectiveOn: '2026-01-01',
          },
        ])
        // The first rounds prepare the statements.
        if (n >= 20) samples.push(performance.now() - startedAt)
        throw rollback
      })
      .catch((error: unknown) => {
        if (error !== rollback) throw error
      })
  return samples
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(table(await run()))
