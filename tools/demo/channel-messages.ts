import { createHash, createHmac } from 'node:crypto'
import { amazonDocuments } from './amazon-document.ts'
import type { ApiRequest } from './api-client.ts'
import { AMAZON, SHOPIFY, WHOLESALE, WOOCOMMERCE } from './company.ts'
import { AMAZON_KEY, demoApiKey, secretVariable, WHOLESALE_KEY } from './people.ts'
import { seededRandom, type Random } from './random.ts'
import type { Sale } from './sale.ts'
import { shopifyDocument, type ShopifyState } from './shopify-document.ts'
import { wholesaleDocument } from './wholesale-document.ts'
import { woocommerceDocument } from './woocommerce-document.ts'

/** One message of a channel, and how long after the order it is sent. */
export interface ChannelMessage {
  afterMs: number
  what: string
  request: ApiRequest
  /** A shop that lists its orders too: what its webhook does not tell, a sweep finds. */
  shop?: 'shopify' | 'woocommerce'
}

export interface Secrets {
  /** Derives the API keys of the demonstration. */
  jwtSecret: string
  /** Signing secrets of webhooks by environment variable. */
  signing: Record<string, string>
}

/** References of the real payments at the processor: of the order, and of a late payment. */
export interface Payments {
  reference: string | null
  lateReference: string | null
}

/**
 * Everything that a channel says about an order, in the order in which it arrives: mostly one
 * message; now and then twice the same, the update before the order, a payment or a
 * cancellation later.
 */
export function channelMessages(
  sale: Sale,
  payments: Payments,
  secrets: Secrets,
): ChannelMessage[] {
  const random = seededRandom(`messages/${sale.number}`)
  switch (sale.channel) {
    case SHOPIFY:
      return shopifyMessages(sale, payments, secrets, random)
    case WOOCOMMERCE:
      return woocommerceMessages(sale, payments, secrets, random)
    case AMAZON:
      return amazonMessages(sale, secrets, random)
    case WHOLESALE:
      return [wholesaleMessage(sale, secrets)]
    default:
      throw new Error(`nobody speaks for the channel ${sale.channel}`)
  }
}

/** Whether an unpaid order is paid after all. */
export function isPaidLater(sale: Sale): boolean {
  return sale.payment === 'pending' && sale.number % 5 < 3
}

function shopifyMessages(
  sale: Sale,
  { reference, lateReference }: Payments,
  secrets: Secrets,
  random: Random,
): ChannelMessage[] {
  const at = (ms: number) => new Date(Date.parse(sale.placedAt) + ms).toISOString()
  const state: ShopifyState = { updatedAt: sale.placedAt, reference, payment: sale.payment }
  const message = (afterMs: number, topic: string, change: Partial<ShopifyState> = {}) =>
    shopifyWebhook(sale, { afterMs, topic, state: { ...state, ...change } }, secrets)
  const placed = message(0, 'orders/create')
  if (lateReference !== null) {
    const paid: Partial<ShopifyState> = {
      updatedAt: at(60_000),
      reference: lateReference,
      payment: 'captured',
    }
    return [placed, message(60_000 + random.whole(0, 60_000), 'orders/paid', paid)]
  }
  if (sale.trouble !== 'clean') return [placed]
  const chance = random.next()
  const note = { updatedAt: at(2_000), note: 'Please leave it with the neighbour.' }
  if (chance < 0.04) return [placed, { ...placed, afterMs: random.whole(0, 3_000) }]
  if (chance < 0.07)
    return [message(0, 'orders/updated', note), { ...placed, afterMs: random.whole(500, 2_000) }]
  if (chance < 0.11) return [placed, message(3_000, 'orders/updated', note)]
  if (chance < 0.12)
    return [
      placed,
      message(random.whole(2_000, 6_000), 'orders/cancelled', {
        updatedAt: at(2_500),
        cancelledAt: at(2_500),
      }),
    ]
  return [placed]
}

