import type { Tx } from '../client.ts'
import type { ClosePolicy } from '#domain/ledger/close-policy'
import { json } from './records.ts'

/** Proposes the next version of a company's rules; it holds once another person has approved it. */
export async function proposeClosePolicy(
  tx: Tx,
  entityId: number,
  { body, owner, reason }: { body: ClosePolicy; owner: string; reason: string },
): Promise<number> {
  await tx`SELECT pg_advisory_xact_lock(7261020, ${entityId})`
  const [row] = await tx<{ version: number }[]>`
    INSERT INTO close_policy (entity_id, version, body, owner, reason)
    SELECT ${entityId}, coalesce(max(version), 0) + 1, ${json(tx, body)}, ${owner}, ${reason} FROM close_policy WHERE entity_id = ${entityId} RETURNING version`
  return row!.version
}

/** Approves a version; false where there is none. Whoever wrote it is refused by its guard. */
export async function approveClosePolicy(
  tx: Tx,
  { entityId, version, approvedBy }: { entityId: number; version: number; approvedBy: string },
): Promise<boolean> {
  const [known] = await tx`
    SELECT 1 FROM close_policy WHERE entity_id = ${entityId} AND version = ${version}`
  if (!known) return false
  await tx`
    INSERT INTO close_policy_approval (entity_id, version, approved_by) VALUES (${entityId}, ${version}, ${approvedBy})
    ON CONFLICT (entity_id, version) DO NOTHING`
  return true
}
