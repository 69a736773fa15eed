import { pathToFileURL } from 'node:url'
import { settlementActivities } from '#activities/settlements/index'
import type { DocumentProgress } from '#contracts/document-progress'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { postEntries } from '#db/stores/ledger'
import { takeStatement } from '#db/stores/settlements'
import { credit, debit, journalEntry } from '#domain/ledger/journal'
import type { SettlementStatement, StatementLine } from '#domain/settlement/statement'
import { startOwnServers } from '#tests/support/own-servers'
import { row, table, type BenchRow } from './rows.ts'

const ORDERS = 12_500
const LINES_AN_ORDER = 8
const ON = '2026-06-15'

/**
 * One marketplace statement of a hundred thousand lines over 12,500 shipped orders: taken in,
 * matched line by line, posted order by order with what differs from the expected fees, paid out.
 * Baseline: the same rows inserted into a plain table and added up by order, one statement each.
 */
export async function run({ orders = ORDERS } = {}): Promise<BenchRow[]> {
  const servers = await startOwnServers({ engine: false, durable: true })
  const database = await servers.newDatabase()
  try {
    const { db, admin } = database
    const company = await found(admin)
    await sell(admin, db, company, orders)
    await admin`ANALYZE`
    const statement = aStatement(orders)
    const taken = await timed(() => takeIn(db, statement, company))
    const settled = await timed(() => settle(db, taken.value))
    const plain = await timed(() => plainly(admin, taken.value))
    const lines = orders * LINES_AN_ORDER
    await check(db, lines)
    return [
      row(`statement of ${lines} lines taken in`, taken.seconds, 's'),
      row('matched and posted (target < 60)', settled.seconds, 's', plain.seconds),
      row('lines a minute', (lines * 60) / settled.seconds, '/min', (lines * 60) / plain.seconds),
    ]
  } finally {
    await database.end()
    await servers.stop()
  }
}

interface Company {
  entityId: number
  channelId: number
}

async function found(admin: Db): Promise<Company> {
  const [entity] = await admin<{ id: number }[]>`
    INSERT INTO entity (code, name, functional_currency, country) VALUES ('US', 'US', 'USD', 'US') RETURNING id`
  await admin`SELECT open_periods(${entity!.id}, 2026)`
  const [channel] = await admin<{ id: number }[]>`
    INSERT INTO channel (code, name, kind, entity_id, currency, marketplace) VALUES ('market', 'Market', 'amazon', ${entity!.id}, 'USD', true) RETURNING id`
  await admin`INSERT INTO site (entity_id, code, name, kind, country) VALUES (${entity!.id}, 'EAST', 'East', 'own', 'US')`
  await admin`INSERT INTO item (sku, name) SELECT 'SKU-' || n, 'Item' FROM generate_series(1, 500) n`
  return { entityId: entity!.id, channelId: channel!.id }
}

const open = { netMinor: 7855n, goodsMinor: 10_000n }

/** Orders as they stand once they have shipped: lines, and what the marketplace owes for each. */
async function sell(
  admin: Db,
  db: Db,
  { entityId, channelId }: Company,
  orders: number,
): Promise<void> {
  await admin`
    INSERT INTO sales_order (entity_id, channel_id, external_id, external_version, order_number, workflow_id, currency, rate_e9, placed_at, placed_on, settlement, provider, tax_collected_by, total_minor, policies)
    SELECT ${entityId}, ${channelId}, 'A-' || n, '1', 'A-' || n, 'bench/' || n, 'USD', 1000000000, now(), '2026-06-01', 'marketplace', 'amazon', 'marketplace', 9800, '{}' FROM generate_series(1, ${orders}::int) n`
  await admin`
    INSERT INTO sales_order_line (order_id, line_no, external_line_id, item_id, title, goods_minor, discount_minor, shipping_minor, commission_minor, fee_minor, qty_ordered, qty_shipped)
    SELECT o.id, 1, 'L-' || o.external_id, (SELECT min(id) FROM item) + o.id % 500, 'Item', ${open.goodsMinor}, 1000, 800, 1470, 475, 1, 1 FROM sales_order o`
  const ids = await db<{ id: bigint }[]>`SELECT id FROM sales_order ORDER BY id`
  for (let from = 0; from < ids.length; from += 500) {
    const entries = ids.slice(from, from + 500).map(({ id }) =>
      journalEntry({
        ...{ entityId, area: 'AR', effectiveOn: '2026-06-02', eventType: 'goods-shipped' },
        ...{ sourceType: 'bench', sourceId: `${id}`, key: `bench/${id}`, currency: 'USD' },
        lines: [
          debit('MarketplaceClearing', open.netMinor, {
            orderId: id,
            channelId,
            openKey: `order/${id}`,
          }),
          credit('OpeningBalances', open.netMinor),
        ],
      }),
    )
    await db.begin((tx) => postEntries(tx as never, entries, 'bench'))
  }
}

