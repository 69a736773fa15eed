import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { connect, type Db } from './client.ts'

const folder = join(import.meta.dirname, 'migrations')
/** Any number that nothing else locks; two starts at once must not both migrate. */
const migrationLock = 7_261_001

interface Migration {
  name: string
  sha256: string
  sql: string
}

export interface MigrateOptions {
  /** Where progress lines go; silent unless given. */
  log?: (line: string) => void
  /** The folder of the migrations; another one in tests. */
  from?: string
}

/**
 * Brings a database to the newest schema: applies `NNNN_name.sql` in order, each in its own
 * transaction. What has landed is never edited: a changed or missing file stops here, by name.
 * Returns the names applied now.
 */
export async function migrate(
  databaseUrl: string,
  options: MigrateOptions = {},
): Promise<string[]> {
  const db = connect(databaseUrl, { max: 1, applicationName: 'throughline-migrate' })
  try {
    await db`SELECT pg_advisory_lock(${migrationLock})`
    return await applyPending(db, await readMigrations(options.from ?? folder), options.log)
  } finally {
    // Ending the only connection gives the lock back, whatever happened.
    await db.end({ timeout: 5 })
  }
}

async function applyPending(
  db: Db,
  migrations: Migration[],
  log: (line: string) => void = () => {},
): Promise<string[]> {
  // A schema of its own: migrations grant rights on all tables of `public`, and not on this one.
  await db`CREATE SCHEMA IF NOT EXISTS migration`
  await db`CREATE TABLE IF NOT EXISTS migration.landed (
    name text PRIMARY KEY, sha256 text NOT NULL, landed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`
  const landed = await db<{ name: string; sha256: string }[]>`
    SELECT name, sha256 FROM migration.landed ORDER BY name`
  refuseDrift(landed, migrations)

  const pending = migrations.slice(landed.length)
  for (const migration of pending) {
    const startedAt = performance.now()
    await apply(db, migration)
    log(`${migration.name} (${Math.round(performance.now() - startedAt)} ms)`)
  }
  return pending.map(({ name }) => name)
}

async function apply(db: Db, { name, sha256, sql }: Migration): Promise<void> {
  try {
    await db.begin(async (tx) => {
      await tx.unsafe(sql).simple()
      // A file that forgets RESET ROLE must not decide who owns the record.
      await tx`RESET ROLE`
      await tx`INSERT INTO migration.landed (name, sha256) VALUES (${name}, ${sha256})`
    })
  } catch (cause) {
    throw new Error(`Migration ${name} failed: ${describe(cause, sql)}`, { cause })
  }
}

/** What has landed must be the beginning of what lies in the folder, unchanged. */
function refuseDrift(landed: { name: string; sha256: string }[], migrations: Migration[]): void {
  for (const [index, { name, sha256 }] of landed.entries()) {
    const file = migrations.find((migration) => migration.name === name)
    if (!file)
      throw new Error(`Migration ${name} has landed in this database but its file is gone.`)
    if (file.sha256 !== sha256)
      throw new Error(
        `Migration ${name} was edited after it had landed: restore it and add a new one (on a development database, \`npm run reset\`).`,
      )
    if (migrations[index]?.name !== name)
      throw new Error(
        `Migration ${migrations[index]?.name} sorts before ${name}, which has landed: give it a later number.`,
      )
  }
}

async function readMigrations(from: string): Promise<Migration[]> {
  const names = (await readdir(from)).filter((name) => name.endsWith('.sql')).sort()
  const odd = names.find((name) => !/^\d{4}_[a-z0-9_]+\.sql$/.test(name))
  if (odd) throw new Error(`Migration ${odd} is not named NNNN_name.sql.`)
  const twin = names.find((name, i) => name.slice(0, 4) === names[i - 1]?.slice(0, 4))
  if (twin) throw new Error(`Migration ${twin} has the number of another one.`)
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(from, name), 'utf8')
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/** PostgreSQL tells the place as an offset into the text; people want a line. */
function describe(cause: unknown, sql: string): string {
  if (!(cause instanceof Error)) return String(cause)
  const position = Number((cause as { position?: string }).position)
  if (!Number.isInteger(position) || position < 1) return cause.message
  return `${cause.message} (line ${sql.slice(0, position).split('\n').length})`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { loadConfig, exitIfWrong } = await import('../config.ts')
  const { verifyDatabase } = await import('../verify-config.ts')
  const read = async () => loadConfig(process.env, ['DATABASE_URL'])
  const { DATABASE_URL } = await read().catch(exitIfWrong)
  await verifyDatabase(DATABASE_URL, { log: console.error }).catch(exitIfWrong)
  const applied = await migrate(DATABASE_URL, { log: (line) => console.log(line) })
  console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.length}.`)
}
