import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { loadConfig } from '#config'
import { connect, type Db } from '#db/client'
import { temporalAt } from '#temporal-connection'
import { ImportMasters } from './import-channels.ts'
import { historySink } from './import-history.ts'
import { createMissingItems, openImportedStock, type ItemFacts } from './import-items.ts'
import { openSink } from './import-open.ts'
import {
  importPurchases,
  purchaseSummaryLines,
  sortOutPurchases,
  type PurchaseFormat,
  type PurchaseImport,
} from './import-purchases.ts'
import { progressDisplay, rejectionReport, summaryLines } from './import-report.ts'
import type { ImportFormat, ImportedRow } from './import-rows.ts'
import { runImport, type ImportProgress, type ImportSummary } from './import-run.ts'
import { byChannel } from './import-sink.ts'
import { sayProblem, withRunningServers } from './running-servers.ts'

export interface ImportOptions {
  files: readonly string[]
  format: ImportFormat | 'auto'
  /** For files that name no channel. */
  channel?: string
  /** History unless told otherwise for UCI files, open for all others. */
  mode?: 'open' | 'history'
  /** Usual for UCI files, which bring no catalogue; others sell what is known unless told. */
  createItems?: boolean
  itemFacts: Record<string, Partial<ItemFacts>>
  /** Units of each imported item to begin with; none unless given. */
  openingStock?: number
  costPercent: number
  actor: string
}

export interface ImportDeps {
  db: Db
  /** Opened when the first open order comes. */
  temporal: () => Promise<Client>
  taskQueue?: string
  onProgress?: (progress: ImportProgress) => void
  onRejected?: (row: ImportedRow) => void
  onUnmatched?: (row: ImportedRow) => void
  stopping?: AbortSignal
}

/** Orders of a file into the system: past ones as rows, open ones as processes. */
export async function importFiles(
  options: ImportOptions,
  deps: ImportDeps,
): Promise<ImportSummary> {
  const { db, taskQueue } = deps
  const { actor } = options
  const masters = new ImportMasters(db)
  const channel = options.channel ?? 'uci-wholesale'
  const modeOf = (format: ImportFormat) => options.mode ?? (format === 'uci' ? 'history' : 'open')
  let client: Client | undefined
  return runImport({
    files: options.files,
    format: options.format,
    ...(options.channel === undefined ? {} : { channel: options.channel }),
    sinkFor: async (format) => {
      if (modeOf(format) === 'history') return historySink({ db, masters, actor, channel })
      client ??= await deps.temporal()
      const options = { db, client, masters, actor, concurrency: 32 }
      return openSink(taskQueue ? { ...options, taskQueue } : options)
    },
    prepare: (orders, format) => {
      const createItems = options.createItems ?? format === 'uci'
      return prepare({ ...options, createItems }, { db, masters }, orders, modeOf(format))
    },
    onProgress: deps.onProgress ?? (() => {}),
    onRejected: deps.onRejected ?? (() => {}),
    onUnmatched: deps.onUnmatched ?? (() => {}),
    ...(deps.stopping ? { stopping: deps.stopping } : {}),
  })
}

async function prepare(
  options: ImportOptions,
  { db, masters }: { db: Db; masters: ImportMasters },
  orders: Parameters<Parameters<typeof runImport>[0]['prepare']>[0],
  mode: 'open' | 'history',
): Promise<void> {
  if (!options.createItems && options.openingStock === undefined) return
  const rows = orders.map((order): ImportedRow => ({
    file: '',
    row: 0,
    rows: 1,
    order,
    problems: [],
  }))
  for (const [code, own] of byChannel(rows)) {
    const channel = await masters.channel(code)
    if (!channel) continue
    const documents = own.map((row) => row.order!)
    const { actor } = options
    if (options.createItems) {
      const creation = { active: mode === 'open', facts: options.itemFacts, actor }
      await createMissingItems(db, masters, channel, documents, creation)
    }
    if (options.openingStock !== undefined) {
      const today = new Date().toISOString().slice(0, 10)
      const { openingStock: qty, costPercent } = options
      await openImportedStock(db, masters, channel, documents, { qty, costPercent, today, actor })
    }
  }
}

