import fc from 'fast-check'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeCursor } from '#api/paging'
import { orderProofs } from '#db/queries/order-proofs'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { allows, type Permission, type Role } from '#domain/access'
import { type Scopes } from '#domain/scopes'
import { entry, post } from '#tests/db/ledger-books'
import { fromSchema, hostile, spoilt, type JsonSchema, type Known } from './schema-arbitrary.ts'
import { aLine, anOrder } from '#tests/support/company'
import { anAmazonOrder, aShopifyOrder, aWoocommerceOrder } from './channel-messages.ts'
import { changedTables, footprint, untilIdle, type Footprint } from './footprint.ts'
import { runningApi, signed, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

/** `FUZZ_SEED` repeats a run that failed, `FUZZ_RUNS` digs deeper. */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_101)
const runs = Number(process.env['FUZZ_RUNS'] ?? 6)

interface Operation {
  name: string
  method: string
  path: string
  permission: string
  parameters: { name: string; in: string; required?: boolean; schema: JsonSchema }[]
  body?: JsonSchema
}

let api: RunningApi
let operations: Operation[]
let resolve: (ref: string) => JsonSchema

beforeAll(async () => {
  api = await runningApi({
    stock: { MUG: { east: 100_000 }, LAMP: { east: 100_000, west: 100 }, CHAIR: { west: 5 } },
    deps: { temporalDeadlineMs: 5_000 },
  })
  const { admin } = api.database
  await admin`INSERT INTO item (sku, name) SELECT 'SKU-' || n, 'Item' FROM generate_series(1, 9) n`
  await admin`INSERT INTO item (sku, name, kind) VALUES ('KIT-1', 'Set', 'kit')`
  await admin`INSERT INTO listing (channel_id, external_id, item_id) VALUES (1, 'L-1', 1), (2, 'L-2', 2)`
  await placeOrders()
  await post(admin, entry({ entityId: 1 }), entry({ entityId: 1 }))
  // The callers' own rows lie out of the fuzzer's way: it did revoke its own key.
  await admin`SELECT setval(pg_get_serial_sequence(t, 'id'), 700000) FROM unnest('{app_user,api_key}'::text[]) t`
  const document = (await api.anonymous({ method: 'GET', url: '/docs/json' })).json()
  operations = operationsOf(document)
  resolve = (ref) => document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {}
})
afterAll(() => api.close())

/** Values that exist, by the name of a parameter or field. */
const known: Known = {
  sku: ['MUG', 'LAMP', 'TEA', 'SKU-1', 'KIT-1'],
  code: ['EAST', 'WEST', 'web'],
  site: ['EAST', 'WEST'],
  entity: ['ACME-US'],
  channel: ['web', 'market', 'woo', 'b2b'],
  id: ['1', '2', '1001'],
  account: ['1300', '2100'],
  externalId: ['L-1'],
  version: [1, 2],
  basedOn: [0],
  cursor: [encodeCursor('1'), encodeCursor('SKU-1'), encodeCursor('900000000000')],
  kind: ['order', 'fraud'],
  scope: ['*', 'web'],
  subjectType: ['order', 'item'],
  subjectId: ['1001', '1002'],
  expectedVersion: [1, 2, 3],
}

/** Orders in several situations, whose ids the commands then find. */
async function placeOrders(): Promise<void> {
  const unpaid = {
    payment: { state: 'pending', provider: 'stripe', reference: null, amountMinor: '0' },
  } as const
  for (let round = 1; round <= 4; round += 1) {
    await api.place(anOrder({ line: { quantity: 3 } }))
    await api.place(anOrder(unpaid))
    await api.place(anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }))
    await api.place(anOrder({ line: { quantity: 60 } }))
    await api.place(anOrder({ line: { sku: 'WHAT' } }))
  }
  const { admin } = api.database
  const ids = async (table: string) =>
    (await admin.unsafe<{ id: bigint }[]>(`SELECT id FROM ${table} ORDER BY id`)).map((row) =>
      row.id.toString(),
    )
  known['orderId'] = known['fromOrderId'] = await ids('sales_order')
  known['orderLineId'] = await ids('sales_order_line')
  known['caseId'] = await ids('exception_case')
  known['fulfilmentId'] = await ids('fulfilment_order')
}

const text = (n: number) => `F${process.pid}-${seed}-${n}`
const stripeEvent = { id: 'evt_1', type: 'payment_intent.succeeded', created: 1_790_000_000 }
const scan = { status: 'in_transit', message: 'scan', datetime: '2026-02-01T10:00:00Z' }

