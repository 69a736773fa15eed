import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { amazonOrder, amazonOrders } from '#connectors/amazon/amazon-order'
import { amazonOrder2026, amazonOrders2026 } from '#connectors/amazon/amazon-order-2026'
import { parseLosslessJson } from '#connectors/lossless-json'
import type { Translated } from '#connectors/result'
import { shopifyOrder } from '#connectors/shopify/shopify-order'
import { shopifyTopic, verifyShopifyHmac } from '#connectors/shopify/webhook'
import { woocommerceOrder } from '#connectors/woocommerce/woocommerce-order'
import { verifyWoocommerceSignature, woocommerceTopic } from '#connectors/woocommerce/webhook'
import type { OrderDocument } from '#contracts/order-intake'
import {
  channelOf,
  documentRefused,
  eventIdOf,
  takeDocument,
  type ChannelFacts,
  type IntakeAnswer,
} from '../channel-intake.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { headerText, rawBody, webhookOptions } from '../plugins/raw-body.ts'
import { unauthenticated } from '../problem.ts'
import { code, jsonObject } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['webhooks']
const params = z.object({ channel: code })
const answer = z.object({
  outcome: z.string(),
  inboxId: z.string(),
  duplicate: z.boolean(),
})
const response = { 202: answer }

/** What channels send us. A signature is checked over the very bytes. */
export async function webhookRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addSignedShop(server, deps, SHOPIFY)
  addSignedShop(server, deps, WOOCOMMERCE)
  addAmazon(server, deps)
}

/** A shop that signs its webhooks: what differs between one and the next. */
interface SignedShop {
  kind: string
  summary: string
  headers: { signature: string; topic: string; eventId: string }
  verify: (body: Buffer, signature: string | undefined, secrets: string[]) => boolean
  topic: (name: string) => Translated<'placed' | 'updated' | 'paid' | 'cancelled'>
  order: (document: unknown, channel: string) => Translated<OrderDocument>
}

const SHOPIFY: SignedShop = {
  kind: 'shopify',
  summary: 'Shopify orders/create, orders/updated, orders/cancelled, orders/paid',
  headers: {
    signature: 'X-Shopify-Hmac-Sha256',
    topic: 'X-Shopify-Topic',
    eventId: 'X-Shopify-Webhook-Id',
  },
  verify: verifyShopifyHmac,
  topic: shopifyTopic,
  order: shopifyOrder,
}

const WOOCOMMERCE: SignedShop = {
  kind: 'woocommerce',
  summary: 'WooCommerce order.created and order.updated',
  headers: {
    signature: 'X-WC-Webhook-Signature',
    topic: 'X-WC-Webhook-Topic',
    eventId: 'X-WC-Webhook-Delivery-Id',
  },
  verify: verifyWoocommerceSignature,
  topic: woocommerceTopic,
  order: woocommerceOrder,
}

function addSignedShop(server: ApiServer, deps: ApiDeps, shop: SignedShop): void {
  const { kind, summary, headers } = shop
  server.post(
    `/webhooks/${kind}/:channel`,
    webhookOptions({ summary, tags, params, response }),
    async (request, reply) => {
      const { channel: code } = request.params as { channel: string }
      const channel = await channelOf(deps.db, code, kind)
      const body = rawBody(request)
      const given = (name: string) => headerText(request.headers[name.toLowerCase()])
      if (!shop.verify(body, given(headers.signature), secretsOf(deps, channel)))
        throw badSignature(headers.signature)
      const topic = accept(shop.topic(given(headers.topic) ?? ''))
      const read = then(parseLosslessJson(body), (document) => shop.order(document, channel.code))
      const eventId = eventIdOf(given(headers.eventId), body)
      const actor = `channel:${channel.code}`
      const message = { channel, topic, eventId, body, read, actor }
      const taken = await takeDocument(deps, request, message)
      if (taken.problems) throw documentRefused(taken.problems)
      return reply.code(202).send(taken)
    },
  )
}

const amazonBody = jsonObject.describe(
  '{ order, items } of the orders API v0, a getOrders page with { orders, items: { [AmazonOrderId]: … } }, or a document of the 2026-01-01 model.',
)

function addAmazon(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/webhooks/amazon/:channel',
    {
      config: { permission: 'orders:create', idempotencyKey: false },
      schema: {
        summary: 'Amazon SP-API orders with their items, as fetched',
        tags,
        params,
        body: amazonBody,
        response: {
          202: z.object({
            items: z.array(
              answer.extend({
                problems: z
                  .array(z.object({ field: z.string(), message: z.string(), code: z.string() }))
                  .optional(),
              }),
            ),
          }),
        },
      },
    },
    async (request, reply) => {
      const channel = await channelOf(deps.db, request.params.channel, 'amazon')
      requireScope(request.principal, { channel: channel.code })
      const taken = []
      for (const read of readAmazon(request.body, channel.code))
        taken.push(await takeAmazon(deps, request, channel, read))
      const [only] = taken
      if (taken.length === 1 && only?.problems) throw documentRefused(only.problems)
      return reply.code(202).send({ items: taken })
    },
  )
}

/** Amazon tells no topic: the first version places the order, every other one changes it. */
async function takeAmazon(
  deps: ApiDeps,
  request: FastifyRequest,
  channel: ChannelFacts,
  read: Translated<OrderDocument>,
): Promise<IntakeAnswer> {
  const body = Buffer.from(JSON.stringify(read.ok ? read.value : request.body))
  const known = read.ok && (await isKnown(deps, channel, read.value))
  return takeDocument(deps, request, {
    channel,
    topic: known ? 'updated' : 'placed',
    eventId: read.ok
      ? `${read.value.externalId}/${read.value.externalVersion}`
      : eventIdOf(undefined, Buffer.concat([body, Buffer.from(JSON.stringify(read.problems))])),
    body,
    read,
    actor: request.principal.actor,
  })
}

async function isKnown(
  { db }: ApiDeps,
  channel: ChannelFacts,
  document: OrderDocument,
): Promise<boolean> {
  const rows =
    await db`SELECT 1 FROM sales_order WHERE channel_id = ${channel.id} AND external_id = ${document.externalId}`
  return rows.length > 0
}

function readAmazon(body: Record<string, unknown>, channel: string): Translated<OrderDocument>[] {
  const items = body['items']
  if ('order' in body && items !== undefined) return [amazonOrder(body['order'], items, channel)]
  if (items !== undefined && isObject(items))
    return amazonOrders(body['orders'] ?? body, (id) => items[id], channel)
  if ('order' in body) return [amazonOrder2026(body, channel)]
  if ('orders' in body) return amazonOrders2026(body, channel)
  return [amazonOrder(body, undefined, channel)]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function secretsOf(deps: ApiDeps, channel: ChannelFacts): string[] {
  return deps.channelSecrets?.(channel.secretRefs) ?? []
}

function badSignature(name: string) {
  return unauthenticated(
    'BadSignature',
    `${name} does not match the body under any secret of this channel.`,
  )
}

function accept<T>(read: Translated<T>): T {
  if (!read.ok) throw documentRefused(read.problems)
  return read.value
}

function then<A, B>(read: Translated<A>, next: (value: A) => Translated<B>): Translated<B> {
  return read.ok ? next(read.value) : read
}
