import { shown } from '../field.ts'
import { parseLosslessJson } from '../lossless-json.ts'
import { accepted, refused, type Translated } from '../result.ts'
import { verifyBase64Hmac } from '../signature.ts'

const TOPICS: Record<string, ShopifyOrderTopic> = {
  'orders/create': 'placed',
  'orders/updated': 'updated',
  'orders/cancelled': 'cancelled',
  'orders/paid': 'paid',
}

export type ShopifyOrderTopic = 'placed' | 'updated' | 'cancelled' | 'paid'

/** What the `X-Shopify-Topic` header announces; topics without a whole order are refused. */
export function shopifyTopic(topic: string | undefined): Translated<ShopifyOrderTopic> {
  if (topic !== undefined && Object.hasOwn(TOPICS, topic)) return accepted(TOPICS[topic]!)
  const known = Object.keys(TOPICS).join(', ')
  const message = `${shown(topic)} is not handled here; handled are ${known}`
  return refused('topic-not-handled', 'X-Shopify-Topic', message)
}

/** Whether `X-Shopify-Hmac-Sha256` signs this very body; see {@link verifyBase64Hmac}. */
export const verifyShopifyHmac = verifyBase64Hmac

/** A webhook's body as JSON, with ids beyond 2^53 kept as text. */
export const parseShopifyJson = parseLosslessJson
