import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { trialBalance } from '#db/queries/ledger-reports'
import { openItem } from '#db/stores/ledger-open-items'
import { accountName } from '#domain/ledger/chart'
import { credit, debit, journalEntry, realisedDifference } from '#domain/ledger/journal'
import { approvePeriodException, requestPeriodException } from '#db/stores/ledger-periods'
import type { Tx } from '#db/client'
import { closingCompany, setClosePolicy } from '#tests/support/closing'
import { closeVerbs } from '#tests/support/close-verbs'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { expectProofs } from '#tests/support/proofs'
import { entry, post } from './ledger-books.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())
afterEach(() => expectProofs(database.admin))

const OCTOBER = '2026-10'

async function aCompany(policy: Parameters<typeof setClosePolicy>[2] = {}) {
  const company = await closingCompany(database.admin)
  await setClosePolicy(database.admin, company.entityId, policy)
  return company
}

async function setRate(on: string, rateE9: bigint, kind = 'closing', from = 'EUR', to = 'USD') {
  await database.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, kind, rate_e9, source) VALUES (${from}, ${to}, ${on}, ${kind}, ${rateE9}, 'test')
    ON CONFLICT DO NOTHING`
}

/** Functional balance of one account up to a day, debit above zero. */
async function balance(entityId: number, account: string, asOf: string): Promise<bigint> {
  const rows = await trialBalance(database.db, { entityId, asOf })
  return rows
    .filter(({ accountId }) => accountName(accountId) === account)
    .reduce((all, { funcMinor }) => all + funcMinor, 0n)
}

const item = { openKey: 'bill/1', party: 'supplier/1' }

/** Something bought in euros on this day, to be paid later. */
async function bought(entityId: number, amountMinor: bigint, rateE9: bigint, on = '2026-10-20') {
  const lines = [debit('Prepaid', amountMinor), credit('Payables', amountMinor, item)]
  const rates = { currency: 'EUR', functionalCurrency: 'USD', rateE9 }
  await post(database.db, entry({ entityId, effectiveOn: on, ...rates, lines }))
}

/** What is open of it is paid from a bank account in dollars. */
async function paid(entityId: number, rateE9: bigint, on: string) {
  const open = { entityId, account: 'Payables' as const, currency: 'EUR', key: item.openKey }
  const { balanceMinor, funcMinor } = (await openItem(database.db, open))!
  const worth = (-balanceMinor * rateE9) / 1_000_000_000n
  await post(
    database.db,
    journalEntry({
      ...entry({ entityId }),
      effectiveOn: on,
      ...{ currency: 'EUR', functionalCurrency: 'USD', rateE9, key: `paid/${entityId}/${on}` },
      lines: [
        debit('Payables', -balanceMinor, { ...item, funcMinor: -funcMinor }),
        credit('Bank', worth, { currency: 'USD' }),
        realisedDifference(),
      ],
    }),
  )
}

describe('a payable over a period end (published examples)', () => {
  // expertsmind.com, question 5148793: Wall Company owes 500,000 FC, bought at 0.30, 0.33 at the
  // year's end, paid at 0.315: a loss of 15,000, then a gain of 7,500.
  const wall = { owed: 500_000_00n, bought: 300_000_000n, end: 330_000_000n, paid: 315_000_000n }
  // forexeasy360.blogspot.com, April 2013: 20,000 euros bought at 25,000, worth 22,000 on
  // December 31, paid at 24,000: a gain of 3,000, then a loss of 2,000.
  const widgets = {
    ...{ owed: 20_000_00n, bought: 1_250_000_000n, end: 1_100_000_000n, paid: 1_200_000_000n },
  }

  test.each([
    ['Wall Company, taken back on day one', 'reverse', wall, 15_000_00n, 7_500_00n],
    ['Wall Company, carried', 'carry', wall, 15_000_00n, 7_500_00n],
    ['widgets, taken back on day one', 'reverse', widgets, -3_000_00n, -1_000_00n],
    ['widgets, carried', 'carry', widgets, -3_000_00n, -1_000_00n],
  ] as const)('%s', async (_name, fxRevaluation, facts, unrealised, lifetime) => {
    const { entityId, entity } = await aCompany({ fxRevaluation })
    await bought(entityId, facts.owed, facts.bought)
    // Each company has rates of its own currency pair only once, so the day's newest counts.
    await database.admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, kind, rate_e9, source) VALUES ('EUR', 'USD', '2026-10-31', 'closing', ${facts.end}, ${entity})`
    const close = await closeVerbs(database, { entity, period: OCTOBER })
    expect((await close.task('fx-revalued')).state).toBe('red')
    await close.run('postCloseTask', { task: 'fx-revalued' })
    expect((await close.task('fx-revalued')).state).toBe('green')
    expect(await balance(entityId, 'UnrealisedFx', '2026-10-31')).toBe(unrealised)
    expect(await balance(entityId, 'Prepaid', '2026-10-31')).toBe(
      (facts.owed * facts.bought) / 1_000_000_000n,
    )
    // Twice is once.
    await close.run('postCloseTask', { task: 'fx-revalued' })
    expect(await balance(entityId, 'UnrealisedFx', '2026-10-31')).toBe(unrealised)
    const carried = fxRevaluation === 'carry'
    expect(await balance(entityId, 'UnrealisedFx', '2026-11-01')).toBe(carried ? unrealised : 0n)

    await paid(entityId, facts.paid, '2026-11-15')
    const realised = await balance(entityId, 'RealisedFx', '2026-11-30')
    expect(realised).toBe(carried ? lifetime - unrealised : lifetime)
    // FX-LIFE: over its life what was settled less what was booked, however it came.
    expect(realised + (await balance(entityId, 'UnrealisedFx', '2026-11-30'))).toBe(lifetime)
    expect(await balance(entityId, 'Payables', '2026-11-30')).toBe(0n)
  })
})

