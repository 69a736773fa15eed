import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adventureWorksTables, scmsShipments } from '#tests/fixtures/past-purchases'
import { importPurchases } from '#tools/import-purchases'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

const shared = join(import.meta.dirname, '../../../shared/data')
let api: ApiUnderTest
let buyer: Caller
beforeAll(async () => {
  api = await apiUnderTest()
  buyer = await api.as('buyer')
  const folder = await mkdtemp(join(tmpdir(), 'throughline-scorecards-'))
  const run = { db: api.database.db, actor: 'ben', entity: 'US1' }
  for (const [table, text] of Object.entries(adventureWorksTables()))
    await writeFile(join(folder, `${table}.csv`), text)
  await writeFile(join(folder, 'shipments.csv'), scmsShipments())
  await importPurchases([join(folder, 'Vendor.csv')], 'adventureworks', run)
  await importPurchases([join(folder, 'shipments.csv')], 'scms', run)
  await buyHere()
  await rm(folder, { recursive: true })
}, 120_000)
afterAll(() => api.close())

/** Five lines bought here of POTTER in each company, as purchase orders and receipts leave them. */
async function buyHere(): Promise<void> {
  const { admin } = api.database
  await admin`INSERT INTO item (sku, name, uom) VALUES ('MUG', 'Mug', 'EA'), ('JUG', 'Jug', 'EA')`
  for (const [entity, supplier, site] of [
    [1, 'POTTER', 1],
    [2, 'TOEPFER', 3],
  ] as const) {
    await admin`INSERT INTO supplier (entity_id, code, name, country, currency, state, created_by, approved_by, over_receipt_ppm) VALUES (${entity}, ${supplier}, ${supplier}, 'PT', 'USD', 'approved', 'ann', 'bob', 100000)`
    await admin`INSERT INTO supplier_item (supplier_id, item_id, vendor_sku, lead_time_days, under_receipt_ppm) SELECT s.id, i.id, 'V-' || i.sku, 10, CASE i.sku WHEN 'JUG' THEN 50000 END FROM supplier s, item i WHERE s.code = ${supplier} AND i.sku IN ('MUG', 'JUG')`
    await admin`INSERT INTO supplier_price (supplier_item_id, min_qty, price_minor, price_per, valid_from, actor) SELECT si.id, b.min, b.minor, b.per, b.since::date, 'ann' FROM supplier_item si JOIN supplier s ON s.id = si.supplier_id CROSS JOIN (VALUES (1, 400, 1, '2026-01-01'), (50, 3333, 10, '2026-01-01'), (1, 999, 1, '2026-12-01')) b (min, minor, per, since) WHERE s.code = ${supplier}`
    await admin`
      INSERT INTO purchase_order (po_number, entity_id, supplier_id, workflow_id, currency, ordered_on, terms_days, created_by, authors, policies, approved_revision, sent_revision)
      SELECT n.po || ${supplier}, ${entity}, s.id, 'procure-to-pay/' || n.po || ${supplier}, 'USD', '2026-03-01', 30, 'ann', '{ann}', '{}', 1, n.sent
      FROM supplier s, (VALUES ('PO-1-', 1), ('PO-2-', NULL)) n (po, sent) WHERE s.code = ${supplier}`
    await admin`
      INSERT INTO purchase_order_line (purchase_order_id, line_no, item_id, site_id, unit_price_minor, price_per, needed_on, promised_on, inspect, qty_ordered, qty_cancelled, qty_replacing)
      SELECT p.id, l.n, i.id, ${site}, l.price, l.per, '2026-03-20', l.promised::date, l.inspect, l.qty, l.cancelled, l.replacing
      FROM purchase_order p, item i, (VALUES
        (1, 'MUG', 400, 1, '2026-03-20', false, 10, 0, 0),   -- whole and on time
        (2, 'MUG', 410, 1, '2026-03-20', true, 100, 0, 5),   -- over within tolerance, five rejected and sent again
        (3, 'JUG', 333, 1, '2026-03-20', false, 100, 4, 0),  -- four short, within the item's tolerance; late
        (4, 'JUG', 400, 1, '2026-04-20', false, 10, 0, 0),   -- still expected, half of it came
        (5, 'JUG', 400, 1, NULL, false, 10, 10, 0)           -- called off
      ) l (n, sku, price, per, promised, inspect, qty, cancelled, replacing) WHERE p.po_number = 'PO-1-' || ${supplier} AND i.sku = l.sku`
    await admin`INSERT INTO purchase_order_line (purchase_order_id, line_no, item_id, site_id, unit_price_minor, needed_on, qty_ordered) SELECT p.id, 1, i.id, ${site}, 1, '2026-03-20', 1 FROM purchase_order p, item i WHERE p.po_number = 'PO-2-' || ${supplier} AND i.sku = 'MUG'`
    for (const [no, on] of [
      ['A', '2026-03-18'],
      ['B', '2026-03-25'],
    ])
      await admin`INSERT INTO goods_receipt (receipt_no, entity_id, site_id, received_on, actor) VALUES (${`${no}-${supplier}`}, ${entity}, ${site}, ${on!}, 'rita')`
    for (const [receipt, line, qty] of [
      ['A', 1, 10],
      ['A', 2, 103],
      ['B', 2, 5],
      ['A', 3, 50],
      ['B', 3, 46],
      ['A', 4, 5],
    ] as const)
      await admin`
        INSERT INTO goods_receipt_line (receipt_id, line_no, item_id, received_qty, unit_cost_minor, discrepancy, purchase_order_line_id)
        SELECT r.id, l.line_no, l.item_id, ${qty}, 1, 'none', l.id FROM goods_receipt r, purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id
        WHERE r.receipt_no = ${`${receipt}-${supplier}`} AND p.po_number = 'PO-1-' || ${supplier} AND l.line_no = ${line}`
    await admin`INSERT INTO goods_inspection (receipt_id, receipt_line_no, accepted_qty, rejected_qty, reason, inspected_on, actor) SELECT r.id, 2, CASE WHEN r.receipt_no LIKE 'A%' THEN 98 ELSE 5 END, CASE WHEN r.receipt_no LIKE 'A%' THEN 5 ELSE 0 END, 'cracked', '2026-03-26', 'iris' FROM goods_receipt r WHERE r.receipt_no LIKE ${`%-${supplier}`}`
  }
}

