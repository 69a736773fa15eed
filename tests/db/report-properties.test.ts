import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { periodBalances, type BalanceScope } from '#db/queries/report-balances'
import { itemSales } from '#db/queries/report-margin'
import { waitingItems } from '#db/queries/report-open-items'
import { orderResults, resultWithoutOrder } from '#db/queries/report-orders'
import { stockMoves } from '#db/queries/report-stock'
import { openPeriods } from '#db/stores/ledger-periods'
import { credit, debit, journalEntry, type JournalEntryDraft } from '#domain/ledger/journal'
import { ageingReport } from '#domain/reports/ageing'
import { balanceSheetReport } from '#domain/reports/balance-sheet'
import { cashFlowReport } from '#domain/reports/cash-flow'
import type { Grain } from '#domain/reports/links'
import { marginBridgeReport } from '#domain/reports/margin-bridge-report'
import { orderProfitReport } from '#domain/reports/order-profit'
import { profitByReport } from '#domain/reports/profit-by'
import { profitAndLossReport } from '#domain/reports/profit-and-loss'
import type { Report } from '#domain/reports/report'
import { rollForwardReport, STOCK_ACCOUNTS } from '#domain/reports/roll-forward'
import { trialBalanceReport } from '#domain/reports/trial-balance'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { allSealed, openBooks, post } from './ledger-books.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_105)

let database: TestDatabase
let books = 0
beforeAll(async () => {
  database = await freshDatabase()
  const { admin } = database
  // Entries are looked at by themselves here: nobody keeps the stock that they are about.
  await admin`ALTER TABLE journal_line DISABLE TRIGGER are_layers`
  await admin`INSERT INTO item (sku, name) SELECT 'SKU-' || n, 'Item' FROM generate_series(1, 3) n`
})
afterAll(() => database.drop())

/** What may happen in a company; amounts at the edges of rounding, of several currencies. */
const event = fc.record({
  kind: fc.constantFrom(
    'sale',
    'sale',
    'sale',
    'return',
    'receipt',
    'fee',
    'paid',
    'rent',
    'recount',
    'landed',
    'dividend',
  ),
  on: fc
    .integer({ min: 0, max: 729 })
    .map((days) => new Date(Date.UTC(2025, 0, 1 + days)).toISOString().slice(0, 10)),
  item: fc.integer({ min: 1, max: 3 }),
  channel: fc.integer({ min: 0, max: 1 }),
  site: fc.integer({ min: 0, max: 1 }),
  order: fc.integer({ min: 1, max: 6 }),
  units: fc.bigInt(1n, 7n),
  price: fc.bigInt(1n, 40_000n),
  currency: fc.constantFrom('USD', 'USD', 'EUR', 'JPY'),
  rateE9: fc.constantFrom(1_085_000_001n, 333_333_333n, 3_250_000_000n),
})
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

interface Books {
  entityId: number
  channels: number[]
  sites: number[]
}

async function newBooks(): Promise<Books> {
  books += 1
  const { admin } = database
  const entityId = await openBooks(admin, `B${books}`)
  await openPeriods(admin, entityId, 2025)
  const channels = await admin<{ id: number }[]>`
    INSERT INTO channel (code, name, kind, entity_id, currency) SELECT 'c' || n || '-' || ${books}::int, 'c', 'b2b', ${entityId}, 'USD' FROM generate_series(1, 2) n RETURNING id`
  const sites = await admin<{ id: number }[]>`
    INSERT INTO site (entity_id, code, name, kind, country) SELECT ${entityId}, 's' || n || '-' || ${books}::int, 's', 'own', 'US' FROM generate_series(1, 2) n RETURNING id`
  const ids = (rows: { id: number }[]) => rows.map(({ id }) => id)
  return { entityId, channels: ids(channels), sites: ids(sites) }
}

