import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { replenishmentId, replenishmentStanding } from '#contracts/replenishment'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { keepBy, lane, proposals, sold, supplierOf } from '#tests/support/replenished'

let api: RunningApi
let buyer: Caller
let manager: Caller
let lead: Caller
/** A process is known by its company for life, also to the Temporal of an earlier test. */
const entity = `ACME-${randomUUID().slice(0, 8)}`
const reason = 'the scenario asks'

beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100 }, LAMP: { east: 60, west: 5 } } })
  const { admin } = api.system
  await admin`UPDATE entity SET code = ${entity} WHERE code = 'ACME-US'`
  await sold(admin, { sku: 'MUG', site: 'EAST', perDay: 10, days: 91 })
  await sold(admin, { sku: 'LAMP', site: 'WEST', perDay: 1, days: 91 })
  await supplierOf(admin, api.company, 'POTTER', [
    ['MUG', 400, 24, 12],
    ['LAMP', 3000],
  ])
  await lane(admin, 'EAST', 'WEST')
  buyer = await api.as('buyer')
  manager = await api.as('purchasing-manager')
  lead = await api.as('warehouse-lead', { sites: ['EAST'] })
})
afterAll(async () => {
  await process()
    .terminate('the test is over')
    .catch(() => undefined)
  await api.close()
})

const process = () => api.system.client.workflow.getHandle(replenishmentId(entity))
const get = async (url: string, by = buyer) => (await by({ method: 'GET', url })).json()
const rows = (state: string) => get(`/v1/replenishment/proposals?state=${state}`)
const proposed = async (sku: string) =>
  (await rows('proposed')).items.find((row: { sku: string }) => row.sku === sku)
const decide = (decision: string, proposalIds: string[], more: object = {}, by = buyer) =>
  post(by, '/v1/replenishment/decisions', { decision, proposalIds, reason, ...more })
const policy = (more: object) => ({
  ...{ entity, effectiveFrom: '2026-01-01', method: 'reorder-point', basedOn: 0, reason },
  ...{ safety: { kind: 'units', value: 0 } },
  ...more,
})
const runDone = () =>
  eventually(
    async () => (await get('/v1/replenishment/runs')).items[0],
    (run) => run?.state === 'done',
  )

test('a policy begins it: the company’s process computes, and shows how far it is', async () => {
  const added = await post(buyer, '/v1/replenishment/policies', policy({}))
  expect(added.statusCode, added.body).toBe(201)
  const stop = await api.notify()
  const run = await runDone()
  await stop()
  expect(run).toMatchObject({ total: 3, done: 3, proposed: 2, cause: 'its time has come' })
  const standing = await process().query(replenishmentStanding)
  expect(standing).toMatchObject({ entity, run: { state: 'done', done: 3 } })
  expect(Date.parse(standing.nextRunAt!) - Date.now()).toBeGreaterThan(23 * 3_600_000)
})

test('a proposal tells why, what else there was, and becomes an order of a supplier', async () => {
  const mug = await proposed('MUG')
  expect(mug).toMatchObject({
    ...{ site: 'EAST', kind: 'buy', supplier: 'POTTER', qty: '48' },
    ...{ cost: { currency: 'USD', minor: '19200' } },
    inputs: { need: '40', upTo: '140', lot: { moq: '24', multiple: '12' } },
  })
  const converted = await decide('convert', [mug.id])
  expect(converted.statusCode, converted.body).toBe(200)
  expect(converted.json().documents).toEqual([{ type: 'purchase-order', no: `RPL-${mug.id}` }])
  const stop = await api.notify()
  await eventually(
    () => api.system.db`SELECT 1 FROM purchase_order_line`,
    (found) => found.length === 1,
  )
  await stop()
  const [line] = await api.system.db<{ qty: bigint; vendorSku: string; number: string }[]>`
    SELECT l.qty_ordered AS qty, l.vendor_sku AS "vendorSku", p.po_number AS number FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id`
  expect(line).toEqual({ qty: 48n, vendorSku: 'V-MUG', number: `RPL-${mug.id}` })
})

test('goods that lie elsewhere are moved, where that costs less than buying', async () => {
  const lamp = await proposed('LAMP')
  expect(lamp).toMatchObject({ kind: 'transfer', site: 'WEST', fromSite: 'EAST', qty: '9' })
  expect(lamp.alternatives).toMatchObject([{ kind: 'buy', source: 'POTTER' }])
  const converted = await decide('convert', [lamp.id])
  expect(converted.json().documents).toEqual([{ type: 'transfer', no: `RPL-${lamp.id}` }])
  const stop = await api.notify()
  const [moved] = await eventually(
    () => api.system.db<{ phase: string; qty: bigint }[]>`
      SELECT t.phase, l.qty FROM transfer t JOIN transfer_line l ON l.transfer_id = t.id WHERE t.transfer_no = ${`RPL-${lamp.id}`}`,
    (found) => found.length === 1,
  )
  await stop()
  expect(moved).toEqual({ phase: 'allocated', qty: 9n })
})

