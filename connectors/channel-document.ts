import type { OrderDocument } from '#contracts/order-intake'
import { amazonMessages } from './amazon/amazon-message.ts'
import { Field } from './field.ts'
import { parseLosslessJson } from './lossless-json.ts'
import { refused, type Translated } from './result.ts'
import { shopifyOrder } from './shopify/shopify-order.ts'
import { woocommerceOrder } from './woocommerce/woocommerce-order.ts'

/**
 * Reads one order from the bytes that a channel of this kind sent: a webhook's body, or for
 * Amazon one order with its items. Refused with `not-json`, or as the channel's reader refuses.
 */
export function channelOrder(
  kind: string,
  body: Buffer | string,
  channel: string,
): Translated<OrderDocument> {
  const parsed = parseLosslessJson(body)
  return parsed.ok ? channelOrderOf(kind, parsed.value, channel) : parsed
}

/** The same from JSON that was read losslessly. */
export function channelOrderOf(
  kind: string,
  document: unknown,
  channel: string,
): Translated<OrderDocument> {
  if (kind === 'shopify') return shopifyOrder(document, channel)
  if (kind === 'woocommerce') return woocommerceOrder(document, channel)
  if (kind !== 'amazon' || !new Field(document, []).isObject)
    return refused('wrong-document', '$', `no order of a ${kind} channel can be read from this`)
  return amazonMessages(document as Record<string, unknown>, channel)[0]!.read
}

const CHANGED: Record<string, string> = {
  shopify: 'updated_at',
  woocommerce: 'date_modified_gmt',
  amazon: 'LastUpdateDate',
}

/** When a listed order last changed, by the channel's clock, as an ISO instant in UTC. */
export function changedAt(kind: string, order: unknown): string | null {
  const field = CHANGED[kind]
  return field === undefined ? null : new Field(order, []).at(field).instant('utc')
}

/** What the sender calls the order, from a document that may be wrong in everything else. */
export function externalIdIn(body: Buffer | string): string | null {
  const parsed = parseLosslessJson(body)
  if (!parsed.ok) return null
  const root = new Field(parsed.value, [])
  const order = root.at('order').isObject ? root.at('order') : root
  const payload = order.at('payload').isObject ? order.at('payload') : order
  const id = payload.firstOf('AmazonOrderId', 'orderId', 'id').id()
  return id !== null && /\p{Surrogate}/u.test(id) ? null : id
}
