import type { Db } from '#db/client'
import type { Problem } from './refused-documents.ts'
import { jsonText } from './row-sets.ts'

export interface ImportRun {
  id: string
  state: 'reading' | 'done' | 'broken'
}

/** Begins an import, or finds the one that its sender began under the same key. */
export async function beginImport(
  db: Db,
  run: { key: string; format: 'csv' | 'ndjson'; actor: string },
): Promise<ImportRun> {
  const [added] = await db<ImportRun[]>`
    INSERT INTO import_run (key, format, actor) VALUES (${run.key}, ${run.format}, ${run.actor})
    ON CONFLICT (key) DO NOTHING RETURNING id::text, state`
  if (added) return added
  const [known] = await db<
    ImportRun[]
  >`SELECT id::text, state FROM import_run WHERE key = ${run.key}`
  return known!
}

/** Rows that were no orders, each with its reasons; a row is told once. */
export async function addRejections(
  db: Db,
  importId: string,
  rejected: readonly { row: number; problems: readonly Problem[] }[],
): Promise<void> {
  if (rejected.length === 0) return
  await db`
    INSERT INTO import_rejection (import_id, row_no, problems)
    SELECT ${BigInt(importId)}, row, problems FROM jsonb_to_recordset(${jsonText(rejected)}::text::jsonb) AS r (row int, problems jsonb)
    ON CONFLICT DO NOTHING`
}

export async function endImport(
  db: Db,
  importId: string,
  end: { state: 'done' | 'broken'; stored: number; known: number; rejected: number },
): Promise<void> {
  await db`
    UPDATE import_run SET state = ${end.state}, stored = ${end.stored}, known = ${end.known}, rejected = ${end.rejected}, ended_at = clock_timestamp()
    WHERE id = ${BigInt(importId)} AND state <> 'done'`
}
