import { setTimeout as wait } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { wrongVariable, type Config, type ConfigError } from '#config'
import { connect, type Db } from '#db/client'
import { isConnectionLost } from '#db/transaction'
import { temporalAt, type TemporalAt } from '#temporal-connection'
import { refusalOfHandshake } from './temporal-handshake.ts'

/** Statements use what came with PostgreSQL 18: `old` and `new` in RETURNING. */
const OLDEST_POSTGRES = 180_000
/** After how much waiting it is said once more what is waited for. */
const SAY_AGAIN_MS = 15_000

export interface VerifyOptions {
  /** Takes one line each time that a server is waited for. */
  log: (line: string) => void
  /** Ends the waiting. */
  signal?: AbortSignal
}

type Servers = Config & { DATABASE_URL: string; TEMPORAL_ADDRESS: string }

/**
 * Asks the servers that the configuration names whether it works. One that does not answer yet is
 * waited for; one that refuses is a wrong value.
 * @throws ConfigError with the variable's name and the cure
 */
export async function verifyConfig(config: Servers, options: VerifyOptions): Promise<void> {
  const { DATABASE_URL, TEMPORAL_NAMESPACE } = config
  await Promise.all([
    verifyDatabase(DATABASE_URL, options).then(() =>
      verifyRole(DATABASE_URL, config.THROUGHLINE_APP_ROLE, options),
    ),
    verifyTemporal(temporalAt(config), TEMPORAL_NAMESPACE, options),
  ])
}

/** Log-in, database and version; its schema may still be missing. */
export async function verifyDatabase(
  databaseUrl: string,
  options: VerifyOptions & { oldest?: number },
): Promise<void> {
  const version = await onDatabase(databaseUrl, {}, options, async (db) => {
    const [row] = await db<{ version: number; name: string }[]>`
      SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name`
    return row!
  })
  const oldest = options.oldest ?? OLDEST_POSTGRES
  if (version.version < oldest)
    throw wrongVariable(
      'DATABASE_URL',
      `names PostgreSQL ${version.name}, which is too old`,
      `Set it to a server of version ${Math.floor(oldest / 10_000)} or newer.`,
    )
}

/** The role that worker and API act as is there, may be taken, and may only add to the ledger. */
async function verifyRole(
  databaseUrl: string,
  role: string,
  options: VerifyOptions,
): Promise<void> {
  const rights = await onDatabase(databaseUrl, { role }, options, async (db) => {
    const [row] = await db<{ schema: boolean; adds: boolean; edits: boolean }[]>`
      SELECT inbox IS NOT NULL AND journal IS NOT NULL AS schema, has_any_column_privilege(inbox, 'INSERT') AS adds, has_any_column_privilege(journal, 'UPDATE') AS edits
      FROM (SELECT to_regclass('public.inbox')::oid, to_regclass('public.journal_entry')::oid) AS tables (inbox, journal)`
    return row!
  })
  if (!rights.schema)
    throw wrongVariable(
      'DATABASE_URL',
      'names a database without our tables',
      'Run `npm run migrate` on it first, or name another one.',
    )
  const use = 'Use throughline_app, which the migrations create.'
  if (!rights.adds) throw wrongVariable('THROUGHLINE_APP_ROLE', 'may not write', use)
  if (rights.edits)
    throw wrongVariable('THROUGHLINE_APP_ROLE', 'may change what stands in the ledger', use)
}

/** The server answers, lets us in and, where one is asked for, has the namespace. */
export async function verifyTemporal(
  at: TemporalAt,
  namespace: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  const server = { variable: 'TEMPORAL_ADDRESS', name: `Temporal at ${at.address}` } as const
  await untilAnswered(server, options, async () => {
    let connection: Connection | undefined
    try {
      connection = await Connection.connect({ ...at, connectTimeout: 3_000 })
      if (namespace !== undefined) await connection.workflowService.describeNamespace({ namespace })
    } catch (cause) {
      throw (
        refusalOfTemporal(cause, namespace, at) ??
        (connection ? undefined : await refusalOfHandshake(at)) ??
        new NoAnswer(cause)
      )
    } finally {
      await connection?.close()
    }
  })
}

