import type { Reader } from '#db/client'

export interface ImportReport {
  id: string
  format: string
  state: string
  stored: number
  known: number
  rejected: number
  actor: string
  startedAt: string
  endedAt: string | null
  /** What the processes have made of the orders that it stored. */
  outcomes: { received: number; accepted: number; refused: number; superseded: number }
}

export async function readImport(reader: Reader, id: bigint): Promise<ImportReport | undefined> {
  const [row] = await reader<ImportReport[]>`
    SELECT r.id::text, r.format, r.state, r.stored, r.known, r.rejected, r.actor, r.started_at AS "startedAt", r.ended_at AS "endedAt",
      (SELECT jsonb_build_object('received', count(*) FILTER (WHERE outcome = 'received'), 'accepted', count(*) FILTER (WHERE outcome = 'accepted'),
        'refused', count(*) FILTER (WHERE outcome = 'refused'), 'superseded', count(*) FILTER (WHERE outcome = 'superseded'))
       FROM inbox i WHERE i.import_id = r.id) AS outcomes
    FROM import_run r WHERE r.id = ${id}`
  return row
}

export interface RejectedRow {
  row: number
  problems: { field: string; code: string; message: string }[]
  /** Set where the order could be read and its process refused it. */
  inboxId: string | null
}

/** Rows that are no orders of ours, by row: not readable, or refused by their process. */
export async function rejectedRows(
  reader: Reader,
  importId: bigint,
  page: { after: number; limit: number },
): Promise<RejectedRow[]> {
  return reader<RejectedRow[]>`
    SELECT row, problems, "inboxId" FROM (
      SELECT row_no AS row, problems, NULL::text AS "inboxId" FROM import_rejection WHERE import_id = ${importId}
      UNION ALL
      SELECT import_row, problems, id::text FROM inbox WHERE import_id = ${importId} AND outcome = 'refused') r
    WHERE row > ${page.after} ORDER BY row LIMIT ${page.limit}`
}
