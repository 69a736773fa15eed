import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anOrder } from '#tests/support/company'
import { shipToOf } from '#tests/support/orders'
import { post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 100 } } })
  await api.system.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('order', 'b2b', 1, 'test', '{"autoRelease": false}')`
  supervisor = await api.as('oms-supervisor')
})
afterAll(() => api.close())

const moved = {
  line1: '77 Hidden Alley',
  line2: 'Back door',
  city: 'Secretville',
  region: 'CA',
  postalCode: '94103',
  country: 'US',
}
const atDesk = () => anOrder({ channel: 'b2b' })
const shipTo = { actions: [{ kind: 'ship-to', ...moved }] }

describe('what nobody can edit later', () => {
  test('a changed address and the mail address of who changed it stand in no history and no append-only row', async () => {
    const document = atDesk()
    const { orderId } = await api.place(document)
    const changed = await post(supervisor, `/v1/orders/${orderId}/changes`, shipTo)
    expect(changed.statusCode, changed.body).toBe(200)

    const invalid = anOrder({ shipTo: { ...document.shipTo!, postalCode: 'ABC' } })
    const held = await api.place(invalid)
    const corrected = await post(supervisor, `/v1/exceptions/${held.cases[0]!.id}/resolution`, {
      resolution: 'correct',
      params: moved,
    })
    expect(corrected.statusCode, corrected.body).toBe(200)

    const texts = [
      await historyOf(document),
      await historyOf(invalid),
      await appendOnlyRows(),
      textOf(await api.system.admin`SELECT * FROM exception_case`),
      textOf(await api.system.admin`SELECT key, actor, result FROM command`),
    ]
    for (const text of texts)
      for (const personal of ['Hidden Alley', 'Back door', 'Secretville', '@example.com'])
        expect(text).not.toContain(personal)
    expect(await shipToOf(api.system.db, orderId)).toMatchObject(moved)
  })

  test('the same change again is one change; another address under its key is refused', async () => {
    const { orderId } = await api.place(atDesk())
    const url = `/v1/orders/${orderId}/changes`
    const first = await post(supervisor, url, shipTo, 'move-it-once')
    expect((await post(supervisor, url, shipTo, 'move-it-once')).json()).toEqual(first.json())
    const elsewhere = { actions: [{ kind: 'ship-to', ...moved, line1: '1 Other St' }] }
    const other = await post(supervisor, url, elsewhere, 'move-it-once')
    expect(other.json().code).toBe('IdempotencyMismatch')
    expect(await shipToOf(api.system.db, orderId)).toMatchObject(moved)
  })

  test('a preview of a new address keeps nothing', async () => {
    const { orderId } = await api.place(atDesk())
    const rows = () => api.system.admin`SELECT count(*) FROM personal_data`
    const before = await rows()
    const seen = await post(supervisor, `/v1/orders/${orderId}/changes/preview`, shipTo)
    expect(seen.statusCode, seen.body).toBe(200)
    expect(await rows()).toEqual(before)
  })
})

describe('looking at personal data', () => {
  test('needs its own permission and is written down, and shows what the suggestion would change', async () => {
    const invalid = anOrder({ shipTo: { ...anOrder().shipTo!, postalCode: 'ABC' } })
    const { orderId } = await api.place(invalid)
    const suggestion = { ...invalid.shipTo, postalCode: '07102-1234', city: 'Newark' }
    await api.system.admin`
      UPDATE personal_data SET body = body || ${api.system.admin.json({ suggestion } as never)}
      WHERE id = (SELECT personal_data_id FROM sales_order WHERE id = ${orderId})`
    const url = `/v1/orders/${orderId}/personal-data`
    for (const role of ['auditor', 'controller', 'ops-engineer'] as const) {
      const caller = await api.as(role)
      const { statusCode } = await caller({ method: 'GET', url })
      expect(statusCode, role).toBe(role === 'controller' ? 200 : 403)
    }
    const csr = await api.as('csr')
    const seen = await csr({ method: 'GET', url })
    expect(seen.json()).toMatchObject({
      name: 'Ada Jones',
      email: 'ada@example.com',
      shipTo: { line1: '1 Main St', postalCode: 'ABC' },
      difference: [{ field: 'postalCode', now: 'ABC', suggested: '07102-1234' }],
    })
    const looks = await api.system.admin`
      SELECT actor FROM audit_event WHERE subject_type = 'order' AND subject_id = ${orderId} AND action = 'personal-data-read' ORDER BY id`
    expect(looks.map((row) => row['actor'] as string).at(-1)).toBe(csr.actor)
    expect(looks).toHaveLength(2)
  })

  test('names the listed party that a compliance case knows by its number', async () => {
    await api.system.admin`INSERT INTO denied_party (list, name) VALUES ('SDN', 'Victor Bout')`
    const { orderId } = await api.place(
      anOrder({ customer: { externalId: null, name: 'Victor Bout', email: null, phone: null } }),
    )
    const found = await supervisor({ method: 'GET', url: `/v1/exceptions?subjectId=${orderId}` })
    expect(found.body).not.toContain('Bout')
    const seen = await supervisor({ method: 'GET', url: `/v1/orders/${orderId}/personal-data` })
    expect(seen.json().deniedParties).toMatchObject([{ list: 'SDN', name: 'Victor Bout' }])
  })
})

/** Everything that a process has in its history, payloads decoded. */
async function historyOf(document: ReturnType<typeof anOrder>): Promise<string> {
  const { events } = await api.system.order(document).fetchHistory()
  return JSON.stringify(events, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  )
}

async function appendOnlyRows(): Promise<string> {
  const { admin } = api.system
  const tables = await admin<{ name: string }[]>`
    SELECT DISTINCT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'refuse_change' AND c.relkind = 'r'`
  expect(tables.map(({ name }) => name)).toContain('order_change')
  const rows = await Promise.all(tables.map(({ name }) => admin`SELECT * FROM ${admin(name)}`))
  return textOf(rows)
}

function textOf(rows: unknown): string {
  return JSON.stringify(rows, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}
