import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { tellOrder } from '#clients/order-process'
import { storeDocument } from '#db/stores/inbox'
import { anOrder, foundCompany } from '#tests/support/company'
import { startOwnServers, type OwnDatabase } from '#tests/support/own-servers'
import { startProcess } from '#tools/processes'
import { concurrently, row, table, type BenchRow } from './rows.ts'

/**
 * Resident memory of a worker process that has so many open orders waiting, beside a hundred.
 * The cache of running processes is capped, so it must not grow with the orders for ever.
 */
export async function run({ many = 10_000 } = {}): Promise<BenchRow[]> {
  const servers = await startOwnServers({ durable: true })
  const database = await servers.newDatabase(40)
  await foundCompany(database.admin, { LAMP: { east: 5_000_000, west: 5_000_000 } })
  const connection = await Connection.connect({ address: servers.temporal.address })
  const worker = await startProcess({
    name: 'worker',
    command: process.execPath,
    args: ['--import', 'tsx', 'worker.ts'],
    cwd: `${import.meta.dirname}/..`,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: servers.temporal.address,
      STRIPE_API_KEY: 'sk_test_bench',
      CARRIER_BASE_URL: 'http://127.0.0.1:9',
      CARRIER_API_KEY: 'bench',
    },
  })
  try {
    const client = new Client({ connection })
    const few = await residentWith(client, database, worker.pid, 100)
    const full = await residentWith(client, database, worker.pid, Math.min(many, 2_000))
    const all = await residentWith(client, database, worker.pid, many)
    return [
      row('worker with 100 open orders', few, 'MB'),
      row('with as many as its cache holds (2,000)', full, 'MB', few),
      row(`with ${many} open orders`, all, 'MB', few),
    ]
  } finally {
    await worker.stop()
    await connection.close()
    await database.end()
    await servers.stop()
  }
}

/** Opens orders up to this number, lets the worker come to rest and reads what it holds. */
async function residentWith(
  client: Client,
  { db }: OwnDatabase,
  pid: number,
  orders: number,
): Promise<number> {
  const [known] = await db<{ open: number }[]>`SELECT count(*)::int AS open FROM sales_order`
  const missing = Array.from({ length: orders - known!.open }, (_, n) => known!.open + n)
  await concurrently(missing, 60, async (n) => {
    const document = anOrder({ externalId: `M-${n}` })
    const stored = await storeDocument(db, {
      source: 'bench',
      eventId: document.externalId,
      topic: 'placed',
      document,
    })
    const { inboxId } = stored
    await tellOrder(client, { inboxId, topic: 'placed', document, actor: 'bench' })
  })
  for (;;) {
    const [open] = await db<{ n: number }[]>`
      SELECT count(*)::int AS n FROM sales_order WHERE phase = 'released' AND closed_at IS NULL`
    if (open!.n >= orders) break
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  console.log(table(await run()))
}
