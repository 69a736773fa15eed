import { setCurrentDetails } from '@temporalio/workflow'
import type { OrderProgress } from '#contracts/order-to-cash'
import { formatMinor } from '#domain/money'
import { tellSearch } from './searched-standing.ts'

/**
 * Tells ops engineers in Temporal UI what the order waits for, until when and who may act.
 * Answers what the search attributes now say; the caller hands it in the next time.
 */
export function showProgress(order: OrderProgress, shown: string): string {
  setCurrentDetails(details(order))
  return tellSearch(order, order.moneyAtRiskInBooks.minor, shown)
}

function details(order: OrderProgress): string {
  const money = `${formatMinor(BigInt(order.moneyAtRisk.minor), order.moneyAtRisk.currency)} ${order.moneyAtRisk.currency}`
  return [
    `**${order.orderNo}** is **${order.phase}**`,
    `- waits for: ${order.waitingFor}`,
    `- who may act: ${order.whoMayAct}`,
    `- until: ${order.nextDeadline ?? 'no deadline'}`,
    `- open value: ${money}`,
    ...order.cases.map((c) => `- case ${c.id} \`${c.type}\`, due ${c.dueAt}`),
    ...order.effects.map(
      (effect) => `- outside call \`${effect.key}\` (${effect.summary}) is not settled`,
    ),
    links(order),
  ].join('\n')
}

/** Temporal UI takes a path without a server as its own. */
function links({ orderId, apiUrl }: OrderProgress): string {
  const why = `/v1/decisions?subjectType=order&subjectId=${orderId}`
  if (apiUrl === undefined) return `- in the API: \`/v1/orders/${orderId}\`, and why: \`${why}\``
  return `- [order in the API](${apiUrl}/v1/orders/${orderId}) · [why](${apiUrl}${why})`
}