/** Documents that are right by more than their schema; fuzzed as they are and with a part spoilt. */
const specimens: Record<string, fc.Arbitrary<unknown>> = {
  'POST /v1/orders': fc
    .nat(50)
    .map((n) => anOrder({ externalId: text(n), lines: [aLine({ quantity: 1 + (n % 3) })] })),
  'POST /v1/webhooks/amazon/{channel}': fc
    .nat(20)
    .map((n) => anAmazonOrder({ AmazonOrderId: text(n) })),
  'POST /v1/webhooks/shopify/{channel}': fc.nat(20).map((n) => aShopifyOrder({ id: seed + n })),
  'POST /v1/webhooks/woocommerce/{channel}': fc
    .nat(20)
    .map((n) => aWoocommerceOrder({ id: seed + n })),
  'POST /v1/webhooks/stripe': fc.constant({
    ...stripeEvent,
    data: { object: { id: 'pi_1', amount_received: 100, currency: 'usd', metadata: {} } },
  }),
  'POST /v1/webhooks/carrier': fc.constant({
    id: 'evt_1',
    object: 'Event',
    description: 'tracker.updated',
    created_at: '2026-02-01T10:00:00Z',
    mode: 'test',
    status: 'completed',
    result: {
      id: 'trk_1',
      object: 'Tracker',
      tracking_code: '1Z',
      status: 'in_transit',
      carrier: 'UPS',
      created_at: '2026-02-01T10:00:00Z',
      updated_at: '2026-02-01T10:00:00Z',
      tracking_details: [scan],
    },
  }),
  'POST /v1/goods-receipts': fc.nat(20).map((n) => ({
    receiptNo: text(n),
    site: 'EAST',
    supplier: 'Potter',
    lines: [
      { sku: 'MUG', expectedQty: '1', receivedQty: '1', unitCostMinor: '400' },
      {
        sku: 'MUG',
        expectedQty: '2',
        receivedQty: '1',
        unitCostMinor: '0',
        reason: 'short by one',
      },
    ],
  })),
  'POST /v1/stock/adjustments': fc
    .integer({ min: -3, max: 3 })
    .map((n) => ({ sku: 'MUG', site: 'EAST', qty: `${n}`, reason: 'counted' })),
}

test('no input makes a route fail, leave half a write, or answer a refusal without its reason', async () => {
  expect(operations.length).toBeGreaterThan(30)
  for (const operation of operations) await fuzz(operation)
}, 600_000)

test('and after all of it the standing proofs hold', async () => {
  await untilIdle(api.database)
  const results = await runProofs(api.database.db, [...ledgerProofs, ...orderProofs])
  const broken = results.filter((result) => result.broken.length > 0)
  expect(broken.map(({ proof, broken: rows }) => [proof.name, rows.slice(0, 3)])).toEqual([])
})

/**
 * What a refusal may leave behind: a document that is refused is kept with its reason, and somebody
 * is asked about it.
 */
const KEPT_WHEN_REFUSED = ['inbox', 'inbox_body', 'exception_case', 'decision_record']
const takesDocuments = ({ name }: Operation) =>
  name === 'POST /v1/orders' || name.startsWith('POST /v1/webhooks/')

async function fuzz(operation: Operation): Promise<void> {
  const callers = await callersFor(operation.permission)
  const mayChange = takesDocuments(operation) ? KEPT_WHEN_REFUSED : []
  await fc.assert(
    fc.asyncProperty(requests(operation), fc.nat(), async (request, who) => {
      const caller = callers[who % callers.length]!
      for (let attempt = 1; ; attempt += 1) {
        const before = (lastFootprint ??= await footprint(api.database))
        const answer = await caller(request)
        judge(operation, answer, request)
        if (answer.statusCode < 400) {
          if (operation.method !== 'GET') lastFootprint = undefined
          return
        }
        const after = (lastFootprint = await footprint(api.database))
        const changed = changedTables(before, after).filter((table) => !mayChange.includes(table))
        if (changed.length === 0) return
        // A process that goes on by itself may have written; a refusal that writes does so again.
        if (attempt < 4) continue
        expect(changed, `${operation.name} → ${answer.body.slice(0, 300)}`).toEqual([])
      }
    }),
    { seed, numRuns: runs, endOnFailure: false },
  )
}
let lastFootprint: Footprint | undefined

function judge(
  { name, permission }: Operation,
  answer: LightMyRequestResponse,
  { headers: sent = {} }: InjectOptions,
): void {
  const { statusCode, headers } = answer
  expect(statusCode, `${name} → ${answer.body.slice(0, 500)}`).toBeLessThan(500)
  const isOurs = !('authorization' in sent)
  expect(isOurs && statusCode === 401 && permission.includes(':'), `${name} is allowed`).toBe(false)
  if (statusCode < 400) return
  expect(headers['content-type'], name).toContain('application/problem+json')
  const problem = answer.json()
  expect(problem, name).toMatchObject({
    type: `/docs/refusals#${problem.code}`,
    status: statusCode,
    title: expect.any(String),
    detail: expect.any(String),
    requestId: expect.any(String),
  })
  if (problem.code === 'InvalidInput')
    for (const { field, message } of problem.errors) {
      expect(field, name).toMatch(/^(body|query|params|headers)/)
      expect(message, name).not.toBe('')
    }
}

