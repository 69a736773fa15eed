import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { commitOnce } from '#db/commit-once'
import type { CaseRow } from '#db/queries/exceptions'
import { decideStockCase, type StockResolution } from '#db/stores/channel-stock-cases'
import { Refusal } from '#domain/refusal'
import { notOpen } from './case-scope.ts'
import type { ApiDeps } from './deps.ts'

export const stockDecided = z.object({ caseId: z.string(), resolution: z.string() })

/** Cases about what a channel is told; its process finds in the tables what was decided. */
export const STOCK_CASES: readonly string[] = [
  'channel-stock-drift',
  'channel-listing-unknown',
  'channel-stock-failing',
]

/** Carries a decision out, once per key. @throws Refusal ResolutionNotAllowed; 409 CaseNotOpen. */
export async function decideStock(
  { db }: ApiDeps,
  request: FastifyRequest,
  found: CaseRow,
  resolution: string,
): Promise<z.output<typeof stockDecided>> {
  if (!found.allowed.includes(resolution))
    throw new Refusal(
      'ResolutionNotAllowed',
      `A ${found.type} case allows ${found.allowed.join(', ')}; "${resolution}" is none of these.`,
    )
  const { actor } = request.principal
  const caseId = found.id.toString()
  const decided = await commitOnce(
    db,
    { key: `case/${caseId}/${request.commandKey}`, request: { caseId, resolution }, actor },
    (tx) =>
      decideStockCase(tx, { caseId: found.id, resolution: resolution as StockResolution, actor }),
  )
  if (!decided) throw notOpen(found)
  return { caseId, resolution }
}
