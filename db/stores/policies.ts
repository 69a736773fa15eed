import type { Tx } from '#db/client'
import { policyVersions, type PolicyVersion } from '#db/queries/trail'
import { Refusal } from '#domain/refusal'
import { json } from './records.ts'

export interface NewPolicyVersion {
  kind: string
  scope: string
  /** The version that the author saw; 0 for a first one. */
  basedOn: number
  owner: string
  effectiveFrom: string | null
  body: Record<string, unknown>
}

/**
 * A rule is never edited: its next version begins, and processes keep the one they started with.
 * @throws Refusal VersionConflict
 */
export async function insertPolicyVersion(
  tx: Tx,
  policy: NewPolicyVersion,
): Promise<{ before: PolicyVersion | null; after: PolicyVersion }> {
  const newest = { before: 2_147_483_647, limit: 1 }
  const [before] = await policyVersions(tx, policy, newest)
  const version = policy.basedOn + 1
  const added =
    (before?.version ?? 0) === policy.basedOn
      ? await tx`
          INSERT INTO policy (kind, scope, version, owner, effective_from, body)
          VALUES (${policy.kind}, ${policy.scope}, ${version}, ${policy.owner},
            coalesce(${policy.effectiveFrom}::timestamptz, clock_timestamp()), ${json(tx, policy.body)})
          ON CONFLICT (kind, scope, version) DO NOTHING RETURNING 1`
      : []
  if (added.length === 0)
    throw new Refusal(
      'VersionConflict',
      `Policy ${policy.kind} for ${policy.scope} has another newest version than ${policy.basedOn}: read it again.`,
      { version: before?.version ?? 0 },
    )
  const [after] = await policyVersions(tx, policy, newest)
  return { before: before ?? null, after: after! }
}
