import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPeriods } from '#db/stores/ledger-periods'
import { credit, debit } from '#domain/ledger/journal'
import { entry, post } from '#tests/db/ledger-books'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let controller: Caller
beforeAll(async () => {
  api = await apiUnderTest()
  controller = await api.as('controller')
  const { admin, db } = api.database
  for (const entityId of [1, 2]) await openPeriods(admin, entityId, 2026)
  for (const amount of [100n, 250n, 9_007_199_254_740_993n])
    await post(db, entry({ entityId: 1 }, amount))
  const lines = [
    debit('ProcessorClearing', 700n, { openKey: 'ch_1', provider: 'stripe' }),
    credit('Capital', 700n),
  ]
  await post(db, entry({ entityId: 1, lines }))
  await post(db, entry({ entityId: 2, currency: 'EUR' }, 5n))
})
afterAll(() => api.close())

const get = (url: string, caller = controller) => caller({ method: 'GET', url })

describe('the books', () => {
  test('a trial balance sums to zero and keeps amounts beyond 2^53', async () => {
    const report = (await get('/v1/ledger/trial-balance?entity=US1&asOf=2026-12-31')).json()
    expect(report.total).toEqual({ currency: 'USD', minor: '0' })
    const bank = report.rows.find((row: { accountId: number }) => row.accountId === 1010)
    expect(bank.amount).toEqual({ currency: 'USD', minor: '9007199254741343' })
  })

  test('as known before the first entry it is empty', async () => {
    const known = encodeURIComponent('2020-01-01T00:00:00Z')
    const url = `/v1/ledger/trial-balance?entity=US1&asOf=2026-12-31&knownAt=${known}`
    expect((await get(url)).json().rows).toEqual([])
  })

  test('a figure drills down to its entries and to their lines', async () => {
    const page = (await get('/v1/ledger/entries?entity=US1&account=1110')).json()
    expect(page.items).toHaveLength(1)
    const [{ id }] = page.items
    const found = (await get(`/v1/ledger/entries/${id}`)).json()
    expect(found).toMatchObject({ entity: 'US1', sourceType: 'test' })
    expect(found.lines.map((line: { amount: object }) => line.amount)).toEqual([
      { currency: 'USD', minor: '700' },
      { currency: 'USD', minor: '-700' },
    ])
  })

  test('entries page newest first without doubles', async () => {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`
      const page = (await get(`/v1/ledger/entries?entity=US1&limit=1${from}`)).json()
      seen.push(...page.items.map((row: { id: string }) => row.id))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toHaveLength(4)
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => Number(b) - Number(a)))
  })

  test('an open item tells its balance, its age and how it came to be', async () => {
    const [item] = (await get('/v1/ledger/open-items?entity=US1&asOf=2026-06-25')).json().items
    expect(item).toMatchObject({
      key: 'ch_1',
      balance: { currency: 'USD', minor: '700' },
      ageDays: 10,
    })
    const movements = (await get(`/v1/ledger/open-items/${item.id}/movements`)).json().items
    expect(movements).toHaveLength(1)
  })

  test('a balance is by currency, and a result by channel', async () => {
    const balance = (await get('/v1/ledger/balances?entity=DE1&account=1010')).json()
    expect(balance.balances).toEqual([
      { amount: { currency: 'EUR', minor: '5' }, functional: { currency: 'EUR', minor: '5' } },
    ])
    const profit = (await get('/v1/ledger/profit?entity=US1&by=channel&asOf=2026-12-31')).json()
    expect(profit.total).toEqual({ currency: 'USD', minor: '0' })
  })

  test('the books of a company out of reach do not exist', async () => {
    const german = await api.as('controller', { entities: ['DE1'] })
    const [{ id }] = (await get('/v1/ledger/entries?entity=US1')).json().items
    for (const url of [
      '/v1/ledger/trial-balance?entity=US1&asOf=2026-12-31',
      '/v1/ledger/entries?entity=US1',
      `/v1/ledger/entries/${id}`,
      '/v1/ledger/open-items?entity=US1&asOf=2026-12-31',
      '/v1/ledger/open-items/1/movements',
      '/v1/ledger/balances?entity=US1&account=1010',
    ])
      expect((await get(url, german)).statusCode, url).toBe(404)
  })
})