test('rows 28b and 30: what moves again is revalued by its difference; a deposit never is', async () => {
  const { entityId, entity } = await aCompany()
  await setRate('2026-09-30', 930_000_000n)
  await bought(entityId, 10_000_00n, 910_000_000n, '2026-09-10')
  // Money paid in for goods is owed in goods (IFRIC 22): 500.00 at 1.10 stay 550.00.
  const paidIn = [debit('Prepaid', 500_00n), credit('StoreCredit', 500_00n, { openKey: 'c/1' })]
  const euros = { currency: 'EUR', functionalCurrency: 'USD', rateE9: 1_100_000_000n }
  await post(database.db, entry({ entityId, effectiveOn: '2026-09-11', ...euros, lines: paidIn }))
  const close = await closeVerbs(database, { entity, period: '2026-09' })
  await close.run('postCloseTask', { task: 'fx-revalued' })
  expect(await balance(entityId, 'UnrealisedFx', '2026-09-30')).toBe(200_00n)
  await bought(entityId, 1_000_00n, 900_000_000n, '2026-09-30')
  await close.run('checkPeriodClose', {})
  expect((await close.task('fx-revalued')).state).toBe('red')
  await close.run('postCloseTask', { task: 'fx-revalued' })
  expect(await balance(entityId, 'UnrealisedFx', '2026-09-30')).toBe(230_00n)
  expect(await balance(entityId, 'StoreCredit', '2026-09-30')).toBe(-550_00n)
  expect(await balance(entityId, 'UnrealisedFx', '2026-10-01')).toBe(0n)
})

test('row 15: the allowance is set to what the ages say, and lowered where they say less', async () => {
  const creditLoss = [
    { fromDays: 0, ppm: 10_000 },
    { fromDays: 30, ppm: 100_000 },
  ]
  const { entityId, entity } = await aCompany({ creditLoss })
  const sold = (key: string, on: string, minor: bigint) =>
    entry({
      ...{ entityId, effectiveOn: on },
      lines: [debit('Receivables', minor, { openKey: key }), credit('Capital', minor)],
    })
  await post(database.db, sold('a', '2026-10-20', 1_000_00n), sold('b', '2026-08-01', 500_00n))
  const close = await closeVerbs(database, { entity, period: OCTOBER })
  await close.run('postCloseTask', { task: 'credit-loss' })
  expect(await balance(entityId, 'CreditLossAllowance', '2026-10-31')).toBe(-60_00n)
  expect(await balance(entityId, 'BadDebt', '2026-11-01')).toBe(60_00n)
  const paidLate = [debit('Bank', 500_00n), credit('Receivables', 500_00n, { openKey: 'b' })]
  await post(database.db, entry({ entityId, effectiveOn: '2026-10-30', lines: paidLate }))
  await close.run('postCloseTask', { task: 'credit-loss' })
  expect(await balance(entityId, 'CreditLossAllowance', '2026-10-31')).toBe(-10_00n)
})

