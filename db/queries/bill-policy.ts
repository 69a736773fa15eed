import type { Reader } from '#db/client'
import { DEFAULT_BILL_POLICY, type BillPolicy } from '#domain/purchasing/bill-policy'

/** What is in force for an entity: its own newest version, else everybody's, else the built-in one (0). */
export async function billPolicyFor(
  reader: Reader,
  entity: string,
): Promise<{ version: number; body: BillPolicy }> {
  const [row] = await reader<{ version: number; body: Partial<BillPolicy> }[]>`
    SELECT version, body FROM policy
    WHERE kind = 'bills' AND scope IN (${entity}, '*') AND effective_from <= clock_timestamp()
    ORDER BY (scope = '*'), version DESC LIMIT 1`
  return { version: row?.version ?? 0, body: { ...DEFAULT_BILL_POLICY, ...row?.body } }
}
