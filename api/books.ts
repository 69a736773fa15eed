import type { Tx } from '#db/client'
import { companyByCode } from '#db/queries/books'
import type { Principal } from './deps.ts'
import { notFound } from './problem.ts'
import { requireScope } from './scope.ts'

/** The company whose books a command changes, when its caller may. */
export async function booksOf(
  tx: Tx,
  principal: Principal,
  entity: string,
): Promise<{ entityId: number; functionalCurrency: string }> {
  requireScope(principal, { entity })
  const company = await companyByCode(tx, entity)
  if (!company) throw notFound(`entity ${entity}`)
  return { entityId: company.id, functionalCurrency: company.functionalCurrency }
}