function requests(operation: Operation): fc.Arbitrary<InjectOptions> {
  const inPlace = (place: string) => operation.parameters.filter((known) => known.in === place)
  const bySchema = operation.body && fromSchema(operation.body, known, resolve, 'body')
  const body = specimens[operation.name] ?? bySchema
  return fc
    .record({
      params: values(inPlace('path'), true),
      query: values(inPlace('query'), false),
      body: body ? fc.oneof(body, bySchema ?? body, spoilt(body), hostile) : fc.constant(undefined),
      headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: odd }),
    })
    .map(({ params, query, body: payload, headers }) => {
      const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] || 'none')
      const search = Object.entries(query).map(([name, value]) => `${name}=${value}`)
      const sent = payload === undefined ? undefined : JSON.stringify(payload)
      const topic = { 'x-shopify-topic': 'orders/updated', 'x-wc-webhook-topic': 'order.created' }
      const usual = { 'content-type': 'application/json', ...topic, ...signed(path, sent ?? '') }
      return {
        method: operation.method as 'GET',
        url: search.length > 0 ? `${path}?${search.join('&')}` : path,
        headers: { ...(sent === undefined ? {} : usual), ...headers },
        ...(sent === undefined ? {} : { payload: sent }),
      }
    })
}

/** What a header can carry over a real connection: no control characters, one byte each. */
const headerText = fc.oneof(
  fc.constantFrom('', ' ', '0', '-1', 'null', '../../etc/passwd', '"', 'a, b', 'x'.repeat(5_000)),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((n) => String.fromCharCode(n)) }),
)
/** One or two headers that are not what they should be; the same key now and then, for everything. */
const odd: fc.Arbitrary<Record<string, string>> = fc
  .uniqueArray(
    fc.oneof(
      fc.tuple(
        fc.constant('idempotency-key'),
        fc.oneof(headerText, fc.constant('one-key-for-all')),
      ),
      fc.tuple(
        fc.constantFrom(
          'accept',
          'authorization',
          'content-type',
          'if-none-match',
          'stripe-signature',
          'x-forwarded-for',
          'x-hmac-signature',
          'x-request-id',
          'x-shopify-hmac-sha256',
          'x-shopify-topic',
          'x-shopify-webhook-id',
          'x-wc-webhook-signature',
          'x-wc-webhook-topic',
        ),
        headerText,
      ),
      fc.tuple(
        fc.constant('content-type'),
        fc.constantFrom('text/plain', 'application/xml', 'application/json; charset=latin1', '*/*'),
      ),
    ),
    { minLength: 1, maxLength: 2, selector: ([name]) => name },
  )
  .map((headers) => Object.fromEntries(headers))

/** URL texts of parameters: mostly valid, now and then hostile, an optional one often left out. */
function values(
  parameters: Operation['parameters'],
  all: boolean,
): fc.Arbitrary<Record<string, string>> {
  const fields = parameters.map(({ name, schema }) => {
    const valid = fromSchema(schema, known, resolve, name)
    const weighted = fc.oneof({ weight: 6, arbitrary: valid }, { weight: 1, arbitrary: hostile })
    return [name, weighted.map(urlText)] as const
  })
  const requiredKeys = parameters.filter(({ required }) => all || required).map(({ name }) => name)
  return fc.record(Object.fromEntries(fields), { requiredKeys }) as fc.Arbitrary<
    Record<string, string>
  >
}

function urlText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}

/** Callers who are allowed: one without limits, and one limited by each kind of scope. */
async function callersFor(permission: string): Promise<Caller[]> {
  if (permission !== 'authenticated' && !permission.includes(':')) return [api.anonymous]
  const roles: Role[] = ['system', 'administrator', 'controller', 'oms-supervisor', 'connector']
  const role =
    permission === 'authenticated'
      ? 'csr'
      : (roles.find((one) => allows([one], permission as Permission)) ?? 'system')
  const reaches: Partial<Scopes>[] = [
    {},
    { entities: ['ACME-US'] },
    { sites: ['EAST'] },
    { channels: ['web'] },
    { entities: ['ELSEWHERE'], sites: [], channels: [] },
  ]
  return Promise.all(reaches.map((scopes) => api.as(role, scopes)))
}

function operationsOf(document: {
  paths: Record<string, Record<string, Record<string, unknown>>>
}): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => {
      const content = (described['requestBody'] as { content?: object } | undefined)?.content ?? {}
      const [media] = Object.values(content) as { schema?: JsonSchema }[]
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        permission: String(described['x-permission']),
        parameters: (described['parameters'] ?? []) as Operation['parameters'],
        ...(media?.schema ? { body: media.schema } : {}),
      }
    }),
  )
}
