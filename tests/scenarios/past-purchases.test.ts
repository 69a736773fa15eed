import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RejectedRow } from '#domain/purchasing/past-purchase'
import {
  adventureWorksTables,
  scmsFile,
  scmsRow,
  scmsShipments,
} from '#tests/fixtures/past-purchases'
import { foundCompany } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { expectProofs } from '#tests/support/proofs'
import { importPurchases, sortOutPurchases } from '#tools/import-purchases'

const shared = join(import.meta.dirname, '../../../shared/data')
let folder: string
let database: TestDatabase
let rejected: RejectedRow[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-purchases-'))
  for (const [table, text] of Object.entries(adventureWorksTables()))
    await writeFile(join(folder, `${table}.csv`), text)
  await writeFile(join(folder, 'shipments.csv'), scmsShipments())
})
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  rejected = []
  database = await freshDatabase()
  await foundCompany(database.admin)
  return () => database.drop()
})

/** As `npm run import -- <files>` does without any option. */
async function run(...names: string[]) {
  const paths = names.map((name) => (name.startsWith('/') ? name : join(folder, name)))
  const { purchases, orders } = await sortOutPurchases(paths, 'auto')
  expect(orders).toEqual([])
  const onRejected = (row: RejectedRow) => void rejected.push(row)
  const summaries = []
  for (const [format, files] of purchases)
    summaries.push(
      ...(await importPurchases(files, format, { db: database.db, actor: 'ben', onRejected })),
    )
  return summaries
}

async function stored() {
  const [row] = await database.admin<Record<string, bigint>[]>`
    SELECT (SELECT count(*) FROM purchase_history) AS purchases, (SELECT count(*) FROM purchase_history_line) AS lines,
      (SELECT count(*) FROM supplier WHERE state = 'pending') AS suppliers, (SELECT count(*) FROM supplier_change WHERE kind = 'create' AND state = 'pending') AS proposals,
      (SELECT count(*) FROM item WHERE class = 'imported' AND status = 'draft') AS items, (SELECT count(*) FROM supplier_item) AS terms,
      (SELECT count(*) FROM supplier_price) AS prices`
  return row!
}

test('past purchases of both kinds come in whole: orders, suppliers that wait for approval, drafts and terms', async () => {
  const summaries = await run('PurchaseOrderHeader.csv', 'shipments.csv')
  expect(
    summaries.map(({ format, purchases, lines }) => ({ format, lines, ...purchases })),
  ).toEqual([
    { format: 'adventureworks', imported: 3, known: 0, rejected: 0, lines: 4 },
    { format: 'scms', imported: 3, known: 0, rejected: 0, lines: 5 },
  ])
  expect(rejected).toEqual([])
  expect(await stored()).toEqual({
    ...{ purchases: 6n, lines: 9n, suppliers: 4n, proposals: 4n },
    ...{ items: 3n, terms: 2n, prices: 2n },
  })
  const [terms] = await database.admin`
    SELECT si.lead_time_days, si.moq, si.status, p.price_minor, p.price_per FROM supplier_item si JOIN supplier s ON s.id = si.supplier_id
    JOIN supplier_price p ON p.supplier_item_id = si.id WHERE s.code = 'WICK0001'`
  expect(terms).toEqual({
    ...{ lead_time_days: 9, moq: 100n, status: 'paused', price_minor: 5n, price_per: 1n },
  })
  await expectProofs(database.db)
})

test('the same files again add nothing', async () => {
  await run('PurchaseOrderHeader.csv', 'shipments.csv')
  const before = await stored()
  const again = await run('PurchaseOrderHeader.csv', 'shipments.csv')
  expect(again.map(({ purchases, suppliers }) => ({ ...purchases, suppliers }))).toEqual([
    { imported: 0, known: 3, rejected: 0, suppliers: 0 },
    { imported: 0, known: 3, rejected: 0, suppliers: 0 },
  ])
  expect(await stored()).toEqual(before)
})

test('a longer file adds what is new, and an order that is told otherwise is refused by its rows', async () => {
  await run('shipments.csv')
  const path = join(folder, 'later.csv')
  await writeFile(
    path,
    scmsFile([
      scmsRow({ id: 4, po: 'SO-6', vendor: 'SCMS from RDC', value: '77' }),
      scmsRow({ id: 50, po: 'SCMS-50' }),
    ]),
  )
  const [summary] = await run(path)
  expect(summary!.purchases).toEqual({ imported: 1, known: 0, rejected: 1 })
  expect(summary!.rows).toEqual({ total: 2, taken: 1, rejected: 1 })
  expect(rejected).toMatchObject([{ file: 'later.csv', row: 2, code: 'changed-content' }])
})

