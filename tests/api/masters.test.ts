import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretsFrom } from '#api/channel-secrets'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let buyer: Caller
let supervisor: Caller
beforeAll(async () => {
  api = await apiUnderTest()
  buyer = await api.as('buyer')
  supervisor = await api.as('oms-supervisor')
})
afterAll(() => api.close())

const COMPLETE = {
  weightG: 180,
  lengthMm: 300,
  widthMm: 200,
  heightMm: 20,
  origin: 'PT',
  hsCode: '610910',
}
const post = (caller: Caller, url: string, payload: object, key?: string) =>
  caller({ method: 'POST', url, payload, ...(key ? { key } : {}) })
const patch = (caller: Caller, url: string, payload: object) =>
  caller({ method: 'PATCH', url, payload })
const get = (caller: Caller, url: string) => caller({ method: 'GET', url })

describe('an item', () => {
  test('starts as a draft that tells what it lacks', async () => {
    const answer = await post(buyer, '/v1/items', { sku: 'SHIRT', name: 'Shirt', weightG: 180 })

    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toMatchObject({
      status: 'draft',
      version: 1,
      ready: false,
      missing: ['heightMm', 'hsCode', 'lengthMm', 'origin', 'widthMm'],
    })
    const lacking = await get(buyer, '/v1/items?missing=hsCode')
    expect(lacking.json().items.map((item: { sku: string }) => item.sku)).toEqual(['SHIRT'])
  })

  test('cannot be sold before it is complete, and the refusal names the fields', async () => {
    await post(buyer, '/v1/items', { sku: 'CAP', name: 'Cap' })
    const early = await patch(buyer, '/v1/items/CAP', { version: 1, status: 'active', weightG: 90 })
    expect(early.statusCode).toBe(409)
    expect(early.json()).toMatchObject({ code: 'ItemIncomplete' })
    expect(early.json().errors).toHaveLength(5)

    const ready = await patch(buyer, '/v1/items/CAP', { version: 1, status: 'active', ...COMPLETE })
    expect(ready.json()).toMatchObject({ status: 'active', version: 2, ready: true, missing: [] })
    const emptied = await patch(buyer, '/v1/items/CAP', { version: 2, hsCode: null })
    expect(emptied.json().code).toBe('ItemIncomplete')
  })

  test('changed meanwhile is a conflict, and the trail has before, after, reason and actor', async () => {
    await post(buyer, '/v1/items', { sku: 'SOCK', name: 'Sock' })
    const price = { currency: 'USD', minor: '1099' }
    await patch(buyer, '/v1/items/SOCK', { version: 1, listPrice: price, reason: 'Spring price' })
    const stale = await patch(buyer, '/v1/items/SOCK', { version: 1, name: 'Socks' })
    expect(stale.json()).toMatchObject({
      status: 409,
      code: 'VersionConflict',
      details: { version: 2 },
    })

    const auditor = await api.as('auditor')
    const trail = await get(auditor, '/v1/audit-events?subjectType=item&subjectId=SOCK')
    const [change, creation] = trail.json().items
    expect(change).toMatchObject({
      action: 'update',
      reason: 'Spring price',
      actor: buyer.actor,
      before: { listPrice: null, version: 1 },
      after: { listPrice: price, version: 2 },
    })
    expect(creation).toMatchObject({ action: 'create', before: null })
  })

  test('of two changes at once on the same version, one wins', async () => {
    await post(buyer, '/v1/items', { sku: 'BELT', name: 'Belt' })
    const answers = await Promise.all(
      ['A', 'B', 'C', 'D'].map((name) => patch(buyer, '/v1/items/BELT', { version: 1, name })),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409, 409, 409])
  })

  test('a retired item stays retired, and what stock was counted by stays too', async () => {
    await post(buyer, '/v1/items', { sku: 'OLD', name: 'Old' })
    await patch(buyer, '/v1/items/OLD', { version: 1, status: 'retired' })
    const back = await patch(buyer, '/v1/items/OLD', { version: 2, status: 'active' })
    expect(back.json().code).toBe('ItemStatusFixed')
  })

  test('a kit is told its parts once; a substitute stands in for another item', async () => {
    await post(buyer, '/v1/items', { sku: 'KIT', name: 'Set', kind: 'kit' })
    const parts = (qty: string) =>
      buyer({
        method: 'PUT',
        url: '/v1/items/KIT/components',
        payload: { version: 1, components: [{ sku: 'SHIRT', qty }] },
      })
    expect((await parts('2')).json()).toEqual([{ sku: 'SHIRT', qty: '2' }])
    expect((await parts('3')).json().code).toBe('VersionConflict')
    const unknown = await post(buyer, '/v1/items/SHIRT/substitutes', { sku: 'NONE' })
    expect(unknown.json()).toMatchObject({
      status: 422,
      code: 'UnknownSku',
      errors: [{ field: 'body.sku' }],
    })
    await post(buyer, '/v1/items/SHIRT/substitutes', { sku: 'CAP', rank: 2 })

    expect((await get(buyer, '/v1/items/KIT')).json().components).toEqual([
      { sku: 'SHIRT', qty: '2' },
    ])
    expect((await get(buyer, '/v1/items/SHIRT')).json().substitutes).toEqual([
      { sku: 'CAP', rank: 2, ratio: 1 },
    ])
  })
})

