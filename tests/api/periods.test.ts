import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { allSealed, entry, post as postEntry } from '#tests/db/ledger-books'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let closer: Caller
let other: Caller
let third: Caller
beforeAll(async () => {
  api = await apiUnderTest()
  // One role and three people: scopes of different kinds give each a user of their own.
  closer = await api.as('controller')
  other = await api.as('controller', { entities: ['US1', 'DE1'] })
  third = await api.as('controller', { entities: ['US1'] })
})
afterAll(async () => {
  const results = await runProofs(api.database.admin, ledgerProofs)
  await api.close()
  expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
})

const reason = 'month end'
const send = (caller: Caller, url: string, payload: object) =>
  caller({ method: 'POST', url: `/v1${url}`, payload: { reason, ...payload } })
const lock = (caller: Caller, area: string, verb: string, more: object = {}) =>
  send(caller, `/periods/2026-06/${area}/${verb}`, { entity: 'US1', ...more })
const get = async (url: string) => (await closer({ method: 'GET', url: `/v1${url}` })).json()
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
const june = (more: object = {}) => entry({ entityId: 1, effectiveOn: '2026-06-15', ...more })
const areas = ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL']

async function exception(more: object = {}): Promise<string> {
  const asked = await send(closer, '/period-exceptions', {
    ...{ entity: 'US1', period: '2026-06', areas: ['GL', 'CASH'], until: inAnHour(), ...more },
  })
  expect(asked.statusCode).toBe(201)
  expect(asked.json()).toMatchObject({ requestedBy: closer.actor, approvedBy: null })
  return (asked.json() as { approvalId: string }).approvalId
}

