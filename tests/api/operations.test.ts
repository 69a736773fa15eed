import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { standingProofs } from '#db/queries/standing-proofs'
import { anOrder } from '#tests/support/company'
import { eventually, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let engineer: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 20 } } })
  engineer = await api.as('ops-engineer')
})
afterAll(() => api.close())

const get = (url: string, caller = engineer) => caller({ method: 'GET', url })

describe('outside calls', () => {
  test('are listed by state, gateway and subject, page by page, without what was said', async () => {
    const payment = {
      state: 'authorised',
      provider: 'stripe',
      reference: 'pi_1',
      amountMinor: 'all',
    } as const
    const placed = await api.place(anOrder({ payment }))
    const { admin } = api.database
    for (const [n, state] of ['unknown', 'confirmed', 'unknown'].entries())
      await admin`INSERT INTO external_effect (key, gateway, operation, subject_type, subject_id, request, state) VALUES (${`test/${n}`}, 'carrier', 'buy-label', 'order', ${placed.orderId}, '{"name":"Ada Jones"}', ${state})`
    const unknown = (await get('/v1/effects?state=unknown&gateway=carrier')).json().items
    expect(unknown.map((row: { key: string }) => row.key)).toEqual(['test/2', 'test/0'])
    expect(unknown[0]).toMatchObject({ subjectType: 'order', subjectId: placed.orderId })
    expect(JSON.stringify(unknown)).not.toContain('Ada')

    const seen: string[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`
      const page = (
        await get(`/v1/effects?subjectType=order&subjectId=${placed.orderId}&limit=1${from}`)
      ).json()
      seen.push(...page.items.map((row: { key: string }) => row.key))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual(expect.arrayContaining(['test/0', 'test/1', 'test/2']))
    expect(new Set(seen).size).toBe(seen.length)
    await admin`UPDATE external_effect SET state = 'failed' WHERE key LIKE 'test/%' AND state = 'unknown'`
  })

  test('of a page that is not ours are refused by field', async () => {
    const answer = await get('/v1/effects?cursor=abc')
    expect(answer.json(), answer.body).toMatchObject({
      status: 422,
      errors: [{ field: 'query.cursor' }],
    })
  })
})

describe('what a process waits for', () => {
  const waits = (workflowId: string, caller = engineer) =>
    get(`/v1/processes/${encodeURIComponent(workflowId)}/waiting-for`, caller)

  test('is the same for an order, asked by its process', async () => {
    const placed = await api.place(anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } }))
    const { workflowId } = (await get(`/v1/orders/${placed.orderId}`)).json()
    const byProcess = await waits(workflowId)
    const byOrder = await get(`/v1/orders/${placed.orderId}/waiting-for`)
    expect(byProcess.json(), byProcess.body).toEqual(byOrder.json())
    expect(byProcess.json()).toMatchObject({ phase: 'short', whoMayAct: 'order-desk' })
  })

  test('is its step where it is no order’s, with what it shows of itself', async () => {
    const stop = await api.notify()
    const { workflowId } = stop
    const seen = await eventually(
      () => waits(workflowId),
      // Between two rounds it waits for nothing.
      (answer) =>
        answer.json().sentence?.includes('Round') && answer.json().waitingFor === 'deliverOutbox',
    )
    expect(seen.json()).toMatchObject({
      orderId: null,
      running: true,
      phase: 'running',
      waitingFor: 'deliverOutbox',
      whoMayAct: 'nobody',
      until: null,
    })
    await stop()
    const over = await eventually(
      () => waits(workflowId),
      (answer) => answer.json().running === false,
    )
    expect(over.json()).toMatchObject({ phase: 'terminated', waitingFor: 'nothing' })
  })

  test('is nobody’s where there is no such process, or for a limited caller', async () => {
    expect((await waits('order-to-cash/none/none')).json().code).toBe('ProcessNotFound')
    const limited = await api.as('ops-engineer', { sites: ['EAST'] })
    expect((await waits('notification/outbox', limited)).json().code).toBe('NotFound')
  })
})

describe('the standing proofs', () => {
  const settled = () =>
    eventually(
      () => api.database.admin`SELECT FROM external_effect WHERE state IN ('intended', 'sent')`,
      (open) => open.length === 0,
    )

  test('hold, each with its invariant in words', async () => {
    await settled()
    const answer = await get('/v1/proofs')
    expect(answer.statusCode, answer.body).toBe(200)
    const { holds, items } = answer.json()
    expect(items.filter((row: { holds: boolean }) => !row.holds)).toEqual([])
    expect(holds).toBe(true)
    expect(items.map((row: { name: string }) => row.name)).toEqual(
      standingProofs.map(({ name }) => name),
    )
  })

  test('name the rows that break one', async () => {
    const { admin } = api.database
    await admin`UPDATE stock_position SET reserved = reserved + 1 WHERE on_hand > reserved`
    const { holds, items } = (await get('/v1/proofs')).json()
    await admin`UPDATE stock_position SET reserved = reserved - 1 WHERE reserved > 0`
    expect(holds).toBe(false)
    const broken = items.find((row: { name: string }) => row.name === 'STOCK-RESERVED')
    expect(broken).toMatchObject({ holds: false, rows: 1 })
    expect(Object.keys(broken.first[0])).toContain('item_id')
  })

  test('are of all companies, so a limited caller does not run them', async () => {
    const limited = await api.as('controller', { entities: ['ACME-US'] })
    expect((await get('/v1/proofs', limited)).json()).toMatchObject({
      status: 403,
      code: 'OutOfScope',
    })
  })
})
