import type { Tx } from '#db/client'
import { readApiKey, readUser, type ApiKey, type User } from '#db/queries/access'
import { KEY_ROLES, PROGRAM_ROLES } from '#domain/access'
import { type Scopes } from '#domain/scopes'
import { conflictingRoles } from '#domain/duties'
import { Refusal } from '#domain/refusal'

export interface NewUser {
  email: string
  name: string
  passwordHash: string
  roles: readonly string[]
  scopes: Scopes
}

export interface UserChange {
  name?: string | undefined
  roles?: readonly string[] | undefined
  scopes?: Scopes | undefined
  disabled?: boolean | undefined
  passwordHash?: string | undefined
}

/** @throws Refusal UserExists, RoleConflict, InvalidRole */
export async function insertUser(tx: Tx, user: NewUser): Promise<User> {
  refuseRoles(user.roles)
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO app_user (email, name, password_hash, roles, entity_codes, site_codes, channel_codes)
    VALUES (${user.email}, ${user.name}, ${user.passwordHash}, ${[...user.roles]}, ${list(user.scopes.entities)},
      ${list(user.scopes.sites)}, ${list(user.scopes.channels)})
    ON CONFLICT (email) DO NOTHING RETURNING id`
  if (!row) throw new Refusal('UserExists', 'There is a user with this mail address already.')
  return (await readUser(tx, row.id))!
}

/** @throws Refusal RoleConflict, InvalidRole */
export async function updateUser(
  tx: Tx,
  id: number,
  change: UserChange,
): Promise<{ before: User; after: User } | undefined> {
  await tx`SELECT 1 FROM app_user WHERE id = ${id} FOR UPDATE`
  const before = await readUser(tx, id)
  if (!before) return undefined
  const { name, roles, scopes } = {
    name: change.name ?? before.name,
    roles: change.roles ?? before.roles,
    scopes: change.scopes ?? before.scopes,
  }
  refuseRoles(roles)
  await tx`
    UPDATE app_user SET name = ${name}, roles = ${[...roles]}, entity_codes = ${list(scopes.entities)},
      site_codes = ${list(scopes.sites)}, channel_codes = ${list(scopes.channels)}
      ${change.passwordHash === undefined ? tx`` : tx`, password_hash = ${change.passwordHash}, password_changed_at = clock_timestamp()`}
      ${change.disabled === undefined ? tx`` : disabling(tx, change.disabled)}
    WHERE id = ${id}`
  return { before, after: (await readUser(tx, id))! }
}

export interface NewApiKey {
  name: string
  keyHash: Buffer
  roles: readonly string[]
  scopes: Scopes
  /** The user who makes it and will hold it; absent for keys of the installation itself. */
  createdBy?: number | null
}

/**
 * Only the hash is kept; the key itself is shown once, by the caller.
 * @throws Refusal ApiKeyExists, InvalidRole, RoleConflict
 */
export async function insertApiKey(tx: Tx, key: NewApiKey): Promise<ApiKey> {
  const maker = key.createdBy == null ? undefined : await readUser(tx, key.createdBy)
  refuseKeyRoles(key.roles, maker?.roles ?? [])
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO api_key (name, key_hash, roles, entity_codes, site_codes, channel_codes, created_by)
    VALUES (${key.name}, ${key.keyHash}, ${[...key.roles]}, ${list(key.scopes.entities)},
      ${list(key.scopes.sites)}, ${list(key.scopes.channels)}, ${key.createdBy ?? null})
    ON CONFLICT (name) DO NOTHING RETURNING id`
  if (!row)
    throw new Refusal('ApiKeyExists', `There is a key ${key.name} already: take another name.`)
  return (await readApiKey(tx, row.id))!
}

/** Revoking twice is the same as once. */
export async function revokeApiKey(
  tx: Tx,
  id: number,
): Promise<{ before: ApiKey; after: ApiKey } | undefined> {
  await tx`SELECT 1 FROM api_key WHERE id = ${id} FOR UPDATE`
  const before = await readApiKey(tx, id)
  if (!before) return undefined
  await tx`UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = ${id}`
  return { before, after: (await readApiKey(tx, id))! }
}

/** GOV-14: some roles exclude each other in one person, and some are for programs only. */
function refuseRoles(roles: readonly string[]): void {
  const program = roles.find((role) => (PROGRAM_ROLES as readonly string[]).includes(role))
  if (program)
    throw new Refusal('InvalidRole', `${program} is for programs: give it to an API key.`, {
      field: 'body.roles',
    })
  refuseConflict(roles)
}

/** Whoever made a key holds it: its roles count as theirs too. */
function refuseKeyRoles(roles: readonly string[], makersRoles: readonly string[]): void {
  const personal = roles.find((role) => !(KEY_ROLES as readonly string[]).includes(role))
  if (personal)
    throw new Refusal(
      'InvalidRole',
      `No key may be ${personal}. Give it one of ${KEY_ROLES.join(', ')}.`,
      { field: 'body.roles' },
    )
  refuseConflict([...roles, ...makersRoles])
}

function refuseConflict(roles: readonly string[]): void {
  const [conflict] = conflictingRoles(roles)
  if (conflict)
    throw new Refusal(
      'RoleConflict',
      `One person may not be both ${conflict[0]} and ${conflict[1]}: give one of them to somebody else.`,
      { field: 'body.roles' },
    )
}

function disabling(tx: Tx, disabled: boolean) {
  return disabled
    ? tx`, disabled_at = coalesce(disabled_at, clock_timestamp())`
    : tx`, disabled_at = NULL`
}

function list(codes: readonly string[] | null): string[] | null {
  return codes === null ? null : [...codes]
}
