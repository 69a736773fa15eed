import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { runProofs } from '#db/queries/proofs'
import { anOrder, foundCompany, aLine, type Company } from '#tests/support/company'
import { startSystem, type TestSystem } from '#tests/support/process'
import { importFiles, type ImportOptions } from '#tools/import'
import { rejectionReport } from '#tools/import-report'
import type { ImportedRow } from '#tools/import-rows'
import type { ImportProgress, ImportSummary } from '#tools/import-run'

/** A process is known by its channel and order id for life, also to the Temporal of an earlier run. */
const bulk = `bulk-${randomBytes(4).toString('hex')}`
let system: TestSystem
let company: Company
let folder: string
beforeAll(async () => {
  system = await startSystem()
  company = await foundCompany(system.admin, { MUG: { east: 5_000 }, LAMP: { east: 5_000 } })
  await system.admin`
    INSERT INTO channel (code, name, kind, entity_id, currency) VALUES ('uci-wholesale', 'Past orders', 'import', ${company.entityId}, 'GBP'),
      (${bulk}, 'Bulk', 'import', ${company.entityId}, 'USD'), ('killed', 'Killed', 'import', ${company.entityId}, 'USD')`
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('GBP', 'USD', '2010-12-01', 1560000000, 'test')`
  folder = await mkdtemp(join(tmpdir(), 'throughline-import-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await system.stop()
})

interface Result extends ImportSummary {
  rejected: ImportedRow[]
}

async function run(
  files: string[],
  options: Partial<ImportOptions> = {},
  onProgress: (progress: ImportProgress) => void = () => {},
): Promise<Result> {
  const rejected: ImportedRow[] = []
  const summary = await importFiles(
    {
      files,
      format: 'auto',
      itemFacts: {},
      costPercent: 60,
      actor: 'test',
      ...options,
    },
    {
      db: system.db,
      temporal: () => Promise.resolve(system.client),
      taskQueue: system.taskQueue,
      onRejected: (row) => rejected.push(row),
      onProgress,
    },
  )
  const { total, ...outcomes } = summary.rows
  const counted = Object.values(outcomes).reduce((all, rows) => all + rows, 0)
  expect(counted, 'every row is accounted for').toBe(total)
  return { ...summary, rejected }
}

async function file(name: string, lines: string[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}

describe('a CSV file of open orders', () => {
  const header =
    'order_id,placed_at,currency,total,quantity,unit_price,sku,title,ship_name,ship_line1,ship_city,ship_region,ship_postal_code,ship_country,payment_state,payment_provider,payment_reference'
  const to = 'Ada,1 Main St,Newark,NJ,07102,US'
  const row = (id: string, total: string, sku = 'MUG', qty = '2', price = '10.00') =>
    `${id},2026-03-01T10:00:00Z,USD,${total},${qty},${price},${sku},thing,${to},captured,stripe,pi_${id}`
  const lines = [
    header,
    row('C1', '20.00'),
    row('C2', '120.00'),
    row('C2', '120.00', 'LAMP', '1', '100.00'),
    row('C3', '999.99'), // does not foot
    row('C4', '20.00', 'MUG', 'two'), // no quantity
    'C5,"2026-03-01T10:00:00Z', // cut off
    '', // nothing
    row('C6', '20.00'),
    row('C1', '20.00'), // not together
  ]

  test('becomes processes; bad rows are told, good ones go on', async () => {
    const path = await file('open.csv', lines)
    const first = await run([path], { channel: bulk })
    expect(first.orders).toMatchObject({ imported: 3, known: 0 })
    expect(first.rows).toMatchObject({ imported: 4, rejected: 4, total: 8 })
    expect(first.rejected.map((r) => [r.row, r.problems[0]?.code])).toEqual(
      expect.arrayContaining([
        [5, 'totals-do-not-foot'],
        [6, 'not-an-integer'],
        [10, 'order-not-together'],
      ]),
    )
    const placed = await ordersOf(bulk, 3)
    expect(placed).toMatchObject([
      { externalId: 'C1', phase: 'released', lines: 1n },
      { externalId: 'C2', phase: 'released', lines: 2n },
      { externalId: 'C6', phase: 'released', lines: 1n },
    ])
  })

  test('is nothing new when it comes again', async () => {
    const before = await counts()
    const again = await run([await file('open.csv', lines)], { channel: bulk })
    expect(again.orders).toMatchObject({ imported: 0, known: 3 })
    expect(await counts()).toEqual(before)
  })

  test('a version with another content under the same number is refused', async () => {
    const changed = await file('changed.csv', [header, row('C1', '30.00', 'MUG', '3')])
    const result = await run([changed], { channel: bulk })
    expect(result.rejected[0]?.problems[0]?.code).toBe('changed-content')
  })

  test('a channel that does not exist refuses its rows', async () => {
    const result = await run([await file('other.csv', [header, row('X1', '20.00')])], {
      channel: 'no-such',
    })
    expect(result.rejected[0]?.problems[0]?.code).toBe('unknown-channel')
  })

  test('a file without the needed columns is refused in whole', async () => {
    const result = await run([await file('bad.csv', ['a,b,c', '1,2,3'])], { channel: bulk })
    expect(result.rejected[0]?.problems[0]?.code).toBe('missing-column')
    expect(result.orders.imported).toBe(0)
  })
})

describe('an NDJSON file', () => {
  test('creates items with stock, so that its orders can be shipped', async () => {
    const document = (n: number) =>
      anOrder({
        channel: bulk,
        externalId: `N${n}`,
        lines: [aLine({ sku: `NEW-${n % 3}`, title: 'New thing', unitPriceMinor: '2500' })],
      })
    const orders = [0, 1, 2, 3, 4, 5].map(document)
    const path = await file('new.ndjson', [
      ...orders.map((order) => JSON.stringify(order)),
      '{"channel":"cut":',
      '{}',
    ])
    const options = { createItems: true, openingStock: 50, itemFacts: { '*': { weightG: 77 } } }
    const result = await run([path], options)
    expect(result.rows).toMatchObject({ imported: 6, rejected: 2, total: 8 })
    const placed = await ordersOf(bulk, 9)
    expect(placed.filter(({ externalId }) => externalId.startsWith('N'))).toHaveLength(6)
    expect(placed.every(({ phase }) => phase === 'released')).toBe(true)
    expect(
      await system.db`SELECT class, status, weight_g FROM item WHERE sku = 'NEW-0'`,
    ).toMatchObject([{ class: 'imported', status: 'active', weight_g: 77 }])

    const before = await counts()
    expect((await run([path], options)).orders).toMatchObject({ imported: 0, known: 6 })
    expect(await counts()).toEqual(before)
    await booksAgree()
  })

  test('a newer version of an order reaches the order’s own process', async () => {
    const order = anOrder({ channel: bulk, externalId: 'V1' })
    await run([await file('v1.ndjson', [JSON.stringify(order)])])
    await ordersOf(bulk, 10)
    const newer = { ...order, externalVersion: '2026-02-02T00:00:00.000Z', note: 'later' }
    const result = await run([await file('v2.ndjson', [JSON.stringify(newer)])])
    expect(result.orders.imported).toBe(1)
    expect(await ordersOf(bulk, 10)).toHaveLength(10)
    await until(async () => {
      const untold = await system.db`SELECT 1 FROM inbox WHERE outcome = 'received'`
      return untold.length === 0
    })
  })
})

test('what the process refuses is in the report, and taken by the next run once it is mended', async () => {
  const order = (externalId: string, currency: string) =>
    anOrder({ channel: bulk, externalId, currency, lines: [aLine({ sku: 'MUG' })] })
  const path = await file('refused.ndjson', [
    JSON.stringify(order('R1', 'USD')),
    JSON.stringify(order('R2', 'CHF')),
  ])
  const first = await run([path])
  expect(first.orders).toMatchObject({ imported: 1, rejected: 1 })
  expect(first.rows).toMatchObject({ imported: 1, rejected: 1 })
  expect(first.rejected.map((row) => [row.row, row.problems[0]?.code])).toEqual([
    [2, 'NoExchangeRate'],
  ])
  await system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('CHF', 'USD', '2000-01-01', 1100000000, 'test')`
  const again = await run([path])
  expect(again.rows).toMatchObject({ known: 2, rejected: 0 })
  expect((await ordersOf(bulk, 12)).some(({ externalId }) => externalId === 'R2')).toBe(true)
})