describe('the life of a period', () => {
  test('a year is opened, its adjusting period for exceptions only', async () => {
    const opened = await send(closer, '/periods', { entity: 'US1', year: 2026 })
    expect(opened.statusCode).toBe(201)
    const { items } = await get('/periods?entity=US1&year=2026')
    expect(items).toHaveLength(13)
    const statesOf = (n: number) =>
      items[n].areas.map((row: { area: string; state: string }) => [row.area, row.state])
    expect(statesOf(5)).toEqual(areas.map((area) => [area, 'open']))
    expect(statesOf(12)).toEqual(areas.map((area) => [area, 'soft']))
  })

  test('an area is soft-closed, then closed, by people who may', async () => {
    await postEntry(api.database.db, june())
    const soft = await lock(closer, 'GL', 'soft-close')
    expect(soft.json().areas[5]).toMatchObject({ state: 'soft', changedBy: closer.actor })
    await expect(postEntry(api.database.db, june())).rejects.toThrow('no open period')
    expect((await lock(closer, 'GL', 'close')).json().areas[5]).toMatchObject({ state: 'closed' })
    expect((await lock(other, 'GL', 'close')).json()).toMatchObject({
      ...{ status: 409, code: 'PeriodNotOpen' },
    })
  })

  test('a reopening asks for an exception that somebody else approved, and for another person', async () => {
    const approvalId = await exception()
    const reopen = (caller: Caller) => lock(caller, 'GL', 'reopen', { approvalId })
    expect((await reopen(other)).json()).toMatchObject({ code: 'ReopenIncomplete' })
    const approve = (caller: Caller) =>
      send(caller, `/period-exceptions/${approvalId}/approval`, {})
    expect((await approve(closer)).json()).toMatchObject({ code: 'SameCloser' })
    expect((await approve(other)).json()).toMatchObject({ approvedBy: other.actor })
    expect((await reopen(closer)).json()).toMatchObject({ code: 'SameCloser' })
    expect((await reopen(third)).json().areas[5]).toMatchObject({ state: 'soft', approvalId })
    await postEntry(api.database.db, june({ approvalId }))
    expect((await lock(third, 'GL', 'close')).json()).toMatchObject({ code: 'SameCloser' })
    expect((await lock(other, 'GL', 'close')).statusCode).toBe(200)
    expect((await get('/period-exceptions?entity=US1')).items[0]).toMatchObject({ approvalId })
  })

  test('a key shares the duties of whoever made it', async () => {
    const key = await api.as('controller', {}, { asKeyOf: other.id })
    const approvalId = await exception()
    await send(third, `/period-exceptions/${approvalId}/approval`, {})
    expect((await lock(key, 'GL', 'reopen', { approvalId })).json()).toMatchObject({
      code: 'SameCloser',
    })
  })

  test('when the last area is closed, the balances and the seal head are kept', async () => {
    await allSealed(api.database)
    for (const area of areas.filter((name) => name !== 'GL')) await lock(closer, area, 'close')
    const { items } = await get('/periods/2026-06/closings?entity=US1')
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({ closedBy: closer.actor })
    expect(items[0].balances).toContainEqual({
      accountId: 1010,
      amount: { currency: 'USD', minor: '200' },
      functional: { currency: 'USD', minor: '200' },
    })
    const [head] = (await get('/ledger/seals')).items
    expect(items[0].sealHash).toBe(head.hash)
  })

  test('what came later is listed', async () => {
    await postEntry(api.database.db, { ...june(), late: 'next-open' })
    const { items } = await get('/ledger/late-facts?entity=US1&period=2026-06')
    expect(items).toMatchObject([
      { factOn: '2026-06-15', effectiveOn: '2026-07-01', total: { currency: 'USD', minor: '100' } },
    ])
  })

  test('every lock stands in the audit trail with its reason, and the trail has seals too', async () => {
    const { items } = await get('/audit-events?subjectType=period&subjectId=US1/2026-06/GL')
    expect(items.map((row: { action: string }) => row.action)).toEqual([
      ...['close', 'reopen', 'close', 'soft-close'],
    ])
    expect(items[0]).toMatchObject({
      reason,
      before: { state: 'soft' },
      after: { state: 'closed' },
    })
    await api.database.db`SELECT seal_audit()`
    expect((await get('/ledger/seals?chain=audit')).items[0].hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each([
    ['/periods/2026-14/GL/close', { entity: 'US1' }, 422, 'InvalidInput'],
    ['/periods/2026-06/XX/close', { entity: 'US1' }, 422, 'InvalidInput'],
    ['/periods/2031-06/GL/close', { entity: 'US1' }, 404, 'NotFound'],
    ['/period-exceptions/exception-999/approval', {}, 404, 'NotFound'],
  ])('%s with %j is %i %s', async (url, body, status, code) => {
    expect((await send(closer, url, body)).json()).toMatchObject({ status, code })
  })
})

describe('exchange rates', () => {
  const rate = { from: 'EUR', to: 'USD', on: '2026-06-15', rate: '1.085', source: 'ECB' }

  test('are loaded once a day and source, exactly as they were sent', async () => {
    const loaded = await send(closer, '/exchange-rates', rate)
    expect(loaded.json()).toMatchObject({ ...rate, kind: 'spot' })
    expect((await send(other, '/exchange-rates', rate)).json()).toMatchObject({
      code: 'OutOfScope',
    })
    expect((await send(closer, '/exchange-rates', rate)).statusCode).toBe(409)
    const [row] = await api.database.db`SELECT rate_e9 FROM fx_rate`
    expect(row).toEqual({ rate_e9: 1_085_000_000n })
    expect((await get('/exchange-rates?from=EUR')).items).toMatchObject([rate])
  })

  test.each([
    [{ rate: '0' }, 'body.rate'],
    [{ rate: '-1' }, 'body.rate'],
    [{ rate: '1.0000000001' }, 'body.rate'],
    [{ to: 'EUR' }, 'body.to'],
  ])('%j is refused', async (wrong, field) => {
    const answer = await send(closer, '/exchange-rates', { ...rate, ...wrong })
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ field }] })
  })
})
