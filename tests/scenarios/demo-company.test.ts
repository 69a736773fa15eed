import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { verifyPassword } from '#api/passwords'
import { hashApiKey } from '#api/tokens'
import { runProofs } from '#db/queries/proofs'
import { accountOfRole } from '#domain/ledger/chart'
import { ROLES, PROGRAM_ROLES } from '#domain/access'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { demoCatalogue } from '#tools/demo/catalogue'
import { SHOPIFY, WOOCOMMERCE } from '#tools/demo/company'
import { loadDemo } from '#tools/demo/load'
import { DEMO_PASSWORD, demoApiKey, USERS, WAREHOUSE_KEY } from '#tools/demo/people'

const JWT_SECRET = 'a secret of thirty-two characters or more'
let database: TestDatabase
let said: string[]
let env: NodeJS.ProcessEnv
const load = (at: TestDatabase = database) => {
  env = { JWT_SECRET }
  said = []
  return loadDemo({ db: at.db, admin: at.admin, env, log: (line) => said.push(line) })
}

beforeAll(async () => {
  database = await freshDatabase()
  await load()
})
beforeEach(() => (said = []))
afterAll(() => database.drop())

test('every table has as many rows after a second start, which takes less than a second', async () => {
  const before = await rowsOfTables(database)
  const beganAt = performance.now()
  const summary = await load()
  expect(performance.now() - beganAt).toBeLessThan(1_000)
  expect(await rowsOfTables(database)).toEqual(before)
  expect(summary?.logins).not.toEqual([])
  expect(before['item']).toBe(BigInt(demoCatalogue().items.length) + 2n)
})

test('a start that died half-way goes on where it stopped', async () => {
  const half = await freshDatabase()
  try {
    const failing = new Proxy(half.db, {
      get: (target, name) => {
        if (name !== 'begin') return Reflect.get(target, name) as unknown
        return (...args: never[]) => {
          if (said.length === 4) throw new Error('the power went out')
          return (target.begin as (...all: never[]) => unknown)(...args)
        }
      },
    })
    said = []
    await expect(
      loadDemo({ db: failing, admin: half.admin, env: { JWT_SECRET }, log: (l) => said.push(l) }),
    ).rejects.toThrow('the power went out')
    await load(half)
    expect(said).toHaveLength(7)
    expect(await rowsOfTables(half)).toEqual(await rowsOfTables(database))
  } finally {
    await half.drop()
  }
})

test('the standing proofs hold', async () => {
  const broken = (await runProofs(database.admin)).filter((result) => result.broken.length > 0)
  expect(broken).toEqual([])
})

test('stock is worth what the books say, and the opening account is at zero', async () => {
  const rows = await database.db<
    { entity: string; opening: bigint; inventory: bigint; layers: bigint; units: bigint }[]
  >`
    SELECT e.code AS entity,
      (SELECT coalesce(sum(l.func_minor), 0)::bigint FROM journal_line l JOIN journal_entry j ON j.id = l.entry_id
        WHERE j.entity_id = e.id AND l.account_id = ${accountOfRole.OpeningBalances}) AS opening,
      (SELECT sum(l.func_minor)::bigint FROM journal_line l JOIN journal_entry j ON j.id = l.entry_id
        WHERE j.entity_id = e.id AND l.account_id = ${accountOfRole.Inventory}) AS inventory,
      (SELECT sum(remaining_minor)::bigint FROM cost_layer c WHERE c.entity_id = e.id) AS layers,
      (SELECT sum(remaining_qty)::bigint FROM cost_layer c WHERE c.entity_id = e.id)
        - (SELECT sum(on_hand)::bigint FROM stock_position p JOIN site s ON s.id = p.site_id WHERE s.entity_id = e.id) AS units
    FROM entity e ORDER BY e.code`
  expect(rows.map((row) => row.entity)).toEqual(['HP-DE', 'HP-US'])
  for (const row of rows) {
    expect(row).toMatchObject({ opening: 0n, units: 0n })
    expect(row.inventory).toBe(row.layers)
    expect(row.inventory).toBeGreaterThan(0n)
  }
})

test('both companies may post in last, this and next year, and know the rates', async () => {
  const year = new Date().getUTCFullYear()
  const open = await database.db<{ years: string[] }[]>`
    SELECT array_agg(DISTINCT left(period, 4) ORDER BY left(period, 4)) AS years FROM gl_period WHERE open_areas = 63 GROUP BY entity_id`
  const years = [year - 1, year, year + 1].map(String)
  expect(open.map((row) => row.years)).toEqual([years, years])
  const [rates] = await database.db<{ pairs: bigint }[]>`
    SELECT count(DISTINCT from_currency || to_currency) AS pairs FROM fx_rate WHERE rate_on <= current_date`
  expect(rates!.pairs).toBe(6n)
})

test('there is somebody for each role, with a password and without a forbidden pair', async () => {
  const users = await database.db<{ email: string; roles: string[]; hash: string }[]>`
    SELECT email, roles, password_hash AS hash FROM app_user`
  expect(users.flatMap((user) => user.roles).sort()).toEqual(
    ROLES.filter((role) => !PROGRAM_ROLES.includes(role)).sort(),
  )
  const [first] = USERS
  const stored = users.find((user) => user.email === first!.email)
  expect(await verifyPassword(DEMO_PASSWORD, stored?.hash)).toBe(true)
})

test('loader and stream come to the same keys and signing secrets', async () => {
  await load()
  const hash = hashApiKey(demoApiKey(JWT_SECRET, WAREHOUSE_KEY))
  const keys = await database.db`SELECT name FROM api_key WHERE key_hash = ${hash}`
  expect(keys.map((key) => key['name'])).toEqual([WAREHOUSE_KEY])
  const channels = await database.db<{ code: string; refs: string[] }[]>`
    SELECT code, secret_refs AS refs FROM channel WHERE cardinality(secret_refs) > 0 ORDER BY code`
  expect(channels.map(({ code }) => code)).toEqual([SHOPIFY, WOOCOMMERCE])
  for (const ref of channels.flatMap(({ refs }) => refs)) expect(env[ref]).toMatch(/^[0-9a-f]{64}$/)
})

test('an API that listens beyond this machine is warned of', async () => {
  await loadDemo({
    db: database.db,
    admin: database.admin,
    env: { JWT_SECRET, API_HOST: '0.0.0.0' },
    log: (line) => said.push(line),
  })
  expect(said.join('\n')).toContain('everybody knows the demonstration')
})

async function rowsOfTables({ admin }: TestDatabase): Promise<Record<string, bigint>> {
  const tables = await admin<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`
  const counts = await Promise.all(
    tables.map(async ({ name }) => {
      const [row] = await admin<{ n: bigint }[]>`SELECT count(*) AS n FROM ${admin(name)}`
      return [name, row!.n] as const
    }),
  )
  return Object.fromEntries(counts)
}
