import { fileURLToPath, pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker'
import { tellOrder } from '#clients/order-process'
import { confirmShipment, orderToCashId } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { openStock } from '#db/stores/goods'
import { storeDocument } from '#db/stores/inbox'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { aLine, anOrder, foundCompany, type Company } from '#tests/support/company'
import { startOwnServers, type OwnDatabase, type OwnServers } from '#tests/support/own-servers'
import { bundleWorkflows, createOrderWorker } from '#worker'
import { countStatements, type StatementCount } from './counted-statements.ts'
import { readCpuTime, type CpuTime } from './cpu-time.ts'
import { finish } from './noop-workflows.ts'
import { concurrently, row, table, type BenchRow } from './rows.ts'
import { readServerCounters, serverWork, type ServerWork } from './server-counters.ts'

export interface OrdersBenchOptions {
  /** Orders in each of the slices that alternate with as many no-ops. */
  size?: number
  slices?: number
  /** Slices before them, until the compilers are done. */
  warmUp?: number
  inFlight?: number
}

const namespace = 'default'

/** A whole line of business on this machine: servers, one worker and its clients in one process. */
interface Plant {
  servers: OwnServers
  database: OwnDatabase
  client: Client
  workers: Worker[]
  close(): Promise<void>
}

/**
 * Whole clean prepaid orders a second, from the stored document to closed with all its postings,
 * beside as many workflows that have the same messages and no work, on the same server.
 */
export async function run(options: OrdersBenchOptions = {}): Promise<BenchRow[]> {
  const { size = 200, slices = 3, warmUp = 3, inFlight = 40 } = options
  const plant = await openPlant()
  try {
    const rate = { orders: 0, noops: 0 }
    const cpu = { orders: NO_TIME, noops: NO_TIME }
    let work: ServerWork | undefined
    // The first slices of each warm caches, plans and compiled code, and are not counted.
    for (let slice = 1 - warmUp; slice <= slices; slice += 1) {
      const started = cpuTimeOf(plant)
      const noops = await perSecond(size, () => runNoops(plant, size, inFlight))
      const between = cpuTimeOf(plant)
      const before = await readServerCounters(plant.servers.metricsUrl)
      const orders = await perSecond(size, () => runOrders(plant, size, inFlight))
      if (slice <= 0) continue
      cpu.noops = added(cpu.noops, started, between, size * slices)
      cpu.orders = added(cpu.orders, between, cpuTimeOf(plant), size * slices)
      const counted = serverWork(before, await readServerCounters(plant.servers.metricsUrl), size)
      // Of the slice in which the fewest were tried again with patience, because the machine was busy.
      if (!work || counted.writes < work.writes) work = counted
      rate.orders += orders / slices
      rate.noops += noops / slices
    }
    const sql = await statementsPerOrder(plant)
    return [
      row(`whole orders, ${inFlight} in flight`, rate.orders, 'orders/s', rate.noops),
      ...PROGRAMS.map((program) =>
        row(`CPU of ${program}`, cpu.orders[program], 'ms per order', cpu.noops[program]),
      ),
      row('CPU of all three', total(cpu.orders), 'ms per order', total(cpu.noops)),
      row('durable Temporal writes (target ≤ 6)', work!.writes, 'per order'),
      row('workflow tasks (target ≤ 4)', work!.workflowTasks, 'per order'),
      row('SQL statements to take an order in', sql.place, 'per order'),
      row('SQL statements to ship it', sql.ship, 'per order'),
      ...Object.entries(work!.operations).map(([name, count]) =>
        row(`persistence: ${name}`, count, 'per order'),
      ),
    ]
  } finally {
    await plant.close()
  }
}

const PROGRAMS = ['node', 'postgres', 'temporal'] as const
const NO_TIME: CpuTime = { node: 0, postgres: 0, temporal: 0 }

function cpuTimeOf({ servers }: Plant): CpuTime {
  return readCpuTime({ postgres: servers.postgres.pid, temporal: servers.temporal.pid })
}

/** What was spent from one reading to the next, each order's share of it added to what is known. */
function added(sum: CpuTime, from: CpuTime, to: CpuTime, orders: number): CpuTime {
  const share = (program: keyof CpuTime) => sum[program] + (to[program] - from[program]) / orders
  return { node: share('node'), postgres: share('postgres'), temporal: share('temporal') }
}

function total({ node, postgres, temporal }: CpuTime): number {
  return node + postgres + temporal
}

async function openPlant(): Promise<Plant> {
  const servers = await startOwnServers({ durable: true })
  const database = await servers.newDatabase(30)
  await stockCatalogue(database, await foundCompany(database.admin, { LAMP: { east: 1_000 } }))
  const { address } = servers.temporal
  const connection = await Connection.connect({ address })
  const native = await NativeConnection.connect({ address })
  const bundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./noop-workflows.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  })
  const workers = [
    await createOrderWorker({
      connection: native,
      namespace,
      db: database.db,
      gateways: agreeableGateways,
      bundle: await bundleWorkflows(),
    }),
    await Worker.create({
      connection: native,
      namespace,
      taskQueue: 'noop',
      workflowBundle: bundle,
      activities: { nothing: async () => 'done' },
      maxConcurrentWorkflowTaskExecutions: 40,
      maxConcurrentLocalActivityExecutions: 20,
      maxCachedWorkflows: 2000,
    }),
  ]
  const running = workers.map((worker) => worker.run())
  return {
    servers,
    database,
    client: new Client({ connection, namespace }),
    workers,
    close: async () => {
      for (const worker of workers) worker.shutdown()
      await Promise.all(running)
      await connection.close()
      await native.close()
      await database.end()
      await servers.stop()
    },
  }
}