async function onDatabase<T>(
  databaseUrl: string,
  { role }: { role?: string },
  options: VerifyOptions,
  ask: (db: Db) => Promise<T>,
): Promise<T> {
  const { host } = new URL(databaseUrl)
  const server = { variable: 'DATABASE_URL', name: `PostgreSQL at ${host}` } as const
  return untilAnswered(server, options, async () => {
    const db = connect(databaseUrl, {
      max: 1,
      applicationName: 'throughline-verify',
      ...(role === undefined ? {} : { role }),
    })
    try {
      return await ask(db)
    } catch (cause) {
      throw refusalOfPostgres(cause, databaseUrl, role) ?? cause
    } finally {
      await db.end({ timeout: 1 })
    }
  })
}

/** Classes 08, 53 and 57: it starts, stops or is full; that passes. */
function passes(cause: unknown): boolean {
  const code = codeOf(cause)
  return (
    cause instanceof NoAnswer ||
    isConnectionLost(cause) ||
    /^(08|53|57)/.test(code) ||
    /^E[A-Z_]+$/.test(code)
  )
}

/** @throws ConfigError too when the waiting is ended */
async function untilAnswered<T>(
  server: { variable: 'DATABASE_URL' | 'TEMPORAL_ADDRESS'; name: string },
  { log, signal }: VerifyOptions,
  ask: () => Promise<T>,
): Promise<T> {
  let saidAt = -Infinity
  for (;;) {
    try {
      return await ask()
    } catch (cause) {
      if (!passes(cause)) throw cause
      const fault = `names ${server.name}, which does not answer (${reasonOf(cause)})`
      if (signal?.aborted)
        throw wrongVariable(server.variable, fault, 'Start it, or set the right address.')
      if (performance.now() - saidAt > SAY_AGAIN_MS) {
        log(`${server.variable} ${fault}; waiting for it`)
        saidAt = performance.now()
      }
    }
    await wait(500)
  }
}

function refusalOfPostgres(
  cause: unknown,
  databaseUrl: string,
  role: string | undefined,
): ConfigError | undefined {
  const { pathname, username } = new URL(databaseUrl)
  switch (codeOf(cause)) {
    case '28P01':
    case '28000':
      return wrongVariable(
        'DATABASE_URL',
        `names the login ${decodeURIComponent(username) || '(none)'}, which the server does not let in`,
        'Set the right user and password: postgres://user:password@host:5432/throughline.',
      )
    case '3D000':
      return wrongVariable(
        'DATABASE_URL',
        `names the database ${decodeURIComponent(pathname.slice(1))}, which is not there`,
        'Create it (createdb), then run `npm run migrate`; or name another one.',
      )
    // A start-up parameter that does not hold, and a role that this login may not take.
    case '22023':
    case '42501':
      return wrongVariable(
        'THROUGHLINE_APP_ROLE',
        `is ${role ?? 'a role'}, which is not there or which this login may not act as`,
        'Use throughline_app, which the migrations create, and grant it to the login of DATABASE_URL.',
      )
    default:
      return undefined
  }
}

/** gRPC codes: 3 invalid argument, 5 not found, 7 permission denied, 16 unauthenticated. */
function refusalOfTemporal(
  cause: unknown,
  namespace: string | undefined,
  at: TemporalAt,
): ConfigError | undefined {
  // Refused while it connects, the client wraps what the server said.
  const { code = (cause as { cause?: { code?: unknown } }).cause?.code } = cause as {
    code?: unknown
  }
  if (namespace !== undefined && (code === 5 || code === 3))
    return wrongVariable(
      'TEMPORAL_NAMESPACE',
      `is ${namespace}, which is not there`,
      'Create it (`temporal operator namespace create`), or name one that exists on the server.',
    )
  if ((code === 7 || code === 16) && at.apiKey !== undefined)
    return wrongVariable(
      'TEMPORAL_API_KEY',
      `is one that does not open the namespace ${namespace}`,
      'Set a key that has not expired, of an account with access to it, and the address of its region.',
    )
  if (code === 7 || code === 16)
    return wrongVariable(
      'TEMPORAL_ADDRESS',
      'names a server that does not let us in',
      'Set TEMPORAL_API_KEY, or TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY, or the address of one that asks for neither.',
    )
  return undefined
}

/** Whatever else the way to a server may bring: it is tried again. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause })
  }
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

function reasonOf(cause: unknown): string {
  return codeOf(cause) || (cause instanceof Error ? cause.message : String(cause))
}
