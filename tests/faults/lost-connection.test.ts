import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { startOwnServers, type OwnDatabase, type OwnServers } from '#tests/support/own-servers'

let servers: OwnServers
let database: OwnDatabase
beforeAll(async () => {
  // One connection, so that whoever comes next gets the very one that died.
  servers = await startOwnServers({ engine: false })
  database = await servers.newDatabase(1)
})
afterAll(async () => {
  await database.end()
  await servers.stop()
})

test.each([
  ['fails', () => Promise.reject(new Error('something else'))],
  ['goes on as if nothing had happened', () => Promise.resolve('done')],
])(
  'work that notices nothing when its connection dies, and then %s, ends nobody else’s transaction',
  async (name, end) => {
    let attempts = 0
    const first = command(`${name}/first`, async (tx) => {
      attempts += 1
      if (attempts > 1) return 'again'
      await killBackendOf(tx)
      await wait(1_500)
      return end()
    })
    const other = wait(500).then(() => command(`${name}/other`, transactionsSeen))
    expect(await first).toBe('again')
    expect(await other).toHaveLength(1)
  },
)

test('long after a connection has died, nothing is sent on the one that replaced it', async () => {
  let attempts = 0
  await command('late/first', async (tx) => {
    attempts += 1
    if (attempts === 1) await killBackendOf(tx)
    await tx`SELECT 1`
    return attempts
  })
  // The time after which a transaction that heard nothing gives up waiting.
  await wait(8_500)
  expect(await command('late/other', transactionsSeen)).toHaveLength(1)
}, 30_000)

function command<T>(key: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  return commitOnce(database.db, { key: `test/${key}`, request: {}, actor: 'test' }, work)
}

async function killBackendOf(tx: Tx): Promise<void> {
  const [backend] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  await database.admin`SELECT pg_terminate_backend(${backend!.pid})`
  await wait(100)
}

/** Every statement of one transaction tells its id; a ROLLBACK from outside would bring others. */
async function transactionsSeen(tx: Tx): Promise<string[]> {
  const ids = new Set<string>()
  for (let n = 1; n <= 30; n += 1) {
    const [row] = await tx<{ id: string }[]>`SELECT pg_current_xact_id()::text AS id`
    ids.add(row!.id)
    await wait(100)
  }
  return [...ids]
}
