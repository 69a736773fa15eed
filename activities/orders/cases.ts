import type { Tx } from '#db/client'
import { healCases, openCase, openCasesOf, type OpenCase, type OpenedCase } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import type { CaseType } from '#domain/orders/exceptions'
import { DEFAULT_POLICIES } from '#domain/orders/policies'
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
  /** Adds its evidence to the case of this very situation where one is open. */
  addsToOpen?: boolean
}

/** Opens a case on this order under the exceptions policy that the order was placed under. */
export async function openOrderCase(
  tx: Tx,
  order: SalesOrder,
  found: FoundException,
): Promise<void> {
  order.hasCases = true
  const opened = await openCase(tx, {
    key: caseKey(order, found.type, found.discriminator),
    type: found.type,
    subjectType: 'order',
    subjectId: order.id.toString(),
    workflowId: order.workflowId,
    entityId: order.entityId,
    channelId: order.channelId,
    siteId: found.siteId ?? null,
    // An order keeps the policy of its day, which may not know of a kind of case that came later.
    policy: order.policies.exceptions.body[found.type] ?? DEFAULT_POLICIES.exceptions[found.type],
    moneyAtRiskMinor: found.moneyAtRiskMinor ?? openValue(order),
    currency: order.currency,
    customerClass: order.customerClass,
    summary: found.summary,
    evidence: found.evidence,
    openedBy: found.openedBy,
    addsToOpen: found.addsToOpen ?? false,
  })
  if (opened?.isNew) await tellCustomer(tx, order, found, opened)
}

const MAILED = new Set<CaseType>(['payment-pending', 'payment-declined', 'authorisation-expired'])

/** FUL-25: who can mend a payment is its buyer, so they hear of it; a refund or void is ours to mend. */
async function tellCustomer(
  tx: Tx,
  order: SalesOrder,
  found: FoundException,
  opened: OpenedCase,
): Promise<void> {
  const { operation } = found.evidence
  if (!MAILED.has(found.type) || order.settlement === 'marketplace' || operation === 'refund')
    return
  const minutes =
    found.type === 'payment-pending' ? order.policies.notification.body.paymentReminderMinutes : 0
  await addToOutbox(tx, [
    {
      topic: 'mail',
      key: `${found.type}/${opened.id}/${opened.reopened}`,
      body: { template: found.type, orderId: order.id, caseId: opened.id },
      afterMinutes: minutes,
    },
  ])
}

/** The open case of this very situation, if there is one. */
export async function openCaseAbout(
  tx: Tx,
  order: SalesOrder,
  type: CaseType,
  discriminator?: string,
): Promise<OpenCase | undefined> {
  if (!order.hasCases) return undefined
  const key = caseKey(order, type, discriminator)
  return (await openCasesOf(tx, 'order', order.id.toString())).find((found) => found.key === key)
}

function caseKey(order: SalesOrder, type: CaseType, discriminator?: string): string {
  return `order/${order.id}/${type}${discriminator ? `/${discriminator}` : ''}`
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
      (discriminator === undefined || found.key === caseKey(order, found.type, discriminator)),
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