describe('a command with a key', () => {
  test('sent again gives the same answer and one item', async () => {
    const body = { sku: 'ONCE', name: 'Once' }
    const first = await post(buyer, '/v1/items', body, 'key-of-once-1')
    const again = await post(buyer, '/v1/items', body, 'key-of-once-1')

    expect([first.statusCode, again.statusCode]).toEqual([201, 201])
    expect(again.json()).toEqual(first.json())
  })

  test('used for another body is refused, by the same caller only', async () => {
    const other = await post(buyer, '/v1/items', { sku: 'OTHER', name: 'x' }, 'key-of-once-1')
    expect(other.json()).toMatchObject({ status: 422, code: 'IdempotencyMismatch' })
    const otherRoute = await post(
      buyer,
      '/v1/items/ONCE/substitutes',
      { sku: 'CAP' },
      'key-of-once-1',
    )
    expect(otherRoute.json().code).toBe('IdempotencyMismatch')

    const byAnother = await post(
      supervisor,
      '/v1/items',
      { sku: 'OTHER', name: 'x' },
      'key-of-once-1',
    )
    expect(byAnother.statusCode).toBe(201)
  })

  test('sent eight times at once is carried out once', async () => {
    const body = { sku: 'RUSH', name: 'Rush' }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(buyer, '/v1/items', body, 'key-of-rush-1')),
    )
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201]))
    const [row] = await api.database.db<{ n: bigint }[]>`
      SELECT count(*) AS n FROM audit_event WHERE subject_id = 'RUSH'`
    expect(row?.n).toBe(1n)
  })

  test.each([[''], ['short'], ['with a space in it'], ['x'.repeat(201)]])(
    'the key "%s" is no key',
    async (key) => {
      const headers = { 'idempotency-key': key }
      const options = {
        method: 'POST',
        url: '/v1/items',
        payload: { sku: 'K', name: 'K' },
      } as const
      const answer = await buyer({ ...options, headers })
      expect(answer.statusCode).toBe(422)
      expect(answer.json().errors[0].field).toBe('headers.idempotency-key')
    },
  )

  test('refused leaves no trace and may be sent again when the reason is gone', async () => {
    const listing = { channel: 'shopify-us', externalId: 'L-1', sku: 'LATER' }
    const early = await post(supervisor, '/v1/listings', listing, 'key-of-later-1')
    expect(early.json().code).toBe('UnknownSku')
    await post(buyer, '/v1/items', { sku: 'LATER', name: 'Later' })
    const late = await post(supervisor, '/v1/listings', listing, 'key-of-later-1')
    expect(late.statusCode).toBe(201)
  })
})

describe('lists', () => {
  test('walking the pages meets every item once, while others are being added', async () => {
    const { admin } = api.database
    await admin`INSERT INTO item (sku, name) SELECT 'WALK-' || lpad(n::text, 4, '0'), 'n' FROM generate_series(1, 523) n`
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`
      const page = (await get(buyer, `/v1/items?skuPrefix=WALK-&limit=50${from}`)).json()
      seen.push(...page.items.map((item: { sku: string }) => item.sku))
      cursor = page.nextCursor
      await admin`INSERT INTO item (sku, name) VALUES (${`WALK-0000-${seen.length}`}, 'behind')`
    } while (cursor !== null)

    expect(seen).toHaveLength(523)
    expect(new Set(seen).size).toBe(523)
  })

  test.each([
    '/v1/listings',
    '/v1/users',
    '/v1/audit-events',
    '/v1/sites',
    '/v1/policies',
    '/v1/api-keys',
  ])('%s pages by one without doubles', async (url) => {
    const administrator = await api.as('administrator')
    const all = (await get(administrator, `${url}?limit=200`)).json().items
    const walked: unknown[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`
      const page = (await get(administrator, `${url}?limit=1${from}`)).json()
      walked.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(walked).toEqual(all)
  })
})

