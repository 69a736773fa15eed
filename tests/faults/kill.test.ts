import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { connect, type Db } from '#db/client'
import { runProofs } from '#db/queries/proofs'
import { startCarrierSimulator, type CarrierSimulator } from '#simulators/carrier'
import { startStripeSimulator, type StripeSimulator } from '#simulators/stripe'
import { aLine, anOrder, foundCompany } from '#tests/support/company'
import { startOwnServers, type OwnDatabase, type OwnServers } from '#tests/support/own-servers'
import { startPostgresProxy, type Moment, type PostgresProxy } from '#tests/support/proxy'
import { seededRandom, type Random } from '#tools/demo/random'
import { driveToItsEnd, type DrivenOrder, type Kind } from './driven-order.ts'
import { keepWorker, type KeptWorker } from './kept-worker.ts'

const ORDERS = 30
/** Until when faults happen and orders are placed; then everything must come to its end. */
const FAULTS_MS = 24_000
const seed = process.env['FAULTS_SEED'] ?? '20261123'

let servers: OwnServers
let database: OwnDatabase
let proxy: PostgresProxy
let stripe: StripeSimulator
let carrier: CarrierSimulator
let worker: KeptWorker
let connection: Connection

beforeAll(async () => {
  servers = await startOwnServers({ durable: true, durableTemporal: true })
  database = await servers.newDatabase()
  await foundCompany(database.admin, { MUG: { east: 500 }, LAMP: { east: 200, west: 200 } })
  proxy = await startPostgresProxy(database.url)
  stripe = await startStripeSimulator({ seed })
  carrier = await startCarrierSimulator({ seed })
  connection = await Connection.connect({ address: servers.temporal.address })
  worker = await keepWorker({
    DATABASE_URL: proxy.url,
    TEMPORAL_ADDRESS: servers.temporal.address,
    STRIPE_BASE_URL: stripe.url,
    STRIPE_API_KEY: 'sk_test_faults',
    CARRIER_BASE_URL: carrier.url,
    CARRIER_API_KEY: 'faults',
  })
}, 90_000)

afterAll(async () => {
  await worker.stop()
  await Promise.all([stripe.close(), carrier.close(), proxy.close(), connection.close()])
  await database.end()
  await servers.stop()
}, 30_000)

test('whoever is killed and whenever, every order comes to its end and nothing happens twice', async () => {
  console.log(`  faults: FAULTS_SEED=${seed} repeats this run`)
  const random = seededRandom(seed)
  const orders = await Promise.all(Array.from({ length: ORDERS }, (_, n) => newOrder(n, random)))
  const giveUp = AbortSignal.timeout(150_000)
  const client = new Client({ connection })
  const driven = Promise.all(
    orders.map((order) => driveToItsEnd({ db: database.db, client, signal: giveUp }, order)),
  )
  const happened = await makeTrouble(random)
  const faultsOffAt = Date.now()
  await driven.catch(async () => {
    throw new Error(`orders are stuck: ${JSON.stringify(await stuck(database.admin))}`)
  })
  const seconds = ((Date.now() - faultsOffAt) / 1000).toFixed(1)
  console.log(`  faults: ${happened.join(', ')}; all done ${seconds} s after the last`)

  expect(worker.crashes).toEqual([])
  expect(await onceEach(database.admin)).toEqual(
    orders.map(({ document, kind }) => expected(document, kind)).sort(byId),
  )
  expectOutsideOnce(orders)
  await expectSound()
}, 180_000)

