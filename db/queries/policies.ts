import type { Reader } from '#db/client'
import {
  DEFAULT_POLICIES,
  type PinnedPolicy,
  type PolicyBodies,
  type PolicyKind,
} from '#domain/orders/policies'

export type PinnedPolicies = { [K in PolicyKind]: PinnedPolicy<K> }

/**
 * The policies in force now for a channel: the newest version for the channel itself, else for
 * everybody (`*`), else the built-in version 0. Fields that a body leaves out keep their default.
 */
export async function policiesFor(reader: Reader, channelCode: string): Promise<PinnedPolicies> {
  return pinnedPolicies(await reader<PolicyInForce[]>`${policiesInForce(reader, channelCode)}`)
}

export interface PolicyInForce {
  kind: PolicyKind
  version: number
  owner: string
  body: Partial<PolicyBodies[PolicyKind]>
}

/** The stored ones among {@link policiesFor}, as a SELECT for a larger one. */
export const policiesInForce = (reader: Reader, channelCode: string) => reader`
  SELECT DISTINCT ON (kind) kind, version, owner, body FROM policy
  WHERE scope IN (${channelCode}, '*') AND effective_from <= clock_timestamp()
  ORDER BY kind, (scope = '*'), version DESC`

/** What is stored, over what is built in. */
export function pinnedPolicies(rows: readonly PolicyInForce[]): PinnedPolicies {
  const kinds = Object.keys(DEFAULT_POLICIES) as PolicyKind[]
  return Object.fromEntries(
    kinds.map((kind) => {
      const row = rows.find((candidate) => candidate.kind === kind)
      return [
        kind,
        {
          kind,
          version: row?.version ?? 0,
          ...(row ? { owner: row.owner } : {}),
          body: { ...DEFAULT_POLICIES[kind], ...row?.body },
        },
      ]
    }),
  ) as PinnedPolicies
}
