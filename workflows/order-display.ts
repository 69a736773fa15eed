import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { OrderProgress } from '#contracts/order-to-cash'
import {
  entityKey,
  exceptionTypeKey,
  moneyAtRiskKey,
  phaseKey,
  siteKey,
  waitingForKey,
} from '#contracts/search-attributes'
import { formatMinor } from '#domain/money'

/**
 * Tells ops engineers in Temporal UI what the order waits for, until when and who may act.
 * Answers what the search attributes now say; the caller hands it in the next time.
 */
export function showProgress(order: OrderProgress, shown: string): string {
  setCurrentDetails(details(order))
  const attributes = JSON.stringify([order.phase, order.cases.map((c) => c.type)])
  // Each upsert is an event and a visibility write, so it is made only where something has changed.
  if (attributes === shown) return shown
  upsertSearchAttributes([
    { key: phaseKey, value: order.phase },
    { key: waitingForKey, value: order.waitingFor },
    { key: exceptionTypeKey, value: order.cases.map((c) => c.type) },
    { key: moneyAtRiskKey, value: Number(order.moneyAtRisk.minor) },
    { key: entityKey, value: order.entity },
    ...(order.site ? [{ key: siteKey, value: order.site }] : []),
  ])
  return attributes
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
    `- [order in the API](/v1/orders/${order.orderId}) · [why](/v1/decisions?subjectType=order&subjectId=${order.orderId})`,
  ].join('\n')
}
