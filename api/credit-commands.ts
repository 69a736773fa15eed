import type { FastifyRequest } from 'fastify'
import { commitOnce } from '#db/commit-once'
import { supplierOfBill } from '#db/stores/bill-capture'
import { matchCredit } from '#db/stores/credit-matching'
import { captureCredit, lockCredit } from '#db/stores/vendor-credits'
import type { CreditDocument } from '#domain/purchasing/credit-document'
import type { ApiDeps } from './deps.ts'
import { requireScope } from './scope.ts'

export interface CreditTaken {
  creditId: string
  outcome: 'known' | 'matched' | 'unmatched'
}

/**
 * Writes a credit note down and matches it, in one commit under a key of its own; what it names and
 * is not there refuses it whole.
 */
export async function takeCredit(
  { db }: Pick<ApiDeps, 'db'>,
  { principal }: Pick<FastifyRequest, 'principal'>,
  key: string,
  credit: { document: CreditDocument; source: 'typed' | 'csv' | 'x12-810' },
): Promise<CreditTaken> {
  const { actor } = principal
  const { document } = credit
  return commitOnce(db, { key, request: credit, actor }, async (tx) => {
    const supplier = await supplierOfBill(tx, document)
    requireScope(principal, { entity: supplier.entity })
    const { creditId, known } = await captureCredit(tx, { ...credit, supplier, actor })
    if (known) return { creditId: creditId.toString(), outcome: 'known' as const }
    const outcome = await matchCredit(tx, await lockCredit(tx, creditId), document, actor)
    return { creditId: creditId.toString(), outcome }
  })
}
