import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { createParser } from 'eventsource-parser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Role } from '#domain/access'
import type { Scopes } from '#domain/scopes'
import { aLine, anOrder } from '#tests/support/company'
import { eventually, runningApi, type RunningApi } from './running-api.ts'

let api: RunningApi
let origin: string
const ends: AbortController[] = []

beforeAll(async () => {
  api = await runningApi()
  await api.server.listen({ host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${(api.server.server.address() as { port: number }).port}`
})
afterAll(async () => {
  for (const end of ends) end.abort()
  await api.close()
})

const shortOrder = () => anOrder({ lines: [aLine({ sku: 'TEA', unitPriceMinor: '250' })] })

interface Heard {
  event: string | undefined
  data: { id?: string; state?: string; type?: string }
}

/** Listens as somebody does, over a real connection. */
async function listenAs(role: Role, scopes: Partial<Scopes> = {}): Promise<Heard[]> {
  const { headers } = await api.as(role, scopes)
  const end = new AbortController()
  ends.push(end)
  const response = await fetch(`${origin}/v1/events`, {
    headers: { ...headers, accept: 'text/event-stream' },
    signal: end.signal,
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const heard: Heard[] = []
  const parser = createParser({
    onEvent: ({ event, data }) => heard.push({ event, data: JSON.parse(data) as Heard['data'] }),
  })
  void (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream()))
      parser.feed(chunk)
  })().catch(() => {})
  await eventually(
    async () => heard,
    (said) => said.some(({ event }) => event === 'ready'),
  )
  return heard
}

test('a case is told as it comes and as it goes, and to nobody whose reach it is not in', async () => {
  const [mine, foreign] = [
    await listenAs('oms-supervisor'),
    await listenAs('oms-supervisor', { channels: ['b2b'] }),
  ]
  const { cases } = await api.place(shortOrder())
  const about = (heard: Heard[]) => heard.filter(({ data }) => data.id === cases[0]!.id)
  await eventually(
    async () => about(mine),
    (said) => said.length > 0,
  )
  expect(about(mine)[0]).toMatchObject({
    event: 'case',
    data: { type: 'stock-short', state: 'open', entity: 'ACME-US', channel: 'web' },
  })
  await api.system.admin`UPDATE exception_case SET state = 'self-healed' WHERE id = ${cases[0]!.id}`
  await eventually(
    async () => about(mine),
    (said) => said.at(-1)?.data.state === 'self-healed',
  )
  expect(about(foreign)).toEqual([])
})

test('whoever listens is told that something may be missed when the database was away', async () => {
  const heard = await listenAs('oms-supervisor')
  await api.system.admin`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'listen%'`
  await eventually(
    async () => heard,
    (said) => said.some(({ event }) => event === 'missed'),
  )
  const { cases } = await api.place(shortOrder())
  await eventually(
    async () => heard,
    (said) => said.some(({ data }) => data.id === cases[0]!.id),
  )
})

test('it answers only whoever asks for a stream, and ends when nobody reads it', async () => {
  const caller = await api.as('csr')
  const refused = await caller({ method: 'GET', url: '/v1/events' })
  expect([refused.statusCode, refused.json().code]).toEqual([406, 'NotAcceptable'])
  const picker = await api.as('picker')
  expect((await picker({ method: 'GET', url: '/v1/events' })).statusCode).toBe(403)

  for (let n = 1; n <= 20; n += 1) await listenAs('csr')
  const twentyFirst = () =>
    fetch(`${origin}/v1/events`, {
      headers: { ...caller.headers, accept: 'text/event-stream' },
      signal: ends.at(-1)!.signal,
    })
  expect((await twentyFirst()).status).toBe(429)
  ends.at(-2)!.abort()
  const again = await eventually(twentyFirst, ({ status }) => status !== 429)
  expect(again.status).toBe(200)
})

test('closing does not wait for a connection on which nobody has asked anything', async () => {
  const quiet = await runningApi()
  await quiet.server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = quiet.server.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  await eventually(
    () => promisify(quiet.server.server.getConnections).call(quiet.server.server),
    (open) => open === 1,
  )
  const closed = once(socket, 'close')
  await quiet.close()
  await closed
})
