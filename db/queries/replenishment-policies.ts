import type { Reader } from '#db/client'
import {
  DEFAULT_REPLENISHMENT_RUN_POLICY,
  type ReplenishmentRunPolicy,
} from '#domain/replenishment/run-policy'

/** What is in force for an entity: its own newest version, else everybody's, else the built-in one. */
export async function replenishmentRunPolicy(
  reader: Reader,
  entity: string,
): Promise<{ version: number; body: ReplenishmentRunPolicy }> {
  const [row] = await reader<{ version: number; body: Partial<ReplenishmentRunPolicy> }[]>`
    SELECT version, body FROM policy WHERE kind = 'replenishment' AND scope IN (${entity}, '*') AND effective_from <= clock_timestamp()
    ORDER BY (scope = '*'), version DESC LIMIT 1`
  return { version: row?.version ?? 0, body: { ...DEFAULT_REPLENISHMENT_RUN_POLICY, ...row?.body } }
}

/** Companies with a policy that is to buy or move something. */
export async function replenishedCompanies(reader: Reader): Promise<string[]> {
  const rows = await reader<{ code: string }[]>`
    SELECT code FROM entity e WHERE EXISTS (SELECT FROM replenishment_policy p WHERE p.entity_id = e.id AND p.method <> 'none') ORDER BY 1`
  return rows.map(({ code }) => code)
}
