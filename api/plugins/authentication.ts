import type { FastifyRequest } from 'fastify'
import { findApiKey, findUser, type Credentials } from '#db/queries/access'
import { allows, rolesWith, type Permission } from '#domain/access'
import type { Access, ApiDeps, ApiServer, Principal } from '../deps.ts'
import { forbidden, unauthenticated } from '../problem.ts'
import { hashApiKey, verifyToken } from '../tokens.ts'

/**
 * Deny by default: a route below /v1 says what it asks for, or the server does not start; the
 * caller is looked up for each request, so that disabling somebody works at once.
 */
export function addAuthentication(server: ApiServer, deps: ApiDeps): void {
  server.decorateRequest('principal', null as unknown as Principal)
  server.decorate('accessTable', [])

  server.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1')) return
    const access = route.config?.permission
    if (access === undefined)
      throw new Error(`${String(route.method)} ${route.url} says no config.permission.`)
    if (isPermission(access) && rolesWith(access).length === 0)
      throw new Error(`${String(route.method)} ${route.url}: no role holds ${access}.`)
    for (const method of [route.method].flat())
      server.accessTable.push({ method, url: route.url, access })
  })

  server.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.permission
    if (request.is404 || access === undefined || access === 'public' || access === 'signed') return
    request.principal = await identify(request, deps)
    if (isPermission(access) && !allows(request.principal.roles, access))
      throw forbidden('Forbidden', `This needs the permission ${access}.`)
  })
}

export function isPermission(access: Access): access is Permission {
  return access.includes(':')
}

async function identify(request: FastifyRequest, deps: ApiDeps): Promise<Principal> {
  const bearer = request.headers.authorization
  const key = request.headers['x-api-key']
  if (bearer !== undefined && key !== undefined)
    throw unauthenticated('AmbiguousCredentials', 'Send either a token or an API key.')
  if (typeof key === 'string') return byKey(key, deps)
  if (bearer !== undefined) return byToken(bearer, deps)
  throw unauthenticated('NoCredentials', 'Send Authorization: Bearer <token> or X-API-Key.')
}

async function byKey(key: string, { db }: ApiDeps): Promise<Principal> {
  const found = /^tlk_[\w-]{20,100}$/.test(key) ? await findApiKey(db, hashApiKey(key)) : undefined
  if (!found) throw unauthenticated('InvalidApiKey', 'This API key is unknown or revoked.')
  const actor = `key:${found.name}`
  return { kind: 'key', actor, ...principalOf(found), ownerId: found.createdBy }
}

async function byToken(header: string, { db, config }: ApiDeps): Promise<Principal> {
  const [, token] = /^Bearer ([\w.-]{20,4000})$/i.exec(header) ?? []
  const claims = token && (await verifyToken(config.JWT_SECRET, token))
  if (!claims) throw unauthenticated('InvalidToken', 'This token is not valid any more: log in.')
  const user = await findUser(db, claims.userId)
  if (!user) throw unauthenticated('InvalidToken', 'This user is disabled.')
  if (user.passwordChangedAt !== claims.passwordChangedAt)
    throw unauthenticated('InvalidToken', 'The password has been changed since: log in again.')
  return {
    kind: 'user',
    actor: `user:${user.id}`,
    ...principalOf(user),
    ownerId: user.id,
    authenticatedAt: claims.authenticatedAt,
    passwordChangedAt: claims.passwordChangedAt,
  }
}

function principalOf({ id, name, roles, scopes }: Credentials) {
  return { id, name, roles, scopes }
}
