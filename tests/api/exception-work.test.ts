import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anOrder, aStranger } from '#tests/support/company'
import { desk, fulfilmentsOf } from '#tests/support/orders'
import { post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 300 } } })
  supervisor = await api.as('oms-supervisor')
})
afterAll(() => api.close())

const tea = (channel = 'web') => anOrder({ channel, line: { sku: 'TEA', unitPriceMinor: '250' } })
const caseOf = async (order = tea()) => (await api.place(order)).cases[0]!.id
const cancelled = async (order = anOrder()) => {
  const { orderId } = await api.place(order)
  const answer = await post(supervisor, `/v1/orders/${orderId}/cancellation`, {
    reason: 'changed their mind',
  })
  return { orderId, caseId: answer.json().cases[0].id as string }
}
const bulk = (body: object, key?: string, caller = supervisor) =>
  post(caller, '/v1/exceptions/bulk-resolution', body, key)
const read = async (caseId: string) =>
  (await supervisor({ method: 'GET', url: `/v1/exceptions/${caseId}` })).json()

describe('one choice for many cases', () => {
  test('is carried out case by case; what one refuses does not stop the others', async () => {
    const ids = [await caseOf(), await caseOf(), await caseOf()]
    const other = (await cancelled()).caseId
    await post(supervisor, `/v1/exceptions/${ids[1]}/resolution`, { resolution: 'cancel' })
    const body = {
      type: 'stock-short',
      resolution: 'backorder',
      caseIds: [...ids, other, '987654'],
    }
    const first = await bulk(body, 'decide-many-1')
    expect(first.statusCode, first.body).toBe(200)
    expect(first.json().items).toMatchObject([
      { caseId: ids[0], outcome: 'done', phase: 'backordered' },
      { caseId: ids[1], outcome: 'refused' },
      { caseId: ids[2], outcome: 'done', phase: 'backordered' },
      { caseId: other, outcome: 'refused', code: 'CaseOfAnotherType' },
      { caseId: '987654', outcome: 'refused', code: 'NotFound' },
    ])
    expect((await bulk(body, 'decide-many-1')).json()).toEqual(first.json())
  })

  test('means the open cases of the type in the caller’s reach, and the same ones when repeated', async () => {
    const web = await caseOf()
    const b2b = await caseOf(tea('b2b'))
    const narrow = await api.as('oms-supervisor', { channels: ['b2b'] })
    const body = { type: 'stock-short', resolution: 'backorder' }
    const done = await bulk(body, 'decide-the-rest', narrow)
    expect(done.json().items.map((item: { caseId: string }) => item.caseId)).toEqual([b2b])
    const later = await caseOf(tea('b2b'))
    expect((await bulk(body, 'decide-the-rest', narrow)).json()).toEqual(done.json())
    expect([(await read(web)).state, (await read(later)).state]).toEqual(['open', 'open'])
  })

  test('is for those who may decide the type', async () => {
    await caseOf(anOrder({ customer: aStranger(), line: { quantity: 26 } }))
    const csr = await api.as('csr')
    const answer = await bulk({ type: 'fraud-review', resolution: 'accept' }, undefined, csr)
    expect(answer.json().code).toBe('NotAllowed')
  })
})

test('a case is given to somebody who may decide it, and back to its team', async () => {
  const caseId = await caseOf()
  const csr = await api.as('csr')
  const picker = await api.as('picker')
  const assign = (userId: string | null) =>
    post(supervisor, `/v1/exceptions/${caseId}/assignment`, { userId })
  expect((await assign(String(csr.id))).statusCode).toBe(204)
  expect((await read(caseId)).ownerUser).toBe(csr.actor)
  expect((await assign(String(picker.id))).json().code).toBe('CannotDecide')
  expect((await assign(null)).statusCode).toBe(204)
  expect((await read(caseId)).ownerUser).toBeNull()
  await post(supervisor, `/v1/exceptions/${caseId}/resolution`, { resolution: 'cancel' })
  expect((await assign(String(csr.id))).json().code).toBe('CaseNotOpen')
})

describe('a decision that is thought over', () => {
  const reopen = (caseId: string) =>
    post(supervisor, `/v1/exceptions/${caseId}/reopening`, { reason: 'the customer insists' })
  const decide = (caseId: string, resolution: string) =>
    post(supervisor, `/v1/exceptions/${caseId}/resolution`, { resolution })

  test('asks the warehouse again, while it has the goods', async () => {
    const order = anOrder()
    const { orderId, caseId } = await cancelled(order)
    expect((await reopen(caseId)).json().code).toBe('CaseNotDecided')
    await decide(caseId, 'dispute')
    const again = await reopen(caseId)
    expect(again.json()).toMatchObject({ cases: [{ type: 'channel-changed-after-release' }] })
    expect(await fulfilmentsOf(api.system.db, orderId)).toMatchObject([
      { state: 'recall-requested' },
    ])
    await decide(caseId, 'dispute')
    await desk(api.system, order).ship()
    expect((await reopen(caseId)).json().code).toBe('NotReopenable')
  })

  test('takes an order up again whose late cancellation was refused', async () => {
    const order = anOrder()
    const { orderId } = await api.place(order)
    await desk(api.system, order).ship()
    await api.system.order(order).result()
    const late = await post(supervisor, `/v1/orders/${orderId}/cancellation`, {
      reason: 'too late',
    })
    const caseId = late.json().cases[0].id as string
    await decide(caseId, 'refuse')
    await api.system.order(order).result()
    expect((await reopen(caseId)).json()).toMatchObject({ open: true, phase: 'shipped' })
    expect((await decide(caseId, 'treat-as-return')).json()).toMatchObject({ phase: 'closed' })
  })

  test('is none where stock or money has moved', async () => {
    const caseId = await caseOf()
    await decide(caseId, 'backorder')
    expect((await reopen(caseId)).json().code).toBe('NotReopenable')
  })
})

test('whoever reads what a person did sees their name beside their number', async () => {
  const caseId = await caseOf()
  const [user] = await api.system.admin<{ name: string }[]>`
    SELECT name FROM app_user WHERE id = ${supervisor.id}`
  const { name } = user!
  await post(supervisor, `/v1/exceptions/${caseId}/assignment`, { userId: String(supervisor.id) })
  expect(await read(caseId)).toMatchObject({ ownerName: name, resolvedByName: null })
  const resolution = { resolution: 'backorder' }
  await post(supervisor, `/v1/exceptions/${caseId}/resolution`, resolution)
  const decided = await read(caseId)
  expect(decided).toMatchObject({
    resolvedBy: supervisor.actor,
    resolvedByName: name,
    openedByName: null,
  })
  const get = async (url: string, caller = supervisor) =>
    (await caller({ method: 'GET', url })).json()
  const order = await get(`/v1/orders/${decided.subjectId}`)
  const acted = { actor: supervisor.actor, actorName: name }
  expect(order.timeline).toEqual(expect.arrayContaining([expect.objectContaining(acted)]))
  expect(order.cases[0]).toMatchObject({ resolvedByName: name })
  const about = `subjectType=order&subjectId=${decided.subjectId}`
  const trail = await get(`/v1/audit-events?${about}`, await api.as('controller'))
  expect(trail.items[0]).toMatchObject(acted)
  const decisions = await get(`/v1/decisions?${about}`)
  expect(decisions.items[0]).toMatchObject({ actorName: null })
})
