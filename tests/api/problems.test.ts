import { Refusal } from '#domain/refusal'
import {
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toProblem } from '#api/problem'
import { connect } from '#db/client'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let buyer: Caller
beforeAll(async () => {
  api = await apiUnderTest()
  buyer = await api.as('buyer')
})
afterAll(() => api.close())

const create = (payload: object, headers = {}) =>
  buyer({ method: 'POST', url: '/v1/items', payload, headers })

describe('a problem document', () => {
  test('names each wrong field and what would be right', async () => {
    const answer = await create({
      sku: '',
      name: 'Shirt',
      origin: 'Portugal',
      weightG: -1,
      colour: 'blue',
    })

    expect(answer.statusCode).toBe(422)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    const problem = answer.json()
    expect(problem).toMatchObject({
      type: '/docs/refusals#InvalidInput',
      status: 422,
      code: 'InvalidInput',
      instance: '/v1/items',
      requestId: answer.headers['x-request-id'],
    })
    const fields = problem.errors.map(({ field }: { field: string }) => field)
    expect(fields.sort()).toEqual(['body.colour', 'body.origin', 'body.sku', 'body.weightG'])
    expect(JSON.stringify(problem.errors)).toContain('ISO 3166-1')
  })

  test.each([
    [
      'malformed JSON',
      { payload: '{"sku":', headers: { 'content-type': 'application/json' } },
      400,
    ],
    ['an empty body', { payload: '', headers: { 'content-type': 'application/json' } }, 400],
    ['another content type', { payload: '<sku/>', headers: { 'content-type': 'text/xml' } }, 415],
    [
      'a poisoned prototype',
      { payload: '{"__proto__":{"a":1}}', headers: { 'content-type': 'application/json' } },
      400,
    ],
    ['a body above 1 MB', { payload: { sku: 'x', name: 'y'.repeat(1_100_000) } }, 413],
    ['no body', {}, 422],
    ['a list for an object', { payload: [] }, 422],
  ])('%s is told apart', async (_case, options, status) => {
    const answer = await buyer({ method: 'POST', url: '/v1/items', ...options })
    expect(answer.statusCode).toBe(status)
    expect(answer.json()).toMatchObject({
      status,
      code: expect.any(String),
      detail: expect.any(String),
    })
    expect(answer.body).not.toContain('node_modules')
  })

  test.each([
    ['/v1/items?limit=0', 'query.limit'],
    ['/v1/items?limit=201', 'query.limit'],
    ['/v1/items?limit=1e400', 'query.limit'],
    ['/v1/items?limit=5&limit=6', 'query.limit'],
    ['/v1/items?cursor=nonsense', 'query.cursor'],
    [`/v1/items?cursor=${Buffer.from('["a\\u0000b"]').toString('base64url')}`, 'query.cursor'],
    [`/v1/listings?cursor=${Buffer.from('["99999999999"]').toString('base64url')}`, 'query.cursor'],
    ['/v1/items?status=sold', 'query.status'],
    ['/v1/items?sort=name', 'query.sort'],
    ['/v1/items?skuPrefix=a%00b', 'query.skuPrefix'],
    ['/v1/items/a%00b', 'params.sku'],
    [`/v1/items/${'x'.repeat(101)}`, 'params.sku'],
  ])('%s names its field', async (url, field) => {
    const answer = await buyer({ method: 'GET', url })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors[0].field).toBe(field)
  })

  test.each([
    ['/v1/users/2147483648', 422],
    ['/v1/users/99999999999999999999999', 422],
    ['/v1/users/-1', 422],
    ['/v1/users/1e3', 422],
    ['/v1/users/0x10', 422],
    ['/v1/users/2147483647', 404],
    ['/v1/nowhere', 404],
    ['/v1/items/%zz', 400],
  ])('%s answers %i', async (url, status) => {
    const administrator = await api.as('administrator')
    const answer = await administrator({ method: 'GET', url })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toContain('application/problem+json')
  })

  test.each([
    ['a NUL', { sku: 'A', name: 'a\u0000b' }, 'body.name'],
    ['half a surrogate pair', { sku: 'A', name: 'a\ud800' }, 'body.name'],
    ['a NUL in a key', { sku: 'A', name: 'b', ['x\u0000']: 1 }, 'body."x\\u0000"'],
    ['a number beyond 32 bits', { sku: 'A', name: 'b', weightG: 2_147_483_648 }, 'body.weightG'],
    [
      'a price beyond 64 bits',
      { sku: 'A', name: 'b', listPrice: { currency: 'USD', minor: '9'.repeat(30) } },
      'body.listPrice.minor',
    ],
  ])('%s is refused before the database sees it', async (_case, payload, field) => {
    const answer = await create(payload)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors[0].field).toBe(field)
  })

  test('a document nested without end is refused', async () => {
    const payload = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const answer = await create({}, {})
    expect(answer.statusCode).toBe(422)
    const deep = await buyer({
      method: 'POST',
      url: '/v1/items',
      payload,
      headers: { 'content-type': 'application/json' },
    })
    expect(deep.statusCode).toBe(422)
  })
})

describe('what went wrong elsewhere', () => {
  test('a refusal of a process keeps its code and says what to do', () => {
    const cause = ApplicationFailure.nonRetryable('The period is closed.', 'PeriodClosed', {
      period: '2026-01',
    })
    expect(toProblem(new WorkflowUpdateFailedError('failed', cause))).toMatchObject({
      status: 409,
      code: 'PeriodClosed',
      detail: 'The period is closed.',
      details: { period: '2026-01' },
    })
  })

  test.each([
    [new WorkflowNotFoundError('gone', 'x', undefined), 404],
    [new WorkflowUpdateRPCTimeoutOrCancelledError('slow'), 202],
    [new ServiceError('away', { cause: Object.assign(new Error(), { code: 14 }) }), 503],
    [Object.assign(new Error(), { code: 'ECONNREFUSED' }), 503],
    [new Refusal('NotWaiting', 'No decision is open.'), 409],
    [new Refusal('UnknownSku', 'No such item.'), 422],
    [new Refusal('ItemNotFound', 'No such item.'), 404],
    [new TypeError('secret detail'), 500],
  ])('%o has its status', (error, status) => {
    expect(toProblem(error).status).toBe(status)
    expect(JSON.stringify(toProblem(error))).not.toContain('secret detail')
  })

  test('a database that is away is 503 with a time to come back', async () => {
    const away = connect('postgres://nobody@127.0.0.1:1/none')
    const lonely = await apiUnderTest({ db: away })
    const answer = await lonely.anonymous({
      method: 'GET',
      url: '/v1/items',
      headers: { 'x-api-key': `tlk_${'a'.repeat(40)}` },
    })
    const ready = await lonely.anonymous({ method: 'GET', url: '/v1/health/ready' })
    await away.end({ timeout: 1 })
    await lonely.close()

    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('5')
    expect(ready.json()).toMatchObject({ status: 'not-ready', checks: { database: false } })
  })
})

describe('headers', () => {
  test('an answer can be read and nothing else', async () => {
    const { headers } = await buyer({ method: 'GET', url: '/v1/items' })
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['cache-control']).toBe('no-store')
  })

  test('the documentation is OpenAPI 3.1 and lists every route', async () => {
    const document = (await api.anonymous({ method: 'GET', url: '/docs/json' })).json()
    expect(document.openapi).toBe('3.1.0')
    const listed = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const routes = api.server.accessTable
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`)
    expect(listed.sort()).toEqual(routes.sort())
  })
})