function shopifyWebhook(
  sale: Sale,
  { afterMs, topic, state }: { afterMs: number; topic: string; state: ShopifyState },
  { signing }: Secrets,
): ChannelMessage {
  const body = JSON.stringify(shopifyDocument(sale, state))
  return {
    afterMs,
    what: `${topic} ${sale.number}`,
    shop: 'shopify',
    request: {
      method: 'POST',
      path: `/v1/webhooks/shopify/${SHOPIFY}`,
      headers: {
        'x-shopify-topic': topic,
        'x-shopify-hmac-sha256': signature(body, signing[secretVariable(SHOPIFY)]),
        'x-shopify-shop-domain': 'harborandpine.myshopify.example',
        'x-shopify-api-version': '2025-01',
        'x-shopify-webhook-id': eventId(topic, sale, state.updatedAt),
      },
      body,
    },
  }
}

function woocommerceMessages(
  sale: Sale,
  { reference }: Payments,
  { signing }: Secrets,
  random: Random,
): ChannelMessage[] {
  const message = (afterMs: number, topic: string, note?: string): ChannelMessage => {
    const modifiedAt = new Date(Date.parse(sale.placedAt) + afterMs).toISOString()
    const state = { modifiedAt, status: 'processing' as const, reference: reference ?? '' }
    const body = JSON.stringify(woocommerceDocument(sale, note ? { ...state, note } : state))
    return {
      afterMs,
      what: `${topic} ${sale.number}`,
      shop: 'woocommerce',
      request: {
        method: 'POST',
        path: `/v1/webhooks/woocommerce/${WOOCOMMERCE}`,
        headers: {
          'x-wc-webhook-topic': topic,
          'x-wc-webhook-signature': signature(body, signing[secretVariable(WOOCOMMERCE)]),
          'x-wc-webhook-delivery-id': eventId(topic, sale, modifiedAt),
        },
        body,
      },
    }
  }
  const placed = message(0, 'order.created')
  if (sale.trouble !== 'clean') return [placed]
  const chance = random.next()
  if (chance < 0.05) return [placed, { ...placed, afterMs: random.whole(0, 2_000) }]
  if (chance < 0.1)
    return [placed, message(random.whole(2_000, 5_000), 'order.updated', 'Bitte klingeln.')]
  return [placed]
}

function amazonMessages(sale: Sale, { jwtSecret }: Secrets, random: Random): ChannelMessage[] {
  const message = (afterMs: number, status: 'Unshipped' | 'Canceled'): ChannelMessage => {
    const updatedAt = new Date(Date.parse(sale.placedAt) + afterMs).toISOString()
    return {
      afterMs,
      what: `Amazon order ${sale.number}`,
      request: {
        method: 'POST',
        path: `/v1/webhooks/amazon/${AMAZON}`,
        headers: { 'x-api-key': demoApiKey(jwtSecret, AMAZON_KEY) },
        body: JSON.stringify(amazonDocuments(sale, { updatedAt, status })),
      },
    }
  }
  const placed = message(0, 'Unshipped')
  // Polling sees the same order again and again.
  if (random.chance(0.1)) return [placed, { ...placed, afterMs: 4_000 }]
  if (sale.trouble === 'clean' && random.chance(0.01))
    return [placed, message(random.whole(2_000, 5_000), 'Canceled')]
  return [placed]
}

function wholesaleMessage(sale: Sale, { jwtSecret }: Secrets): ChannelMessage {
  return {
    afterMs: 0,
    what: `wholesale order ${sale.number}`,
    request: {
      method: 'POST',
      path: '/v1/orders',
      headers: {
        'x-api-key': demoApiKey(jwtSecret, WHOLESALE_KEY),
        'idempotency-key': `wholesale-${sale.number}`,
      },
      body: JSON.stringify(wholesaleDocument(sale)),
    },
  }
}

function signature(body: string, secret: string | undefined): string {
  return createHmac('sha256', secret ?? '')
    .update(body)
    .digest('base64')
}

function eventId(topic: string, sale: Sale, version: string): string {
  const digest = createHash('sha256').update(`${topic}/${sale.number}/${version}`).digest('hex')
  return [8, 4, 4, 4, 12]
    .map((length, n, all) => {
      const from = all.slice(0, n).reduce((sum, part) => sum + part, 0)
      return digest.slice(from, from + length)
    })
    .join('-')
}
