import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { uciDay } from '#tests/fixtures/uci-day'
import { foundCompany } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { importFiles } from '#tools/import'
import type { ImportSummary } from '#tools/import-run'

const shared = join(import.meta.dirname, '../../../shared/data/uci-online-retail/by-day')
let database: TestDatabase
let entriesBefore: bigint
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-uci-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  database = await freshDatabase()
  const { entityId } = await foundCompany(database.admin)
  await database.admin`
    INSERT INTO channel (code, name, kind, entity_id, currency) VALUES ('uci-wholesale', 'Past orders', 'import', ${entityId}, 'GBP')`
  await database.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('GBP', 'USD', '2010-12-01', 1560000000, 'test')`
  entriesBefore = (await stored())['entries']!
  return () => database.drop()
})

/** As `npm run import -- <day>.csv` does without any option. */
const run = (files: string[]): Promise<ImportSummary> =>
  importFiles(
    { files, format: 'auto', itemFacts: {}, costPercent: 60, actor: 'test' },
    { db: database.db, temporal: () => Promise.reject(new Error('a past order has no process')) },
  )

async function stored() {
  const [row] = await database.admin<Record<string, bigint>[]>`
    SELECT (SELECT count(*) FROM sales_order) AS orders, (SELECT count(*) FROM sales_order_line) AS lines,
      (SELECT count(*) FROM sales_order_line WHERE item_id IS NULL AND requires_shipping) AS "withoutItem",
      (SELECT count(*) FROM external_ref WHERE type = 'history-cancellation') AS matched,
      (SELECT count(*) FROM history_cancellation WHERE order_line_id IS NULL) AS unmatched,
      (SELECT count(*) FROM item WHERE class = 'imported') AS items, (SELECT count(*) FROM journal_entry) AS entries,
      (SELECT sum(total_minor)::bigint FROM sales_order) AS total,
      (SELECT sum(goods_minor - discount_minor + shipping_minor + tax_minor)::bigint FROM sales_order_line) AS worth`
  return row!
}

test('a day of a wholesaler is imported whole: orders, items, and what was given back', async () => {
  const day = uciDay()
  const path = join(folder, '2010-12-01.csv')
  await writeFile(path, day.csv)
  const summary = await run([path])
  expect(summary.rows).toMatchObject({
    total: day.rows,
    cancelled: day.matching,
    unmatched: day.cancellations - day.matching,
    rejected: 9,
    known: 0,
  })
  expect(summary.rows.imported).toBe(day.rows - day.cancellations - 9)
  const now = await stored()
  expect(now).toMatchObject({ orders: 121n, withoutItem: 0n, entries: entriesBefore })
  expect(now['matched']! + now['unmatched']!).toBe(BigInt(day.cancellations))
  expect(now['items']).toBeGreaterThan(500n)
  expect(now['worth']).toBe(now['total'])

  const again = await run([path])
  expect(again.rows).toMatchObject({ imported: 0, unmatched: 0, rejected: 9 })
  expect(await stored()).toEqual(now)
})

test.skipIf(!existsSync(shared))('so are the first days of the real files', async () => {
  const days = ['2010-12-01', '2010-12-02', '2010-12-03'].map((day) => join(shared, `${day}.csv`))
  const summary = await run(days)
  const { total, ...outcomes } = summary.rows
  expect(Object.values(outcomes).reduce((all, rows) => all + rows, 0)).toBe(total)
  const now = await stored()
  expect(now).toMatchObject({ withoutItem: 0n, orders: BigInt(summary.orders.imported) })
  expect(now['matched']).toBe(BigInt(summary.rows.cancelled))
  expect(now['unmatched']).toBe(BigInt(summary.rows.unmatched))
  expect(now['unmatched']).toBeGreaterThan(0n)
  expect(summary.rows.rejected / total).toBeLessThan(0.02)
})