function draftOf({ entityId, channels, sites }: Books, one: Event, key: string): JournalEntryDraft {
  const { kind, units, price, item, order } = one
  const siteId = sites[one.site]!
  const sold = {
    ...{ orderId: BigInt(order), orderLineId: BigInt(order), channelId: channels[one.channel]! },
    ...{ itemId: item, siteId, segment: one.site === 0 ? 'retail' : 'b2b' },
  }
  const layer = { itemId: item, siteId, condition: 'sellable', layerId: 1n }
  const cost = (units * price) / 3n + 1n
  const usd = { currency: 'USD' }
  const foreign = kind === 'sale' || kind === 'return' || kind === 'paid'
  const owed = { openKey: `order/${order}`, orderId: BigInt(order), party: 'customer/1' }
  const lines = {
    sale: [
      debit('Receivables', units * price, owed),
      credit('ProductSales', units * price, { ...sold, qty: -units }),
      debit('CostOfGoodsSold', cost, { ...sold, ...usd, qty: units }),
      credit('Inventory', cost, { ...layer, ...usd, qty: -units }),
      debit('FreightOut', price / 7n, { ...sold, ...usd }),
      credit('FreightOutAccrual', price / 7n, { ...usd, openKey: key, party: 'carrier/1' }),
    ],
    return: [
      debit('Returns', price, sold),
      credit('Receivables', price, owed),
      debit('Quarantine', cost, { ...layer, ...usd, condition: 'quarantine', qty: units }),
      credit('CostOfGoodsSold', cost, { ...sold, ...usd, qty: -units }),
    ],
    receipt: [
      debit('Inventory', cost, { ...layer, qty: units }),
      credit('Payables', cost, { openKey: key, party: 'supplier/1' }),
    ],
    fee: [debit('Commission', price, sold), credit('Bank', price)],
    paid: [debit('Bank', price), credit('Receivables', price, owed)],
    rent: [debit('StorageAndSubscription', price), credit('Bank', price)],
    recount: [
      debit('CountGainOrLoss', cost, { itemId: item, siteId }),
      credit('Inventory', cost, { ...layer, qty: -units }),
    ],
    landed: [
      debit('Inventory', price, layer),
      credit('Payables', price, { openKey: key, party: 'supplier/1' }),
    ],
    dividend: [debit('RetainedEarnings', price), credit('Bank', price)],
  }[kind]
  const money = { currency: foreign ? one.currency : 'USD', functionalCurrency: 'USD' }
  return journalEntry({
    ...{ entityId, area: 'GL' as const, effectiveOn: one.on, key, lines, actor: 'tester' },
    ...{ eventType: EVENT_TYPES[kind] ?? kind, sourceType: 'test', sourceId: key },
    ...money,
    ...(money.currency !== 'USD' && { rateE9: one.rateE9 }),
  })
}
const EVENT_TYPES: Record<string, string> = { sale: 'goods-shipped', receipt: 'goods-received' }

/** Moves the result of 2025 into retained earnings, as a year's end does (row 33). */
async function endYear(entityId: number): Promise<void> {
  const scope = { entityId, from: '2025-01-01', to: '2025-12-31', horizon: undefined }
  const result = await periodBalances(database.db, { ...scope, result: true })
  const minor = result.reduce((all, row) => all + row.movementFuncMinor, 0n)
  if (minor === 0n) return
  // Operating costs carry no dimensions, so that one line does for the whole of it.
  const draft = journalEntry({
    ...{ entityId, area: 'GL', effectiveOn: '2025-12-31', key: `year/${entityId}` },
    ...{ eventType: 'year-ended', sourceType: 'test', sourceId: 'y', actor: 'x', currency: 'USD' },
    lines: [debit('RetainedEarnings', minor), credit('Advertising', minor)],
  })
  await post(database.admin, draft)
}

const linkTo = () => '/v1/ledger/lines'
const frameOf = (from: string, asOf: string) => ({
  ...{ entity: 'B', currency: 'USD', from, asOf, asKnown: null },
})
const broken = ({ name, checks }: Report) =>
  checks.filter((one) => one.differenceMinor !== 0n).map((one) => [name, one])

