import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { tellOrder, type OrderMessage } from '#clients/order-process'
import type { Db } from '#db/client'
import { markTold, markTooLate } from '#db/stores/inbox'
import { storeDocuments } from '#db/stores/inbox-sets'
import type { ImportChannel, ImportMasters } from './import-channels.ts'
import type { ImportedRow } from './import-rows.ts'
import { byChannel, reject, type ImportSink, type Settled } from './import-sink.ts'

export interface OpenOptions {
  db: Db
  client: Client
  masters: ImportMasters
  actor: string
  taskQueue?: string
  /** Processes told at the same time. */
  concurrency: number
  /** How long nothing may move before the end is told without the rest. */
  patienceMs?: number
}

const MOST_ATTEMPTS = 8

/** Orders that are still to be shipped: each becomes a process, as if its channel had sent it. */
export function openSink(options: OpenOptions): ImportSink {
  /** Orders that this very import has brought: another version of one is a change of it. */
  const seen = new Set<string>()
  const told: Untold[] = []
  return {
    orders: async (rows) => {
      for (const [code, own] of byChannel(rows))
        told.push(...(await importOpen(options, code, own, seen)))
    },
    settle: () => settle(options, told.splice(0)),
    cancellations: async (rows) => {
      for (const row of rows)
        reject(row, 'cancellation-unmatched', 'row', 'only --mode history matches cancellations')
    },
  }
}

async function importOpen(
  options: OpenOptions,
  code: string,
  rows: readonly ImportedRow[],
  seen: Set<string>,
): Promise<Untold[]> {
  const { db, masters, actor, taskQueue } = options
  const channel = await masters.channel(code)
  if (!channel) {
    for (const row of rows)
      reject(row, 'unknown-channel', 'channel', `there is no channel "${code}": create it first`)
    return []
  }
  const placed = await placedOrders(db, channel, rows)
  const messages = rows.map((row) => {
    const document = row.order!
    const known = placed.has(document.externalId) || seen.has(`${code}/${document.externalId}`)
    seen.add(`${code}/${document.externalId}`)
    return {
      source: `import/${code}`,
      eventId: `${document.externalId}/${document.externalVersion}`,
      topic: known ? ('updated' as const) : ('placed' as const),
      document,
    }
  })
  const stored = await storeDocuments(db, messages)
  const untold: Untold[] = []
  for (const [n, { inboxId, outcome, fresh, differs }] of stored.entries()) {
    const row = rows[n]!
    const { topic, document } = messages[n]!
    if (differs) {
      const message = 'this version was imported before with another content: send a newer version'
      reject(row, 'changed-content', 'version', message)
      continue
    }
    row.outcome = fresh ? 'imported' : 'known'
    // A document that was stored and whose process nobody has told: the import before died there.
    if (outcome !== 'received') continue
    const message = { inboxId, topic, document, actor, ...(taskQueue ? { taskQueue } : {}) }
    untold.push({ row, message })
  }
  await tellAll(options, untold)
  return untold.filter(({ row }) => row.outcome !== 'rejected')
}

async function placedOrders(
  db: Db,
  channel: ImportChannel,
  rows: readonly ImportedRow[],
): Promise<Set<string>> {
  const ids = rows.map((row) => row.order!.externalId)
  const found = await db<{ id: string }[]>`
    SELECT external_id AS id FROM sales_order WHERE channel_id = ${channel.id} AND external_id = ANY (${ids}::text[])`
  return new Set(found.map(({ id }) => id))
}

interface Untold {
  row: ImportedRow
  message: OrderMessage
}

async function tellAll(options: OpenOptions, untold: readonly Untold[]): Promise<void> {
  let next = 0
  const teller = async (): Promise<void> => {
    for (let at = next++; at < untold.length; at = next++) await tell(options, untold[at]!)
  }
  await Promise.all(Array.from({ length: options.concurrency }, teller))
  // One that was marked as too late is not waiting any more, and stays as it is.
  await markTold(
    options.db,
    untold.map(({ message }) => message.inboxId),
  )
}

/** Nothing is lost while Temporal is away: the document is stored, and the next run tells it. */
async function tell({ client, db }: OpenOptions, { row, message }: Untold): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if ((await tellOrder(client, message)) === 'told') return
      await markTooLate(db, message.inboxId)
      return reject(row, 'order-ended', 'order', 'this order is closed: it takes no new version')
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error
      await wait(100 * 2 ** attempt)
    }
  }
}

interface Refused {
  id: string
  problems: ImportedRow['problems']
}

/** A process may refuse what could be read: its answer stands in the inbox soon after it was told. */
async function settle(
  { db, patienceMs = 30_000 }: OpenOptions,
  told: readonly Untold[],
): Promise<Settled> {
  const ids = told.map(({ message }) => message.inboxId)
  let waiting = ids.length
  for (let movedAt = Date.now(); waiting > 0 && Date.now() - movedAt < patienceMs;) {
    const [row] = await db<{ n: number }[]>`
      SELECT count(*)::int AS n FROM inbox WHERE id = ANY (${ids}::bigint[]) AND outcome = 'received'`
    if (row!.n < waiting) movedAt = Date.now()
    waiting = row!.n
    if (waiting > 0) await wait(200)
  }
  const found = await db<Refused[]>`
    SELECT id::text, problems FROM inbox WHERE id = ANY (${ids}::bigint[]) AND outcome = 'refused'`
  const problems = new Map(found.map((row) => [row.id, row.problems]))
  const refused = told.flatMap(({ row, message: { inboxId, document } }) => {
    const why = problems.get(inboxId)
    if (!why) return []
    const was = row.outcome!
    for (const { code, field, message } of why) reject(row, code, field, message)
    return [{ row, was, lines: document.lines.length }]
  })
  return { refused, waiting }
}
