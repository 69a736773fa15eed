import postgres from 'postgres'

interface Types extends Record<string, unknown> {
  bigint: bigint
}

/** A pool of connections. */
export type Db = postgres.Sql<Types>
/** One open transaction; there is one way to get a writing one: `commitOnce`. */
export type Tx = postgres.TransactionSql<Types>
/** Either of them, for what only reads. */
export type Reader = postgres.ISql<Types>

export interface ConnectOptions {
  /** Role to act as on every connection, below the one that logs in. */
  role?: string
  /** Most connections at a time. */
  max?: number
  applicationName?: string
  /** The server cancels a longer statement; 0 lets it run. */
  statementTimeoutMs?: number
}

/**
 * How values arrive here, and go back:
 * - `bigint` is a JS bigint; `count(*)` too. `sum(bigint)` is numeric, hence a string: cast it
 *   (`sum(x)::bigint`).
 * - `date` is the string `YYYY-MM-DD`; a business date has no time zone.
 * - `timestamptz` is an ISO string in UTC with milliseconds, as `Date.toISOString` writes it, so
 *   that instants compare as text; page by id, because microseconds are cut off.
 * - `numeric` and `time` are strings, `bytea` is a Buffer; `jsonb` is parsed, and on its way there
 *   a `bigint` becomes its decimal text.
 */
const types = {
  bigint: { to: 20, from: [20], serialize: String, parse: (text: string) => BigInt(text) },
  businessDate: { to: 1082, from: [1082], serialize: toDate, parse: (text: string) => text },
  localTime: { to: 1114, from: [1114], serialize: toInstant, parse: (text: string) => text },
  json: {
    to: 3802,
    from: [114, 3802],
    serialize: jsonText,
    parse: (text: string) => JSON.parse(text) as unknown,
  },
  instant: { to: 1184, from: [1184], serialize: toInstant, parse: parseInstant },
}

/** Opens a pool; connections are made when the first query needs them. */
export function connect(databaseUrl: string, options: ConnectOptions = {}): Db {
  const client = postgres(databaseUrl, {
    max: options.max ?? 20,
    idle_timeout: 30,
    connect_timeout: 10,
    types,
    onnotice: () => {},
    connection: {
      application_name: options.applicationName ?? 'throughline',
      TimeZone: 'UTC',
      statement_timeout: options.statementTimeoutMs ?? 0,
      // A start-up parameter and not SET ROLE: it holds for every connection of the pool.
      ...(options.role === undefined ? {} : { role: options.role }),
    },
  })
  return client as unknown as Db
}

/** JSON in which a `bigint` is its decimal text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? member.toString() : member,
  )
}

function parseInstant(text: string): string {
  return text.endsWith('infinity') ? text : new Date(text).toISOString()
}

function toInstant(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}

function toDate(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 10) : String(value)
}
