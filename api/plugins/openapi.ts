import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { rolesWith } from '#domain/access'
import type { Access, ApiServer } from '../deps.ts'
import { isPermission } from './authentication.ts'
import { signedMessage } from './signed-headers.ts'

const COMMANDS = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
const zodTransform = createJsonSchemaTransform({})

/** OpenAPI 3.1 made from the routes themselves, at /docs and /docs/json. */
export async function addOpenApi(server: ApiServer, publicUrl?: string): Promise<void> {
  server.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1') || route.schema?.hide || route.method === 'HEAD') return
    const { summary, tags, response } = route.schema ?? {}
    if (!summary || !tags?.length || !response)
      throw new Error(`${String(route.method)} ${route.url} needs a summary, tags and a response.`)
  })
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Throughline', version: '1', description: INTRODUCTION },
      servers: [{ url: publicUrl ?? '/' }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
        schemas: { Problem: PROBLEM },
      },
    },
    transform: (document) => {
      const { schema, url } = zodTransform(document)
      return { schema: withContract(schema, document.route), url }
    },
    transformObject: jsonSchemaTransformObject,
  })
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { docExpansion: 'none', persistAuthorization: false },
  })
}

interface Documented {
  method: string | string[]
  url: string
  config?: {
    permission?: Access
    idempotencyKey?: false
    rawBody?: boolean
    asksProcess?: true
  }
}

/** What every route has by virtue of the plugins: credentials, key, problem answers. */
function withContract<Schema>(schema: Schema, route: Documented): Schema {
  const described = schema as Record<string, unknown>
  const { permission = 'public', idempotencyKey, rawBody, asksProcess } = route.config ?? {}
  if (described['hide']) return schema
  const isOpen = permission === 'public' || permission === 'signed'
  described['security'] = isOpen ? [] : [{ token: [] }, { apiKey: [] }]
  described['x-permission'] = permission
  described['description'] = [described['description'], needs(permission)]
    .filter(Boolean)
    .join('\n\n')
  const isCommand = [route.method].flat().some((method) => COMMANDS.has(method))
  if (isCommand && idempotencyKey !== false) described['headers'] = KEY_HEADER
  if (rawBody) {
    described['consumes'] = ['application/json']
    Object.assign(described, signedMessage(route.url))
  }
  described['response'] = {
    ...(asksProcess ? { 202: STILL_WORKING } : {}),
    ...(described['response'] as object),
    '4XX': REFUSED,
    503: UNAVAILABLE,
  }
  return schema
}

function needs(permission: Access): string {
  if (!isPermission(permission)) return ''
  return `Needs \`${permission}\` (${rolesWith(permission).join(', ')}).`
}

const KEY_HEADER = {
  type: 'object',
  required: ['idempotency-key'],
  properties: {
    'idempotency-key': {
      type: 'string',
      minLength: 8,
      maxLength: 200,
      pattern: '^[\\x21-\\x7e]{8,200}$',
      description: 'New for each new command; the same key and body give the same answer again.',
      example: 'b2c9f3de-5d0f-4d7e',
    },
  },
}

const problemContent = {
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
}
const REFUSED = {
  description: 'Not carried out; `code` and `errors` say why.',
  content: problemContent,
}
const STILL_WORKING = {
  description: '`StillWorking`: the process goes on; ask again with the same key for its answer.',
  content: problemContent,
}
const UNAVAILABLE = { description: 'Try again after `Retry-After`.', content: problemContent }

const PROBLEM = {
  type: 'object' as const,
  required: ['type', 'title', 'status', 'detail', 'code', 'instance', 'requestId'],
  properties: {
    type: { type: 'string' as const, example: '/docs/refusals#InvalidInput' },
    title: { type: 'string' as const },
    status: { type: 'integer' as const },
    detail: { type: 'string' as const },
    code: { type: 'string' as const },
    errors: {
      type: 'array' as const,
      items: {
        type: 'object' as const,
        required: ['field', 'message'],
        properties: {
          field: { type: 'string' as const, example: 'body.lines.0.sku' },
          message: { type: 'string' as const },
        },
      },
    },
    details: { type: 'object' as const, additionalProperties: true },
    instance: { type: 'string' as const },
    requestId: { type: 'string' as const },
  },
}

const INTRODUCTION = `An ecommerce ERP on one ledger of money and stock.

**Money** is \`{"currency": "USD", "minor": "1099"}\`: whole minor units as a string. **Ids** beyond
32 bits are strings. **Lists** answer \`{items, nextCursor}\`; send \`cursor\` to go on.
**Commands** need an \`Idempotency-Key\`. **Refusals** are RFC 9457 problem documents, listed at
[/docs/refusals](/docs/refusals). Log in by \`POST /v1/login\` or send \`X-API-Key\`.`
