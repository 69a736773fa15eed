import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { readAdjustmentAdvice } from '#connectors/edi/adjustment-advice-947'
import { readInventoryAdvice } from '#connectors/edi/inventory-advice-846'
import { readReceiptAdvice } from '#connectors/edi/receipt-advice-944'
import { readShippingAdvice } from '#connectors/edi/shipping-advice-945'
import type { X12Set } from '#connectors/edi/x12-interchange'
import { interchangeOf, malformed } from '#connectors/edi/x12-reader'
import { UNSTORABLE } from '#connectors/storable'
import { canonicalJson } from '#db/commit-once'
import { listOutsideWarehouses, type OutsideWarehouse } from '#db/queries/outside-warehouses'
import {
  markApplied,
  markRefused,
  storeWarehouseDocument,
  type WarehouseDocument,
} from '#db/stores/warehouse-documents'
import { EVERYWHERE } from '#domain/scopes'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { isRefused, toProblem } from './problem.ts'
import { requireScope } from './scope.ts'
import { carryOut } from './warehouse-commands.ts'

export interface Taken {
  documentId: string
  setType: string
  number: string
  outcome: WarehouseDocument['outcome']
  problem: { code: string; message: string } | null
}

/**
 * Takes what a warehouse sends: each document of the interchange is kept under the warehouse's own
 * number and carried out, or refused with a case, by itself.
 * @throws Refusal `MalformedX12` of a damaged envelope, `UnknownSender`, `WarehouseDocumentChanged`
 */
export async function takeInterchange(
  deps: ApiDeps,
  { principal }: Pick<FastifyRequest, 'principal'>,
  text: string,
): Promise<Taken[]> {
  if (UNSTORABLE.test(text)) throw malformed('ISA: it holds characters that cannot be kept')
  const { sender, receiver, controlNumber, sets } = interchangeOf(text, { lenient: true })
  const [warehouse] = await listOutsideWarehouses(deps.db, { scopes: EVERYWHERE, ediId: sender })
  if (!warehouse || warehouse.ourEdiId !== receiver)
    throw new Refusal(
      'UnknownSender',
      `No warehouse of ours sends as ${sender} to ${receiver}: link its site first.`,
      { field: 'body.document' },
    )
  requireScope(principal, { entity: warehouse.entity, site: warehouse.site })
  const taken: Taken[] = []
  for (const set of sets) {
    const fallback = `${controlNumber}-${set.controlNumber}`
    taken.push(await takeSet(deps, warehouse, { set, fallback, actor: principal.actor }))
  }
  return taken
}

async function takeSet(
  deps: ApiDeps,
  warehouse: OutsideWarehouse,
  { set, fallback, actor }: { set: X12Set; fallback: string; actor: string },
): Promise<Taken> {
  const { type, segments } = set
  const contentHash = createHash('sha256').update(canonicalJson(segments)).digest('hex')
  const document = await storeWarehouseDocument(deps.db, {
    ...{ siteId: warehouse.siteId, setType: type.slice(0, 10), number: numberOf(set, fallback) },
    ...{ segments, contentHash, actor },
  })
  return applyDocument(deps, { warehouse, document, actor })
}

/** The warehouse's own number; of what cannot be read that far, the control numbers it came under. */
function numberOf({ type, segments }: X12Set, fallback: string): string {
  try {
    switch (type) {
      case '945': {
        const { fulfilmentId, number } = readShippingAdvice(segments)
        return number ?? `${fulfilmentId}-${fallback}`
      }
      case '944':
        return readReceiptAdvice(segments).number
      case '947':
        return readAdjustmentAdvice(segments).number
      case '846':
        return readInventoryAdvice(segments).number
      default:
        return fallback
    }
  } catch (error) {
    if (error instanceof Refusal) return fallback
    throw error
  }
}

/** Carries a document out that is not yet; a refused one says why, again as often as it is tried. */
export async function applyDocument(
  deps: ApiDeps,
  {
    warehouse,
    document,
    actor,
  }: { warehouse: OutsideWarehouse; document: WarehouseDocument; actor: string },
): Promise<Taken> {
  const { id, setType, number, outcome } = document
  const taken = { documentId: `${id}`, setType, number }
  if (outcome === 'applied' || outcome === 'rejected') return { ...taken, outcome, problem: null }
  try {
    await carryOut({ deps, warehouse, document, actor })
  } catch (error) {
    if (!isRefused(error)) throw error
    const { code, detail: message } = toProblem(error)
    const problem = { code, message }
    await markRefused(deps.db, document, problem)
    return { ...taken, outcome: 'refused', problem }
  }
  await markApplied(deps.db, document, actor)
  return { ...taken, outcome: 'applied', problem: null }
}
