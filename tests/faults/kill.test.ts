import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashApiKey } from '#api/tokens'
import { connect } from '#db/client'
import { startCarrierSimulator, type CarrierSimulator } from '#simulators/carrier'
import { startStripeSimulator, type StripeSimulator } from '#simulators/stripe'
import { foundCompany } from '#tests/support/company'
import { startOwnServers, type OwnDatabase, type OwnServers } from '#tests/support/own-servers'
import { startPostgresProxy, type Moment, type PostgresProxy } from '#tests/support/proxy'
import { seededRandom, type Random } from '#tools/demo/random'
import { freePort } from '#tools/processes'
import { waitForPort } from '#tools/programs'
import { driveToItsEnd, type World } from './driven-order.ts'
import { keepProgram, type KeptProgram } from './kept-program.ts'
import { newOrders, stockNothing } from './new-orders.ts'
import { expectOnceEach, expectOutsideOnce, expectSound, stuck } from './outcomes.ts'
import { patientCaller, type PatientCaller } from './patient-caller.ts'

/** Orders that begin with each fault, so that there is work to be disturbed. */
const WAVE = 4
/** How long a fault waits for its moment before it strikes anyhow. */
const PATIENCE_MS = 4_000
const seed = process.env['FAULTS_SEED'] ?? '11'
const API_KEY = 'tlk_of_the_shop_the_desk_and_the_warehouse'
const SECRETS = {
  SHOPIFY_SECRET_FAULTS: 'the-secret-of-the-shop',
  STRIPE_WEBHOOK_SECRET: 'whsec_of_the_faults',
  CARRIER_WEBHOOK_SECRET: 'carrier-secret-of-the-faults',
}

let servers: OwnServers
let database: OwnDatabase
/** What stands between each program and its database. */
let before: { worker: PostgresProxy; api: PostgresProxy }
let stripe: StripeSimulator
let carrier: CarrierSimulator
let worker: KeptProgram
let api: KeptProgram
let apiUrl: string

beforeAll(async () => {
  servers = await startOwnServers({ durable: true, durableTemporal: true })
  database = await servers.newDatabase()
  await foundCompany(database.admin, { MUG: { east: 500 }, LAMP: { east: 200, west: 200 } })
  await database.admin`UPDATE channel SET secret_refs = '{SHOPIFY_SECRET_FAULTS}' WHERE code = 'web'`
  await database.admin`INSERT INTO api_key (name, key_hash, roles) VALUES ('everybody', ${hashApiKey(API_KEY)}, '{system}')`
  const [forWorker, forApi] = await Promise.all([
    startPostgresProxy(database.url),
    startPostgresProxy(database.url),
  ])
  before = { worker: forWorker, api: forApi }
  stripe = await startStripeSimulator({ seed })
  carrier = await startCarrierSimulator({ seed })
  await startPrograms()
}, 90_000)

async function startPrograms(): Promise<void> {
  const port = await freePort()
  apiUrl = `http://127.0.0.1:${port}`
  const common = { TEMPORAL_ADDRESS: servers.temporal.address, ...SECRETS }
  ;[worker, api] = await Promise.all([
    keepProgram('worker.ts', {
      ...common,
      DATABASE_URL: before.worker.url,
      STRIPE_BASE_URL: stripe.url,
      STRIPE_API_KEY: 'sk_test_faults',
      CARRIER_BASE_URL: carrier.url,
      CARRIER_API_KEY: 'faults',
    }),
    keepProgram('api/main.ts', {
      ...common,
      DATABASE_URL: before.api.url,
      JWT_SECRET: 'a-secret-of-the-faults-that-is-long-enough',
      API_PORT: String(port),
      LOG_LEVEL: 'error',
    }),
  ])
  await waitForPort(port, 30_000)
  const events = `${apiUrl}/v1/webhooks`
  stripe.deliverWebhooksTo({ url: `${events}/stripe`, secret: SECRETS.STRIPE_WEBHOOK_SECRET })
  carrier.deliverWebhooksTo({ url: `${events}/carrier`, secret: SECRETS.CARRIER_WEBHOOK_SECRET })
}

afterAll(async () => {
  await Promise.all([worker.stop(), api.stop()])
  await Promise.all([stripe.close(), carrier.close(), before.worker.close(), before.api.close()])
  await database.end()
  await servers.stop()
}, 30_000)

test('whoever is killed and whenever, every order comes to its end and nothing happens twice', async () => {
  console.log(`  faults: FAULTS_SEED=${seed} repeats this run`)
  const random = seededRandom(seed)
  const signal = AbortSignal.timeout(260_000)
  const shopSecret = SECRETS.SHOPIFY_SECRET_FAULTS
  const caller = patientCaller({ url: apiUrl, apiKey: API_KEY, shopSecret, signal })
  const world: World = { db: database.db, api: caller, carrier, signal }
  const plan = shuffledFaults(random)
  const orders = await newOrders(stripe, random, WAVE * plan.length)
  await stockNothing(database.admin, orders)
  troubleProviders()

  const driven: Promise<void>[] = []
  const beginWave = (n: number) => {
    for (const order of orders.slice(WAVE * n, WAVE * (n + 1))) {
      const coming = driveToItsEnd(world, order)
      // Waited for below; until then nobody may call it unhandled.
      coming.catch(() => {})
      driven.push(coming)
    }
  }
  const happened = await makeTrouble(plan, random, beginWave)
  const faultsOffAt = Date.now()
  await Promise.all(driven).catch(async (cause: unknown) => {
    throw new Error(`orders are stuck: ${await whatIsStuck()}`, { cause })
  })
  const seconds = ((Date.now() - faultsOffAt) / 1000).toFixed(1)
  console.log(`  faults: ${happened.join(', ')}; all done ${seconds} s after the last`)

  await expectSameAnswers(caller)
  expect([...worker.crashes, ...api.crashes]).toEqual([])
  expectTroubled()
  await expectOnceEach(database.admin, orders)
  expectOutsideOnce(orders, stripe, carrier)
  await expectSound(database.admin)
}, 300_000)

