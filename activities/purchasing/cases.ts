import type { Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import { healCases, openCase, openCasesOf } from '#db/stores/cases'
import type { PurchaseOrder } from '#db/stores/purchase-orders'
import type { CaseType } from '#domain/orders/exceptions'
import { openValue } from '#domain/purchasing/order'

export interface FoundTrouble {
  type: CaseType
  summary: string
  evidence: Record<string, unknown>
  /** Tells two situations of one type apart, e.g. a receipt's line. */
  discriminator?: string
  siteId?: number
  moneyAtRiskMinor?: bigint
  openedBy: string
}

/** Opens a case on this purchase; its id, or that of the one that is open already. */
export async function openPurchaseCase(
  tx: Tx,
  order: PurchaseOrder,
  found: FoundTrouble,
): Promise<bigint> {
  const { exceptions } = await policiesFor(tx, order.entity)
  const key = `purchase-order/${order.id}/${found.type}${found.discriminator ? `/${found.discriminator}` : ''}`
  await openCase(tx, {
    ...{ key, type: found.type, subjectType: 'purchase-order', subjectId: `${order.id}` },
    ...{ workflowId: order.workflowId, entityId: order.entityId, channelId: null },
    siteId: found.siteId ?? null,
    policy: exceptions.body[found.type],
    moneyAtRiskMinor: found.moneyAtRiskMinor ?? openValue(order.lines),
    ...{ currency: order.currency, customerClass: 'standard' },
    ...{ summary: found.summary, evidence: found.evidence, openedBy: found.openedBy },
  })
  const [row] = await tx<{ id: bigint }[]>`SELECT id FROM exception_case WHERE key = ${key}`
  return row!.id
}

/** What these cases were about is gone. */
export async function healPurchaseCases(
  tx: Tx,
  order: PurchaseOrder,
  types: readonly CaseType[],
  reason: string,
): Promise<void> {
  const open = await openCasesOf(tx, 'purchase-order', `${order.id}`)
  const gone = open.filter((found) => types.includes(found.type)).map((found) => found.id)
  await healCases(tx, gone, reason)
}