/** Enough items that orders meet at one only as often as in a shop. */
const ITEMS = 500

async function stockCatalogue({ admin }: OwnDatabase, company: Company): Promise<void> {
  const items = await admin<{ id: number }[]>`
    INSERT INTO item (sku, name, status, weight_g, length_mm, width_mm, height_mm, hs_code, origin, list_price_minor, list_currency)
    SELECT 'BENCH-' || n, 'bench', status, weight_g, length_mm, width_mm, height_mm, hs_code, origin, list_price_minor, list_currency
    FROM item, generate_series(0, ${ITEMS - 1}) AS n WHERE sku = 'LAMP' ORDER BY n RETURNING id`
  const { entityId } = company
  const lines = items.map(({ id }) => ({
    itemId: id,
    siteId: id % 2 ? company.east : company.west,
    qty: 10_000n,
    valueMinor: 40_000_000n,
  }))
  await admin.begin((tx) =>
    openStock(tx as unknown as Tx, {
      openingId: 'bench',
      entityId,
      functionalCurrency: 'USD',
      openedOn: `${new Date().getUTCFullYear()}-01-01`,
      actor: 'bench',
      lines,
    }),
  )
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (count * 1000) / (performance.now() - startedAt)
}

let serial = 0

async function runNoops({ client }: Plant, size: number, inFlight: number): Promise<void> {
  serial += 1
  const ids = Array.from({ length: size }, (_, n) => `noop/${serial}/${n}`)
  await concurrently(ids, inFlight, (workflowId) =>
    client.workflow.start('noop', { workflowId, taskQueue: 'noop' }),
  )
  await concurrently(ids, inFlight, async (workflowId) => {
    const handle = client.workflow.getHandle(workflowId)
    await handle.executeUpdate(finish)
    await handle.result()
  })
}

async function runOrders(plant: Plant, size: number, inFlight: number): Promise<void> {
  const { client, database } = plant
  serial += 1
  const orders = Array.from({ length: size }, (_, n) =>
    anOrder({
      externalId: `B-${serial}-${n}`,
      lines: [aLine({ sku: `BENCH-${(serial * 211 + n * 7) % ITEMS}` })],
    }),
  )
  await concurrently(orders, inFlight, async (document) => {
    const { inboxId } = await storeDocument(database.db, {
      source: 'bench',
      eventId: document.externalId,
      topic: 'placed',
      document,
    })
    await tellOrder(client, { inboxId, topic: 'placed', document, actor: 'bench' })
  })
  const fulfilments = await released(database, `B-${serial}-`, size)
  await concurrently(fulfilments, inFlight, async ({ fulfilmentId, externalId }) => {
    const handle = client.workflow.getHandle(orderToCashId('web', externalId))
    await handle.executeUpdate(confirmShipment, {
      args: [{ key: 'ship', actor: 'bench', fulfilmentId, reference: 'S-1' }],
    })
    await handle.result()
  })
}

interface Released {
  fulfilmentId: string
  externalId: string
}

/** The warehouse's list of what to ship, once all of it is there. */
async function released(
  { db }: OwnDatabase,
  prefix: string,
  size: number,
): Promise<readonly Released[]> {
  for (;;) {
    const rows = await db<Released[]>`
      SELECT f.id::text AS "fulfilmentId", o.external_id AS "externalId" FROM sales_order o
      JOIN fulfilment_order f ON f.order_id = o.id WHERE starts_with(o.external_id, ${prefix})`
    if (rows.length >= size) return rows
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Counted on the wire, behind a worker of its own, for a few orders one after the other. */
async function statementsPerOrder(plant: Plant): Promise<{ place: number; ship: number }> {
  const counted = await countStatements(plant.database.url)
  const native = await NativeConnection.connect({ address: plant.servers.temporal.address })
  const taskQueue = 'counted'
  const worker = await createOrderWorker({
    connection: native,
    namespace,
    db: counted.db,
    gateways: agreeableGateways,
    bundle: await bundleWorkflows(),
    taskQueue,
  })
  const running = worker.run()
  const counts = { place: 0, ship: 0 }
  const ORDERS = 6
  for (let n = 0; n < ORDERS; n += 1) {
    const order = await countOrder(plant, counted, taskQueue, `C-${n}`)
    // The first order also reads the types of the database and prepares every statement.
    if (n === 0) continue
    counts.place += order.place / (ORDERS - 1)
    counts.ship += order.ship / (ORDERS - 1)
  }
  worker.shutdown()
  await running
  await native.close()
  await counted.close()
  return counts
}

async function countOrder(
  { client, database }: Plant,
  counted: StatementCount,
  taskQueue: string,
  externalId: string,
): Promise<{ place: number; ship: number }> {
  const document = anOrder({ externalId })
  const stored = { source: 'bench', eventId: externalId, topic: 'placed' as const, document }
  const { inboxId } = await storeDocument(database.db, stored)
  counted.take()
  await tellOrder(client, { inboxId, topic: 'placed', document, actor: 'bench', taskQueue })
  const [fulfilment] = await released(database, externalId, 1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const place = counted.take()
  const handle = client.workflow.getHandle(orderToCashId('web', externalId))
  await handle.executeUpdate(confirmShipment, {
    args: [
      { key: 'ship', actor: 'bench', fulfilmentId: fulfilment!.fulfilmentId, reference: 'S-1' },
    ],
  })
  await handle.result()
  return { place, ship: counted.take() }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  console.log(table(await run()))
}