/** Declines and lost answers of the providers, and events that come twice, whomever they meet. */
function troubleProviders(): void {
  const once = (kind: 'decline' | 'timeout-after-success', operation: string) => ({
    kind,
    operation,
    ...(kind === 'decline' ? { code: 'processing_error' } : { mode: 'reset' as const }),
  })
  for (const operation of ['payment_intents.capture', 'refunds.create']) {
    stripe.faults.add(once('timeout-after-success', operation))
    stripe.faults.add(once('decline', operation))
  }
  stripe.faults.add(once('timeout-after-success', 'payment_intents.cancel'))
  carrier.faults.add(once('timeout-after-success', 'shipments.buy'))
  carrier.faults.add(once('decline', 'shipments.buy'))
  stripe.faults.add({ kind: 'duplicate-webhook', count: 5 })
  carrier.faults.add({ kind: 'duplicate-webhook', count: 5 })
}

/** Every decline and every lost answer has met somebody. */
function expectTroubled(): void {
  const left = [...stripe.faults.list(), ...carrier.faults.list()]
  expect(left.filter(({ kind }) => kind !== 'duplicate-webhook')).toEqual([])
  const events = [...stripe.journal.webhooks(), ...carrier.journal.webhooks()]
  const taken = events.filter(({ status }) => status === 202).map(({ reference }) => reference)
  expect(taken.length).toBeGreaterThan(new Set(taken).size)
}

/** Whoever asks again under the key of an earlier request gets the answer that was given then. */
async function expectSameAnswers(caller: PatientCaller): Promise<void> {
  expect(caller.commands).toBeGreaterThan(80)
  expect(await caller.repeatAll()).toEqual([])
  expect(caller.internalErrors).toEqual([])
}

interface Fault {
  name: string
  moment: Moment
  /** Whose work on the database springs the trap. */
  watched: PostgresProxy
  kill: () => Promise<void>
}

/** Strikes one after the other, each at its moment. */
async function makeTrouble(
  plan: readonly Fault[],
  random: Random,
  beginWave: (n: number) => void,
): Promise<string[]> {
  const begunAt = Date.now()
  const happened: string[] = []
  let met = 0
  for (const [n, fault] of plan.entries()) {
    await wait(random.whole(200, 900))
    const recovering: Promise<void>[] = []
    const strike = () => void recovering.push(fault.kill())
    const trap = fault.watched.arm(fault.moment, strike)
    beginWave(n)
    await Promise.race([trap.sprung, wait(PATIENCE_MS)])
    // Nothing may be going on at this moment; then the victim dies idle, and no trap is left for
    // the time when another is being brought back.
    const idle = trap.disarm()
    if (idle) strike()
    else met += 1
    await Promise.all(recovering)
    const seconds = ((Date.now() - begunAt) / 1000).toFixed(1)
    happened.push(`${fault.name} ${idle ? 'idle' : fault.moment} (${seconds} s)`)
  }
  // Else this test would have killed nobody at work.
  expect(met).toBeGreaterThan(plan.length / 2)
  return happened
}

/** Each victim at each moment once, and acknowledgements lost in between, in an order of the seed. */
function shuffledFaults(random: Random): Fault[] {
  const [worked, commanded] = [before.worker, before.api]
  const moments: Moment[] = ['in-transaction', 'committed']
  const all: Fault[] = moments.flatMap((moment) => [
    { name: 'worker', moment, watched: worked, kill: () => worker.kill() },
    { name: 'API', moment, watched: commanded, kill: killApi },
    { name: 'PostgreSQL', moment, watched: worked, kill: () => servers.killPostgres() },
    { name: 'Temporal', moment, watched: worked, kill: () => servers.killTemporal() },
    { name: 'nobody, the connection is cut', moment, watched: worked, kill: async () => {} },
  ])
  // A document is stored and nobody told of it yet; and a caller waits for the worker's commit.
  all.push({ name: 'API', moment: 'stored', watched: commanded, kill: killApi })
  all.push({ name: 'API, waiting,', moment: 'committed', watched: worked, kill: killApi })
  const ranked = all.map((fault) => ({ fault, rank: random.next() }))
  return ranked.sort((a, b) => a.rank - b.rank).map(({ fault }) => fault)
}

/** Back again when it listens. */
async function killApi(): Promise<void> {
  await api.kill()
  await waitForPort(Number(new URL(apiUrl).port), 20_000)
}

async function whatIsStuck(): Promise<string> {
  const late = connect(database.url, { max: 1 })
  try {
    return JSON.stringify(await stuck(late))
  } finally {
    await late.end()
  }
}