/** Every tenth order bears more commission than was expected of it. */
function aStatement(orders: number): SettlementStatement {
  const lines: StatementLine[] = []
  const add = (n: number, line: Pick<StatementLine, 'class' | 'type' | 'amountMinor'>) =>
    lines.push({
      ...{ lineNo: lines.length + 1, postedOn: ON, orderReference: `A-${n}`, ...line },
      ...{ itemReference: `L-A-${n}`, quantity: 1 },
    })
  for (let n = 1; n <= orders; n += 1) {
    add(n, { class: 'sale', type: 'Order/ItemPrice/Principal', amountMinor: 10_000n })
    add(n, { class: 'sale', type: 'Order/ItemPrice/Shipping', amountMinor: 800n })
    add(n, { class: 'sale-tax', type: 'Order/ItemPrice/Tax', amountMinor: 743n })
    add(n, { class: 'sale-tax', type: 'Order/ItemPrice/ShippingTax', amountMinor: 66n })
    add(n, { class: 'withheld-tax', type: 'Order/ItemWithheldTax', amountMinor: -809n })
    add(n, { class: 'promotion', type: 'Order/Promotion/Principal', amountMinor: -1000n })
    const over = n % 10 === 0 ? 50n : 0n
    add(n, { class: 'fee', type: 'Order/ItemFees/Commission', amountMinor: -1470n - over })
    add(n, { class: 'fee', type: 'Order/ItemFees/FBAPerUnit', amountMinor: -475n })
  }
  const total = lines.reduce((sum, line) => sum + line.amountMinor, 0n)
  return {
    ...{ provider: 'amazon', account: 'SELLER', statementId: 'BENCH-1', currency: 'USD', lines },
    ...{ depositedOn: ON, totalMinor: total, payoutMinor: total },
  }
}

async function takeIn(
  db: Db,
  statement: SettlementStatement,
  { entityId, channelId }: Company,
): Promise<string> {
  const command = { key: 'bench/take', request: statement.statementId, actor: 'bench' }
  const { id } = await commitOnce(db, command, (tx) =>
    takeStatement(tx, { statement, entityId, channelId, actor: 'bench' }),
  )
  return id
}

async function settle(db: Db, id: string): Promise<DocumentProgress> {
  const verbs = settlementActivities({ db })
  let now = await verbs.beginSettlement({ id })
  while (now.phase === 'matching' || now.phase === 'posting')
    now = await verbs.workOnSettlement({ id, part: now.version })
  if (now.phase !== 'posted') throw new Error(`the statement is ${now.phase}`)
  return now
}

async function plainly(admin: Db, id: string): Promise<void> {
  await admin`CREATE TABLE plain_line (LIKE settlement_line INCLUDING INDEXES)`
  await admin`INSERT INTO plain_line SELECT * FROM settlement_line WHERE statement_id = ${id}`
  await admin`CREATE TABLE plain_order AS SELECT order_reference, class, sum(amount_minor) AS amount FROM plain_line GROUP BY 1, 2`
}

async function check(db: Db, lines: number): Promise<void> {
  const [row] = await db<{ matched: number; left: bigint }[]>`
    SELECT (SELECT count(*)::int FROM settlement_match WHERE rule = 'item-id') AS matched,
      (SELECT coalesce(sum(abs(balance_minor)), 0)::bigint FROM open_item WHERE account_id = 1120) AS left`
  if (row?.matched !== lines || row.left !== 0n)
    throw new Error(`not all of it was settled: ${row?.matched} lines, ${row?.left} left`)
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const startedAt = performance.now()
  const value = await work()
  return { seconds: (performance.now() - startedAt) / 1000, value }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(table(await run()))
