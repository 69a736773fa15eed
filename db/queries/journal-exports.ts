import type { Reader } from '#db/client'
import type { ExportMode, ExportRow } from '#domain/ledger/journal-export'

export interface AccountMapping {
  version: number
  package: string
  codes: Record<string, string>
  reason: string
  actor: string
  recordedAt: string
}

/** Versions of a company's mapping, the newest first. */
export async function accountMappings(
  db: Reader,
  { entityId, version, limit = 50 }: { entityId: number; version?: number; limit?: number },
): Promise<AccountMapping[]> {
  return db<AccountMapping[]>`
    SELECT version, package, codes, reason, actor, recorded_at AS "recordedAt" FROM account_mapping
    WHERE entity_id = ${entityId} ${version === undefined ? db`` : db`AND version = ${version}`} ORDER BY version DESC LIMIT ${limit}`
}

export interface JournalExport {
  number: number
  mode: ExportMode
  toOn: string
  /** Every entry with a lower transaction is known to it. */
  uptoXid: string
  mappingVersion: number
  rowCount: number
  debitMinor: bigint
  contentHash: Buffer
  actor: string
  recordedAt: string
}

/** Batches of a company, the newest first; `upTo` leaves out later ones. */
export async function journalExports(
  db: Reader,
  { entityId, upTo, limit }: { entityId: number; upTo?: number; limit: number },
): Promise<JournalExport[]> {
  return db<JournalExport[]>`
    SELECT number, mode, to_on AS "toOn", upto_xid::text AS "uptoXid", mapping_version AS "mappingVersion", row_count AS "rowCount",
      debit_minor AS "debitMinor", content_hash AS "contentHash", actor, recorded_at AS "recordedAt"
    FROM journal_export WHERE entity_id = ${entityId} ${upTo === undefined ? db`` : db`AND number <= ${upTo}`} ORDER BY number DESC LIMIT ${limit}`
}

/** How far an export reaches: the days, and what was known. */
export interface ExportReach {
  toOn: string
  uptoXid: string
}

export interface ExportAsk {
  entityId: number
  mode: ExportMode
  reach: ExportReach
  /** What is in earlier batches; null for none. */
  before: ExportReach | null
  /** First day, where it is a copy of some days and no batch. */
  from?: string | undefined
}

/**
 * The rows of a batch: all that lies within its reach and not within that of the batch before. By
 * day, what agrees in account, currency, channel, site and tax is one row.
 */
export async function exportRows(db: Reader, ask: ExportAsk): Promise<ExportRow[]> {
  const { entityId, reach, before, from, mode } = ask
  const reached = ({ toOn, uptoXid }: ExportReach) =>
    db`(l.effective_on <= ${toOn} AND e.xid < ${uptoXid}::text::xid8)`
  const known = before === null ? db`false` : reached(before)
  const late = before === null ? db`false` : db`(l.effective_on <= ${before.toOn})`
  const lines = db`
    SELECT l.*, ${late} AS correction, e.event_type, e.source_type || '/' || e.source_id AS source FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
    WHERE e.entity_id = ${entityId} AND e.book = 'main' AND ${reached(reach)} AND NOT ${known} ${from === undefined ? db`` : db`AND l.effective_on >= ${from}`}`
  const names = db`gl_account a ON a.id = t.account_id LEFT JOIN channel c ON c.id = t.channel_id LEFT JOIN site s ON s.id = t.site_id`
  const columns = db`
    t.effective_on AS "on", t.correction, t.belongs_to AS "belongsTo", a.id AS "accountId", a.name AS "accountName", t.currency, c.code AS channel, s.code AS site,
    t.tax_code AS "taxCode", t.jurisdiction`
  if (mode === 'entry')
    return db<ExportRow[]>`
      SELECT ${columns}, greatest(t.func_minor, 0) AS "debitMinor", greatest(-t.func_minor, 0) AS "creditMinor", t.amount_minor AS "amountMinor",
        t.entry_id::text AS "entryId", t.line_no AS "lineNo", t.event_type AS "eventType", t.source
      FROM (${lines}) t JOIN ${names} ORDER BY t.effective_on, t.entry_id, t.line_no`
  return db<ExportRow[]>`
    SELECT ${columns}, t.debit AS "debitMinor", t.credit AS "creditMinor", t.amount AS "amountMinor", NULL AS "entryId", NULL AS "lineNo", NULL AS "eventType", NULL AS source
    FROM (SELECT effective_on, correction, belongs_to, account_id, currency, channel_id, site_id, tax_code, jurisdiction,
        coalesce(sum(func_minor) FILTER (WHERE func_minor > 0), 0)::bigint AS debit, coalesce(-sum(func_minor) FILTER (WHERE func_minor < 0), 0)::bigint AS credit, sum(amount_minor)::bigint AS amount
      FROM (${lines}) l GROUP BY effective_on, correction, belongs_to, account_id, currency, channel_id, site_id, tax_code, jurisdiction) t JOIN ${names}
    ORDER BY t.effective_on, t.correction, t.belongs_to NULLS FIRST, a.id, t.currency, 7 NULLS FIRST, 8 NULLS FIRST, t.tax_code NULLS FIRST, t.jurisdiction NULLS FIRST`
}

/** Until when everything is sealed: no entry can still come below it. */
export async function sealedUpTo(db: Reader): Promise<string> {
  const [seal] = await db<{ upto: string }[]>`
    SELECT coalesce(max(to_xid), '0'::xid8)::text AS upto FROM seal`
  return seal!.upto
}
