import { randomBytes } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { connect, type Db } from '#db/client'
import { migrate } from '#db/migrate'
import { postEntries } from '#db/stores/ledger'
import { credit, debit, journalEntry, type JournalEntryDraft } from '#domain/ledger/journal'

/** One measured setting: guarded posting against bare inserts of the same rows. */
export interface PostingResult {
  clients: number
  entriesPerTransaction: number
  durable: boolean
  barePerSecond: number
  guardedPerSecond: number
  ratio: number
}

export interface PostingBenchOptions {
  databaseUrl?: string
  /** How long each of the interleaved slices lasts. */
  sliceMs?: number
  slices?: number
}

const defaultUrl =
  process.env['DATABASE_URL'] ?? 'postgres://postgres:postgres@127.0.0.1:5499/postgres'

/**
 * Entries a second through `post_entries` as a ratio to bare inserts of the same rows: plain
 * tables with the same columns and indexes, the same number of transactions, written set-wise from
 * arrays (the fastest ordinary way). Slices of both alternate, so that both see the same machine.
 */
export async function run(options: PostingBenchOptions = {}): Promise<PostingResult[]> {
  const { databaseUrl = defaultUrl, sliceMs = 1500, slices = 3 } = options
  const server = connect(databaseUrl, { max: 1 })
  const name = `bench_posting_${randomBytes(4).toString('hex')}`
  await server`CREATE DATABASE ${server(name)}`
  const address = new URL(databaseUrl)
  address.pathname = `/${name}`
  try {
    await migrate(address.href)
    return await measureAll(address.href, sliceMs, slices)
  } finally {
    await server`DROP DATABASE ${server(name)} WITH (FORCE)`
    await server.end()
  }
}

async function measureAll(url: string, sliceMs: number, slices: number): Promise<PostingResult[]> {
  const admin = connect(url, { max: 1 })
  const entity = await prepare(admin)
  const results: PostingResult[] = []
  for (const durable of [true, false]) {
    await admin.unsafe(
      `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = ${durable ? 'on' : 'off'}`,
    )
    for (const clients of [1, 8]) {
      for (const entriesPerTransaction of [1, 50]) {
        const db = connect(url, { role: 'throughline_app', max: clients })
        const bareDb = connect(url, { max: clients })
        const rate = { bare: 0, guarded: 0 }
        // The first slice of each warms caches and plans and is not counted.
        for (let slice = 0; slice <= slices; slice += 1) {
          const setting = { entity, clients, size: entriesPerTransaction, sliceMs }
          const bare = await perSecond(setting, (drafts) => insertBare(bareDb, drafts))
          const guarded = await perSecond(setting, async (drafts) => {
            await db.begin((tx) => postEntries(tx as never, drafts))
          })
          if (slice === 0) continue
          rate.bare += bare / slices
          rate.guarded += guarded / slices
        }
        results.push({
          clients,
          entriesPerTransaction,
          durable,
          barePerSecond: Math.round(rate.bare),
          guardedPerSecond: Math.round(rate.guarded),
          ratio: Math.round((rate.guarded / rate.bare) * 100) / 100,
        })
        await Promise.all([db.end(), bareDb.end()])
      }
    }
  }
  await admin.end()
  return results
}

interface Setting {
  entity: number
  clients: number
  size: number
  sliceMs: number
}

async function perSecond(
  { entity, clients, size, sliceMs }: Setting,
  write: (drafts: JournalEntryDraft[]) => Promise<void>,
): Promise<number> {
  const startedAt = performance.now()
  let written = 0
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() - startedAt < sliceMs) {
        await write(Array.from({ length: size }, () => saleOnAccount(entity)))
        written += size
      }
    }),
  )
  return (written * 1000) / (performance.now() - startedAt)
}

let serial = 0

/** Four lines on the same four accounts for everyone: the hottest case there is. */
function saleOnAccount(entity: number): JournalEntryDraft {
  serial += 1
  const orderId = BigInt(serial)
  const line = {
    orderId,
    orderLineId: orderId,
    channelId: 1,
    itemId: 1 + (serial % 500),
    siteId: 1,
    segment: 'retail',
  }
  return journalEntry({
    entityId: entity,
    area: 'AR',
    effectiveOn: '2026-06-15',
    eventType: 'goods-shipped',
    sourceType: 'shipment',
    sourceId: String(serial),
    key: `bench/${serial}`,
    actor: 'bench',
    currency: 'USD',
    lines: [
      debit('Receivables', 11_691n, { ...line, openKey: `order/${serial}` }),
      credit('ProductSales', 10_000n, { ...line, qty: -1n }),
      credit('ShippingIncome', 800n, line),
      credit('SalesTaxPayable', 891n, { ...line, jurisdiction: 'US-CA', taxCode: 'standard' }),
    ],
  })
}

