import type { Tx } from '#db/client'
import { healCases, openCase, openCasesOf } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import type { CaseType } from '#domain/orders/exceptions'
import { openValue } from '#domain/orders/worth'

export interface FoundException {
  type: CaseType
  summary: string
  evidence: Record<string, unknown>
  openedBy: string
  siteId?: number
  /** Tells two situations of one type apart, e.g. a fulfilment order's id. */
  discriminator?: string
  moneyAtRiskMinor?: bigint
}

/** Opens a case on this order under the exceptions policy that the order was placed under. */
export async function openOrderCase(
  tx: Tx,
  order: SalesOrder,
  found: FoundException,
): Promise<void> {
  order.hasCases = true
  await openCase(tx, {
    key: `order/${order.id}/${found.type}${found.discriminator ? `/${found.discriminator}` : ''}`,
    type: found.type,
    subjectType: 'order',
    subjectId: order.id.toString(),
    workflowId: order.workflowId,
    entityId: order.entityId,
    channelId: order.channelId,
    siteId: found.siteId ?? null,
    policy: order.policies.exceptions.body[found.type],
    moneyAtRiskMinor: found.moneyAtRiskMinor ?? openValue(order),
    currency: order.currency,
    customerClass: order.customerClass,
    summary: found.summary,
    evidence: found.evidence,
    openedBy: found.openedBy,
  })
}

/** Lets cases of these types leave the queue because what they were about is gone. */
export async function healOrderCases(
  tx: Tx,
  order: SalesOrder,
  types: readonly CaseType[],
  reason: string,
  /** Only the case of this very situation, where an order may have several of a type. */
  discriminator?: string,
): Promise<void> {
  if (!order.hasCases) return
  const open = await openCasesOf(tx, 'order', order.id.toString())
  const gone = open.filter(
    (found) =>
      types.includes(found.type) &&
      (discriminator === undefined ||
        found.key === `order/${order.id}/${found.type}/${discriminator}`),
  )
  await healCases(
    tx,
    gone.map((found) => found.id),
    reason,
  )
}

/** Whether a case of this type is open on the order. */
export async function isCaseOpen(tx: Tx, order: SalesOrder, type: CaseType): Promise<boolean> {
  if (!order.hasCases) return false
  const open = await openCasesOf(tx, 'order', order.id.toString())
  return open.some((found) => found.type === type)
}