interface Drill {
  count: number
  href: string
}
interface Card {
  code: string
  scorecard: Record<string, Record<string, unknown>>
  groups: { key: string; scorecard: Card['scorecard'] }[]
}

async function get<T = Card>(url: string, caller = buyer): Promise<T> {
  const answer = await caller({ method: 'GET', url })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<T>()
}

const cardOf = (code: string, query = '') =>
  get(`/v1/suppliers/${code}/scorecard?asOf=2026-06-30${query}`)

interface Line {
  id: string
  kind: string
  sku: string
  figures: string[]
  agreedMinor: string | null
  paidMinor: string | null
  qtyReceived: string | null
  qtyRejected: string | null
}

/** All lines of a list, page by page. */
async function allLines(href: string): Promise<Line[]> {
  const lines: Line[] = []
  for (let cursor = ''; ;) {
    const page = await get<{ items: Line[]; nextCursor: string | null }>(
      `${href}&limit=200${cursor}`,
    )
    lines.push(...page.items)
    if (page.nextCursor === null) return lines
    cursor = `&cursor=${page.nextCursor}`
  }
}

function drillsOf(scorecard: Card['scorecard']): Drill[] {
  const isDrill = (value: unknown): value is Drill =>
    typeof value === 'object' && value !== null && 'href' in value
  return Object.values(scorecard).flatMap((part) =>
    isDrill(part) ? [part] : Object.values(part).filter(isDrill),
  )
}

