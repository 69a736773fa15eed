import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { commitOnce } from '#db/commit-once'
import type { CaseRow } from '#db/queries/exceptions'
import { listOutsideWarehouses, readWarehouseDocument } from '#db/queries/outside-warehouses'
import { resolveCase } from '#db/stores/cases'
import { recordDecisions } from '#db/stores/records'
import { intendShippingOrder } from '#db/stores/shipping-orders'
import { putOffWarehouseCase } from '#db/stores/warehouse-cases'
import { rejectWarehouseDocument } from '#db/stores/warehouse-documents'
import { EVERYWHERE } from '#domain/scopes'
import { allowedResolutions, type CaseType, type Resolution } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { notOpen } from './case-scope.ts'
import type { ApiDeps } from './deps.ts'
import { notFound } from './problem.ts'
import { applyDocument } from './warehouse-intake.ts'

export const warehouseDecided = z.object({ caseId: z.string(), outcome: z.string() })

interface Chosen {
  resolution: Resolution
  params?: Record<string, unknown> | undefined
}

/**
 * What a person makes of what is stuck between us and a warehouse, once per Idempotency-Key.
 * @throws Refusal `ResolutionNotAllowed`, `ReasonNeeded`; 409 `CaseNotOpen`
 */
export async function decideWarehouseCase(
  deps: ApiDeps,
  request: FastifyRequest,
  found: CaseRow,
  chosen: Chosen,
): Promise<z.output<typeof warehouseDecided>> {
  const { resolution } = chosen
  const allowed = allowedResolutions(found.type as CaseType)
  if (!allowed.includes(resolution))
    throw new Refusal(
      'ResolutionNotAllowed',
      `A ${found.type} case allows ${allowed.join(', ')}; "${resolution}" is none of these.`,
    )
  const caseId = `${found.id}`
  if (resolution === 'retry') return { caseId, outcome: await tryAgain(deps, request, found) }
  const { actor } = request.principal
  const key = `warehouse-case/${caseId}/${request.commandKey}`
  return commitOnce(deps.db, { key, request: { caseId, ...chosen }, actor }, async (tx) => {
    const [open] = await tx`
      SELECT 1 FROM exception_case WHERE id = ${found.id} AND state = 'open' FOR NO KEY UPDATE`
    if (!open) throw notOpen(found)
    if (resolution === 'wait') {
      await putOffWarehouseCase(tx, found.id)
      return { caseId, outcome: 'waiting' }
    }
    const reason = reasonFor(chosen)
    if (resolution === 'reject') await rejectWarehouseDocument(tx, BigInt(found.subjectId))
    if (resolution === 'send-again')
      await intendShippingOrder(
        tx,
        BigInt(found.subjectId),
        `again/${caseId}/${request.commandKey}`,
      )
    await resolveCase(tx, found.id, { resolution, params: { reason }, actor })
    await recordDecisions(tx, [
      {
        ...{ subjectType: found.subjectType, subjectId: found.subjectId },
        ...{ kind: `exception:${found.type}`, rule: 'person', ruleVersion: 1, actor },
        inputs: { caseId, evidence: found.evidence },
        choice: { resolution, reason },
        alternatives: allowed
          .filter((one) => one !== resolution)
          .map((one) => ({ resolution: one })),
      },
    ])
    return { caseId, outcome: 'resolved' }
  })
}

/** Sending once more needs no reason; whoever ends something without the goods says why. */
function reasonFor({ resolution, params }: Chosen): string | null {
  const reason = params?.['reason']
  if (typeof reason === 'string' && reason.trim() !== '') return reason.trim()
  if (resolution === 'send-again') return null
  throw new Refusal('ReasonNeeded', `Say in params.reason why you choose "${resolution}".`, {
    field: 'body.params.reason',
  })
}

async function tryAgain(
  deps: ApiDeps,
  { principal }: FastifyRequest,
  found: CaseRow,
): Promise<string> {
  const document = await readWarehouseDocument(deps.db, BigInt(found.subjectId))
  if (!document) throw notFound('document')
  const [warehouse] = await listOutsideWarehouses(deps.db, {
    ...{ scopes: EVERYWHERE, siteId: document.siteId },
  })
  if (!warehouse) throw notFound('outside warehouse')
  const { outcome } = await applyDocument(deps, { warehouse, document, actor: principal.actor })
  return outcome
}
