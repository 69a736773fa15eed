import { z } from 'zod'
import { findLogin, findUser } from '#db/queries/access'
import { allows, ACTIONS, RESOURCES, type Permission } from '#domain/access'
import type { ApiDeps, ApiServer, Principal, RouteDeps } from '../deps.ts'
import { verifyPassword } from '../passwords.ts'
import { refuseIfTooMany } from '../login-throttle.ts'
import { forbidden, unauthenticated } from '../problem.ts'
import { scopes } from '../schemas.ts'
import { SESSION_SECONDS, signToken, TOKEN_SECONDS, type TokenClaims } from '../tokens.ts'

const tags = ['access']

const session = z.object({
  token: z.string(),
  expiresInSeconds: z.int(),
  user: z.object({ id: z.string(), email: z.string(), roles: z.array(z.string()), scopes }),
})

const me = z.object({
  kind: z.enum(['user', 'key']),
  actor: z.string().meta({ example: 'user:17' }),
  roles: z.array(z.string()),
  scopes,
  permissions: z.array(z.string()).meta({ example: ['items:read', 'orders:read'] }),
})

/** Who somebody is, and the short-lived token that says so. */
export async function loginRoutes(server: ApiServer, deps: RouteDeps): Promise<void> {
  addLogin(server, deps)
  addRenewal(server, deps)
  addMe(server)
}

function addLogin(server: ApiServer, deps: RouteDeps): void {
  const { throttle } = deps

  server.post(
    '/login',
    {
      config: { permission: 'public', idempotencyKey: false },
      schema: {
        summary: 'Log in with mail address and password',
        tags,
        body: z.strictObject({
          email: z
            .string()
            .trim()
            .toLowerCase()
            .min(3)
            .max(254)
            .meta({ example: 'anna@example.com' }),
          password: z.string().min(1).max(200).meta({ example: 'correct horse battery' }),
        }),
        response: { 200: session },
      },
    },
    async (request) => {
      const { email, password } = request.body
      refuseIfTooMany(throttle, request.ip, email)
      const found = await findLogin(deps.db, email)
      if (!(await verifyPassword(password, found?.passwordHash)) || !found) {
        throttle.failed(request.ip, email)
        throw unauthenticated('WrongLogin', 'Mail address or password is wrong.')
      }
      throttle.succeeded(request.ip, email)
      const authenticatedAt = Math.floor(Date.now() / 1000)
      return openSession(deps, { userId: found.id, authenticatedAt, ...found })
    },
  )
}

function addRenewal(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/login/renew',
    {
      config: { permission: 'authenticated', idempotencyKey: false },
      schema: {
        summary: 'A new token for one that still works',
        description: 'Works for 12 hours after the password was proved.',
        tags,
        response: { 200: session },
      },
    },
    async ({ principal }) => {
      const { authenticatedAt, passwordChangedAt = '', id } = principal
      if (principal.kind !== 'user') throw forbidden('NotAUser', 'An API key needs no token.')
      if (authenticatedAt === undefined || Date.now() / 1000 > authenticatedAt + SESSION_SECONDS)
        throw unauthenticated('LoginNeeded', 'The session is over: log in again.')
      return openSession(deps, { userId: id, authenticatedAt, passwordChangedAt })
    },
  )
}

function addMe(server: ApiServer): void {
  server.get(
    '/me',
    {
      config: { permission: 'authenticated' },
      schema: { summary: 'Who I am and what I may do', tags, response: { 200: me } },
    },
    async ({ principal }) => ({
      kind: principal.kind,
      actor: principal.actor,
      roles: principal.roles,
      scopes: principal.scopes,
      permissions: permissionsOf(principal),
    }),
  )
}

/** The password is named as it was when it was proved: one changed meanwhile opens nothing. */
async function openSession(
  { db, config }: ApiDeps,
  { userId, authenticatedAt, passwordChangedAt }: TokenClaims,
): Promise<z.output<typeof session>> {
  const user = await findUser(db, userId)
  if (!user) throw unauthenticated('WrongLogin', 'Mail address or password is wrong.')
  return {
    token: await signToken(config.JWT_SECRET, { userId, authenticatedAt, passwordChangedAt }),
    expiresInSeconds: TOKEN_SECONDS,
    user: { id: String(user.id), email: user.name, roles: user.roles, scopes: user.scopes },
  }
}

function permissionsOf({ roles }: Principal): Permission[] {
  return RESOURCES.flatMap((resource) =>
    ACTIONS.map((action): Permission => `${resource}:${action}`).filter((permission) =>
      allows(roles, permission),
    ),
  )
}