test('costs go to channels by their rule, by largest remainder, and what comes later goes the same way', async () => {
  const share = (channel: string, ppm: number) => ({ account: 6070, channel, ppm })
  const rule = { ruleId: 'ads-by-sales', fromAccount: 6070 }
  const { entityId, entity } = await aCompany()
  const codes = ['one', 'two'].map((name) => `${name}-${entity.toLowerCase()}`)
  for (const code of codes)
    await database.admin`INSERT INTO channel (code, name, kind, entity_id, currency) VALUES (${code}, ${code}, 'b2b', ${entityId}, 'USD')`
  const shares = [share(codes[0]!, 333_333), share(codes[1]!, 666_667)]
  await setClosePolicy(database.admin, entityId, { allocations: [{ ...rule, shares }] })
  const ads = (minor: bigint) =>
    entry({
      ...{ entityId, effectiveOn: '2026-10-09' },
      lines: [debit('Advertising', minor), credit('Bank', minor)],
    })
  await post(database.db, ads(100_00n))
  const close = await closeVerbs(database, { entity, period: OCTOBER })
  await close.run('postCloseTask', { task: 'allocations' })
  await post(database.db, ads(1n))
  await close.run('postCloseTask', { task: 'allocations' })
  const rows = await database.db<{ code: string | null; minor: bigint }[]>`
    SELECT c.code, sum(l.func_minor)::bigint AS minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id LEFT JOIN channel c ON c.id = l.channel_id
    WHERE e.entity_id = ${entityId} AND l.account_id = 6070 GROUP BY 1 HAVING sum(l.func_minor) <> 0 ORDER BY 1`
  expect(rows.map(({ minor }) => minor)).toEqual([33_33n, 66_68n])
})

test('a judgement posts with its review, is taken back on day one, and another preparation voids it', async () => {
  const { entityId, entity } = await aCompany()
  const close = await closeVerbs(database, { entity, period: OCTOBER })
  const lines = [
    { accountId: 6070, amountMinor: '300000' },
    { accountId: 2050, amountMinor: '-300000' },
  ]
  const wrong = { task: 'manual-accruals', note: 'ads', lines: [lines[0]!] }
  await expect(close.run('prepareCloseTask', wrong)).rejects.toMatchObject({
    code: 'JudgementRefused',
  })
  await close.run('prepareCloseTask', { task: 'manual-accruals', note: 'ads', lines })
  const first = (await close.task('manual-accruals')).preparationId
  await close.run('prepareCloseTask', { task: 'manual-accruals', note: 'ads of October', lines })
  const outdated = { preparationId: `${first}` }
  await expect(close.run('reviewCloseTask', outdated, 'rita')).rejects.toMatchObject({
    code: 'UnknownPreparation',
  })
  const { preparationId } = await close.task('manual-accruals')
  await close.run('reviewCloseTask', { preparationId: `${preparationId}` }, 'rita')
  // Row 31: 3,000 in October; the bill of 3,120 leaves 120 in November.
  expect(await balance(entityId, 'Advertising', '2026-10-31')).toBe(3_000_00n)
  const bill = [debit('Advertising', 3_120_00n), credit('Bank', 3_120_00n)]
  await post(database.db, entry({ entityId, effectiveOn: '2026-11-09', lines: bill }))
  expect(await balance(entityId, 'Advertising', '2026-11-30')).toBe(3_120_00n)
  expect(await balance(entityId, 'OtherAccruals', '2026-11-30')).toBe(0n)
})