describe('reach', () => {
  test('lists show what is in reach, and the rest does not exist', async () => {
    const german = await api.as('warehouse-lead', { entities: ['DE1'] })
    const sites = (await get(german, '/v1/sites')).json().items
    expect(sites.map((site: { code: string }) => site.code)).toEqual(['DE-NORD'])
    expect((await get(german, '/v1/sites/DE-NORD')).statusCode).toBe(200)
    expect((await get(german, '/v1/sites/US-EAST')).statusCode).toBe(404)
    expect((await get(german, '/v1/channels')).json().items).toHaveLength(1)
    expect((await get(german, '/v1/entities')).json().items).toHaveLength(1)

    const change = await patch(german, '/v1/sites/US-EAST', { status: 'paused' })
    expect(change.json()).toMatchObject({ status: 403, code: 'OutOfScope' })
    expect((await get(await api.as('csr'), '/v1/sites/US-EAST')).json().status).toBe('active')
  })

  test('an empty reach is nothing, not everything', async () => {
    const nowhere = await api.as('csr', { sites: [] })
    expect((await get(nowhere, '/v1/sites')).json().items).toEqual([])
  })

  test('a listing of a channel out of reach can neither be seen nor changed', async () => {
    await post(supervisor, '/v1/listings', {
      channel: 'amazon-de',
      externalId: 'B01',
      sku: 'CAP',
      packFactor: 6,
    })
    const american = await api.as('oms-supervisor', { channels: ['shopify-us'] })
    const listed = (await get(american, '/v1/listings?channel=amazon-de')).json()
    expect(listed.items).toEqual([])
    const [{ id }] = (await get(supervisor, '/v1/listings?channel=amazon-de')).json().items
    expect((await patch(american, `/v1/listings/${id}`, { buffer: '5' })).statusCode).toBe(403)
    expect((await patch(supervisor, `/v1/listings/${id}`, { buffer: '5' })).json()).toMatchObject({
      buffer: '5',
      packFactor: 6,
    })
  })
})

describe('policies', () => {
  test('a new version needs the one before, an owner and a reason', async () => {
    const policy = {
      kind: 'order',
      basedOn: 0,
      owner: 'order desk',
      reason: 'Two weeks',
      body: { backorderMaxDays: 14 },
    }
    expect((await post(supervisor, '/v1/policies', policy)).json()).toMatchObject({ version: 1 })
    const again = await post(supervisor, '/v1/policies', policy)
    expect(again.json()).toMatchObject({ code: 'VersionConflict', details: { version: 1 } })
    const nameless = await post(supervisor, '/v1/policies', { ...policy, basedOn: 1, owner: '' })
    expect(nameless.statusCode).toBe(422)
    const next = await post(supervisor, '/v1/policies', {
      ...policy,
      basedOn: 1,
      body: { shortage: 'backorder' },
    })
    expect(next.statusCode).toBe(201)

    const versions = (await get(supervisor, '/v1/policies/order/*')).json().items
    expect(versions.map((row: { version: number }) => row.version)).toEqual([2, 1])
  })

  test('a body with a wrong name or type is refused by field', async () => {
    const policy = {
      kind: 'order',
      basedOn: 2,
      owner: 'x',
      reason: 'Typo',
      body: { backorderDays: 3, autoRelease: 'yes' },
    }
    const answer = await post(supervisor, '/v1/policies', policy)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors.map(({ field }: { field: string }) => field)).toEqual([
      'body.body.backorderDays',
      'body.body.autoRelease',
    ])
  })
})

describe('signing secrets of a channel', () => {
  test.each(['PATH', 'HOME', 'JWT_SECRET', 'STRIPE_WEBHOOK_SECRET', 'DATABASE_URL'])(
    'are never %s',
    async (name) => {
      const administrator = await api.as('administrator')
      const answer = await administrator({
        method: 'PATCH',
        url: '/v1/channels/shopify-us',
        payload: { secretRefs: [name] },
      })
      expect(answer.statusCode, answer.body).toBe(422)
      expect(answer.json().errors[0].field).toBe('body.secretRefs.0')
      expect(secretsFrom({ [name]: 'known to many' }, [name])).toEqual([])
    },
  )

  test('stand in variables that are named for them', async () => {
    const administrator = await api.as('administrator')
    const answer = await administrator({
      method: 'PATCH',
      url: '/v1/channels/shopify-us',
      payload: { secretRefs: ['SHOPIFY_SECRET_US'] },
    })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(
      secretsFrom({ SHOPIFY_SECRET_US: 's' }, ['SHOPIFY_SECRET_US', 'SHOPIFY_SECRET_OLD']),
    ).toEqual(['s'])
  })
})