/** Every count of every figure is exactly the lines that its address lists. */
async function expectDrills(card: Card): Promise<number> {
  const drills = [card.scorecard, ...card.groups.map(({ scorecard }) => scorecard)].flatMap(
    drillsOf,
  )
  for (const { count, href } of drills) {
    const figure = new URL(href, 'http://x').searchParams.get('figure')!
    const lines = await allLines(href)
    expect(lines.length, href).toBe(count)
    expect(new Set(lines.map(({ kind, id }) => `${kind}/${id}`)).size, href).toBe(count)
    expect(lines.filter(({ figures }) => !figures.includes(figure))).toEqual([])
  }
  return drills.length
}

test('a supplier’s purchase orders, receipts and inspections make its scorecard', async () => {
  const { scorecard } = await cardOf('POTTER')
  expect(scorecard).toMatchObject({
    lines: { count: 5 },
    promisedLeadTime: { p50Days: 19, p90Days: 50, measured: { count: 4 }, excluded: { count: 1 } },
    actualLeadTime: { p50Days: 24, p90Days: 24, measured: { count: 3 }, excluded: { count: 2 } },
    // The replacements came after the promise, and half of line 4 is still expected.
    onTime: { ppm: 250_000, onTime: { count: 1 }, late: { count: 3 }, excluded: { count: 1 } },
    inFull: {
      ppm: 1_000_000,
      inFull: { count: 3 },
      over: { count: 0 },
      short: { count: 0 },
      excluded: { count: 2 },
    },
    onTimeInFull: { ppm: 333_333, onTimeInFull: { count: 1 }, not: { count: 2 } },
    // Line 4's five count as they came, as nobody inspects them.
    defects: {
      ppm: 22_831,
      receivedQty: '219',
      rejectedQty: '5',
      inspected: { count: 4 },
      defective: { count: 1 },
      excluded: { count: 1 },
    },
    // 10 × 4.00 as asked, 100 × 4.10 against 33.33 for ten, 100 × 3.33 against the same, 10 × 4.00.
    price: {
      variance: [{ currency: 'USD', agreedMinor: '74660', varianceMinor: '7640', ppm: 102_331 }],
      ...{ higher: { count: 1 }, equal: { count: 2 }, lower: { count: 1 }, excluded: { count: 1 } },
    },
  })
})

test('an order that no supplier was sent counts for nothing', async () => {
  const lines = await allLines('/v1/suppliers/POTTER/scorecard/lines?figure=lines')
  expect(lines.map(({ kind }) => kind)).toEqual(Array(5).fill('order'))
})

test('what a file tells of past purchases makes a scorecard, and what it does not is excluded', async () => {
  expect((await cardOf('KILN0001')).scorecard).toMatchObject({
    lines: { count: 3 },
    promisedLeadTime: { p50Days: 14, p90Days: 14 },
    actualLeadTime: { p50Days: 7, p90Days: 19, excluded: { count: 1 } },
    onTime: { ppm: 500_000, excluded: { count: 1 } },
    inFull: { ppm: 500_000, short: { count: 1 }, excluded: { count: 1 } },
    defects: { ppm: 250_000, receivedQty: '4', rejectedQty: '1', excluded: { count: 1 } },
    price: {
      variance: [{ currency: 'USD', agreedMinor: '28722', varianceMinor: '1434', ppm: 49_927 }],
    },
  })
  expect((await cardOf('WICK0001')).scorecard).toMatchObject({ inFull: { over: { count: 1 } } })
  expect((await cardOf('TRINITY-BIOTECH-PLC')).scorecard).toMatchObject({
    actualLeadTime: { p50Days: 13, p90Days: 20, measured: { count: 2 }, excluded: { count: 1 } },
    onTime: { ppm: 666_667, late: { count: 1 } },
    inFull: { ppm: null, excluded: { count: 3 } },
    defects: { ppm: null, excluded: { count: 3 } },
  })
})

