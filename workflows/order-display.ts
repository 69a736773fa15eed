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

/** The longest keyword that every visibility store takes. */
const LONGEST_KEYWORD = 255

/**
 * Tells ops engineers in Temporal UI what the order waits for, until when and who may act.
 * Answers what the search attributes now say; the caller hands it in the next time.
 */
export function showProgress(order: OrderProgress, shown: string): string {
  setCurrentDetails(details(order))
  const attributes = searchAttributes(order)
  const says = attributes.map(({ value }) => JSON.stringify(value))
  const said = shown.split('\n')
  // Each upsert is an event and a visibility write, and each value in it costs: only news are told.
  const news = attributes.filter((_, nth) => says[nth] !== said[nth])
  if (news.length > 0) upsertSearchAttributes(news)
  return says.join('\n')
}

function searchAttributes(order: OrderProgress) {
  return [
    { key: phaseKey, value: order.phase },
    { key: waitingForKey, value: order.waitingFor.slice(0, LONGEST_KEYWORD) },
    { key: exceptionTypeKey, value: order.cases.map((c) => c.type) },
    { key: moneyAtRiskKey, value: Number(order.moneyAtRiskInBooks.minor) },
    { key: entityKey, value: order.entity },
    { key: siteKey, value: order.sites },
  ]
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
