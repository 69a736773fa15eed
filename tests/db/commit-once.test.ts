import { createServer, connect as dial, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Tx } from '#db/client'
import { canonicalJson, commitOnce, preview } from '#db/commit-once'
import { closeArea } from '#db/stores/ledger-periods'
import { postEntry } from '#db/stores/ledger'
import { credit, debit } from '#domain/ledger/journal'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { entry, openBooks } from './ledger-books.ts'

let database: TestDatabase
let entityId: number
beforeAll(async () => {
  database = await freshDatabase()
  entityId = await openBooks(database.admin, 'US')
})
afterAll(() => database.drop())

const command = (key: string, request: unknown = { amount: 5n }) => ({
  key,
  request,
  actor: 'tester',
})

async function noted(key: string): Promise<bigint> {
  const [row] = await database.admin<
    { n: bigint }[]
  >`SELECT count(*) AS n FROM outbox WHERE key = ${key}`
  return row!.n
}

/** Leaves a trace that would be there twice if the work ran twice: the outbox key carries a counter. */
function note(key: string) {
  return async (tx: Tx) => {
    await tx`INSERT INTO outbox (topic, key, body) SELECT 'test-' || count(*), ${key}, '{}' FROM outbox`
    return { noted: key }
  }
}

describe('commit once', () => {
  test('twice is the same as once, and both callers get the same result', async () => {
    const first = await commitOnce(database.db, command('once/1'), note('once/1'))
    const second = await commitOnce(database.db, command('once/1'), () =>
      Promise.reject(new Error('must not run')),
    )

    expect(first).toEqual({ noted: 'once/1' })
    expect(second).toEqual(first)
    expect(await noted('once/1')).toBe(1n)
  })

  test('the same key with another request is refused', async () => {
    await commitOnce(database.db, command('once/2'), note('once/2'))

    await expect(
      commitOnce(database.db, command('once/2', { amount: 6n }), note('once/2')),
    ).rejects.toMatchObject({ name: 'Refusal', code: 'IdempotencyMismatch' })
    expect(await noted('once/2')).toBe(1n)
  })

  test('eight at once run the work once and agree on its result', async () => {
    let runs = 0
    const results = await Promise.all(
      Array.from({ length: 8 }, () =>
        commitOnce(database.db, command('once/3'), async (tx) => {
          runs += 1
          await tx`SELECT pg_sleep(0.05)`
          return { run: runs }
        }),
      ),
    )
    expect(runs).toBe(1)
    expect(new Set(results.map((result) => result.run))).toEqual(new Set([1]))
  })

  test('a failure leaves nothing behind, and the key is free again', async () => {
    const failing = async (tx: Tx) => {
      await note('once/4')(tx)
      throw new Error('no')
    }
    await expect(commitOnce(database.db, command('once/4'), failing)).rejects.toThrow('no')
    expect(await noted('once/4')).toBe(0n)
    await commitOnce(database.db, command('once/4'), note('once/4'))
    expect(await noted('once/4')).toBe(1n)
  })

  test('a backend killed before COMMIT is replaced and the work runs again', async () => {
    let runs = 0
    const result = await commitOnce(database.db, command('once/5'), async (tx) => {
      runs += 1
      if (runs === 1) await killed(tx)
      return note('once/5')(tx)
    })
    expect(result).toEqual({ noted: 'once/5' })
    expect(runs).toBe(2)
    expect(await noted('once/5')).toBe(1n)
  })

  test('when only the acknowledgement of COMMIT is lost, the retry finds the first result', async () => {
    const proxy = await commitCutter(database.url)
    const db = connect(proxy.url, { role: 'throughline_app', max: 1 })
    let runs = 0
    try {
      const result = await commitOnce(db, command('once/6'), (tx) => {
        runs += 1
        return note('once/6')(tx)
      })
      expect(result).toEqual({ noted: 'once/6' })
    } finally {
      await db.end({ timeout: 1 })
      proxy.close()
    }
    expect(proxy.cuts()).toBe(1)
    expect(runs).toBe(1)
    expect(await noted('once/6')).toBe(1n)
  })

  test('work that goes on after its connection died reaches nobody else’s transaction', async () => {
    const db = connect(database.url, { role: 'throughline_app', max: 1 })
    let runs = 0
    await commitOnce(db, command('once/11'), async (tx) => {
      runs += 1
      if (runs === 1) {
        await killed(tx)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      return note('once/11')(tx)
    })
    await db.end()
    expect(runs).toBe(2)
    expect(await noted('once/11')).toBe(1n)
  })

  test('a serialization failure is retried, a bug is not', async () => {
    let runs = 0
    await commitOnce(database.db, command('once/7'), async (tx) => {
      runs += 1
      if (runs < 3)
        await tx.unsafe(`DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$`)
    })
    expect(runs).toBe(3)
    runs = 0
    const bug = commitOnce(database.db, command('once/8'), async (tx) => {
      runs += 1
      await tx`SELECT 1 / 0`
    })
    await expect(bug).rejects.toMatchObject({ code: '22012' })
    expect(runs).toBe(1)
  })

  test('a deadlock of two commands ends with both carried out', async () => {
    const [a, b] = [await account('a'), await account('b')]
    const move = (key: string, first: bigint, second: bigint) =>
      commitOnce(database.db, command(key), async (tx) => {
        await tx`UPDATE outbox SET delivered_at = now() WHERE id = ${first}`
        await tx`SELECT pg_sleep(0.1)`
        await tx`UPDATE outbox SET delivered_at = now() WHERE id = ${second}`
      })
    await Promise.all([move('dead/1', a, b), move('dead/2', b, a)])
    const done = await database.admin`SELECT key FROM command WHERE key LIKE 'dead/%'`
    expect(done).toHaveLength(2)
  })

  test('a result that is not JSON is a bug of the caller, and nothing is committed', async () => {
    await expect(
      commitOnce(database.db, command('once/9'), async () => ({ id: 5n })),
    ).rejects.toThrow(/not JSON/)
    expect(await database.admin`SELECT 1 FROM command WHERE key = 'once/9'`).toHaveLength(0)
  })

  test('work without a result answers null both times', async () => {
    const silent = () => commitOnce(database.db, command('once/10'), () => Promise.resolve())
    expect([await silent(), await silent()]).toEqual([null, null])
  })
})

describe('a guard of the database speaks as a refusal', () => {
  test('a closed period', async () => {
    await commitOnce(database.db, command('close'), (tx) =>
      closeArea(tx, { entityId, period: '2026-03', area: 'GL', actor: 'controller' }),
    )
    const late = commitOnce(database.db, command('late'), async (tx) => {
      await postEntry(tx, entry({ entityId, effectiveOn: '2026-03-31' }))
    })
    await expect(late).rejects.toMatchObject({
      name: 'Refusal',
      code: 'PeriodClosed',
      details: { area: 'GL', effectiveOn: '2026-03-31' },
    })
  })

  test('an overdrawn card', async () => {
    const overdrawn = commitOnce(database.db, command('overdraw'), async (tx) => {
      const lines = [debit('GiftCards', 5n, { openKey: 'card/9' }), credit('Bank', 5n)]
      await postEntry(tx, entry({ entityId, lines }))
    })
    await expect(overdrawn).rejects.toMatchObject({
      code: 'OpenItemOverdrawn',
      details: { key: 'card/9', overdrawnMinor: '5' },
    })
  })
})

describe('a preview', () => {
  test('shows what the same work would do and leaves nothing', async () => {
    const shown = await preview(database.db, async (tx) => {
      await note('preview/1')(tx)
      const [row] = await tx<
        { n: bigint }[]
      >`SELECT count(*) AS n FROM outbox WHERE key = 'preview/1'`
      return row!.n
    })
    expect(shown).toBe(1n)
    expect(await noted('preview/1')).toBe(0n)
  })

  test('refuses as the real thing would', async () => {
    const work = (tx: Tx) => postEntry(tx, entry({ entityId, effectiveOn: '2031-01-01' }))
    await expect(preview(database.db, work)).rejects.toMatchObject({ code: 'PeriodClosed' })
  })
})

test('canonical JSON sorts keys at every depth and keeps bigints exact', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2n ** 60n }], a: undefined, e: null })).toBe(
    '{"b":[{"c":"1152921504606846976","d":1}],"e":null}',
  )
  expect(canonicalJson({ x: 1, y: 2 })).toBe(canonicalJson({ y: 2, x: 1 }))
})

async function killed(tx: Tx): Promise<void> {
  const [backend] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  await database.admin`SELECT pg_terminate_backend(${backend!.pid})`
}

async function account(key: string): Promise<bigint> {
  const [row] = await database.admin<
    { id: bigint }[]
  >`INSERT INTO outbox (topic, key, body) VALUES ('account', ${key}, '{}') RETURNING id`
  return row!.id
}

/** Stands between client and server, and hangs up on the client once, right after its COMMIT arrived. */
async function commitCutter(databaseUrl: string) {
  const target = new URL(databaseUrl)
  let cuts = 0
  const server = createServer((client) => {
    const upstream = dial(Number(target.port || 5432), target.hostname)
    let committing = false
    client.on('data', (chunk) => {
      committing ||= cuts === 0 && chunk.includes('commit')
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!committing) return void client.write(chunk)
      committing = false
      cuts += 1
      client.destroy()
      upstream.destroy()
    })
    for (const socket of [client, upstream]) {
      socket.on('error', () => {})
      socket.on('close', () => [client, upstream].forEach((side) => side.destroy()))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return { url: url.href, cuts: () => cuts, close: () => server.close() }
}