/** The same rows (header, lines, open item, match) with no guard, no leaf and no idempotency. */
async function insertBare(db: Db, drafts: readonly JournalEntryDraft[]): Promise<void> {
  const ids = drafts.map((draft) => draft.sourceId)
  const keys = drafts.map((draft) => draft.key)
  const lines = drafts.flatMap((draft) =>
    draft.lines.map((line, nth) => ({ ...line, id: draft.sourceId, no: nth + 1 })),
  )
  const column = (pick: (line: (typeof lines)[number]) => unknown) =>
    lines.map((line) => (pick(line) as string | number | bigint | undefined)?.toString() ?? null)
  const { entityId } = drafts[0]!
  await db.begin((tx) => [
    tx`INSERT INTO bare_entry (id, xid, recorded_at, entity_id, period_id, effective_on, rule_version, line_count, areas, book,
        area, event_type, source_type, source_id, idem_key, actor, leaf)
      SELECT id, '1', '2026-06-15', ${entityId}::int, 1, '2026-06-15', 1, 4, 17, 'main', 'AR', 'goods-shipped', 'shipment',
        id::text, key, 'bench', '\\x0000000000000000000000000000000000000000000000000000000000000000'
      FROM unnest(${ids}::text[]::bigint[], ${keys}::text[]) AS t(id, key)`,
    tx`INSERT INTO bare_line (entry_id, line_no, account_id, effective_on, currency, amount_minor, func_minor, qty,
        order_id, order_line_id, channel_id, item_id, site_id, segment, tax_code, jurisdiction, open_key)
      SELECT id, no, account, '2026-06-15', currency, amount, func, qty, order_id, line_id, channel, item, site, segment, code,
        jurisdiction, key
      FROM unnest(${column((l) => l.id)}::text[]::bigint[], ${column((l) => l.no)}::text[]::smallint[],
        ${column((l) => l.accountId)}::text[]::int[], ${column((l) => l.currency)}::text[],
        ${column((l) => l.amountMinor)}::text[]::bigint[], ${column((l) => l.funcMinor)}::text[]::bigint[],
        ${column((l) => l.qty)}::text[]::bigint[], ${column((l) => l.orderId)}::text[]::bigint[],
        ${column((l) => l.orderLineId)}::text[]::bigint[], ${column((l) => l.channelId)}::text[]::int[],
        ${column((l) => l.itemId)}::text[]::int[], ${column((l) => l.siteId)}::text[]::int[],
        ${column((l) => l.segment)}::text[], ${column((l) => l.taxCode)}::text[],
        ${column((l) => l.jurisdiction)}::text[], ${column((l) => l.openKey)}::text[])
        AS t(id, no, account, currency, amount, func, qty, order_id, line_id, channel, item, site, segment, code,
          jurisdiction, key)`,
    tx`INSERT INTO bare_open_item (id, balance_minor, func_minor, entity_id, account_id, opened_on, limited, currency, book, key)
      SELECT id, 11691, 11691, ${entityId}::int, 1200, '2026-06-15', false, 'USD', 'main', 'order/' || id
      FROM unnest(${ids}::text[]::bigint[]) AS t(id)`,
    tx`INSERT INTO bare_open_item_match (open_item_id, entry_id, amount_minor, func_minor, line_no)
      SELECT id, id, 11691, 11691, 1 FROM unnest(${ids}::text[]::bigint[]) AS t(id)`,
  ])
}

async function prepare(admin: Db): Promise<number> {
  const [entity] = await admin<{ id: number }[]>`
    INSERT INTO entity (code, name, functional_currency, country) VALUES ('US', 'US', 'USD', 'US') RETURNING id`
  await admin`SELECT open_periods(${entity!.id}, 2026)`
  for (const table of ['entry', 'line'] as const) {
    await admin.unsafe(`CREATE TABLE bare_${table} (LIKE journal_${table} INCLUDING INDEXES)`)
  }
  for (const table of ['open_item', 'open_item_match'] as const) {
    await admin.unsafe(`CREATE TABLE bare_${table} (LIKE ${table} INCLUDING INDEXES)`)
  }
  return entity!.id
}

export function table(results: readonly PostingResult[]): string {
  const head =
    '| clients | entries/transaction | fsync at commit | bare/s | guarded/s | ratio |\n|--:|--:|---|--:|--:|--:|'
  const rows = results.map(
    (r) =>
      `| ${r.clients} | ${r.entriesPerTransaction} | ${r.durable ? 'yes' : 'no'} | ${r.barePerSecond} | ${r.guardedPerSecond} | ${r.ratio.toFixed(2)} |`,
  )
  return [head, ...rows].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(table(await run()))
}