/** Each victim at each moment once, and acknowledgements lost in between, in an order of the seed. */
async function makeTrouble(random: Random): Promise<string[]> {
  const begunAt = Date.now()
  const happened: string[] = []
  const victims: [name: string, kill: () => void | Promise<void>][] = [
    ['worker', () => worker.kill()],
    ['PostgreSQL', () => servers.killPostgres()],
    ['Temporal', () => servers.killTemporal()],
    ['nobody, the connection is cut', () => {}],
  ]
  const moments: Moment[] = ['in-transaction', 'committed']
  const plan = moments
    .flatMap((moment) => victims.map(([name, kill]) => ({ moment, name, kill })))
    .map((fault) => ({ fault, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
  for (const [n, { fault }] of plan.entries()) {
    await new Promise((resolve) => setTimeout(resolve, random.whole(200, 900)))
    const recovering: Promise<void>[] = []
    const { moment, name } = fault
    const strike = () => void recovering.push(Promise.resolve(fault.kill()))
    const trap = proxy.arm(moment, strike)
    const late = new Promise<void>((resolve) =>
      setTimeout(resolve, (FAULTS_MS / plan.length) * (n + 1) - (Date.now() - begunAt)),
    )
    await Promise.race([trap.sprung, late])
    // Nothing may be going on at this moment; then the victim dies idle, and no trap is left for
    // the time when another is being brought back.
    if (trap.disarm()) strike()
    await Promise.all(recovering)
    happened.push(`${name} ${moment} (${((Date.now() - begunAt) / 1000).toFixed(1)} s)`)
  }
  return happened
}

const kinds: Kind[] = ['prepaid', 'authorised', 'prepaid-labelled', 'authorised-labelled']

async function newOrder(n: number, random: Random): Promise<DrivenOrder> {
  const kind = kinds[n % kinds.length]!
  const pauses = [
    random.whole(0, FAULTS_MS - 6_000),
    ...[1, 2, 3].map(() => random.whole(0, 3_000)),
  ]
  const sku = random.chance(0.5)
    ? { sku: 'MUG', unitPriceMinor: '1000' }
    : { sku: 'LAMP', unitPriceMinor: '10000' }
  const draft = { externalId: `F-${n}`, lines: [aLine({ ...sku, quantity: random.whole(1, 3) })] }
  const document = anOrder(draft)
  if (kind.startsWith('prepaid')) return { kind, document, pauses }
  const payment = {
    state: 'authorised' as const,
    provider: 'stripe',
    reference: await authorise(document),
    amountMinor: 'all',
  }
  return { kind, document: anOrder({ ...draft, payment }), pauses }
}

/** What the shop's checkout did before the order came to us. */
async function authorise(document: OrderDocument): Promise<string> {
  const answer = await fetch(`${stripe.url}/v1/payment_intents`, {
    method: 'POST',
    body: new URLSearchParams({
      amount: document.total.minor,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      capture_method: 'manual',
      confirm: 'true',
    }),
  })
  const { id } = (await answer.json()) as { id: string }
  return id
}

interface Outcome {
  externalId: string
  phase: string
  shipments: number
  parcels: number
  invoices: number
  /** Every entry of the order, by what it says, however often. */
  entries: string[]
}

function expected({ externalId }: OrderDocument, kind: Kind): Outcome {
  return {
    externalId,
    phase: 'closed',
    shipments: 1,
    parcels: kind.endsWith('labelled') ? 1 : 0,
    invoices: 1,
    entries: ['goods-shipped', 'payment-captured'],
  }
}

async function onceEach(admin: Db): Promise<Outcome[]> {
  const rows = await admin<Outcome[]>`
    SELECT o.external_id AS "externalId", o.phase,
      (SELECT count(*)::int FROM shipment s WHERE s.order_id = o.id) AS shipments,
      (SELECT count(*)::int FROM parcel p WHERE p.order_id = o.id) AS parcels,
      (SELECT count(*)::int FROM customer_invoice i WHERE i.order_id = o.id) AS invoices,
      (SELECT array_agg(e.event_type ORDER BY e.event_type) FROM journal_entry e
        WHERE e.id IN (SELECT entry_id FROM journal_line l WHERE l.order_id = o.id)) AS entries
    FROM sales_order o`
  return [...rows].sort(byId)
}

function byId(a: { externalId: string }, b: { externalId: string }): number {
  return a.externalId < b.externalId ? -1 : 1
}

/** The providers' own books: one capture per authorised order, one label per parcel. */
function expectOutsideOnce(orders: readonly DrivenOrder[]): void {
  const authorised = orders.filter(({ kind }) => kind.startsWith('authorised'))
  const taken = stripe.journal
    .effects('capture')
    .map(({ reference, amount }) => `${reference} ${amount}`)
  const due = authorised.map(({ document: { payment } }) => [
    payment.reference,
    payment.amountMinor,
  ])
  expect(taken.sort()).toEqual(due.map((pair) => pair.join(' ')).sort())
  const bought = carrier.journal.effects('buy').map(({ key }) => key)
  expect(new Set(bought).size).toBe(bought.length)
  expect(bought).toHaveLength(orders.filter(({ kind }) => kind.endsWith('labelled')).length)
}

async function expectSound(): Promise<void> {
  const { admin } = database
  const broken = (await runProofs(admin)).filter((result) => result.broken.length > 0)
  expect(broken.map(({ proof }) => proof.name)).toEqual([])
  expect(
    await admin`SELECT key, state FROM external_effect WHERE state NOT IN ('confirmed', 'failed')`,
  ).toEqual([])
  expect(await admin`SELECT key, type FROM exception_case WHERE state = 'open'`).toEqual([])
  expect(
    await admin`
      SELECT p.item_id, p.site_id FROM stock_position p WHERE p.reserved <> 0 OR p.on_hand <> (
        SELECT sum(l.remaining_qty) FROM cost_layer l WHERE l.item_id = p.item_id AND l.site_id = p.site_id AND l.condition = p.condition)`,
  ).toEqual([])
  // A transaction that nobody ends would hold its locks for ever.
  const held = await admin`
    SELECT a.pid, a.state, a.query FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start < clock_timestamp() - interval '2 seconds'`
  expect(held).toEqual([])
}

async function stuck(admin: Db): Promise<unknown> {
  const late = connect(database.url, { max: 1 })
  try {
    return await late`
      SELECT o.external_id, o.phase, o.waiting_for, (SELECT array_agg(e.key || ' ' || e.state) FROM external_effect e WHERE e.subject_id = o.id::text) AS effects
      FROM sales_order o WHERE o.closed_at IS NULL`
  } finally {
    await late.end()
    void admin
  }
}