describe('past orders of a wholesaler', () => {
  const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
  const dayOne = [
    header,
    '536365,85123A,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom',
    '536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom',
    '536366,85123A,HEART HOLDER,12,2010-12-01 09:26:00,2.55,17850.0,United Kingdom',
    '536367,POST,POSTAGE,1,2010-12-01 09:30:00,18.00,12583.0,France',
    '536367,22728,ALARM CLOCK,24,2010-12-01 09:30:00,3.75,12583.0,France',
    '536368,22728,ALARM CLOCK,1,2010-12-01 10:00:00,0.0,,United Kingdom', // free
    'C536379,85123A,HEART HOLDER,-4,2010-12-01 11:00:00,2.55,17850.0,United Kingdom',
    'C536380,D,Discount,-1,2010-12-01 11:00:00,27.50,17850.0,United Kingdom', // a charge
  ]
  const dayTwo = [
    header,
    'C536390,22728,ALARM CLOCK,-24,2010-12-02 11:00:00,3.75,12583.0,France',
    'C536391,85123A,HEART HOLDER,-9,2010-12-02 11:30:00,2.55,17850.0,United Kingdom', // 8 are left
    'C536392,85123A,HEART HOLDER,-6,2010-12-02 11:31:00,2.55,17850.0,United Kingdom',
    'C536393,71053,LANTERN,-1,2010-12-02 11:32:00,9.99,17850.0,United Kingdom', // another price
  ]

  test('become rows without a process, stock or money; what was taken back is cancelled', async () => {
    const paths = [await file('2010-12-01.csv', dayOne), await file('2010-12-02.csv', dayTwo)]
    const before = await counts()
    const first = await run(paths)
    expect(first.orders).toMatchObject({ imported: 3 })
    const rows = { imported: 5, cancelled: 3, unmatched: 3, rejected: 1, total: 12 }
    expect(first.rows).toMatchObject(rows)
    expect(first.rejected.map((row) => row.problems[0]?.code)).toEqual(['price-not-positive'])
    expect(await unmatchedOf('uci-wholesale')).toEqual([
      { mark: 'C536380/D/1', qty: 1, matched: false },
      { mark: 'C536391/85123A/1', qty: 9, matched: false },
      { mark: 'C536393/71053/1', qty: 1, matched: false },
    ])
    expect(await linesOf('536366')).toMatchObject([{ sku: '85123A', shipped: 2, cancelled: 10 }])
    expect(await linesOf('536365')).toMatchObject([
      { sku: '85123A', shipped: 6, cancelled: 0, shippedMinor: 1530n, phase: 'closed' },
      { sku: '71053', shipped: 6, cancelled: 0 },
    ])
    expect(await linesOf('536367')).toMatchObject([
      { shipped: 0, cancelled: 24, cancelledMinor: 10_800n, phase: 'cancelled' },
    ])
    const after = await counts()
    expect(after).toMatchObject({ entries: before.entries, movements: before.movements })
    expect(after.inbox).toBe(before.inbox)

    const again = await run(paths)
    expect(again.rows).toMatchObject({ imported: 0, cancelled: 0, known: 11, rejected: 1 })
    expect(await counts()).toEqual(after)
  })

  test('a cancellation that came before the file of its sale finds it later', async () => {
    const sale = '536900,22960,JAM SET,2,2010-12-03 10:00:00,4.25,13047.0,United Kingdom'
    const back = 'C536901,22960,JAM SET,-2,2010-12-04 10:00:00,4.25,13047.0,United Kingdom'
    const later = await file('2010-12-04.csv', [header, back])
    expect((await run([later])).rows).toMatchObject({ unmatched: 1, cancelled: 0 })
    await run([await file('2010-12-03.csv', [header, sale])])
    expect((await run([later])).rows).toMatchObject({ unmatched: 0, cancelled: 1 })
    expect(await linesOf('536900')).toMatchObject([{ shipped: 0, cancelled: 2 }])
    expect((await unmatchedOf('uci-wholesale')).at(-1)).toMatchObject({ matched: true })
  })

  test('bring their own items, and the bar moves while a small file is taken', async () => {
    const day = Array.from(
      { length: 120 },
      (_, n) => `5370${100 + n},NEW${n % 9},THING,2,2010-12-06 08:26:00,1.25,1785.0,United Kingdom`,
    )
    const seen: number[] = []
    const path = await file('2010-12-06.csv', [header, ...day])
    const result = await run([path], {}, ({ bytes, totalBytes }) =>
      seen.push(Math.round((bytes / totalBytes) * 100)),
    )
    expect(result.orders.imported).toBe(120)
    expect(new Set(seen).size, seen.join(' ')).toBeGreaterThanOrEqual(4)
    expect(seen.at(-1)).toBe(100)
    expect(await system.db`SELECT status FROM item WHERE sku = 'NEW0'`).toEqual([
      { status: 'draft' },
    ])
    const without = await run([path], { createItems: false })
    expect(without.orders.known).toBe(120)
  })

  test('the report names each rejected row, safely for a spreadsheet', async () => {
    const path = join(folder, 'report.csv')
    const report = rejectionReport(path)
    report.add({
      file: 'f.csv',
      row: 7,
      rows: 1,
      problems: [{ code: 'x', field: 'a,b', message: '=cmd|"x"' }],
    })
    await report.close()
    expect(await readFile(path, 'utf8')).toBe(
      `file,row,field,code,message\nf.csv,7,"a,b",x,"'=cmd|""x"""\n`,
    )
  })
})

