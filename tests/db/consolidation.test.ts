import { afterAll, beforeAll, expect, test } from 'vitest'
import { consolidatedTrialBalance } from '#db/queries/consolidation'
import { sum } from '#domain/money'
import { credit, debit } from '#domain/ledger/journal'
import { closingCompany } from '#tests/support/closing'
import { closeVerbs } from '#tests/support/close-verbs'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { entry, post } from './ledger-books.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

const rate = (from: string, to: string, on: string, kind: string, rateE9: bigint) =>
  database.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, kind, rate_e9, source) VALUES (${from}, ${to}, ${on}, ${kind}, ${rateE9}, 'test')`

// scribd.com/document/580421037, P. A. Apostol, "Foreign Currency Translation", Don Honorio
// Ventura State University: net assets of 637,500 Singapore dollars; shares of 345,000 at 45;
// earned 240,000 at 43.75 less a dividend of 15,000 at 40, then 67,500 at 45; closing rate 47.5.
// Its years are ours one after the other, so that both lie in the periods of the test.
test('a subsidiary is translated as in the textbook, and what that leaves is the translation difference', async () => {
  const { entityId, entity } = await closingCompany(database.admin, { currency: 'SGD' })
  await database.admin`SELECT open_periods(${entityId}, 2025)`
  const books = { entityId, currency: 'SGD' }
  const on = (effectiveOn: string, lines: Parameters<typeof entry>[0]['lines']) =>
    entry({ ...books, effectiveOn, lines: lines! })
  await post(
    database.db,
    on('2025-01-01', [debit('Bank', 345_000_00n), credit('Capital', 345_000_00n)]),
    on('2025-06-15', [debit('Bank', 240_000_00n), credit('ClaimsGain', 240_000_00n)]),
    on('2025-09-12', [debit('RetainedEarnings', 15_000_00n), credit('Bank', 15_000_00n)]),
    on('2026-06-15', [debit('Bank', 67_500_00n), credit('ClaimsGain', 67_500_00n)]),
  )
  await rate('SGD', 'PHP', '2025-01-01', 'spot', 45_000_000_000n)
  await rate('SGD', 'PHP', '2025-09-12', 'spot', 40_000_000_000n)
  await rate('SGD', 'PHP', '2025-06-30', 'average', 43_750_000_000n)
  await rate('SGD', 'PHP', '2026-06-30', 'average', 45_000_000_000n)
  await rate('SGD', 'PHP', '2026-12-31', 'closing', 47_500_000_000n)
  const companies = [{ id: entityId, code: entity, functionalCurrency: 'SGD' }]
  const asked = { companies, currency: 'PHP', asOf: '2026-12-31' }
  const { rows, unmatchedMinor } = await consolidatedTrialBalance(database.db, asked)
  const by = Object.fromEntries(rows.map((row) => [row.code, row.consolidatedMinor]))
  expect(by).toEqual({
    1010: 30_281_250_00n,
    3100: -15_525_000_00n,
    // 10,500,000 less the dividend of 600,000.
    3200: -9_900_000_00n,
    3300: -1_818_750_00n,
    4060: -3_037_500_00n,
  })
  expect(sum(Object.values(by))).toBe(0n)
  expect(unmatchedMinor).toBe(0n)
})

test('what companies owe each other is taken out, and what they do not agree on is shown', async () => {
  const one = await closingCompany(database.admin)
  const other = await closingCompany(database.admin)
  const owes = (party: string, minor: bigint) => [
    debit('IntercompanyReceivable', minor, { party }),
    credit('Capital', minor),
  ]
  const owed = (party: string, minor: bigint) => [
    debit('Prepaid', minor),
    credit('IntercompanyPayable', minor, { party }),
  ]
  const on = { effectiveOn: '2026-10-10' }
  const [toOther, toOne] = [`entity/${other.entity}`, `entity/${one.entity}`]
  await post(database.db, entry({ entityId: one.entityId, ...on, lines: owes(toOther, 100_00n) }))
  await post(database.db, entry({ entityId: other.entityId, ...on, lines: owed(toOne, 90_00n) }))
  const companies = [one, other].map(({ entityId: id, entity: code }) => ({
    ...{ id, code },
    functionalCurrency: 'USD',
  }))
  const ask = () =>
    consolidatedTrialBalance(database.db, { companies, currency: 'USD', asOf: '2026-10-31' })
  const apart = await ask()
  expect(apart.unmatchedMinor).toBe(10_00n)
  const row = apart.rows.find(({ code }) => code === '1900')!
  expect(row).toMatchObject({ eliminatedMinor: -100_00n, consolidatedMinor: 0n })
  const close = await closeVerbs(database, { entity: one.entity, period: '2026-10' })
  expect(await close.task('intercompany-zero')).toMatchObject({
    state: 'red',
    atRiskMinor: 10_00n,
  })
  await post(database.db, entry({ entityId: other.entityId, ...on, lines: owed(toOne, 10_00n) }))
  expect((await ask()).unmatchedMinor).toBe(0n)
  await close.run('checkPeriodClose', {})
  expect((await close.task('intercompany-zero')).state).toBe('green')
})
