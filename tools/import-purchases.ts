import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { readAdventureWorks } from '#connectors/adventureworks/adventureworks'
import { ADVENTUREWORKS_TABLES } from '#connectors/adventureworks/tables'
import { readScms } from '#connectors/scms/scms'
import { ConfigError } from '#config'
import type { Db } from '#db/client'
import { commitOnce, requestHash } from '#db/commit-once'
import {
  insertPastMasters,
  insertPastPurchases,
  purchaseKey,
  type HashedPurchase,
} from '#db/stores/purchase-history'
import type { PurchaseHistory, RejectedRow } from '#domain/purchasing/past-purchase'
import type { ImportProgress } from './import-run.ts'

export type PurchaseFormat = 'adventureworks' | 'scms'

/** Several hundred purchases are one transaction. */
const SET_SIZE = 300

export interface PurchaseImport {
  db: Db
  /** The company that bought; the only one where that is left out. */
  entity?: string
  actor: string
  onProgress?: (progress: ImportProgress) => void
  onRejected?: (row: RejectedRow) => void
  stopping?: AbortSignal
}

export interface PurchaseSummary {
  format: PurchaseFormat
  files: number
  rows: PurchaseHistory['rows']
  purchases: { imported: number; known: number; rejected: number }
  lines: number
  suppliers: number
  items: number
  complete: boolean
}

/** By the name of the file, and for CSV by its heading; null for what holds no purchases. */
async function purchaseFormatOf(path: string): Promise<PurchaseFormat | null> {
  if (tableOf(path)) return 'adventureworks'
  if (!/\.csv$/i.test(path)) return null
  const [heading = ''] = (await textOf(path)).slice(0, 4096).split(/[\r\n]/)
  return /PO \/ SO #/i.test(heading) && /ASN\/DN #/i.test(heading) ? 'scms' : null
}

/** Which of the files hold past purchases, and of which kind; the others are of orders. */
export async function sortOutPurchases(
  files: readonly string[],
  format: string,
): Promise<{ purchases: Map<PurchaseFormat, string[]>; orders: string[] }> {
  const purchases = new Map<PurchaseFormat, string[]>()
  const orders: string[] = []
  for (const path of files) {
    const told = format === 'adventureworks' || format === 'scms' ? format : null
    const kind = told ?? (format === 'auto' ? await purchaseFormatOf(path) : null)
    if (kind === null) orders.push(path)
    else purchases.set(kind, [...(purchases.get(kind) ?? []), path])
  }
  return { purchases, orders }
}

/**
 * Past purchases of files into the system, as rows. The tables of AdventureWorks belong together:
 * those that are not named are looked for beside the others. The same files again add nothing.
 */
export async function importPurchases(
  files: readonly string[],
  format: PurchaseFormat,
  run: PurchaseImport,
): Promise<PurchaseSummary[]> {
  if (format === 'adventureworks') {
    const paths = await adventureWorksFiles(files)
    const texts = await Promise.all(
      [...paths].map(async ([table, path]) => [table, await textOf(path)] as const),
    )
    const history = readAdventureWorks(Object.fromEntries(texts))
    return [await take({ format, files: [...paths.values()], history }, run)]
  }
  const summaries: PurchaseSummary[] = []
  for (const path of files) {
    if (run.stopping?.aborted) break
    const history = readScms(await textOf(path), basename(path))
    summaries.push(await take({ format, files: [path], history }, run))
  }
  return summaries
}

function tableOf(path: string): (typeof ADVENTUREWORKS_TABLES)[number] | undefined {
  const name = basename(path).replace(/\.csv$/i, '')
  return ADVENTUREWORKS_TABLES.find((table) => table.toLowerCase() === name.toLowerCase())
}

async function adventureWorksFiles(files: readonly string[]): Promise<Map<string, string>> {
  const paths = new Map<string, string>()
  for (const path of files) {
    const table = tableOf(path)
    if (!table)
      throw new ConfigError(`${path} is none of ${ADVENTUREWORKS_TABLES.join(', ')}: name it so`)
    paths.set(table, path)
  }
  const folder = dirname(files[0]!)
  for (const table of ADVENTUREWORKS_TABLES) {
    if (paths.has(table)) continue
    const beside = join(folder, `${table}.csv`)
    const isThere = await stat(beside).then(
      (found) => found.isFile(),
      () => false,
    )
    if (!isThere)
      throw new ConfigError(`${table}.csv belongs to it: name it, or lay it in ${folder}`)
    paths.set(table, beside)
  }
  return paths
}

/** UTF-8, with or without a mark; older exports are in Windows-1252. */
async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path)
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

interface ReadFiles {
  format: PurchaseFormat
  files: string[]
  history: PurchaseHistory
}

async function take(
  { format, files, history }: ReadFiles,
  run: PurchaseImport,
): Promise<PurchaseSummary> {
  const { db, actor } = run
  const entity = await companyOf(db, run.entity)
  for (const row of history.rejected) run.onRejected?.(row)
  const { suppliers, items, terms } = history
  const masters = { entityId: entity.id, suppliers, items, terms, actor }
  const key = `import-purchases/${entity.code}/${format}/masters/${hashOf(masters)}`
  let ran = false
  const made = await commitOnce(db, { key, request: masters, actor }, (tx) => {
    ran = true
    return insertPastMasters(tx, masters)
  })
  const summary: PurchaseSummary = {
    format,
    files: files.length,
    rows: { ...history.rows },
    purchases: { imported: 0, known: 0, rejected: 0 },
    lines: 0,
    suppliers: ran ? made.suppliers : 0,
    items: ran ? made.items : 0,
    complete: false,
  }
  await takeSets({ format, files, history }, entity, run, summary)
  return summary
}

