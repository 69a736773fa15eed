import { z } from 'zod'
import { listApiKeys, type ApiKey } from '#db/queries/access'
import { insertApiKey, revokeApiKey } from '#db/stores/access'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { intCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { intId, reason, role, scopes, scopesInput } from '../schemas.ts'
import { deriveApiKey, hashApiKey } from '../tokens.ts'
import { requireOwnReach } from './users.ts'

const tags = ['access']

const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  scopes,
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
    async ({ query: { limit, cursor } }) => {
      const rows = await listApiKeys(db, { after: intCursor(cursor), limit: limit + 1 })
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
    description: 'The answer holds the key: nobody can show it again later.',
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
      const keyHash = hashApiKey(deriveApiKey(JWT_SECRET, commandKey))
      const after = toWire(await insertApiKey(tx, { ...body, keyHash }))
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

function toWire({ id, ...rest }: ApiKey) {
  return { id: String(id), ...rest }
}
