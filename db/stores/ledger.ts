import type { JournalEntryDraft, JournalLineDraft } from '#domain/ledger/journal'
import type { Tx } from '../client.ts'
import { sendAlong } from '../transaction.ts'

export interface PostedEntry {
  entryId: bigint
  /** False when the same key had already posted the same content. */
  created: boolean
}

/**
 * Posts a set of entries through the ledger's one door, in one round trip; the answer is in the
 * order of the drafts. Prefer one call with all entries of a transaction to many calls.
 */
export async function postEntries(
  tx: Tx,
  drafts: readonly JournalEntryDraft[],
  actor?: string,
): Promise<PostedEntry[]> {
  if (drafts.length === 0) return []
  const rows = await tx<{ entry_id: bigint; created: boolean }[]>`
    SELECT entry_id, created FROM post_entries(${toPosting(drafts, actor)}::text::jsonb)`
  return rows.map((row) => ({ entryId: row.entry_id, created: row.created }))
}

/** As {@link postEntries}, for callers that need no ids: the entries travel with what follows them. */
export async function sendEntries(
  tx: Tx,
  drafts: readonly JournalEntryDraft[],
  actor?: string,
): Promise<void> {
  if (drafts.length === 0) return
  await sendAlong(tx, tx`SELECT FROM post_entries(${toPosting(drafts, actor)}::text::jsonb)`)
}

/** One entry; see {@link postEntries}. */
export async function postEntry(
  tx: Tx,
  draft: JournalEntryDraft,
  actor?: string,
): Promise<PostedEntry> {
  const [posted] = await postEntries(tx, [draft], actor)
  return posted!
}

/** What `post_entries` reads, as JSON text; integers as strings, since JSON has none beyond 2^53. */
export function toPosting(drafts: readonly JournalEntryDraft[], actor = 'system'): string {
  return JSON.stringify(
    drafts.map((draft) => ({
      entity_id: draft.entityId,
      book: draft.book,
      area: draft.area,
      period: draft.period,
      effective_on: draft.effectiveOn,
      late: draft.late,
      event_type: draft.eventType,
      source_type: draft.sourceType,
      source_id: draft.sourceId,
      idem_key: draft.key,
      rule_version: draft.ruleVersion,
      reverses: draft.reverses?.toString(),
      cause_id: draft.causeId,
      actor: draft.actor ?? actor,
      approval_id: draft.approvalId,
      lines: draft.lines.map(lineToPosting),
    })),
  )
}

function lineToPosting(line: JournalLineDraft): Record<string, string | number | undefined> {
  return {
    account_id: line.accountId,
    currency: line.currency,
    amount_minor: line.amountMinor.toString(),
    func_minor: line.funcMinor.toString(),
    qty: line.qty?.toString(),
    order_id: line.orderId?.toString(),
    order_line_id: line.orderLineId?.toString(),
    channel_id: line.channelId,
    item_id: line.itemId,
    site_id: line.siteId,
    segment: line.segment,
    party: line.party,
    tax_code: line.taxCode,
    jurisdiction: line.jurisdiction,
    provider: line.provider,
    condition: line.condition,
    layer_id: line.layerId?.toString(),
    promotion: line.promotion,
    open_key: line.openKey,
    belongs_to: line.belongsTo,
    fx_rate_id: line.fxRateId,
  }
}