test('another price list and carrier do not make a known order another one', async () => {
  await run('PurchaseOrderHeader.csv')
  const later = join(folder, 'later')
  await mkdir(later)
  for (const [table, text] of Object.entries(adventureWorksTables()))
    await writeFile(
      join(later, `${table}.csv`),
      text.replace('47.8700', '49.9900').replace('CARGO', 'TRUCK'),
    )
  const [summary] = await run(join(later, 'Vendor.csv'))
  expect(summary!.purchases).toEqual({ imported: 0, known: 3, rejected: 0 })
})

test('two imports of one file at once take each purchase once', async () => {
  await Promise.all([run('shipments.csv'), run('shipments.csv'), run('PurchaseOrderHeader.csv')])
  expect(await stored()).toMatchObject({ purchases: 6n, lines: 9n, suppliers: 4n, proposals: 4n })
})

test('a purchase of a supplier that belongs to another company is refused', async () => {
  await database.admin`INSERT INTO entity (code, name, functional_currency, country) VALUES ('ACME-DE', 'Acme GmbH', 'EUR', 'DE')`
  await database.admin`
    INSERT INTO supplier (entity_id, code, name, country, currency, created_by) SELECT id, 'SCMS-FROM-RDC', 'RDC', 'DE', 'EUR', 'x' FROM entity WHERE code = 'ACME-DE'`
  await expect(run('shipments.csv')).rejects.toThrow('--entity ACME-DE or ACME-US')
  const { db } = database
  const onRejected = (row: RejectedRow) => void rejected.push(row)
  const [summary] = await importPurchases([join(folder, 'shipments.csv')], 'scms', {
    ...{ db, actor: 'ben', entity: 'ACME-US', onRejected },
  })
  expect(summary!.purchases).toEqual({ imported: 2, known: 0, rejected: 1 })
  expect(rejected.map(({ code, row }) => `${row} ${code}`)).toEqual([
    '5 unknown-supplier',
    '6 unknown-supplier',
  ])
})

test('nobody writes a heading that its lines do not sum to, nor adds a line later', async () => {
  await run('shipments.csv')
  const { db } = database
  const broken = db.begin(async (tx) => {
    await tx`
      INSERT INTO purchase_history (entity_id, supplier_id, source, external_id, state, status, currency, goods_minor, tax_minor, freight_minor, insurance_minor, total_minor, content_hash, origin, actor)
      SELECT entity_id, supplier_id, source, 'NEW', state, status, currency, goods_minor, tax_minor, freight_minor, insurance_minor, total_minor, content_hash, origin, actor FROM purchase_history LIMIT 1`
  })
  await expect(broken).rejects.toMatchObject({ constraint_name: 'purchase_history_foots' })
  const later = db`
    INSERT INTO purchase_history_line (purchase_id, line_no, external_line_id, item_id, ordered_on, qty_ordered, goods_minor, freight_minor, freight_terms, insurance_minor, origin)
    SELECT purchase_id, 99, 'x', item_id, '2020-01-01', 1, 0, 0, 'charged', 0, 'x' FROM purchase_history_line LIMIT 1`
  await expect(later).rejects.toMatchObject({
    constraint_name: 'purchase_history_line_with_heading',
  })
  await expect(db`UPDATE purchase_history SET goods_minor = 1`).rejects.toMatchObject({
    code: '42501',
  })
})

test.skipIf(!existsSync(join(shared, 'adventureworks-oltp')))(
  'the real files come in whole and stand in the tables to the cent',
  async () => {
    const summaries = await run(
      join(shared, 'adventureworks-oltp/PurchaseOrderHeader.csv'),
      join(shared, 'scms-shipments/scms_shipments.csv'),
    )
    expect(rejected).toEqual([])
    expect(summaries.map(({ purchases }) => purchases.known + purchases.rejected)).toEqual([0, 0])
    const { purchases } = await stored()
    expect(Number(purchases)).toBe(summaries.reduce((all, one) => all + one.purchases.imported, 0))
    const apart = await database.admin`
      SELECT p.id FROM purchase_history p JOIN purchase_history_line l ON l.purchase_id = p.id GROUP BY p.id
      HAVING sum(l.goods_minor) <> p.goods_minor OR sum(l.freight_minor) <> p.freight_minor`
    expect(apart).toEqual([])
  },
  120_000,
)
