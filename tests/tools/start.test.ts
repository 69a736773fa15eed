import { execFileSync } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '#config'
import type { Db } from '#db/client'
import { orderProofs } from '#db/queries/order-proofs'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { DEMO_PASSWORD, USERS } from '#tools/demo/people'
import { postgresFolder } from '#tools/postgres-server'
import { isReachable } from '#tools/postgres-user'
import { readTemporalSettings } from '#tools/temporal-settings'
import { databaseOf, processesOf, start, type Started } from './started.ts'

const { THROUGHLINE_CACHE } = loadConfig()
const nobody = process.getuid?.() === 0 ? userCalled('nobody') : undefined
const root = join(import.meta.dirname, '../..')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-start-'))
  await chmod(folder, 0o755)
})
afterAll(async () => {
  // As root PostgreSQL may have had to lie elsewhere.
  for (const name of ['mine', 'nobodys'])
    await rm(await postgresFolder(join(folder, name)), { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
})

test('a start serves orders to balanced books, leaves no process behind, and finds all of it again', async () => {
  const env = { THROUGHLINE_DATA: join(folder, 'mine'), THROUGHLINE_CACHE }
  const first = await start(env)
  await expectWelcome(first)
  const placed = await placeOrder(first, 'START-1')
  const before = await untilOrdersFlow(env.THROUGHLINE_DATA)
  expect(await first.interrupt()).toBe(0)
  await expectNothingRuns(env.THROUGHLINE_DATA)

  const second = await start(env)
  console.log(`  start: ${first.seconds.toFixed(1)} s, again: ${second.seconds.toFixed(1)} s`)
  expect(second.said()).toContain('the database is up to date')
  expect(second.said()).toContain('the demonstration’s company is there')
  const after = await withDatabase(env.THROUGHLINE_DATA, ordersIn)
  expect(after).toEqual(expect.arrayContaining(before))
  // The same request again is the same order, so nothing was lost and nothing is doubled.
  expect(await placeOrder(second, 'START-1')).toEqual(placed)
  expect(await second.interrupt()).toBe(0)
  await expectNothingRuns(env.THROUGHLINE_DATA)
}, 240_000)

test.runIf(nobody && isReachable(root, nobody))(
  'somebody without any rights starts it too',
  async () => {
    const data = join(folder, 'nobodys')
    const cache = join(folder, 'cache')
    const program = `temporal-${readTemporalSettings().version}`
    // The other's cache lies in a home that nobody may enter.
    for (const name of [program, 'temporal-download'])
      await cp(join(THROUGHLINE_CACHE, name), join(cache, name), { recursive: true }).catch(
        () => {},
      )
    await mkdir(data)
    for (const path of [data, cache]) await chown(path, nobody!.uid, nobody!.gid)
    const started = await start({ THROUGHLINE_DATA: data, THROUGHLINE_CACHE: cache }, nobody)
    await expectWelcome(started)
    // Its buyer is being screened outside, and nobody is asked.
    expect(await placeOrder(started, 'START-2')).toMatchObject({ phase: 'held', cases: [] })
    expect(await started.interrupt()).toBe(0)
    await expectNothingRuns(data)
  },
  180_000,
)

/** What it prints can be clicked, and everybody in it can log in. */
async function expectWelcome({ links, said }: Started): Promise<void> {
  expect(Object.keys(links).sort()).toEqual(['API', 'Mails', 'Temporal UI'])
  for (const url of Object.values(links)) expect((await fetch(url)).status).toBe(200)
  for (const { email } of USERS) expect(said()).toContain(`${email} / ${DEMO_PASSWORD}`)
}

async function placeOrder({ links }: Started, externalId: string): Promise<unknown> {
  const api = links['API']!.replace('/docs', '/v1')
  const json = { 'content-type': 'application/json' }
  const credentials = { email: USERS[0]!.email, password: DEMO_PASSWORD }
  const login = await fetch(`${api}/login`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify(credentials),
  })
  const { token } = (await login.json()) as { token: string }
  const answer = await fetch(`${api}/orders`, {
    method: 'POST',
    headers: {
      ...json,
      authorization: `Bearer ${token}`,
      'idempotency-key': `place-${externalId}`,
    },
    body: JSON.stringify(anOrder(externalId)),
  })
  expect(answer.status).toBe(201)
  return answer.json()
}

function anOrder(externalId: string): object {
  return {
    channel: 'shopify-us',
    externalId,
    orderNumber: externalId,
    placedAt: '2026-01-31T10:00:00Z',
    currency: 'USD',
    customer: { name: 'Jo Field', email: 'jo@example.com' },
    shipTo: {
      name: 'Jo Field',
      line1: '1 Main St',
      city: 'Brooklyn',
      region: 'NY',
      postalCode: '11215',
      country: 'US',
    },
    lines: [
      {
        externalLineId: '1',
        sku: 'SOAP-PNE',
        title: 'Soap',
        quantity: 1,
        unitPriceMinor: '495',
      },
    ],
    payment: { state: 'captured', provider: 'counter', amountMinor: '495' },
    total: { currency: 'USD', minor: '495' },
  }
}

/** Orders of the stream are taken in, their money is in the books, and the books hold. */
async function untilOrdersFlow(data: string): Promise<string[]> {
  return withDatabase(data, async (db) => {
    const posted = async () => {
      const [row] = await db<{ orders: number }[]>`
        SELECT count(DISTINCT order_id)::int AS orders FROM journal_line WHERE order_id IS NOT NULL`
      return row!.orders
    }
    await expect.poll(posted, { timeout: 90_000, interval: 500 }).toBeGreaterThanOrEqual(4)
    const proofs = await runProofs(db, [...ledgerProofs, ...orderProofs])
    expect(proofs.filter(({ broken }) => broken.length > 0)).toEqual([])
    return ordersIn(db)
  })
}

async function ordersIn(db: Db): Promise<string[]> {
  const rows = await db<
    { externalId: string }[]
  >`SELECT external_id AS "externalId" FROM sales_order`
  return rows.map((row) => row.externalId)
}

async function withDatabase<T>(data: string, ask: (db: Db) => Promise<T>): Promise<T> {
  const db = await databaseOf(data)
  try {
    return await ask(db)
  } finally {
    await db.end({ timeout: 5 })
  }
}

async function expectNothingRuns(data: string): Promise<void> {
  await expect.poll(() => processesOf(data), { timeout: 15_000, interval: 250 }).toEqual([])
}

function userCalled(name: string): { uid: number; gid: number } | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}
