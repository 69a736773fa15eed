import { z } from 'zod'
import { listApiKeys, type ApiKey } from '#db/queries/access'
import { insertApiKey, revokeApiKey } from '#db/stores/access'
import { KEY_ROLES } from '#domain/access'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { intCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { forbidden, notFound } from '../problem.ts'
import { intId, reason, role, scopes, scopesInput } from '../schemas.ts'
import { deriveApiKey, hashApiKey } from '../tokens.ts'
import { requireOwnReach } from './users.ts'

const tags = ['access']

const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  scopes,
  createdBy: z.string().nullable().describe('The user who made it and for whom it acts.'),
  createdAt: z.string(),
  revokedAt: z.string().nullable(),
})

/** Keys of programs. The key itself is told once and kept only as a hash. */
export async function apiKeyRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addList(server, deps)
  addCreation(server, deps)
  addRevocation(server, deps)
}

function addList(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/api-keys',
    {
      config: { permission: 'api-keys:read' },
      schema: {
        summary: 'List API keys',
        tags,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(apiKey) },
      },
    },
    async ({ query: { limit, cursor }, principal: { scopes: reach } }) => {
      const rows = await listApiKeys(db, { after: intCursor(cursor), limit: limit + 1, reach })
      return toPage(rows, limit, (row) => row.id, toWire)
    },
  )
}

function addCreation(server: ApiServer, deps: ApiDeps): void {
  const { JWT_SECRET } = deps.config
  commandRoute(server, deps, {
    method: 'POST',
    url: '/api-keys',
    permission: 'api-keys:create',
    summary: 'Make an API key',
    description: `The answer holds the key: nobody can show it again later. A key is one of ${KEY_ROLES.join(', ')}, and its maker must be allowed to be that as well.`,
    tags,
    body: z.strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{2,60}$/, { error: 'send small letters, digits and dashes' })
        .meta({ example: 'shopify-connector' }),
      roles: z
        .array(role)
        .min(1)
        .max(15)
        .meta({ example: ['connector'] }),
      scopes: scopesInput.default({ entities: null, sites: null, channels: null }),
    }),
    response: { 201: apiKey.extend({ key: z.string() }) },
    work: async (tx, { body, principal, commandKey, audit }) => {
      requireOwnReach(principal, body.scopes)
      requireOwnRoles(principal, body.roles)
      const keyHash = hashApiKey(deriveApiKey(JWT_SECRET, commandKey))
      const createdBy = principal.ownerId
      const after = toWire(await insertApiKey(tx, { ...body, keyHash, createdBy }))
      await audit({ subjectType: 'api-key', subjectId: after.id, action: 'create', after })
      return { status: 201, body: after }
    },
    reveal: (answer, request) => ({
      ...answer,
      body: { ...(answer.body as object), key: deriveApiKey(JWT_SECRET, request.commandKey) },
    }),
  })
}

function addRevocation(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'DELETE',
    url: '/api-keys/:id',
    permission: 'api-keys:update',
    summary: 'Revoke an API key',
    tags,
    params: z.object({ id: intId }),
    body: z.strictObject({ reason }),
    response: { 200: apiKey },
    work: async (tx, { params: at, body, principal, audit }) => {
      const changed = await revokeApiKey(tx, Number(at.id))
      if (!changed) throw notFound(`API key ${at.id}`)
      requireOwnReach(principal, changed.before.scopes)
      const [before, after] = [toWire(changed.before), toWire(changed.after)]
      const event = { subjectType: 'api-key', subjectId: at.id, action: 'revoke', before, after }
      await audit({ ...event, reason: body.reason })
      return { body: after }
    },
  })
}

/** Who does not set up access hands on only what they are. */
function requireOwnRoles({ roles }: Principal, asked: readonly string[]): void {
  if (!roles.includes('administrator') && asked.some((one) => !roles.includes(one)))
    throw forbidden('OwnAccess', 'Your keys hold your own roles only: ask an administrator.')
}

function toWire({ id, createdBy, ...rest }: ApiKey) {
  return { id: String(id), createdBy: createdBy === null ? null : String(createdBy), ...rest }
}
