import { z } from 'zod'
import { findLogin, listUsers, readUser, type User } from '#db/queries/access'
import { insertUser, updateUser } from '#db/stores/access'
import { scopesInclude, type Scopes } from '#domain/scopes'
import { Refusal } from '#domain/refusal'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal, RouteDeps } from '../deps.ts'
import { refuseIfTooMany } from '../login-throttle.ts'
import { intCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { hashPassword, verifyPassword } from '../passwords.ts'
import { forbidden, notFound } from '../problem.ts'
import { intId, reason, role, scopes, scopesInput, shortText } from '../schemas.ts'
import { fingerprint } from '../tokens.ts'

const tags = ['access']
const params = z.object({ id: intId })

const email = z
  .email({ error: 'send a mail address' })
  .max(254)
  .transform((text) => text.toLowerCase())
  .meta({ example: 'ben@example.com' })
const password = z
  .string()
  .min(12, { error: 'send at least 12 characters' })
  .max(200)
  .meta({ example: 'correct horse battery' })
const roles = z
  .array(role)
  .min(1)
  .max(15)
  .transform((list) => [...new Set(list)].sort())
  .meta({ example: ['csr'] })

const user = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  scopes,
  disabledAt: z.string().nullable(),
})

/** People, their roles and how far those reach; only an administrator changes them. */
export async function userRoutes(server: ApiServer, deps: RouteDeps): Promise<void> {
  addReads(server, deps)
  addCommands(server, deps)
  addOwnPassword(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/users',
    {
      config: { permission: 'users:read' },
      schema: {
        summary: 'List users',
        tags,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(user) },
      },
    },
    async ({ query: { limit, cursor }, principal: { scopes: reach } }) => {
      const rows = await listUsers(db, { after: intCursor(cursor), limit: limit + 1, reach })
      return toPage(rows, limit, (row) => row.id, toWire)
    },
  )

  server.get(
    '/users/:id',
    {
      config: { permission: 'users:read' },
      schema: { summary: 'One user', tags, params, response: { 200: user } },
    },
    async (request) => {
      const found = await readUser(db, Number(request.params.id))
      if (!found || !scopesInclude(request.principal.scopes, found.scopes))
        throw notFound(`user ${request.params.id}`)
      return toWire(found)
    },
  )
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  const { JWT_SECRET } = deps.config
  const hidden = (secret: string | undefined) => secret && fingerprint(JWT_SECRET, secret)

  commandRoute(server, deps, {
    method: 'POST',
    url: '/users',
    permission: 'users:create',
    summary: 'Create a user',
    tags,
    body: z.strictObject({
      email,
      name: shortText,
      password,
      roles,
      scopes: scopesInput.default({ entities: null, sites: null, channels: null }),
    }),
    response: { 201: user },
    fingerprint: (body) => ({ ...body, password: hidden(body.password) }),
    work: async (tx, { body: { password: secret, ...body }, principal, audit }) => {
      requireOwnReach(principal, body.scopes)
      const passwordHash = await hashPassword(secret)
      const after = toWire(await insertUser(tx, { ...body, passwordHash }))
      await audit({ subjectType: 'user', subjectId: after.id, action: 'create', after })
      return { status: 201, body: after }
    },
  })

  commandRoute(server, deps, {
    method: 'PATCH',
    url: '/users/:id',
    permission: 'users:update',
    summary: 'Change name, roles, reach or password of a user, or disable them',
    tags,
    params,
    body: z.strictObject({
      name: shortText.optional(),
      roles: roles.optional(),
      scopes: scopesInput.optional(),
      disabled: z.boolean().optional(),
      password: password.optional(),
      reason,
    }),
    response: { 200: user },
    fingerprint: (body) => ({ ...body, password: hidden(body.password) }),
    work: async (tx, { body: { password: secret, ...body }, params: at, principal, audit }) => {
      const id = Number(at.id)
      refuseSelf(principal, id)
      if (body.scopes) requireOwnReach(principal, body.scopes)
      const passwordHash = secret === undefined ? undefined : await hashPassword(secret)
      const changed = await updateUser(tx, id, { ...body, passwordHash })
      if (!changed) throw notFound(`user ${at.id}`)
      requireOwnReach(principal, changed.before.scopes)
      const [before, after] = [toWire(changed.before), toWire(changed.after)]
      const action = secret === undefined ? 'update' : 'update-with-password'
      const event = { subjectType: 'user', subjectId: at.id, action, before, after }
      await audit({ ...event, reason: body.reason })
      return { body: after }
    },
  })
}

function addOwnPassword(server: ApiServer, deps: RouteDeps): void {
  const { throttle, config } = deps
  const { JWT_SECRET } = config
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/me/password',
    permission: 'authenticated',
    summary: 'Change my own password; every session ends, this one too',
    tags,
    body: z.strictObject({ current: z.string().min(1).max(200), next: password }),
    response: { 204: z.null() },
    fingerprint: ({ current, next }) => ({
      current: fingerprint(JWT_SECRET, current),
      next: fingerprint(JWT_SECRET, next),
    }),
    work: async (tx, { body, principal, audit }) => {
      if (principal.kind !== 'user') throw forbidden('NotAUser', 'An API key has no password.')
      // By person and not by address: whoever found a token may not guess from many places.
      const guesser = `user-${principal.id}`
      refuseIfTooMany(throttle, guesser, principal.name)
      const login = await findLogin(tx, principal.name)
      if (!(await verifyPassword(body.current, login?.passwordHash))) {
        throttle.failed(guesser, principal.name)
        throw new Refusal('InvalidPassword', 'The current password is another one.', {
          field: 'body.current',
        })
      }
      throttle.succeeded(guesser, principal.name)
      await updateUser(tx, principal.id, { passwordHash: await hashPassword(body.next) })
      await audit({ subjectType: 'user', subjectId: String(principal.id), action: 'own-password' })
      return { status: 204 }
    },
  })
}

/** Otherwise an administrator could make themselves a controller and post (GOV-14), by hand or by a key. */
function refuseSelf(principal: Principal, id: number): void {
  if (principal.ownerId === id)
    throw forbidden('OwnAccess', 'Nobody changes their own access: ask another administrator.')
}

export function requireOwnReach(principal: Principal, asked: Scopes): void {
  if (!scopesInclude(principal.scopes, asked))
    throw forbidden('OutOfScope', 'Nobody gives or changes a reach beyond their own.')
}

function toWire({ id, ...rest }: User) {
  return { id: String(id), ...rest }
}
