import type { Reader } from '#db/client'
import type { ProviderEvent } from '#db/stores/provider-events'

/** The order that an event is about, and the process that runs it. */
export interface EventPlace {
  orderId: string
  workflowId: string
  channel: string
  externalId: string
}

/**
 * Whose event it is: by the parcel's number, or by any name that the payment has or had, or by
 * the effect of ours that caused it. Nothing while the order or the label is still on its way.
 */
export async function orderOfEvent(
  reader: Reader,
  event: Pick<ProviderEvent, 'kind' | 'reference' | 'effectKey'>,
): Promise<EventPlace | undefined> {
  const ids = event.kind.startsWith('tracking.')
    ? reader`SELECT order_id AS id FROM parcel WHERE tracking_number = ${event.reference}`
    : reader`
      SELECT order_id AS id FROM payment WHERE reference = ${event.reference}
      UNION SELECT p.order_id FROM payment_event e JOIN payment p ON p.id = e.payment_id WHERE e.reference = ${event.reference}
      UNION SELECT e.subject_id::bigint FROM external_effect e WHERE e.key = ${event.effectKey} AND e.subject_type = 'order'`
  const [row] = await reader<EventPlace[]>`
    SELECT o.id::text AS "orderId", o.workflow_id AS "workflowId", c.code AS channel, o.external_id AS "externalId"
    FROM sales_order o JOIN channel c ON c.id = o.channel_id WHERE o.id IN (${ids}) ORDER BY o.id DESC LIMIT 1`
  return row
}
