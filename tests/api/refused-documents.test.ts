import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aShopifyOrder } from './channel-messages.ts'
import { eventually, post, runningApi, shopifyWebhook, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let desk: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 500 } } })
  desk = await api.as('oms-supervisor')
})
afterAll(() => api.close())

interface FoundCase {
  id: string
  type: string
  state: string
  ownerTeam: string
  subjectId: string
  allowed: string[]
  escalations: number
  resolution: string | null
  evidence: Record<string, unknown>
}

/** A document whose total is not what its lines say; nothing tells which of them is right. */
const unreadable = (changes: Record<string, unknown> = {}) =>
  aShopifyOrder({ total_price: '77.00', subtotal_price: '77.00', ...changes })

async function caseOf(inboxId: string, state = 'open'): Promise<FoundCase | undefined> {
  const url = `/v1/exceptions?type=document-refused&state=${state}&subjectId=${inboxId}`
  const [found] = (await desk({ method: 'GET', url })).json().items as FoundCase[]
  return found
}
const decide = (id: string, resolution: string, key?: string) =>
  post(desk, `/v1/exceptions/${id}/resolution`, { resolution }, key)
const orders = (externalId: unknown) =>
  api.system.admin<
    { phase: string }[]
  >`SELECT phase FROM sales_order WHERE external_id = ${String(externalId)}`
const keptBytes = async (inboxId: string) => {
  const [row] = await api.system.admin<{ body: Buffer | null }[]>`
    SELECT body FROM inbox_body WHERE inbox_id = ${BigInt(inboxId)}`
  return row?.body ?? null
}
const outcomeOf = async (inboxId: string) => {
  const [row] = await api.system.admin<{ outcome: string }[]>`
    SELECT outcome FROM inbox WHERE id = ${BigInt(inboxId)}`
  return row?.outcome
}

describe('a document that cannot be read', () => {
  test('asks the order desk until a time, and keeps its bytes meanwhile', async () => {
    const document = unreadable()
    const { inboxId } = (await shopifyWebhook(api, document)).json()
    const found = await caseOf(inboxId)
    expect(found).toMatchObject({
      state: 'open',
      ownerTeam: 'order-desk',
      allowed: ['retry', 'reject'],
      evidence: { externalId: String(document['id']), source: 'shopify/web' },
    })
    expect(JSON.stringify(found)).not.toContain('Main St')
    expect(String(await keptBytes(inboxId))).toBe(JSON.stringify(document))
  })

  test('asks once, however often it is delivered', async () => {
    const document = unreadable()
    for (let time = 1; time <= 3; time += 1)
      await shopifyWebhook(api, document, { eventId: `again-${String(document['id'])}` })
    const [row] = await api.system.admin<{ n: number }[]>`
      SELECT count(*)::int AS n FROM exception_case WHERE evidence->>'externalId' = ${String(document['id'])}`
    expect(row!.n).toBe(1)
  })

  test('says so again when it is retried unchanged, and its case stays open', async () => {
    const { inboxId } = (await shopifyWebhook(api, unreadable())).json()
    const { id } = (await caseOf(inboxId))!
    for (const answer of [
      await decide(id, 'retry'),
      await post(desk, `/v1/inbox/${inboxId}/retry`, {}),
    ]) {
      expect(answer.statusCode, answer.body).toBe(422)
      expect(answer.json()).toMatchObject({ code: 'DocumentRefused' })
    }
    expect(await caseOf(inboxId)).toMatchObject({ state: 'open' })
  })

  test('rejected, it is over and nothing personal of it is left', async () => {
    const { inboxId } = (await shopifyWebhook(api, unreadable())).json()
    const { id } = (await caseOf(inboxId))!
    const preview = await post(desk, `/v1/exceptions/${id}/resolution/preview`, {
      resolution: 'reject',
    })
    expect(preview.json()).toMatchObject({ code: 'NothingToPreview' })
    expect((await decide(id, 'cancel')).json()).toMatchObject({ code: 'ResolutionNotAllowed' })
    const answers = [
      await decide(id, 'reject', `reject-${inboxId}`),
      await decide(id, 'reject', `reject-${inboxId}`),
    ]
    for (const answer of answers) {
      expect(answer.statusCode, answer.body).toBe(200)
      expect(answer.json()).toEqual({ inboxId, outcome: 'refused' })
    }
    expect(await keptBytes(inboxId)).toBeNull()
    expect(await caseOf(inboxId, 'resolved')).toMatchObject({ resolution: 'reject' })
    const late = await post(desk, `/v1/inbox/${inboxId}/retry`, {})
    expect(late.json()).toMatchObject({ code: 'DocumentErased' })
  })

  test('mended by its sender under the same event id, it is an order and its case heals', async () => {
    const document = unreadable()
    const eventId = `mended-${String(document['id'])}`
    const { inboxId } = (await shopifyWebhook(api, document, { eventId })).json()
    expect(await caseOf(inboxId)).toBeDefined()
    const mended = { ...document, total_price: '100.00', subtotal_price: '100.00' }
    expect((await shopifyWebhook(api, mended, { eventId })).json()).toMatchObject({ inboxId })
    const stop = await api.notify()
    await eventually(
      () => caseOf(inboxId, 'self-healed'),
      (found) => found !== undefined,
    )
    await stop()
    expect(await orders(document['id'])).toMatchObject([{ phase: 'released' }])
  })

  test('a later version that can be read heals the case of the earlier one', async () => {
    const document = unreadable()
    const { inboxId } = (await shopifyWebhook(api, document)).json()
    const newer = { ...document, updated_at: '2026-02-02T00:00:00Z', subtotal_price: '100.00' }
    await shopifyWebhook(api, { ...newer, total_price: '100.00' }, { topic: 'orders/updated' })
    const stop = await api.notify()
    await eventually(
      () => caseOf(inboxId, 'self-healed'),
      (found) => found !== undefined,
    )
    await stop()
  })

  test('undecided in time, it goes to the supervisors', async () => {
    const { inboxId } = (await shopifyWebhook(api, unreadable())).json()
    const { id } = (await caseOf(inboxId))!
    await api.system
      .admin`UPDATE exception_case SET due_at = clock_timestamp() - interval '1 minute' WHERE id = ${id}`
    const stop = await api.notify()
    const late = await eventually(
      () => caseOf(inboxId),
      (found) => found!.escalations > 0,
    )
    await stop()
    expect(late).toMatchObject({ ownerTeam: 'oms-supervisor', escalations: 1 })
  })
})