/** Every report of a period, whose checks say whether it ties. */
async function allReports(scope: BalanceScope, earlier: BalanceScope): Promise<Report[]> {
  const { db } = database
  const frame = frameOf(scope.from, scope.to)
  const ofYear = { ...scope, from: `${scope.to.slice(0, 4)}-01-01` }
  const whole = await periodBalances(db, scope)
  const result = await periodBalances(db, { ...scope, result: true })
  const marginOf = async (of: BalanceScope) => ({
    sales: await itemSales(db, of),
    balances: await periodBalances(db, { ...of, result: true }),
  })
  const [before, now] = [await marginOf(earlier), await marginOf(scope)]
  const days = { from: earlier.from, to: earlier.to }
  const compared = { ...days, balances: before.balances }
  const withoutOrder = await resultWithoutOrder(db, scope)
  const open = async (name: string, accounts: number[]) => {
    const asOf = scope.to
    const items = await waitingItems(db, { ...scope, accounts, asOf })
    const own = whole.filter((row) => accounts.includes(row.accountId))
    return ageingReport(frame, { name, title: name, turned: false, most: 2 }, items, own, linkTo)
  }
  const byGrains = (['channel', 'item', 'segment', 'site', 'promotion'] as const).map(
    async (by: Grain) => {
      const balances = await periodBalances(db, { ...scope, by, result: true })
      return profitByReport(frame, by, { balances, whole: result }, linkTo, {})
    },
  )
  const stock = whole.filter((row) => STOCK_ACCOUNTS.includes(row.accountId))
  const moves = await stockMoves(db, scope)
  const against = { balances: stock, layers: undefined }
  const orders = await orderResults(db, scope, 2)
  return [
    trialBalanceReport(frame, whole, linkTo, true),
    profitAndLossReport(frame, result, compared, linkTo, {}),
    ...(await Promise.all(byGrains)),
    balanceSheetReport(frameOf(ofYear.from, scope.to), await periodBalances(db, ofYear), linkTo),
    cashFlowReport(frame, whole, result, linkTo),
    await open('aged-receivables', [1200]),
    await open('aged-payables', [2010, 2040]),
    rollForwardReport(frame, moves, against, linkTo, 2),
    orderProfitReport(frame, orders, { withoutOrder, whole: result }, linkTo, {}),
    marginBridgeReport(frame, days, before, now, linkTo, {}),
  ]
}

const day = fc
  .integer({ min: 0, max: 729 })
  .map((days) => new Date(Date.UTC(2025, 0, 1 + days)).toISOString().slice(0, 10))
const period = fc.tuple(day, day).map(([a, b]) => (a < b ? [a, b] : [b, a]) as [string, string])

describe('whatever happens in a company', () => {
  test('every report of any period ties, with and without the totals of a day', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 40 }),
        fc.array(event, { maxLength: 10 }),
        period,
        period,
        async (early, late, [from, to], [otherFrom, otherTo]) => {
          const own = await newBooks()
          await post(database.admin, ...early.map((one, n) => draftOf(own, one, `early/${n}`)))
          const scope = { entityId: own.entityId, from, to, horizon: undefined }
          const earlier = { ...scope, from: otherFrom, to: otherTo }
          const fromLines = await allReports(scope, earlier)
          await taken()
          const fromTotals = await allReports(scope, earlier)
          expect(fromTotals).toEqual(fromLines)
          expect(fromLines.flatMap(broken)).toEqual([])
          if (late.length > 0)
            await post(database.admin, ...late.map((one, n) => draftOf(own, one, `late/${n}`)))
          await endYear(own.entityId)
          const mixed = await allReports(scope, earlier)
          expect(mixed.flatMap(broken)).toEqual([])
        },
      ),
      { seed, numRuns: 12 },
    )
    const proof = ledgerProofs.filter(({ name }) => name === 'PROJ-DAY')
    expect((await runProofs(database.admin, proof)).flatMap(({ broken: rows }) => rows)).toEqual([])
  }, 120_000)

  test('what was known at an instant is told again after more became known', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 15 }),
        fc.array(event, { minLength: 1, maxLength: 15 }),
        period,
        async (early, late, [from, to]) => {
          const own = await newBooks()
          await post(database.admin, ...early.map((one, n) => draftOf(own, one, `early/${n}`)))
          await allSealed(database)
          const [seal] = await database.db<{ horizon: string }[]>`
            SELECT max(to_xid)::text AS horizon FROM seal`
          const scope = { entityId: own.entityId, from, to, horizon: seal!.horizon }
          const then = await allReports(scope, scope)
          await post(database.admin, ...late.map((one, n) => draftOf(own, one, `late/${n}`)))
          await taken()
          expect(await allReports(scope, scope)).toEqual(then)
        },
      ),
      { seed, numRuns: 6 },
    )
  }, 120_000)
})

/** Takes the totals until all entries are in them; others of the server may hold the horizon back. */
async function taken(): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    await database.admin`SELECT take_ledger_days(1)`
    const open = await database.admin`
      SELECT 1 FROM journal_entry WHERE xid >= (SELECT coalesce(max(upto_xid), '0') FROM ledger_day_run)`
    if (open.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the horizon does not move')
}
