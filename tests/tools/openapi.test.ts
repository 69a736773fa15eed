import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { OPENAPI_FILE, openApiDocument } from '#tools/openapi-document'

interface Schema {
  type?: string
  properties?: Record<string, Schema>
  additionalProperties?: unknown
  items?: Schema
}
interface Operation {
  parameters?: { name: string; in: string; required?: boolean }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

const { text } = await openApiDocument()
const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, Operation>> }

test('docs/openapi.json is what the routes say; else run npm run openapi', async () => {
  expect((await readFile(OPENAPI_FILE, 'utf8')) === text).toBe(true)
})

test.each(['/v1/orders/{orderId}', '/v1/stock/items/{sku}', '/v1/documents/{type}/{id}'])(
  'the answer of %s is described field by field',
  (path) => {
    const [content] = Object.values(paths[path]!['get']!.responses['200']!.content!)
    expect(Object.keys(content!.schema.properties ?? {}).length).toBeGreaterThan(5)
    expect(vagueFields(content!.schema, '$')).toEqual([])
  },
)

test('commands to a process say that they may still be working, and how a refusal looks', () => {
  const { responses } = paths['/v1/orders/{orderId}/holds']!['post']!
  for (const status of ['202', '4XX', '503'])
    expect(Object.keys(responses[status]?.content ?? {})).toEqual(['application/problem+json'])
})

test.each([
  ['/v1/webhooks/shopify/{channel}', ['X-Shopify-Hmac-Sha256', 'X-Shopify-Topic']],
  ['/v1/webhooks/woocommerce/{channel}', ['X-WC-Webhook-Signature', 'X-WC-Webhook-Topic']],
  ['/v1/webhooks/stripe', ['Stripe-Signature']],
  ['/v1/webhooks/carrier', ['X-Hmac-Signature']],
])('%s says which headers it needs and what its body is', (path, headers) => {
  const { parameters = [], requestBody } = paths[path]!['post']!
  const needed = parameters.filter((one) => one.in === 'header' && one.required)
  expect(needed.map(({ name }) => name)).toEqual(headers)
  expect(requestBody?.content['application/json']?.schema.type).toBe('object')
})

/** Objects that say nothing of what is in them. */
function vagueFields(schema: Schema, path: string): string[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
    vagueFields(inner, `${path}.${name}`),
  )
  const vague = schema.type === 'object' && !schema.properties ? [path] : []
  return [...vague, ...below, ...(schema.items ? vagueFields(schema.items, `${path}[]`) : [])]
}