const USAGE = `npm run import -- <file…>
  --format auto|csv|ndjson|uci|adventureworks|scms
                                 by name and header line unless told; the last two are past purchases
  --channel CODE                 for files that name no channel
  --mode open|history            open: each order becomes a process; history: past orders, rows only
                                 (history is usual for uci, open for the others)
  --create-items                 create the items that the orders sell and nobody knows
                                 (usual for uci; --no-create-items for not)
  --item-defaults FILE           JSON of their facts by SKU, "*" for all others
  --opening-stock QTY            units of each imported item to begin with
  --cost-percent 60              what they cost, in percent of the price
  --entity CODE                  the company that bought, for past purchases
  --report FILE                  rejected and unmatched rows as CSV: file,row,field,code,message
Servers: DATABASE_URL and TEMPORAL_ADDRESS, or those of the \`npm start\` that runs.
Ends with 0 when every row was taken, 1 when rows were rejected, 2 when it could not begin, 130 when stopped.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      format: { type: 'string', default: 'auto' },
      channel: { type: 'string' },
      entity: { type: 'string' },
      mode: { type: 'string' },
      'create-items': { type: 'boolean', default: false },
      'no-create-items': { type: 'boolean', default: false },
      'item-defaults': { type: 'string' },
      'opening-stock': { type: 'string' },
      'cost-percent': { type: 'string', default: '60' },
      report: { type: 'string' },
    },
  })
  if (positionals.length === 0) return fail(USAGE)
  const facts = values['item-defaults']
  const mode = values.mode && oneOf('--mode', values.mode, ['open', 'history'] as const)
  const formats = ['auto', 'csv', 'ndjson', 'uci', 'adventureworks', 'scms'] as const
  const format = oneOf('--format', values.format, formats)
  const sorted = await sortOutPurchases(positionals, format)
  const options: ImportOptions = {
    files: sorted.orders,
    format: format === 'adventureworks' || format === 'scms' ? 'auto' : format,
    ...(values['create-items'] ? { createItems: true } : {}),
    ...(values['no-create-items'] ? { createItems: false } : {}),
    itemFacts: facts
      ? (JSON.parse(await readFile(facts, 'utf8')) as ImportOptions['itemFacts'])
      : {},
    costPercent: whole('--cost-percent', values['cost-percent']),
    actor: `import:${process.env['USER'] ?? 'somebody'}`,
    ...(values.channel === undefined ? {} : { channel: values.channel }),
    ...(mode ? { mode } : {}),
    ...(values['opening-stock'] === undefined
      ? {}
      : { openingStock: whole('--opening-stock', values['opening-stock']) }),
  }
  const { entity, report: reportFile } = values
  await importWithDisplay(options, sorted.purchases, { entity, reportFile })
}

async function importWithDisplay(
  options: ImportOptions,
  purchases: ReadonlyMap<PurchaseFormat, string[]>,
  { entity, reportFile }: { entity: string | undefined; reportFile: string | undefined },
): Promise<void> {
  const env = await withRunningServers()
  const config = loadConfig(env, ['DATABASE_URL'])
  const db = connect(config.DATABASE_URL, {
    role: config.THROUGHLINE_APP_ROLE,
    max: 4,
    applicationName: 'throughline-import',
  })
  let connection: Connection | undefined
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const display = progressDisplay(process.stdout.isTTY, console.log)
  const report = rejectionReport(reportFile)
  const beganAt = performance.now()
  try {
    await showPurchases(purchases, {
      db,
      ...(entity === undefined ? {} : { entity }),
      actor: options.actor,
      onRejected: ({ file, row, ...problem }) =>
        report.add({ file, row, rows: 1, problems: [problem] }),
      stopping: stopping.signal,
    })
    if (options.files.length === 0) return
    const summary = await importFiles(options, {
      db,
      temporal: async () => {
        connection = await Connection.connect(temporalAt(loadConfig(env, ['TEMPORAL_ADDRESS'])))
        return new Client({ connection, namespace: config.TEMPORAL_NAMESPACE })
      },
      onProgress: (progress) => display.show(progress),
      onRejected: (row) => report.add(row),
      onUnmatched: (row) => report.add(row),
      stopping: stopping.signal,
    })
    display.stop()
    const seconds = (performance.now() - beganAt) / 1000
    console.log(summaryLines(summary, seconds).join('\n'))
    if (reportFile) console.log(`  the rejected and unmatched rows are in ${reportFile}`)
    if (!summary.complete) process.exitCode = 130
    else if (summary.rows.rejected > 0) process.exitCode = 1
  } finally {
    display.stop()
    await Promise.all([report.close(), db.end({ timeout: 5 }), connection?.close()])
  }
}

async function showPurchases(
  purchases: ReadonlyMap<PurchaseFormat, string[]>,
  run: PurchaseImport,
): Promise<void> {
  for (const [format, files] of purchases) {
    const beganAt = performance.now()
    const display = progressDisplay(process.stdout.isTTY, console.log)
    const onProgress = (progress: ImportProgress) => display.show(progress)
    const summaries = await importPurchases(files, format, { ...run, onProgress }).finally(() =>
      display.stop(),
    )
    const seconds = (performance.now() - beganAt) / 1000
    for (const summary of summaries) {
      console.log(purchaseSummaryLines(summary, seconds).join('\n'))
      if (!summary.complete) process.exitCode = 130
      else if (summary.rows.rejected > 0) process.exitCode = 1
    }
  }
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found === undefined) return fail(`${name} must be one of ${allowed.join(', ')}`)
  return found
}

function whole(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) return fail(`${name} must be a whole number, got "${value}"`)
  return Number(value)
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main().catch(sayProblem)
