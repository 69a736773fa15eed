import type { Reader } from '#db/client'
import { DEFAULT_SETTLEMENT_POLICY, type SettlementPolicy } from '#domain/settlement/approval'

interface VersionInForce {
  version: number
  body: SettlementPolicy
}

/** What is in force for a company: its own newest version, else everybody's, else the built-in one (0). */
export async function settlementPolicyOfCompany(
  reader: Reader,
  entity: string | number,
): Promise<VersionInForce> {
  const [row] = await reader<{ version: number; body: Partial<SettlementPolicy> }[]>`
    SELECT p.version, p.body FROM policy p JOIN entity e ON p.scope IN (e.code, '*')
    WHERE p.kind = 'settlement' AND ${typeof entity === 'string' ? reader`e.code = ${entity}` : reader`e.id = ${entity}`} AND p.effective_from <= clock_timestamp()
    ORDER BY (p.scope = '*'), p.version DESC LIMIT 1`
  return { version: row?.version ?? 0, body: { ...DEFAULT_SETTLEMENT_POLICY, ...row?.body } }
}

/** That of the company whose statement it is. */
export async function settlementPolicyOfStatement(
  reader: Reader,
  id: bigint,
): Promise<SettlementPolicy> {
  const [account] = await reader<{ entityId: number }[]>`
    SELECT a.entity_id AS "entityId" FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id WHERE s.id = ${id}`
  return (await settlementPolicyOfCompany(reader, account?.entityId ?? 0)).body
}