test.each(['POTTER', 'KILN0001', 'TRINITY-BIOTECH-PLC', 'SCMS-FROM-RDC'])(
  'every figure of %s, in whole, by item and by month, lists exactly its lines',
  async (code) => {
    expect(await expectDrills(await cardOf(code, '&by=item'))).toBeGreaterThan(40)
    expect(await expectDrills(await cardOf(code, '&by=month'))).toBeGreaterThan(40)
  },
  60_000,
)

test('the lines behind a figure page one by one, in order and without a gap', async () => {
  const seen: string[] = []
  let cursor = ''
  for (let pages = 0; pages < 9; pages += 1) {
    const page = await get<{ items: Line[]; nextCursor: string | null }>(
      `/v1/suppliers/POTTER/scorecard/lines?figure=price-equal&limit=1${cursor}`,
    )
    seen.push(...page.items.map(({ id }) => id))
    if (page.nextCursor === null) break
    cursor = `&cursor=${page.nextCursor}`
  }
  expect(seen).toEqual(
    (await allLines('/v1/suppliers/POTTER/scorecard/lines?figure=price-equal')).map(({ id }) => id),
  )
})

test('items and months add up to the whole, and a window narrows it', async () => {
  const byItem = await cardOf('POTTER', '&by=item')
  expect(byItem.groups.map(({ key }) => key)).toEqual(['JUG', 'MUG'])
  const months = (await cardOf('POTTER', '&by=month')).groups
  expect(
    months.map(({ key, scorecard }) => [key, (scorecard['lines'] as unknown as Drill).count]),
  ).toEqual([
    ['2026-03', 4],
    ['2026-04', 1],
  ])
  const april = await cardOf('POTTER', '&from=2026-04-01&to=2026-04-30')
  expect(april.scorecard['lines']).toMatchObject({ count: 1 })
  const jugs = await cardOf('POTTER', '&item=JUG')
  expect(jugs.scorecard).toEqual(
    expect.objectContaining({ lines: expect.objectContaining({ count: 3 }) as Drill }),
  )
  await expectDrills({ ...april, groups: [] })
})

test('before its day an open line is not late', async () => {
  const { scorecard } = await get(`/v1/suppliers/POTTER/scorecard?asOf=2026-04-20`)
  expect(scorecard['onTime']).toMatchObject({ late: { count: 2 }, excluded: { count: 2 } })
})

describe('the list', () => {
  interface Ranked {
    items: (Card & { rank: number })[]
    nextCursor: string | null
  }
  test('ranks the worst first and who cannot be measured last', async () => {
    const { items } = await get<Ranked>('/v1/supplier-scorecards?asOf=2026-06-30&rankBy=defects')
    expect(items.map(({ code, rank }) => `${rank} ${code}`)).toEqual([
      '1 KILN0001',
      '2 POTTER',
      '3 TOEPFER',
      '4 WICK0001',
      '5 SCMS-FROM-RDC',
      '6 TRINITY-BIOTECH-PLC',
    ])
    expect(items[1]!.scorecard).toEqual((await cardOf('POTTER')).scorecard)
  })

  test('pages', async () => {
    const first = await get<Ranked>('/v1/supplier-scorecards?limit=4&rankBy=price')
    const rest = await get<Ranked>(
      `/v1/supplier-scorecards?limit=4&rankBy=price&cursor=${first.nextCursor}`,
    )
    expect([...first.items, ...rest.items].map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6])
    expect(rest.nextCursor).toBeNull()
  })
})

describe('a caller limited to a company', () => {
  test('sees its own suppliers alone', async () => {
    const german = await api.as('buyer', { entities: ['DE1'] })
    const list = await get<{ items: Card[] }>('/v1/supplier-scorecards', german)
    expect(list.items.map(({ code }) => code)).toEqual(['TOEPFER'])
    for (const path of ['scorecard', 'scorecard/lines?figure=late'])
      expect(
        (await german({ method: 'GET', url: `/v1/suppliers/POTTER/${path}` })).statusCode,
      ).toBe(404)
    await get('/v1/suppliers/TOEPFER/scorecard', german)
  })

  test('who may not read suppliers reads no scorecards', async () => {
    const picker = await api.as('picker')
    for (const url of ['/v1/supplier-scorecards', '/v1/suppliers/POTTER/scorecard'])
      expect((await picker({ method: 'GET', url })).statusCode).toBe(403)
  })

  test('a supplier that there is none of is not found', async () => {
    expect((await buyer({ method: 'GET', url: '/v1/suppliers/NOBODY/scorecard' })).statusCode).toBe(
      404,
    )
  })
})

