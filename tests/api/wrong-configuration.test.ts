import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { freePort } from '#tools/processes'
import { verifyDatabase } from '#verify-config'

let database: TestDatabase
let right: Record<string, string>
beforeAll(async () => {
  database = await freshDatabase()
  right = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: inject('temporalNamespace'),
    JWT_SECRET: 'a-secret-of-the-tests-that-is-long-enough',
    STRIPE_API_KEY: 'sk_test_configuration',
    CARRIER_BASE_URL: 'http://127.0.0.1:1',
    CARRIER_API_KEY: 'none',
    API_PORT: String(await freePort()),
    LOG_LEVEL: 'warn',
  }
})
afterAll(() => database.drop())

/** Both ask the same questions; each mistake that needs a start of its own is made with one of them. */
const WORKER = 'worker.ts'
const API = 'api/main.ts'
const PROGRAMS = [WORKER, API]

test.each([
  [
    'a wrong password',
    () => changed({ password: 'wrong' }),
    /DATABASE_URL .*does not let in.*Set/,
    PROGRAMS,
  ],
  [
    'a login that is not there',
    () => changed({ username: 'nobody_here' }),
    /DATABASE_URL .*nobody_here.*Set/,
    [API],
  ],
  [
    'a database that is not there',
    () => changed({ pathname: '/nowhere' }),
    /DATABASE_URL .*nowhere.*npm run migrate/,
    [WORKER],
  ],
  [
    'a database without tables',
    () => changed({ pathname: '/postgres' }),
    /DATABASE_URL .*without our tables.*npm run migrate/,
    [API],
  ],
  [
    'a role that is not there',
    () => ({ THROUGHLINE_APP_ROLE: 'no_such_role' }),
    /THROUGHLINE_APP_ROLE .*no_such_role.*grant/,
    [WORKER],
  ],
  [
    'a role that may change the ledger',
    () => ({ THROUGHLINE_APP_ROLE: 'throughline_owner' }),
    /THROUGHLINE_APP_ROLE .*may change.*throughline_app/,
    [API],
  ],
  [
    'a role that may do nothing',
    () => ({ THROUGHLINE_APP_ROLE: 'pg_monitor' }),
    /THROUGHLINE_APP_ROLE .*may not write.*throughline_app/,
    [WORKER],
  ],
  [
    'a namespace that is not there',
    () => ({ TEMPORAL_NAMESPACE: 'nowhere' }),
    /TEMPORAL_NAMESPACE .*nowhere.*namespace create/,
    PROGRAMS,
  ],
  [
    'a value of a wrong shape',
    () => ({ DATABASE_POOL: 'many' }),
    /DATABASE_POOL must be a number.*Set/,
    [API],
  ],
])('%s stops a program with the name and the cure', async (_what, wrong, told, programs) => {
  const env = { ...right, ...wrong() }
  for (const { code, said } of await Promise.all(programs.map((name) => untilEnd(name, env)))) {
    expect(said).toMatch(told)
    expect(said).not.toContain('    at ')
    expect(code).toBe(1)
  }
})

test('the right configuration starts the API without a word about it', async () => {
  const running = begin(API, right)
  await expect.poll(isLive, { timeout: 20_000 }).toBe(true)
  expect(running.said()).toBe('')
  running.kill()
  await running.ended
})

describe.each([
  [
    'PostgreSQL',
    () => changed({ port: '1' }),
    /DATABASE_URL names PostgreSQL at 127.0.0.1:1, which does not answer \(ECONNREFUSED\); waiting/,
  ],
  [
    'Temporal',
    () => ({ TEMPORAL_ADDRESS: '127.0.0.1:1' }),
    /TEMPORAL_ADDRESS names Temporal at 127.0.0.1:1, which does not answer .*; waiting/,
  ],
])('while %s does not answer', (_who, wrong, told) => {
  test.each(PROGRAMS)('%s waits and says for whom', async (program) => {
    const running = begin(program, { ...right, ...wrong() })
    await expect.poll(running.said, { timeout: 20_000 }).toMatch(told)
    if (program === API) await expect.poll(isLive, { timeout: 10_000 }).toBe(true)
    running.kill()
    expect(await running.ended).toBe(null)
  })
})

test('a PostgreSQL that is too old is refused before its first statement', async () => {
  const verify = verifyDatabase(database.url, { log: () => {}, oldest: 990_000 })
  await expect(verify).rejects.toThrow(/DATABASE_URL names PostgreSQL 18.*too old.*99 or newer/)
})

function changed(parts: Partial<Record<'password' | 'username' | 'pathname' | 'port', string>>) {
  return { DATABASE_URL: Object.assign(new URL(database.url), parts).href }
}

function begin(program: string, env: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { said: () => said, ended, kill: () => child.kill('SIGKILL') }
}

async function untilEnd(program: string, env: Record<string, string>) {
  const { ended, said } = begin(program, env)
  return { code: await ended, said: said() }
}

async function isLive(): Promise<boolean> {
  const url = `http://127.0.0.1:${right['API_PORT']}/v1/health/live`
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}
