import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { connect, type Db } from '#db/client'

export interface TestDatabase {
  /** Acts as the application role, as worker and API do. */
  readonly db: Db
  /** Acts as the superuser: for what a test must do behind the application's back. */
  readonly admin: Db
  /** The superuser's address, for a process that connects by itself. */
  readonly url: string
  /** Ends both clients and drops the database; for `afterAll`. */
  drop(): Promise<void>
}

/**
 * A new database with the whole schema and no rows: one for a test file, in `beforeAll`.
 *
 *     let database: TestDatabase
 *     beforeAll(async () => { database = await freshDatabase() })
 *     afterAll(() => database.drop())
 */
export async function freshDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const maintenanceUrl = inject('databaseUrl')
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  await onServer(
    maintenanceUrl,
    (server) => server`CREATE DATABASE ${server(name)} TEMPLATE throughline_template`,
  )
  const address = new URL(maintenanceUrl)
  address.pathname = `/${name}`
  const url = address.href
  const db = connect(url, {
    role: 'throughline_app',
    max: options.max ?? 20,
    applicationName: name,
  })
  const admin = connect(url, { max: 4, applicationName: `${name}-admin` })

  return {
    db,
    admin,
    url,
    drop: async () => {
      await Promise.all([db.end({ timeout: 5 }), admin.end({ timeout: 5 })])
      // Forced: a worker that a failed test left behind must not keep the database.
      await onServer(maintenanceUrl, (server) => server`DROP DATABASE ${server(name)} WITH (FORCE)`)
    },
  }
}

async function onServer(
  url: string,
  statement: (server: Db) => PromiseLike<unknown>,
): Promise<void> {
  const server = connect(url, { max: 1 })
  try {
    await statement(server)
  } finally {
    await server.end({ timeout: 5 })
  }
}