test('an import that is killed in the middle is completed by the next one', async () => {
  const orders = Array.from({ length: 1_500 }, (_, n): OrderDocument =>
    anOrder({ channel: 'killed', externalId: `K${n}`, lines: [aLine({ sku: 'MUG' })] }),
  )
  const path = await file(
    'many.ndjson',
    orders.map((order) => JSON.stringify(order)),
  )
  const importer = spawn(
    process.execPath,
    ['--import', 'tsx', 'tools/import.ts', path, '--mode', 'history'],
    {
      env: {
        ...process.env,
        DATABASE_URL: system.url,
        TEMPORAL_ADDRESS: inject('temporalAddress'),
      },
      stdio: 'ignore',
    },
  )
  await until(async () => (await stored('killed')) >= 200)
  importer.kill('SIGKILL')
  await once(importer, 'exit')
  const atDeath = await stored('killed')
  // Sets of 25, 50 and 100, then of 200.
  expect((atDeath - 175) % 200, 'a set is whole or absent').toBe(0)

  const rest = await run([path], { mode: 'history' })
  expect(rest.orders.imported + rest.orders.known).toBe(1_500)
  expect(rest.orders.known).toBe(atDeath)
  expect(await stored('killed')).toBe(1_500)
  const [lines] = await system.db<{ n: bigint }[]>`
    SELECT count(*) AS n FROM sales_order_line l JOIN sales_order o ON o.id = l.order_id JOIN channel c ON c.id = o.channel_id WHERE c.code = 'killed'`
  expect(lines!.n).toBe(1_500n)
})

