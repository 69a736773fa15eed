import { setCurrentDetails } from '@temporalio/workflow'
import type { PurchaseProgress } from '#contracts/procure-to-pay'
import { formatMinor } from '#domain/money'
import { tellSearch } from './searched-standing.ts'

/**
 * Tells ops engineers in Temporal UI what the purchase waits for, until when and who may act.
 * Answers what the search attributes now say; the caller hands it in the next time.
 */
export function showPurchase(order: PurchaseProgress, shown: string): string {
  setCurrentDetails(details(order))
  return tellSearch(order, order.openValueInBooks.minor, shown)
}

function details(order: PurchaseProgress): string {
  const { currency, minor } = order.openValue
  return [
    `**${order.poNumber}** to ${order.supplier} is **${order.phase}**`,
    `- waits for: ${order.waitingFor}`,
    `- who may act: ${order.whoMayAct}`,
    `- until: ${order.nextDeadline ?? 'no deadline'}`,
    `- still to come: ${formatMinor(BigInt(minor), currency)} ${currency}`,
    ...order.cases.map((one) => `- case ${one.id} \`${one.type}\`, due ${one.dueAt}`),
    ...order.effects.map(
      ({ key, summary }) => `- outside call \`${key}\` (${summary}) is not settled`,
    ),
    link(order),
  ].join('\n')
}

function link({ poNumber, apiUrl }: PurchaseProgress): string {
  const path = `/v1/purchase-orders/${poNumber}`
  return apiUrl === undefined
    ? `- in the API: \`${path}\``
    : `- [purchase order in the API](${apiUrl}${path})`
}