/** The same figures of past lines, by PostgreSQL’s own percentiles and counts. */
async function oracle(): Promise<Map<string, Record<string, number | null>>> {
  const rows = await api.database.admin<(Record<string, number | null> & { code: string })[]>`
    SELECT s.code, count(*)::int AS lines,
      percentile_disc(0.5) WITHIN GROUP (ORDER BY l.received_on - l.ordered_on) FILTER (WHERE l.received_on >= l.ordered_on) AS p50,
      percentile_disc(0.9) WITHIN GROUP (ORDER BY l.received_on - l.ordered_on) FILTER (WHERE l.received_on >= l.ordered_on) AS p90,
      (count(*) FILTER (WHERE l.received_on <= l.promised_on))::int AS "onTime", (count(*) FILTER (WHERE l.received_on > l.promised_on))::int AS late,
      (count(*) FILTER (WHERE p.state = 'complete' AND l.qty_received < l.qty_ordered))::int AS short,
      (count(*) FILTER (WHERE p.state = 'complete' AND l.qty_received > l.qty_ordered))::int AS over,
      (sum(l.qty_rejected) FILTER (WHERE l.qty_received > 0))::int AS rejected,
      (sum(l.goods_minor) FILTER (WHERE l.agreed_minor IS NOT NULL) - sum(round(l.qty_ordered * l.agreed_minor::numeric / l.agreed_per)))::bigint::text AS variance
    FROM purchase_history_line l JOIN purchase_history p ON p.id = l.purchase_id JOIN supplier s ON s.id = p.supplier_id GROUP BY s.code`
  return new Map(rows.map(({ code, ...row }) => [code, row]))
}

test('every past supplier’s figures are those that SQL counts for itself', async () => {
  if (existsSync(join(shared, 'scms-shipments'))) {
    const run = { db: api.database.db, actor: 'ben', entity: 'US1' }
    await importPurchases([join(shared, 'adventureworks-oltp/Vendor.csv')], 'adventureworks', run)
    await importPurchases([join(shared, 'scms-shipments/scms_shipments.csv')], 'scms', run)
  }
  const expected = await oracle()
  const found = new Map<string, unknown>()
  for (let cursor = ''; ;) {
    const page = await get<{ items: Card[]; nextCursor: string | null }>(
      `/v1/supplier-scorecards?limit=200${cursor}`,
    )
    for (const { code, scorecard } of page.items) {
      if (!expected.has(code)) continue
      const { lines, actualLeadTime, onTime, inFull, defects, price } = scorecard as Record<
        string,
        Record<string, never>
      >
      found.set(code, {
        lines: (lines as unknown as Drill).count,
        p50: actualLeadTime!['p50Days'],
        p90: actualLeadTime!['p90Days'],
        onTime: (onTime!['onTime'] as unknown as Drill).count,
        late: (onTime!['late'] as unknown as Drill).count,
        short: (inFull!['short'] as unknown as Drill).count,
        over: (inFull!['over'] as unknown as Drill).count,
        rejected:
          (defects!['inspected'] as unknown as Drill).count === 0
            ? null
            : Number(defects!['rejectedQty']),
        variance:
          (price!['variance'] as unknown as { varianceMinor: string }[])[0]?.varianceMinor ?? null,
      })
    }
    if (page.nextCursor === null) break
    cursor = `&cursor=${page.nextCursor}`
  }
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
}, 120_000)