test('the standing proofs hold after all of it', async () => {
  const broken = (await runProofs(system.admin)).filter((result) => result.broken.length > 0)
  expect(broken).toEqual([])
})

async function stored(channel: string): Promise<number> {
  const [row] = await system.db<{ n: bigint }[]>`
    SELECT count(*) AS n FROM sales_order o JOIN channel c ON c.id = o.channel_id WHERE c.code = ${channel}`
  return Number(row!.n)
}

async function ordersOf(channel: string, atLeast: number) {
  await until(async () => (await stored(channel)) >= atLeast)
  return system.db<{ externalId: string; phase: string; lines: bigint }[]>`
    SELECT o.external_id AS "externalId", o.phase, (SELECT count(*) FROM sales_order_line l WHERE l.order_id = o.id) AS lines
    FROM sales_order o JOIN channel c ON c.id = o.channel_id WHERE c.code = ${channel} ORDER BY 1`
}

async function linesOf(externalId: string) {
  return system.db`
    SELECT l.sku, l.qty_shipped AS shipped, l.qty_cancelled AS cancelled, l.shipped_minor AS "shippedMinor", l.cancelled_minor AS "cancelledMinor", o.phase
    FROM sales_order_line l JOIN sales_order o ON o.id = l.order_id WHERE o.external_id = ${externalId} ORDER BY l.line_no`
}

async function unmatchedOf(channel: string) {
  return system.db`
    SELECT h.mark, h.qty, h.order_line_id IS NOT NULL AS matched FROM history_cancellation h JOIN channel c ON c.id = h.channel_id
    WHERE c.code = ${channel} ORDER BY h.recorded_at, h.mark`.then((rows) => [...rows])
}

async function counts(): Promise<Record<string, bigint>> {
  const [row] = await system.db<Record<string, bigint>[]>`
    SELECT (SELECT count(*) FROM sales_order) AS orders, (SELECT count(*) FROM sales_order_line) AS lines, (SELECT count(*) FROM item) AS items,
      (SELECT count(*) FROM journal_entry) AS entries, (SELECT count(*) FROM stock_movement) AS movements, (SELECT count(*) FROM inbox) AS inbox,
      (SELECT count(*) FROM customer) AS customers, (SELECT count(*) FROM external_ref) AS refs`
  return row!
}

async function booksAgree(): Promise<void> {
  const [books] = await system.db<Record<string, bigint>[]>`
    SELECT (SELECT coalesce(sum(func_minor), 0)::bigint FROM journal_line WHERE account_id = 1300) AS inventory,
      (SELECT sum(remaining_minor)::bigint FROM cost_layer) AS layers`
  expect(books!['inventory']).toBe(books!['layers'])
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 20_000
  while (!(await reached())) {
    if (Date.now() > giveUpAt) throw new Error('it did not happen within 20 s')
    await wait(50)
  }
}
