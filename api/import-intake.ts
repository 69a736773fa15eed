import { readCsvOrders } from '#connectors/bulk/csv-orders'
import { readNdjsonOrders, type BulkOrder } from '#connectors/bulk/ndjson-orders'
import { storable } from '#connectors/storable'
import type { DocumentProblem, OrderDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { addRejections } from '#db/stores/imports'
import { storeDocuments } from '#db/stores/inbox-sets'
import { isInScope } from '#domain/scopes'
import type { Principal } from './deps.ts'

export type ImportFormat = 'csv' | 'ndjson'

export interface ImportCounts {
  stored: number
  known: number
  rejected: number
}

export interface ImportSource {
  importId: string
  format: ImportFormat
  /** For a CSV file that names no channel. */
  channel: string | undefined
  body: AsyncIterable<Uint8Array>
  principal: Principal
}

const SET_SIZE = 200

/**
 * Reads a file order by order, holding one set in memory, and stores each set in the inbox, from
 * where the sweep tells the processes. A row that is no order rejects that order alone. The same
 * file again finds what is there. Counts what it has done also when the stream breaks.
 */
export async function takeFile(db: Db, source: ImportSource, counts: ImportCounts): Promise<void> {
  const channels = await openChannels(db)
  let set: BulkOrder[] = []
  for await (const order of read(source)) {
    set.push(order)
    if (set.length < SET_SIZE) continue
    await takeSet(db, source, channels, set, counts)
    set = []
  }
  await takeSet(db, source, channels, set, counts)
}

function read({ format, channel, body }: ImportSource): AsyncGenerator<BulkOrder> {
  if (format === 'ndjson') return readNdjsonOrders(body)
  return readCsvOrders(body, channel === undefined ? {} : { channel })
}

/** Each channel that takes orders, with the company in which it lies. */
type OpenChannels = ReadonlyMap<string, string>

async function openChannels(db: Db): Promise<OpenChannels> {
  const rows = await db<{ code: string; entity: string }[]>`
    SELECT c.code, e.code AS entity FROM channel c JOIN entity e ON e.id = c.entity_id WHERE c.status = 'active'`
  return new Map(rows.map(({ code, entity }) => [code, entity]))
}

interface Rejected {
  row: number
  problems: DocumentProblem[]
}

async function takeSet(
  db: Db,
  { importId, principal }: ImportSource,
  channels: OpenChannels,
  set: readonly BulkOrder[],
  counts: ImportCounts,
): Promise<void> {
  const rejected: Rejected[] = []
  const sound: { row: number; document: OrderDocument }[] = []
  for (const { row, result } of set) {
    const checked = storable(result)
    const problems = checked.ok ? mayTake(checked.value, channels, principal) : checked.problems
    if (checked.ok && problems.length === 0) sound.push({ row, document: checked.value })
    else rejected.push({ row, problems })
  }
  const stored = await storeDocuments(
    db,
    sound.map(({ row, document }) => ({
      source: `import/${document.channel}`,
      eventId: `${document.externalId}/${document.externalVersion}`,
      topic: 'placed' as const,
      document,
      importId,
      importRow: row,
    })),
  )
  for (const [n, { fresh, differs }] of stored.entries()) {
    if (differs) rejected.push({ row: sound[n]!.row, problems: [CHANGED] })
    else if (fresh) counts.stored += 1
    else counts.known += 1
  }
  await addRejections(db, importId, rejected)
  counts.rejected += rejected.length
}

const CHANGED: DocumentProblem = {
  code: 'changed-content',
  field: 'externalVersion',
  message: 'this version was imported before with another content: send a newer version',
}

function mayTake(
  { channel }: OrderDocument,
  channels: OpenChannels,
  { scopes }: Principal,
): DocumentProblem[] {
  if (!isInScope(scopes, { channel, entity: channels.get(channel) ?? null }))
    return [
      { code: 'out-of-scope', field: 'channel', message: `you may not import for ${channel}` },
    ]
  if (channels.has(channel)) return []
  const message = `there is no channel "${channel}" that is open: create it first`
  return [{ code: 'unknown-channel', field: 'channel', message }]
}
