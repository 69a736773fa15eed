import type { Reader } from '../client.ts'

export interface EntryHeader {
  entryId: bigint
  entityId: number
  book: string
  area: string
  period: string
  effectiveOn: string
  recordedAt: string
  eventType: string
  sourceType: string
  sourceId: string
  key: string
  ruleVersion: number
  reverses: bigint | null
  reversedBy: bigint | null
  causeId: string | null
  actor: string
  approvalId: string | null
  leaf: Buffer
}

export interface EntryLine {
  lineNo: number
  accountId: number
  accountName: string
  currency: string
  amountMinor: bigint
  funcMinor: bigint
  qty: bigint | null
  orderId: bigint | null
  orderLineId: bigint | null
  channelId: number | null
  channel: string | null
  itemId: number | null
  sku: string | null
  siteId: number | null
  site: string | null
  segment: string | null
  party: string | null
  taxCode: string | null
  jurisdiction: string | null
  provider: string | null
  condition: string | null
  layerId: bigint | null
  promotion: string | null
  openKey: string | null
  belongsTo: string | null
}

export interface EntryFilter {
  entityId?: number
  accountId?: number
  orderId?: bigint
  itemId?: number
  sourceType?: string
  sourceId?: string
  from?: string
  to?: string
  /** Entries older than this one; ids fall through the pages. */
  beforeEntryId?: bigint
  limit?: number
}

const header = (db: Reader) => db`
  e.id AS "entryId", e.entity_id AS "entityId", e.book, e.area, p.period, e.effective_on AS "effectiveOn",
  e.recorded_at AS "recordedAt", e.event_type AS "eventType", e.source_type AS "sourceType", e.source_id AS "sourceId",
  e.idem_key AS key, e.rule_version AS "ruleVersion", e.reverses, r.id AS "reversedBy", e.cause_id AS "causeId", e.actor,
  e.approval_id AS "approvalId", e.leaf`

/** Entries that match, newest first; the drill from any figure to what made it. */
export async function journalEntries(db: Reader, filter: EntryFilter): Promise<EntryHeader[]> {
  const all = db``
  return db<EntryHeader[]>`
    SELECT ${header(db)}
    FROM journal_entry e JOIN gl_period p ON p.id = e.period_id LEFT JOIN journal_entry r ON r.reverses = e.id
    WHERE true
      ${filter.entityId === undefined ? all : db`AND e.entity_id = ${filter.entityId}`}
      ${filter.sourceType === undefined ? all : db`AND e.source_type = ${filter.sourceType}`}
      ${filter.sourceId === undefined ? all : db`AND e.source_id = ${filter.sourceId}`}
      ${filter.from === undefined ? all : db`AND e.effective_on >= ${filter.from}`}
      ${filter.to === undefined ? all : db`AND e.effective_on <= ${filter.to}`}
      ${filter.beforeEntryId === undefined ? all : db`AND e.id < ${filter.beforeEntryId}`}
      ${withLine(db, filter)}
    ORDER BY e.id DESC LIMIT ${Math.min(filter.limit ?? 50, 500)}`
}

/** One line that is all of it: an order on one line and an account on another is another story. */
function withLine(db: Reader, { orderId, itemId, accountId }: EntryFilter) {
  const all = db``
  if (orderId === undefined && itemId === undefined && accountId === undefined) return all
  // By the index that selects most; the account alone is no good key.
  const line = db`
    WHERE true ${orderId === undefined ? all : db`AND l.order_id = ${orderId}`} ${itemId === undefined ? all : db`AND l.item_id = ${itemId}`}
      ${accountId === undefined ? all : db`AND l.account_id = ${accountId}`}`
  return orderId === undefined && itemId === undefined
    ? db`AND EXISTS (SELECT FROM journal_line l ${line} AND l.entry_id = e.id)`
    : db`AND e.id IN (SELECT l.entry_id FROM journal_line l ${line})`
}

/** Every entry of one document, oldest first; the other way, an entry names its document itself. */
export function entriesOfDocument(
  db: Reader,
  sourceType: string,
  sourceId: string,
): Promise<EntryHeader[]> {
  return journalEntries(db, { sourceType, sourceId, limit: 500 }).then((entries) =>
    entries.reverse(),
  )
}

/** A line `l` with its account `a` and the codes of its item `i`, channel `c` and site `s`. */
export const lineColumns = (db: Reader) => db`
  l.line_no AS "lineNo", l.account_id AS "accountId", a.name AS "accountName", l.currency,
  l.amount_minor AS "amountMinor", l.func_minor AS "funcMinor", l.qty, l.order_id AS "orderId",
  l.order_line_id AS "orderLineId", l.channel_id AS "channelId", c.code AS channel, l.item_id AS "itemId", i.sku,
  l.site_id AS "siteId", s.code AS site, l.segment, l.party, l.tax_code AS "taxCode", l.jurisdiction, l.provider,
  l.condition, l.layer_id AS "layerId", l.promotion, l.open_key AS "openKey", l.belongs_to AS "belongsTo"`

export interface EntryWithLines extends EntryHeader {
  lines: EntryLine[]
}

export async function journalEntryWithLines(
  db: Reader,
  entryId: bigint,
): Promise<EntryWithLines | undefined> {
  const [entry] = await db<EntryHeader[]>`
    SELECT ${header(db)} FROM journal_entry e JOIN gl_period p ON p.id = e.period_id
    LEFT JOIN journal_entry r ON r.reverses = e.id WHERE e.id = ${entryId}`
  if (!entry) return undefined
  const lines = await db<EntryLine[]>`
    SELECT ${lineColumns(db)}
    FROM journal_line l JOIN gl_account a ON a.id = l.account_id
      LEFT JOIN item i ON i.id = l.item_id LEFT JOIN channel c ON c.id = l.channel_id LEFT JOIN site s ON s.id = l.site_id
    WHERE l.entry_id = ${entryId} ORDER BY l.line_no`
  return { ...entry, lines: [...lines] }
}