describe('a document that the business refuses', () => {
  const inDollarsOfCanada = () => aShopifyOrder({ currency: 'CAD' })

  test('asks somebody, who mends the cause and retries it', async () => {
    const document = inDollarsOfCanada()
    const { inboxId } = (await shopifyWebhook(api, document)).json()
    const { id, evidence } = (await eventually(
      () => caseOf(inboxId),
      (found) => found !== undefined,
    ))!
    expect(evidence).toMatchObject({ problems: [{ code: 'NoExchangeRate' }] })

    // Retried before the cause is mended, the process refuses it again and the case opens again.
    expect((await decide(id, 'retry')).json()).toEqual({ inboxId, outcome: 'received' })
    await eventually(
      () => outcomeOf(inboxId),
      (outcome) => outcome === 'refused',
    )
    expect(await caseOf(inboxId)).toMatchObject({ id, state: 'open' })

    await api.system.admin`
      INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('CAD', 'USD', '2000-01-01', 740000000, 'test')`
    const answer = await decide(id, 'retry')
    expect(answer.statusCode, answer.body).toBe(200)
    await eventually(
      () => outcomeOf(inboxId),
      (outcome) => outcome === 'accepted',
    )
    expect(await orders(document['id'])).toMatchObject([{ phase: 'released' }])
    expect(await caseOf(inboxId, 'resolved')).toMatchObject({ resolution: 'retry' })
  })

  test('is decided by the order desk, not by the warehouse', async () => {
    const { inboxId } = (await shopifyWebhook(api, unreadable())).json()
    const lead = await api.as('warehouse-lead')
    const answer = await post(lead, `/v1/inbox/${inboxId}/retry`, {})
    expect(answer.json()).toMatchObject({ status: 403, code: 'NotAllowed' })
    const elsewhere = await api.as('oms-supervisor', { channels: ['b2b'] })
    expect((await post(elsewhere, `/v1/inbox/${inboxId}/retry`, {})).statusCode).toBe(403)
  })
})
