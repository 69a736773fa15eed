import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { inject } from 'vitest'
import { hashPassword } from '#api/passwords'
import { createLogger } from '#api/plugins/logging'
import { buildServer, type ApiDeps, type ApiServer } from '#api/server'
import { signToken } from '#api/tokens'
import { PROGRAM_ROLES, type Role } from '#domain/access'
import { EVERYWHERE, type Scopes } from '#domain/scopes'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

export const JWT_SECRET = 'a-secret-of-the-tests-that-is-long-enough'
export const PASSWORD = 'correct horse battery'

/** One caller of the API under test. */
export interface Caller {
  (options: InjectOptions & { key?: string }): Promise<LightMyRequestResponse>
  readonly actor: string
  readonly id: number
  /** What says who it is, for a request that does not go through `inject`. */
  readonly headers: Readonly<Record<string, string>>
}

export interface ApiUnderTest {
  server: ApiServer
  database: TestDatabase
  deps: ApiDeps
  /** A caller with these roles; a user, or a key where only a program may hold the role. */
  as(
    role: Role | Role[],
    scopes?: Partial<Scopes>,
    /** A key that this user made, whatever its role. */
    more?: { asKeyOf?: number },
  ): Promise<Caller>
  /** Somebody without credentials. */
  anonymous: Caller
  /** Two entities, three sites, two channels; codes as the tests name them. */
  close(): Promise<void>
}

/** The API on a fresh database with a small company in it: for `beforeAll`. */
export async function apiUnderTest(overrides: Partial<ApiDeps> = {}): Promise<ApiUnderTest> {
  const database = await freshDatabase()
  const connection = Connection.lazy({ address: inject('temporalAddress') })
  const temporal = new Client({ connection, namespace: inject('temporalNamespace') })
  await insertCompany(database)
  const api = await apiOn(database, temporal, overrides)
  return {
    ...api,
    close: async () => {
      await api.close()
      await connection.close()
      await database.drop()
    },
  }
}

/** The API on a database and a process engine that somebody else opens and closes. */
export async function apiOn(
  database: TestDatabase,
  temporal: Client,
  overrides: Partial<ApiDeps> = {},
): Promise<ApiUnderTest> {
  const { config: settings, ...others } = overrides
  const config = {
    JWT_SECRET,
    TEMPORAL_NAMESPACE: inject('temporalNamespace'),
    ...settings,
  } as ApiDeps['config']
  const deps = {
    db: database.db,
    temporal,
    config,
    logger: createLogger(process.env['LOG_LEVEL'] ?? 'silent'),
    ...others,
  }
  const server = await buildServer(deps)
  const callers = new Map<string, Promise<Caller>>()
  return {
    server,
    database,
    deps,
    as: (role, scopes = {}, more = {}) => {
      const name = JSON.stringify([role, scopes, more])
      const known = callers.get(name) ?? addCaller(server, database, [role].flat(), scopes, more)
      callers.set(name, known)
      return known
    },
    anonymous: callerOf(server, {}, 'nobody', 0),
    close: () => server.close(),
  }
}

async function addCaller(
  server: ApiServer,
  { admin }: TestDatabase,
  roles: Role[],
  scopes: Partial<Scopes>,
  { asKeyOf }: { asKeyOf?: number },
): Promise<Caller> {
  const { entities, sites, channels } = { ...EVERYWHERE, ...scopes }
  const name = `${roles.join('+')}-${randomUUID().slice(0, 8)}`
  if (asKeyOf !== undefined || roles.some((role) => PROGRAM_ROLES.includes(role))) {
    const { hashApiKey } = await import('#api/tokens')
    const key = `tlk_${randomUUID().replaceAll('-', '')}`
    const [row] = await admin<{ id: number }[]>`
      INSERT INTO api_key (name, key_hash, roles, entity_codes, site_codes, channel_codes, created_by)
      VALUES (${name}, ${hashApiKey(key)}, ${roles}, ${codes(entities)}, ${codes(sites)}, ${codes(channels)}, ${asKeyOf ?? null}) RETURNING id`
    return callerOf(server, { 'x-api-key': key }, `key:${name}`, row?.id ?? 0)
  }
  const email = `${name}@example.com`
  const [row] = await admin<{ id: number; passwordChangedAt: string }[]>`
    INSERT INTO app_user (email, name, password_hash, roles, entity_codes, site_codes, channel_codes)
    VALUES (${email}, ${name}, ${await storedPassword()}, ${roles}, ${codes(entities)}, ${codes(sites)}, ${codes(channels)})
    RETURNING id, password_changed_at AS "passwordChangedAt"`
  const { id: userId, passwordChangedAt } = row!
  const authenticatedAt = Math.floor(Date.now() / 1000)
  const token = await signToken(JWT_SECRET, { userId, authenticatedAt, passwordChangedAt })
  return callerOf(server, { authorization: `Bearer ${token}` }, `user:${userId}`, userId)
}

function callerOf(
  server: ApiServer,
  credentials: Record<string, string>,
  actor: string,
  id: number,
): Caller {
  const call = ({ key, ...options }: InjectOptions & { key?: string }) =>
    server.inject({
      ...options,
      headers: {
        ...credentials,
        ...(options.method && options.method !== 'GET'
          ? { 'idempotency-key': key ?? randomUUID() }
          : {}),
        ...options.headers,
      },
    })
  return Object.assign(call, { actor, id, headers: credentials })
}

/** Every user of a test run has the same password; deriving it once is enough. */
let password: Promise<string> | undefined
export function storedPassword(): Promise<string> {
  password ??= hashPassword(PASSWORD)
  return password
}

function codes(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list]
}

async function insertCompany({ admin }: TestDatabase): Promise<void> {
  await admin`INSERT INTO entity (code, name, functional_currency, country) VALUES
    ('US1', 'Throughline Inc.', 'USD', 'US'), ('DE1', 'Throughline GmbH', 'EUR', 'DE')`
  await admin`INSERT INTO site (entity_id, code, name, kind, country) VALUES
    (1, 'US-EAST', 'Newark', 'own', 'US'), (1, 'US-WEST', 'Reno', '3pl', 'US'), (2, 'DE-NORD', 'Hamburg', 'own', 'DE')`
  await admin`INSERT INTO channel (code, name, kind, entity_id, currency) VALUES
    ('shopify-us', 'Web shop US', 'shopify', 1, 'USD'), ('amazon-de', 'Amazon DE', 'amazon', 2, 'EUR')`
}
