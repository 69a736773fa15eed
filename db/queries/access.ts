import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

/** Who a caller is, for the check of each request. */
export interface Credentials {
  id: number
  /** The mail address of a user, the name of a key. */
  name: string
  roles: string[]
  scopes: Scopes
}

/** A user who may still act; their tokens are good for this password only. */
export interface UserCredentials extends Credentials {
  passwordChangedAt: string
}

/** A key, and the user for whom it acts. */
export interface KeyCredentials extends Credentials {
  createdBy: number | null
}

export interface User {
  id: number
  email: string
  name: string
  roles: string[]
  scopes: Scopes
  disabledAt: string | null
}

export interface ApiKey {
  id: number
  name: string
  roles: string[]
  scopes: Scopes
  createdBy: number | null
  createdAt: string
  revokedAt: string | null
}

interface ScopeColumns {
  entity_codes: string[] | null
  site_codes: string[] | null
  channel_codes: string[] | null
}
type UserRow = Omit<User, 'scopes'> & ScopeColumns
type KeyRow = Omit<ApiKey, 'scopes'> & ScopeColumns

/** A user who may still act; undefined when unknown or disabled. */
export async function findUser(db: Reader, id: number): Promise<UserCredentials | undefined> {
  const [row] = await db<(Omit<UserCredentials, 'scopes'> & ScopeColumns)[]>`
    SELECT id, email AS name, roles, entity_codes, site_codes, channel_codes, password_changed_at AS "passwordChangedAt"
    FROM app_user WHERE id = ${id} AND disabled_at IS NULL`
  return row && withScopes(row)
}

export async function findApiKey(db: Reader, keyHash: Buffer): Promise<KeyCredentials | undefined> {
  const [row] = await db<(Omit<KeyCredentials, 'scopes'> & ScopeColumns)[]>`
    SELECT id, name, roles, entity_codes, site_codes, channel_codes, created_by AS "createdBy"
    FROM api_key WHERE key_hash = ${keyHash} AND revoked_at IS NULL`
  return row && withScopes(row)
}

/** The stored password of a user who may log in. */
export async function findLogin(
  db: Reader,
  email: string,
): Promise<{ id: number; passwordHash: string; passwordChangedAt: string } | undefined> {
  const [row] = await db<{ id: number; passwordHash: string; passwordChangedAt: string }[]>`
    SELECT id, password_hash AS "passwordHash", password_changed_at AS "passwordChangedAt" FROM app_user
    WHERE email = ${email} AND disabled_at IS NULL`
  return row
}

interface AccessPage {
  after: number
  limit: number
  /** Whose list it is: they see only whom they may also change. */
  reach: Scopes
}

/** The same as `scopesInclude(reach, row)`, for the rows of a page. */
const reachedBy = (db: Reader, { entities, sites, channels }: Scopes) => db`
  (${entities === null} OR entity_codes <@ ${[...(entities ?? [])]}::text[])
  AND (${sites === null} OR site_codes <@ ${[...(sites ?? [])]}::text[])
  AND (${channels === null} OR channel_codes <@ ${[...(channels ?? [])]}::text[])`

export async function listUsers(db: Reader, { after, limit, reach }: AccessPage): Promise<User[]> {
  const rows = await db<UserRow[]>`
    SELECT id, email, name, roles, entity_codes, site_codes, channel_codes, disabled_at AS "disabledAt"
    FROM app_user WHERE id > ${after} AND ${reachedBy(db, reach)} ORDER BY id LIMIT ${limit}`
  return rows.map(withScopes)
}

export async function readUser(db: Reader, id: number): Promise<User | undefined> {
  const [row] = await db<UserRow[]>`
    SELECT id, email, name, roles, entity_codes, site_codes, channel_codes, disabled_at AS "disabledAt"
    FROM app_user WHERE id = ${id}`
  return row && withScopes(row)
}

export async function listApiKeys(
  db: Reader,
  { after, limit, reach }: AccessPage,
): Promise<ApiKey[]> {
  const rows = await db<KeyRow[]>`
    SELECT id, name, roles, entity_codes, site_codes, channel_codes, created_by AS "createdBy", created_at AS "createdAt", revoked_at AS "revokedAt"
    FROM api_key WHERE id > ${after} AND ${reachedBy(db, reach)} ORDER BY id LIMIT ${limit}`
  return rows.map(withScopes)
}

export async function readApiKey(db: Reader, id: number): Promise<ApiKey | undefined> {
  const [row] = await db<KeyRow[]>`
    SELECT id, name, roles, entity_codes, site_codes, channel_codes, created_by AS "createdBy", created_at AS "createdAt", revoked_at AS "revokedAt"
    FROM api_key WHERE id = ${id}`
  return row && withScopes(row)
}

function withScopes<Row extends ScopeColumns>(
  row: Row,
): Omit<Row, keyof ScopeColumns> & { scopes: Scopes } {
  const { entity_codes: entities, site_codes: sites, channel_codes: channels, ...rest } = row
  return { ...rest, scopes: { entities, sites, channels } }
}
