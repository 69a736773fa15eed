import type { Db, Tx } from '#db/client'
import { openPeriods } from '#db/stores/ledger-periods'
import { toPosting } from '#db/stores/ledger'
import {
  credit,
  debit,
  journalEntry,
  type EntryInput,
  type JournalEntryDraft,
  type JournalLineDraft,
} from '#domain/ledger/journal'

/** An entity with the year 2026 open. */
export async function openBooks(admin: Db, code: string, currency = 'USD'): Promise<number> {
  const [entity] = await admin<{ id: number }[]>`
    INSERT INTO entity (code, name, functional_currency, country) VALUES (${code}, ${code}, ${currency}, 'US') RETURNING id`
  await openPeriods(admin, entity!.id, 2026)
  return entity!.id
}

let serial = 0

/** A valid entry; a test names only the facts that it is about. */
export function entry(
  facts: Partial<EntryInput> & { entityId: number },
  amountMinor = 100n,
): JournalEntryDraft {
  serial += 1
  return journalEntry({
    area: 'GL',
    effectiveOn: '2026-06-15',
    eventType: 'test',
    sourceType: 'test',
    sourceId: String(serial),
    key: `test/${serial}`,
    actor: 'tester',
    currency: 'USD',
    lines: [debit('Bank', amountMinor), credit('Capital', amountMinor)],
    ...facts,
  })
}

/** The entry with other lines, unchecked: what a wrong program would send. */
export function withLines(
  draft: JournalEntryDraft,
  ...lines: (Partial<JournalLineDraft> & { accountId: number; amountMinor: bigint })[]
): JournalEntryDraft {
  return {
    ...draft,
    lines: lines.map((line) => ({ currency: 'USD', funcMinor: line.amountMinor, ...line })),
  }
}

/** Through the door, without the store's types in between. */
export async function post(db: Db | Tx, ...drafts: JournalEntryDraft[]): Promise<bigint[]> {
  const rows = await db<{ entry_id: bigint }[]>`
    SELECT entry_id FROM post_entries(${toPosting(drafts, 'tester')}::text::jsonb)`
  return rows.map((row) => row.entry_id)
}

export interface RawEntry {
  entityId: number
  lineCount?: number
  effectiveOn?: string
  lineDate?: string
  periodId?: number
  forgedXid?: string
  /** Bits of the areas that the header claims to touch; those of a bank line and one of GL unless given. */
  areas?: number
  lines: { account: number; amount: number; no?: number }[]
}

/** Behind the door, as the owner of the tables could: only the triggers stand guard. */
export async function insertRaw(db: Db | Tx, raw: RawEntry): Promise<void> {
  serial += 1
  const { entityId, effectiveOn = '2026-06-15', lines } = raw
  const header = db`INSERT INTO journal_entry (entity_id, period_id, effective_on, rule_version, line_count, areas, area, event_type,
      source_type, source_id, idem_key, actor, leaf, xid)
    SELECT ${entityId}, coalesce(${raw.periodId ?? null}::int,
        (SELECT id FROM gl_period WHERE entity_id = ${entityId} AND period = '2026-06')),
      ${effectiveOn}, 1, ${raw.lineCount ?? lines.length}, ${raw.areas ?? 40}, 'GL', 'raw', 'raw', 'raw', ${`raw/${serial}`}, 'raw', sha256('raw'),
      ${raw.forgedXid ?? '1'}::text::xid8
    RETURNING id`
  if (lines.length === 0) return void (await header)
  await db`WITH e AS (${header})
    INSERT INTO journal_line (entry_id, line_no, account_id, effective_on, currency, amount_minor, func_minor)
    SELECT e.id, no, account, ${raw.lineDate ?? effectiveOn}, 'USD', amount, amount
    FROM e, unnest(${lines.map((line, nth) => line.no ?? nth + 1)}::int[], ${lines.map((line) => line.account)}::int[],
      ${lines.map((line) => line.amount)}::bigint[]) AS l(no, account, amount)`
}

/** Seals until nothing is left; other databases of the server may hold the horizon back for a moment. */
export async function allSealed({ db, admin }: { db: Db; admin: Db }): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    await db`SELECT seal_ledger()`
    const open = await admin`
      SELECT 1 FROM journal_entry WHERE xid >= (SELECT coalesce(max(to_xid), '0') FROM seal)`
    if (open.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the horizon does not move')
}