test('whoever asks now gets the run, and what is under way is not proposed again', async () => {
  const asked = await post(buyer, '/v1/replenishment/runs', { entity, reason })
  expect(asked.statusCode, asked.body).toBe(200)
  expect(asked.json()).toMatchObject({ run: { total: 3, cause: reason } })
  await runDone()
  expect((await rows('proposed')).items).toEqual([])
})

describe('who decides', () => {
  beforeAll(async () => {
    await api.system
      .admin`UPDATE replenishment_proposal SET state = 'closed' WHERE state = 'converted'`
    await api.system.admin`DELETE FROM purchase_order_line`
    await sold(api.system.admin, { sku: 'LAMP', site: 'WEST', perDay: 1, days: 91 })
    await keepBy(api.system.admin, api.company, {
      ...{ sku: 'MUG', site: 'EAST', owner_mode: 'local-decides', band_ppm: 500_000 },
      ...{ safety_value: 1 },
    })
    await post(buyer, '/v1/replenishment/runs', { entity, reason })
    await runDone()
  })

  test('a site within its band; outside of it somebody signs who did not change it', async () => {
    const mug = await proposed('MUG')
    const wide = await decide('change', [mug.id], { qty: '96' }, lead)
    expect(wide.statusCode, wide.body).toBe(200)
    const refused = await decide('convert', [mug.id], {}, lead)
    expect(refused.json()).toMatchObject({ code: 'ProposalNeedsApproval' })
    const sign = (by: Caller) =>
      post(by, '/v1/replenishment/approvals', { proposalIds: [mug.id], reason })
    expect((await sign(buyer)).statusCode).toBe(403)
    expect((await sign(manager)).json()).toMatchObject({ proposals: [{ state: 'approved' }] })
    const own = await decide('convert', [mug.id], {}, manager)
    expect(own.json()).toMatchObject({ code: 'OwnProposal' })
    expect((await decide('convert', [mug.id], {}, lead)).statusCode).toBe(200)
  })

  test('nobody at another site, and a site nothing that the centre decides', async () => {
    const lamp = await proposed('LAMP')
    expect((await decide('dismiss', [lamp.id], {}, lead)).statusCode).toBe(404)
    const west = await api.as('warehouse-lead', { sites: ['WEST'] })
    const refused = await decide('dismiss', [lamp.id], {}, west)
    expect(refused.json()).toMatchObject({ code: 'CentralDecides' })
  })

  test('the same request is answered the same, and one that does not fit is named', async () => {
    const lamp = await proposed('LAMP')
    const payload = { decision: 'snooze', proposalIds: [lamp.id], until: '2999-01-01', reason }
    const key = randomUUID()
    const first = await post(buyer, '/v1/replenishment/decisions', payload, key)
    const again = await post(buyer, '/v1/replenishment/decisions', payload, key)
    expect([again.statusCode, again.json()]).toEqual([200, first.json()])
    expect((await decide('snooze', [lamp.id])).statusCode).toBe(422)
  })
})

test('a spike asks a buyer in the queue of cases, and the choice changes what is proposed', async () => {
  const { admin } = api.system
  await sold(admin, { sku: 'LAMP', site: 'EAST', perDay: 20, days: 7 })
  await post(buyer, '/v1/replenishment/runs', { entity, reason })
  await runDone()
  const { items } = await get('/v1/exceptions?type=demand-spike')
  expect(items).toMatchObject([{ ownerTeam: 'purchasing', site: 'EAST', subjectType: 'item' }])
  const resolved = await post(buyer, `/v1/exceptions/${items[0].id}/resolution`, {
    resolution: 'one-off',
  })
  expect(resolved.statusCode, resolved.body).toBe(200)
  const { items: events } = await get('/v1/replenishment/events')
  expect(events).toMatchObject([{ sku: 'LAMP', site: 'EAST', rule: { kind: 'one-off' } }])
  const open = (await proposals(api.system.db, 'LAMP')).filter((row) => row.state === 'proposed')
  expect(open.filter((row) => row.site === 'EAST')).toEqual([])
  const withdrawn = await post(buyer, `/v1/replenishment/events/${events[0].id}/withdrawal`, {
    reason,
  })
  expect(withdrawn.statusCode, withdrawn.body).toBe(200)
  const twice = await post(buyer, `/v1/replenishment/events/${events[0].id}/withdrawal`, { reason })
  expect(twice.json()).toMatchObject({ code: 'EventWithdrawn' })
})

test('without a policy that speaks of anything there is no process any more', async () => {
  await api.system.admin`ALTER TABLE replenishment_policy DISABLE TRIGGER ALL`
  await api.system.admin`UPDATE replenishment_policy SET method = 'none'`
  const last = await post(buyer, '/v1/replenishment/runs', { entity, reason })
  expect([last.statusCode, last.json()]).toEqual([200, { run: null }])
  await process().result()
})
