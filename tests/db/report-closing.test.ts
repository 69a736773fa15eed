import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitOnce } from '#db/commit-once'
import { sinceClosing } from '#db/queries/report-closing'
import { waitingItems } from '#db/queries/report-open-items'
import { closeArea } from '#db/stores/ledger-periods'
import type { LedgerArea } from '#domain/ledger/journal'
import { credit, debit } from '#domain/ledger/journal'
import { closedAndKnownReport } from '#domain/reports/closed-and-known'
import type { MoneyCell } from '#domain/reports/report'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { entry, openBooks, post } from './ledger-books.ts'

let database: TestDatabase
let entityId: number
beforeAll(async () => {
  database = await freshDatabase()
  entityId = await openBooks(database.admin, 'US')
})
afterAll(() => database.drop())

const AREAS: LedgerArea[] = ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL']
const horizon = undefined

async function close(period: string): Promise<void> {
  for (const area of AREAS)
    await commitOnce(
      database.db,
      { key: `${period}/${area}`, request: {}, actor: 'x' },
      async (tx) => {
        await closeArea(tx, {
          entityId,
          period,
          area,
          actor: 'closer',
          reason: 'month end',
        } as never)
        return {}
      },
    )
}

test('a month that is not closed has nothing to be compared with', async () => {
  expect(await sinceClosing(database.db, { entityId, period: '2026-06', horizon })).toBeUndefined()
})

test('a late fact stands beside the month that it belongs to, and names its entry', async () => {
  await post(database.db, entry({ entityId, effectiveOn: '2026-06-10' }, 500n))
  await close('2026-06')
  const late = entry({ entityId, effectiveOn: '2026-06-20', late: 'next-open' }, 70n)
  const [entryId] = await post(database.db, late)
  await post(database.db, entry({ entityId, effectiveOn: '2026-07-03' }, 1n))

  const since = await sinceClosing(database.db, { entityId, period: '2026-06', horizon })
  const frame = {
    entity: 'US',
    currency: 'USD',
    from: '2026-06-01',
    asOf: '2026-06-30',
    asKnown: null,
  }
  const report = closedAndKnownReport(frame, '2026-06', since!, (id) => `/v1/ledger/entries/${id}`)
  expect(report.checks.filter(({ differenceMinor }) => differenceMinor !== 0n)).toEqual([])
  const minor = (cell: unknown) => (cell as MoneyCell).minor
  const [bank] = report.rows
  expect(bank!.cells['account']).toBe('1010')
  expect(['closed', 'reopened', 'late', 'known'].map((key) => minor(bank!.cells[key]))).toEqual([
    ...[500n, 0n, 70n, 570n],
  ])
  const fact = report.rows.at(-1)!
  expect(fact.cells).toMatchObject({ factOn: '2026-06-20', effectiveOn: '2026-07-01' })
  expect(fact.cells['entry']).toMatchObject({ minor: 70n, lines: `/v1/ledger/entries/${entryId}` })
})

test('what was paid since waited then', async () => {
  const openKey = 'order/9'
  const owed = [
    debit('Receivables', 900n, { openKey, party: 'customer/1' }),
    credit('Capital', 900n),
  ]
  const paid = [debit('Bank', 900n), credit('Receivables', 900n, { openKey })]
  await post(database.db, entry({ entityId, effectiveOn: '2026-07-05', lines: owed }))
  await post(database.db, entry({ entityId, effectiveOn: '2026-08-05', lines: paid }))
  const ask = { entityId, accounts: [1200], horizon }
  const asOf = async (day: string) => waitingItems(database.db, { ...ask, asOf: day })
  expect(await asOf('2026-08-04')).toMatchObject([
    { key: openKey, who: 'customer/1', openedOn: '2026-07-05', ageDays: 30, funcMinor: 900n },
  ])
  expect(await asOf('2026-08-05')).toEqual([])
  expect(await asOf('2026-07-04')).toEqual([])
})
