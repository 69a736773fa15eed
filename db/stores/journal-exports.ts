import type { Tx } from '#db/client'
import {
  accountMappings,
  exportRows,
  journalExports,
  sealedUpTo,
  type AccountMapping,
  type JournalExport,
} from '#db/queries/journal-exports'
import {
  exportTotals,
  withOutsideAccounts,
  type ExportMode,
  type MappedRow,
} from '#domain/ledger/journal-export'
import { Refusal } from '#domain/refusal'
import { json } from './records.ts'

export interface NewMapping {
  entityId: number
  /** The version that its author saw; 0 for the first. */
  basedOn: number
  package: string
  codes: Record<string, string>
  reason: string
  actor: string
}

/**
 * The next version of a company's mapping; exports that were made keep theirs.
 * @throws Refusal VersionConflict, UnknownAccount
 */
export async function addAccountMapping(tx: Tx, mapping: NewMapping): Promise<AccountMapping> {
  const { entityId, basedOn, codes } = mapping
  await lockExports(tx, entityId)
  const [newest] = await accountMappings(tx, { entityId, limit: 1 })
  if ((newest?.version ?? 0) !== basedOn)
    throw new Refusal(
      'VersionConflict',
      `The mapping has another newest version than ${basedOn}: read it again.`,
      { version: newest?.version ?? 0 },
    )
  const unknown = await tx<{ id: string }[]>`
    SELECT id FROM unnest(${Object.keys(codes)}::text[]) AS given(id) WHERE NOT EXISTS (SELECT FROM gl_account a WHERE a.id::text = given.id) ORDER BY id`
  if (unknown.length > 0)
    throw new Refusal(
      'UnknownAccount',
      `There is no account ${unknown.map(({ id }) => id).join(', ')}.`,
      { field: 'body.codes' },
    )
  await tx`
    INSERT INTO account_mapping (entity_id, version, package, codes, reason, actor)
    VALUES (${entityId}, ${basedOn + 1}, ${mapping.package}, ${json(tx, codes)}, ${mapping.reason}, ${mapping.actor})`
  const [added] = await accountMappings(tx, { entityId, version: basedOn + 1 })
  return added!
}

export interface NewExport {
  entityId: number
  mode: ExportMode
  toOn: string
  actor: string
  /** Names the content, so that whoever makes the batch again can compare. */
  hashOf(rows: readonly MappedRow[]): Buffer
}

/**
 * The next numbered batch: every sealed entry up to that day that no batch has yet. What came late
 * for days of earlier batches is in it as a correction.
 * @throws Refusal MappingMissing, AccountsNotMapped, ExportedFurther, NothingToExport
 */
export async function addJournalExport(tx: Tx, wanted: NewExport): Promise<JournalExport> {
  const { entityId, mode, toOn, actor } = wanted
  await lockExports(tx, entityId)
  const [before] = await journalExports(tx, { entityId, limit: 1 })
  if (before && before.toOn > toOn)
    throw new Refusal(
      'ExportedFurther',
      `Export ${before.number} ran to ${before.toOn}: name that day or a later one, and late entries come as corrections.`,
      { toOn: before.toOn },
    )
  const [mapping] = await accountMappings(tx, { entityId, limit: 1 })
  if (!mapping)
    throw new Refusal(
      'MappingMissing',
      'Say first which outside account each account is: send an account mapping.',
    )
  // In a statement of its own: the rows must be read by a snapshot that is younger than the seal.
  const uptoXid = await sealedUpTo(tx)
  const ask = { entityId, mode, reach: { toOn, uptoXid }, before: before ?? null }
  const rows = withOutsideAccounts(await exportRows(tx, ask), mapping.codes)
  if (rows.length === 0)
    throw new Refusal(
      'NothingToExport',
      `No sealed entry up to ${toOn} is missing in the exports; entries are sealed within seconds.`,
    )
  const number = (before?.number ?? 0) + 1
  await tx`
    INSERT INTO journal_export (entity_id, number, mode, to_on, upto_xid, mapping_version, row_count, debit_minor, content_hash, actor)
    VALUES (${entityId}, ${number}, ${mode}, ${toOn}, ${uptoXid}::text::xid8, ${mapping.version}, ${rows.length}, ${exportTotals(rows).debitMinor},
      ${wanted.hashOf(rows)}, ${actor})`
  const [added] = await journalExports(tx, { entityId, limit: 1 })
  return added!
}

/** One export or mapping of a company at a time, so that none is numbered twice. */
async function lockExports(tx: Tx, entityId: number): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(7261006, ${entityId})`
}