test('a late bill is accrued and taken back, or left to the next period, and is not listed again', async () => {
  const { entityId, entity } = await aCompany()
  await database.admin`
    INSERT INTO supplier (entity_id, code, name, country, currency, state, created_by, approved_by) VALUES (${entityId}, ${entity}, 'Late', 'US', 'USD', 'approved', 'a', 'b')`
  const bill = (number: string) => database.admin`
    INSERT INTO vendor_bill (entity_id, supplier_id, workflow_id, bill_number, normal_number, billed_on, due_on, currency, net_minor, tax_minor, gross_minor, source, captured_by)
    SELECT ${entityId}, id, ${`vendor-bill/${entity}/${number}`}, ${number}, ${number}, '2026-10-30', '2026-11-30', 'USD', 50000, 0, 50000, 'typed', 'x' FROM supplier WHERE code = ${entity}`
  await bill('L1')
  await bill('L2')
  const close = await closeVerbs(database, { entity, period: OCTOBER })
  const { cases } = await close.run('checkPeriodClose', {})
  expect(cases.map(({ type }) => type)).toEqual(['close-late-bill', 'close-late-bill'])
  const accrue = { account: 6030, amountMinor: '50000' }
  const first = { caseId: cases[0]!.id, resolution: 'accrue' as const, params: accrue }
  await close.run('resolveCloseCase', first)
  expect(await balance(entityId, 'StorageAndSubscription', '2026-10-31')).toBe(500_00n)
  expect(await balance(entityId, 'StorageAndSubscription', '2026-11-01')).toBe(0n)
  const params = { reason: 'of November' }
  const second = { caseId: cases[1]!.id, resolution: 'next-period' as const, params }
  expect((await close.run('resolveCloseCase', second)).cases).toEqual([])
  expect((await close.task('bills-posted')).state).toBe('green')
})

// docs.google.com/document/d/1Ll49ulxFD8-Vz_rrHYY0btlULfSxaJTcCGbuQm7LSKo, "Entity R": sales
// 150,000, costs 80,000, 20,000, 15,000 and 5,000; retained earnings go from 42,000 to 72,000.
test('a year is closed as in the textbook: results are zero, retained earnings moved by them', async () => {
  const { entityId, entity } = await aCompany()
  const on = (lines: Parameters<typeof entry>[0]['lines']) =>
    entry({ entityId, effectiveOn: '2026-12-15', lines: lines! })
  await post(
    database.db,
    on([debit('Bank', 42_000_00n), credit('RetainedEarnings', 42_000_00n)]),
    on([debit('Bank', 150_000_00n), credit('ClaimsGain', 150_000_00n)]),
    on([debit('BadDebt', 80_000_00n), credit('Bank', 80_000_00n)]),
    on([debit('Advertising', 20_000_00n), credit('Bank', 20_000_00n)]),
    on([debit('StorageAndSubscription', 15_000_00n), credit('Bank', 15_000_00n)]),
    on([debit('SettlementDifference', 5_000_00n), credit('Bank', 5_000_00n)]),
  )
  const year = await closeVerbs(database, { entity, period: '2026-13' })
  await expect(year.run('postCloseTask', { task: 'year-closed' })).rejects.toMatchObject({
    code: 'CloseTaskWaits',
  })
  const december = await closeVerbs(database, { entity, period: '2026-12' })
  await december.signAll()
  await december.lockAll()
  await year.run('checkPeriodClose', {})
  await year.run('prepareCloseTask', { task: 'year-adjustments', note: 'none' })
  const { preparationId } = await year.task('year-adjustments')
  await year.run('reviewCloseTask', { preparationId: `${preparationId}` }, 'rita')
  const areas = ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL'] as const
  const approvalId = await database.db.begin(async (begun) => {
    const tx = begun as unknown as Tx
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const asked = { entityId, period: '2026-13', areas, reason: 'year end', until }
    const name = await requestPeriodException(tx, { ...asked, requestedBy: 'petra' })
    await approvePeriodException(tx, name, 'anna')
    return name
  })
  await expect(year.run('postCloseTask', { task: 'year-closed' })).rejects.toMatchObject({
    code: 'PeriodClosed',
  })
  await year.run('postCloseTask', { task: 'year-closed', approvalId })
  await year.run('postCloseTask', { task: 'year-closed', approvalId })
  const after = await trialBalance(database.db, { entityId, asOf: '2026-12-31' })
  const left = after.filter(({ class: kind }) => kind === 'income' || kind === 'expense')
  expect(left).toEqual([])
  expect(await balance(entityId, 'RetainedEarnings', '2026-12-31')).toBe(-72_000_00n)
  await year.signAll()
  await year.lockAll()
  // Nobody else may write a line that is about a whole year.
  const forged = entry({
    entityId,
    lines: [debit('Returns', 1n, { belongsTo: '2026' }), credit('Bank', 1n)],
  })
  await expect(post(database.db, forged)).rejects.toMatchObject({
    constraint_name: 'journal_line_dimensions',
  })
})
