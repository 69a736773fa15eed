import type { Reader } from '#db/client'
import { STOCK_POLICIES, type StockPolicies, type StockPolicyKind } from '#domain/stock/policies'

export interface StockPolicy<K extends StockPolicyKind> {
  version: number
  scope: string
  body: StockPolicies[K]
}

/**
 * The policy in force now: the newest version of the first of these scopes that has one, else for
 * everybody (`*`), else the built-in version 0. Fields that a body leaves out keep their default.
 */
export async function stockPolicy<K extends StockPolicyKind>(
  reader: Reader,
  kind: K,
  scopes: readonly string[],
): Promise<StockPolicy<K>> {
  const [row] = await reader<{ version: number; scope: string; body: Partial<StockPolicies[K]> }[]>`
    SELECT version, scope, body FROM policy
    WHERE kind = ${kind} AND scope = ANY(${[...scopes, '*']}::text[]) AND effective_from <= clock_timestamp()
    ORDER BY array_position(${[...scopes, '*']}::text[], scope), version DESC LIMIT 1`
  return {
    version: row?.version ?? 0,
    scope: row?.scope ?? '*',
    body: { ...STOCK_POLICIES[kind], ...row?.body },
  }
}