async function takeSets(
  { format, files, history }: ReadFiles,
  entity: Company,
  run: PurchaseImport,
  summary: PurchaseSummary,
): Promise<void> {
  const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size))
  const totalBytes = sizes.reduce((all, size) => all + size, 0)
  const { purchases } = history
  for (let from = 0; from < purchases.length; from += SET_SIZE) {
    if (run.stopping?.aborted) return
    await takeSet(format, entity, purchases.slice(from, from + SET_SIZE), run, summary)
    const done = Math.min(1, (from + SET_SIZE) / purchases.length)
    run.onProgress?.({
      bytes: Math.round(totalBytes * done),
      totalBytes,
      file: basename(files[0]!),
      orders: summary.purchases.imported + summary.purchases.known,
      rejected: summary.rows.rejected,
    })
  }
  summary.complete = true
}

async function takeSet(
  source: PurchaseFormat,
  entity: Company,
  set: readonly PurchaseHistory['purchases'][number][],
  run: PurchaseImport,
  summary: PurchaseSummary,
): Promise<void> {
  const { db, actor } = run
  const purchases = set.map((one): HashedPurchase => ({
    ...one,
    contentHash: contentHash(one, source),
  }))
  const request = purchases.map((one) => [purchaseKey(one), one.contentHash])
  const key = `import-purchases/${entity.code}/${source}/${hashOf(request)}`
  let ran = false
  const taken = await commitOnce(db, { key, request, actor }, (tx) => {
    ran = true
    return insertPastPurchases(tx, { entityId: entity.id, source, purchases, actor })
  })
  const [added, changed, unknown] = [taken.added, taken.changed, taken.unknown].map(
    (keys) => new Set(keys),
  ) as [Set<string>, Set<string>, Set<string>]
  for (const purchase of purchases) {
    const own = purchaseKey(purchase)
    if (changed.has(own)) rejectPurchase(purchase, CHANGED, run, summary)
    else if (unknown.has(own)) rejectPurchase(purchase, ELSEWHERE, run, summary)
    else if (ran && added.has(own)) {
      summary.purchases.imported += 1
      summary.lines += purchase.lines.length
    } else summary.purchases.known += 1
  }
}

const CHANGED = ['changed-content', 'was imported before with another content: the first stays']
const ELSEWHERE = ['unknown-supplier', 'is of a supplier that belongs to another company']

function rejectPurchase(
  purchase: HashedPurchase,
  [code, why]: readonly string[],
  { onRejected }: PurchaseImport,
  summary: PurchaseSummary,
): void {
  summary.purchases.rejected += 1
  const message = `purchase ${purchase.externalId} ${why}`
  const origins = new Set([purchase.origin, ...purchase.lines.map(({ origin }) => origin)])
  for (const origin of origins) {
    const [file, row] = origin.split(/:(?=\d+$)/) as [string, string]
    summary.rows.taken -= 1
    summary.rows.rejected += 1
    onRejected?.({ file, row: Number(row), field: 'row', code: code!, message })
  }
}

/**
 * Of what was told, wherever it stood. Carrier and price asked are told in tables of their own at
 * AdventureWorks: another list of prices does not make the order another one.
 */
function contentHash(
  { origin: _, lines, ...purchase }: PurchaseHistory['purchases'][number],
  source: PurchaseFormat,
): string {
  const told = lines.map(({ origin: __, mode, agreed, ...line }) =>
    source === 'adventureworks' ? line : { ...line, mode, agreed },
  )
  return hashOf({ ...purchase, lines: told })
}

function hashOf(value: unknown): string {
  return requestHash(value).toString('hex')
}

interface Company {
  id: number
  code: string
}

async function companyOf(db: Db, code: string | undefined): Promise<Company> {
  const all = await db<Company[]>`SELECT id, code FROM entity ORDER BY code`
  const found = code === undefined && all.length === 1 ? all[0] : all.find((e) => e.code === code)
  if (found) return found
  throw new ConfigError(
    `say which company bought, with --entity ${all.map((e) => e.code).join(' or ')}`,
  )
}

export function purchaseSummaryLines(summary: PurchaseSummary, seconds: number): string[] {
  const { format, files, rows, purchases, lines, suppliers, items } = summary
  return [
    `${format}: ${files} files, ${rows.total} rows in ${seconds.toFixed(1)} s`,
    `  taken      ${rows.taken} rows: ${purchases.imported} past purchases with ${lines} lines, ${suppliers} suppliers that wait for approval, ${items} draft items`,
    `  known      ${purchases.known} past purchases: they were here already`,
    `  rejected   ${rows.rejected} rows`,
    rows.taken + rows.rejected === rows.total
      ? '  every row is accounted for'
      : `  ${rows.total - rows.taken - rows.rejected} rows are NOT accounted for`,
    ...(summary.complete ? [] : ['  stopped before the end: run it again, it goes on']),
  ]
}
