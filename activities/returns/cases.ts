import { policiesFor } from '#db/queries/policies'
import { openCase } from '#db/stores/cases'
import { addDays } from '#domain/dates'
import type { CaseType } from '#domain/orders/exceptions'
import type { ReturnWork } from './work.ts'

interface FoundReturnCase {
  type: CaseType
  /** Tells two situations of one type apart, such as a parcel. */
  discriminator?: string
  summary: string
  evidence: Record<string, unknown>
  moneyAtRiskMinor: bigint
}

/** Opens a case on a return, under the exceptions policy of its channel; the amount is the order's currency. */
export async function openReturnCase(
  { tx, doc, order }: ReturnWork,
  { type, discriminator, ...found }: FoundReturnCase,
): Promise<void> {
  const policies = await policiesFor(tx, order?.channelCode ?? '*')
  await openCase(tx, {
    ...found,
    key: `customer-return/${doc.id}/${type}${discriminator ? `/${discriminator}` : ''}`,
    type,
    subjectType: 'customer-return',
    subjectId: doc.id.toString(),
    workflowId: doc.workflowId,
    entityId: doc.entityId,
    channelId: order?.channelId ?? null,
    siteId: doc.siteId,
    policy: policies.exceptions.body[type],
    currency: order?.currency ?? doc.functionalCurrency,
    customerClass: order?.customerClass ?? 'standard',
    openedBy: 'rule: returns',
  })
}

/** Agreed to: from now on goods are expected, and silence has a day. */
export function approve({ doc, today }: ReturnWork, by: string): void {
  doc.approvedBy = by
  doc.approvedOn = today
  if (!doc.units.some(({ state }) => state === 'expected')) return
  doc.expiresOn = addDays(today, doc.policy.receiveWithinDays)
  const paidFirst = doc.refundOn === 'approved' || doc.refundOn === 'scanned'
  if (paidFirst || doc.kind === 'channel-refund') doc.chaseOn = addDays(today, doc.policy.chaseDays)
}
