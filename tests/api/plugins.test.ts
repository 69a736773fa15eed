import { createHmac } from 'node:crypto'
import { fastify } from 'fastify'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addBodyParsers, rawBody, webhookOptions } from '#api/plugins/raw-body'
import { createLogger } from '#api/plugins/logging'
import { addProblems } from '#api/plugins/problems'
import { LoginThrottle } from '#api/login-throttle'
import type { ApiServer } from '#api/server'
import { apiOn, apiUnderTest, PASSWORD, type ApiUnderTest } from './support.ts'

const lines: string[] = []
let api: ApiUnderTest
beforeAll(async () => {
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString())
      done()
    },
  })
  api = await apiUnderTest({ logger: createLogger('trace', destination) })
})
afterAll(() => api.close())

describe('a webhook', () => {
  test('gets the very bytes that were signed, whatever their type', async () => {
    const server = fastify() as unknown as ApiServer
    addProblems(server)
    addBodyParsers(server)
    server.post('/hook', webhookOptions({ summary: 'x' }), async (request) => ({
      signature: createHmac('sha256', 'key').update(rawBody(request)).digest('hex'),
    }))
    server.post('/plain', async (request) => ({ body: request.body }))
    const body = '{"b": 1,   "a": 1.10}\n'
    const signature = createHmac('sha256', 'key').update(body).digest('hex')

    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const options = { method: 'POST', url: '/hook', payload: body } as const
      const answer = await server.inject({ ...options, headers: { 'content-type': type } })
      expect(answer.json(), type).toEqual({ signature })
    }
    const headers = { 'content-type': 'application/json' }
    const plain = await server.inject({ method: 'POST', url: '/plain', payload: body, headers })
    expect(plain.json()).toEqual({ body: { a: 1.1, b: 1 } })
    const large = { method: 'POST', url: '/hook', headers } as const
    expect((await server.inject({ ...large, payload: 'x'.repeat(1_500_000) })).statusCode).toBe(200)
    expect((await server.inject({ ...large, payload: 'x'.repeat(2_500_000) })).statusCode).toBe(413)
  })
})

describe('the log', () => {
  test('tells each request and none of its secrets', async () => {
    const admin = await api.as('administrator')
    const email = 'secret.person@example.com'
    await api.anonymous({
      method: 'POST',
      url: '/v1/login',
      payload: { email, password: PASSWORD },
    })
    await admin({ method: 'GET', url: '/v1/items?skuPrefix=secret-prefix' })
    api.deps.logger.info(
      { body: { password: PASSWORD, customer: { email } }, token: 'secret-token' },
      'x',
    )

    const log = lines.join('')
    expect(log).toContain('"route":"/v1/items"')
    for (const secret of [PASSWORD, email, 'secret-prefix', 'secret-token', 'Bearer '])
      expect(log).not.toContain(secret)
  })
})

describe('operations', () => {
  test('the process is alive and ready, and counts its requests by route', async () => {
    const get = (url: string) => api.anonymous({ method: 'GET', url })
    expect((await get('/v1/health/live')).json()).toEqual({ status: 'live' })
    expect((await get('/v1/health/ready')).json()).toEqual({
      status: 'ready',
      checks: { database: true, temporal: true },
    })
    const engineer = await api.as('ops-engineer')
    const metrics = await engineer({ method: 'GET', url: '/v1/metrics' })
    expect(metrics.headers['content-type']).toContain('text/plain')
    expect(metrics.body).toContain('route="/v1/health/live",status="200"')
  })

  test('the page of refusals is there and runs no script', async () => {
    const page = await api.anonymous({ method: 'GET', url: '/docs/refusals' })
    expect(page.statusCode).toBe(200)
    expect(page.body).toContain('<h2 id="Busy">')
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect((await api.anonymous({ method: 'GET', url: '/docs/' })).statusCode).toBe(200)
  })
})

describe('the throttle of log-ins', () => {
  test('opens again after a quarter of an hour, and forgets a success', () => {
    let now = 0
    const throttle = new LoginThrottle({ now: () => now, perPerson: 2 })
    throttle.failed('1.2.3.4', 'a')
    throttle.failed('1.2.3.4', 'a')
    expect(throttle.waitSeconds('1.2.3.4', 'a')).toBe(900)
    expect(throttle.waitSeconds('1.2.3.4', 'b')).toBe(0)
    expect(throttle.waitSeconds('5.6.7.8', 'a')).toBe(0)
    now = 900_001
    expect(throttle.waitSeconds('1.2.3.4', 'a')).toBe(0)
    throttle.failed('1.2.3.4', 'a')
    throttle.succeeded('1.2.3.4', 'a')
    throttle.failed('1.2.3.4', 'a')
    expect(throttle.waitSeconds('1.2.3.4', 'a')).toBe(0)
  })

  test('believes a trusted proxy about who calls, and nobody else', async () => {
    const behind = await apiOn(api.database, api.deps.temporal, {
      config: { TRUSTED_PROXIES: ['10.0.0.1'] } as never,
    })
    const guess = (remoteAddress: string, forwarded: string) =>
      behind.server.inject({
        method: 'POST',
        url: '/v1/login',
        remoteAddress,
        headers: { 'x-forwarded-for': forwarded },
        payload: { email: 'proxied@example.com', password: 'wrong' },
      })
    for (let tries = 0; tries < 5; tries += 1) await guess('10.0.0.1', '203.0.113.7')
    expect((await guess('10.0.0.1', '203.0.113.7')).statusCode).toBe(429)
    expect((await guess('10.0.0.1', '203.0.113.8')).statusCode).toBe(401)
    for (let tries = 0; tries < 5; tries += 1) await guess('198.51.100.1', `203.0.113.${tries}`)
    expect((await guess('198.51.100.1', '203.0.113.99')).statusCode).toBe(429)
    await behind.close()
  })

  test('one address that tries many people is slowed down too', () => {
    const throttle = new LoginThrottle({ now: () => 0, perAddress: 3 })
    for (const person of ['a', 'b', 'c']) throttle.failed('1.2.3.4', person)
    expect(throttle.waitSeconds('1.2.3.4', 'd')).toBeGreaterThan(0)
  })
})
