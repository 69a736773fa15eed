import type { Reader } from '#db/client'
import { DEFAULT_PURCHASING_POLICY, type PurchasingPolicy } from '#domain/purchasing/policy'

export interface PinnedPurchasingPolicy {
  kind: 'purchasing'
  version: number
  owner?: string
  body: PurchasingPolicy
}

/** What is in force for an entity: its own newest version, else everybody's, else the built-in one. */
export async function purchasingPolicyFor(
  reader: Reader,
  entity: string,
): Promise<PinnedPurchasingPolicy> {
  const [row] = await reader<{ version: number; owner: string; body: Partial<PurchasingPolicy> }[]>`
    SELECT version, owner, body FROM policy
    WHERE kind = 'purchasing' AND scope IN (${entity}, '*') AND effective_from <= clock_timestamp()
    ORDER BY (scope = '*'), version DESC LIMIT 1`
  return {
    kind: 'purchasing',
    version: row?.version ?? 0,
    ...(row ? { owner: row.owner } : {}),
    body: { ...DEFAULT_PURCHASING_POLICY, ...row?.body },
  }
}
