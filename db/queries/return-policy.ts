import type { Reader } from '#db/client'
import {
  DEFAULT_RETURN_POLICY,
  type PinnedReturnPolicy,
  type ReturnPolicy,
} from '#domain/returns/policy'

/** What is in force for a channel: its own newest version, else everybody's, else the built-in one (0). */
export async function returnPolicyFor(
  reader: Reader,
  channel: string,
): Promise<PinnedReturnPolicy> {
  const [row] = await reader<{ version: number; body: Partial<ReturnPolicy> }[]>`
    SELECT version, body FROM policy
    WHERE kind = 'returns' AND scope IN (${channel}, '*') AND effective_from <= clock_timestamp()
    ORDER BY (scope = '*'), version DESC LIMIT 1`
  return { version: row?.version ?? 0, body: { ...DEFAULT_RETURN_POLICY, ...row?.body } }
}
