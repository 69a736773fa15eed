import { randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aLine, anOrder } from '#tests/support/company'
import { eventually, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let desk: Caller
let stop: () => Promise<void>
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 5_000 }, LAMP: { east: 5_000 } } })
  desk = await api.as('oms-supervisor')
  stop = await api.notify()
})
afterAll(async () => {
  await stop()
  await api.close()
})

const ndjson = 'application/x-ndjson'
const upload = (
  payload: string,
  type = ndjson,
  { key = randomUUID(), by = desk, query = '' } = {},
) =>
  by({
    method: 'POST',
    url: `/v1/imports${query}`,
    payload,
    key,
    headers: { 'content-type': type },
  })
const reportOf = async (id: string, by = desk, query = '') =>
  (await by({ method: 'GET', url: `/v1/imports/${id}${query}` })).json()
const line = (changes: Parameters<typeof anOrder>[0] = {}) =>
  JSON.stringify(anOrder({ lines: [aLine({ sku: 'MUG' })], ...changes }))

test('a file of orders makes each a process; every other row is told with its reason', async () => {
  const payload = [
    ...Array.from({ length: 250 }, () => line()),
    '{"cut": ',
    line({ channel: 'nowhere' }),
    line({ currency: 'CHF' }),
    line({ orderNumber: 'half \ud800' }),
  ].join('\n')
  const answer = await upload(payload)
  expect(answer.statusCode, answer.body).toBe(202)
  expect(answer.json()).toMatchObject({ state: 'done', stored: 251, known: 0, rejected: 3 })
  const { id } = answer.json()
  const report = await eventually(
    () => reportOf(id),
    ({ outcomes }) => outcomes.received === 0,
    25_000,
  )
  expect(report.outcomes).toMatchObject({ accepted: 250, refused: 1 })
  const rows = report.rejectedRows.items as { row: number; problems: { code: string }[] }[]
  expect(rows.map(({ row, problems }) => [row, problems[0]!.code])).toEqual([
    [251, 'not-json'],
    [252, 'unknown-channel'],
    [253, 'NoExchangeRate'],
    [254, 'invalid-format'],
  ])
  const first = await reportOf(id, desk, '?limit=1')
  const cursor = first.rejectedRows.nextCursor as string
  const next = await reportOf(id, desk, `?limit=1&cursor=${cursor}`)
  expect(next.rejectedRows.items[0].row).toBe(252)
})

test('the same key is the same import, and the same file under another key is known', async () => {
  const payload = `${line()}\n${line()}\n`
  const key = randomUUID()
  const first = await upload(payload, ndjson, { key })
  expect((await upload(payload, ndjson, { key })).json().id).toBe(first.json().id)
  const again = await upload(payload)
  expect(again.json()).toMatchObject({ stored: 0, known: 2, rejected: 0 })
})

test('a CSV file is of the channel that the address names', async () => {
  const csv = [
    'order_id,placed_at,currency,total,quantity,unit_price,sku,title,ship_name,ship_line1,ship_city,ship_region,ship_postal_code,ship_country,payment_state,payment_provider',
    `CSV-${process.pid},2026-03-01T10:00:00Z,USD,20.00,2,10.00,MUG,mug,Ada,1 Main St,Newark,NJ,07102,US,captured,counter`,
  ].join('\n')
  const answer = await upload(csv, 'text/csv; charset=utf-8', { query: '?channel=b2b' })
  expect(answer.json()).toMatchObject({ state: 'done', format: 'csv', stored: 1, rejected: 0 })
})

test('nobody imports for a channel outside their reach, nor reads what others imported', async () => {
  const narrow = await api.as('connector', { channels: ['b2b'] })
  const answer = await upload(`${line()}\n${line({ channel: 'b2b' })}`, ndjson, { by: narrow })
  expect(answer.json()).toMatchObject({ stored: 1, rejected: 1 })
  const { rejectedRows } = await reportOf(answer.json().id, narrow)
  expect(rejectedRows.items[0].problems[0].code).toBe('out-of-scope')
  const foreign = await upload(line())
  expect((await reportOf(foreign.json().id, narrow)).status).toBe(404)
  const csr = await api.as('csr')
  expect((await upload(line(), ndjson, { by: csr })).statusCode).toBe(403)
})

test('other content is 415, and a file without end is stopped at its limit', async () => {
  expect((await upload('{}', 'application/json')).statusCode).toBe(415)
  expect((await upload('x', 'text/plain')).statusCode).toBe(415)
  const elsewhere = await desk({
    method: 'POST',
    url: '/v1/orders',
    payload: '{}',
    headers: { 'content-type': ndjson },
  })
  expect(elsewhere.statusCode).toBe(415)

  // Without a length, as a stream is sent.
  await api.server.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.server.server.address() as AddressInfo
  const credentials = await keyOf(api)
  const status = await new Promise<number>((resolve, reject) => {
    const sending = httpRequest(
      {
        port,
        method: 'POST',
        path: '/v1/imports',
        headers: { 'content-type': ndjson, 'idempotency-key': randomUUID(), ...credentials },
      },
      (answer) => {
        resolve(answer.statusCode!)
        sending.destroy()
      },
    )
    sending.on('error', reject)
    const chunk = Buffer.from(`${'{"a": 1}'.padEnd(1023)}\n`.repeat(1024))
    const more = () => {
      if (!sending.destroyed) sending.write(chunk, () => setImmediate(more))
    }
    more()
  })
  expect(status).toBe(413)
  const [run] = await api.system.admin<{ state: string }[]>`
    SELECT state FROM import_run ORDER BY id DESC LIMIT 1`
  expect(run).toMatchObject({ state: 'broken' })
}, 60_000)

/** The credentials of a program, for a call that does not go through `inject`. */
async function keyOf({ system }: RunningApi): Promise<Record<string, string>> {
  const { hashApiKey } = await import('#api/tokens')
  const key = `tlk_${randomUUID().replaceAll('-', '')}`
  await system.admin`
    INSERT INTO api_key (name, key_hash, roles) VALUES ('bulk', ${hashApiKey(key)}, '{connector}')`
  return { 'x-api-key': key }
}
