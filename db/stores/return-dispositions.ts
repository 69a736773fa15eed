import type { Tx } from '#db/client'

export interface NewDisposition {
  returnId: bigint
  kind: string
  siteId: number
  units: number
  costMinor: bigint
  valueMinor: bigint
  workMinor: bigint
  party: string | null
  on: string
  reason: string
  actor: string
}

/** What became of units, as one decision. */
export async function insertDisposition(tx: Tx, made: NewDisposition): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO return_disposition (return_id, kind, site_id, units, cost_minor, value_minor, work_minor, party, decided_on, reason, actor)
    VALUES (${made.returnId}, ${made.kind}, ${made.siteId}, ${made.units}, ${made.costMinor}, ${made.valueMinor}, ${made.workMinor}, ${made.party}, ${made.on}, ${made.reason}, ${made.actor})
    RETURNING id`
  return row!.id
}
