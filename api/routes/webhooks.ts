import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { amazonMessages, type AmazonMessage } from '#connectors/amazon/amazon-message'
import { channelOrder } from '#connectors/channel-document'
import type { Translated } from '#connectors/result'
import { shopifyTopic, verifyShopifyHmac } from '#connectors/shopify/webhook'
import { verifyWoocommerceSignature, woocommerceTopic } from '#connectors/woocommerce/webhook'
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
import { HttpProblem, unauthenticated } from '../problem.ts'
import { code, jsonObject } from '../schemas.ts'
import { requireScope } from '../scope.ts'

const tags = ['webhooks']
const params = z.object({ channel: code })
const problems = z
  .array(z.object({ field: z.string(), message: z.string(), code: z.string() }))
  .optional()
  .describe('Why it was refused or ignored, by field of the sender’s own document.')
const answer = z.object({
  outcome: z.string(),
  inboxId: z.string(),
  duplicate: z.boolean(),
  problems,
})
/** Shops drop a subscription after some answers that are no success, so a refusal is one. */
const response = {
  202: z.union([answer, z.object({ outcome: z.literal('ignored'), problems })]),
}

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
      const topic = shop.topic(given(headers.topic) ?? '')
      if (!topic.ok)
        return reply.code(202).send({ outcome: 'ignored' as const, problems: topic.problems })
      const taken = await takeDocument(deps, request, {
        channel,
        topic: topic.value,
        eventId: eventIdOf(given(headers.eventId), body),
        body,
        read: channelOrder(kind, body, channel.code),
        actor: `channel:${channel.code}`,
      })
      // Cut off on its way: whoever delivers it again delivers it whole.
      if (taken.problems?.some((problem) => problem.code === 'not-json'))
        throw notJson(taken.problems)
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
            items: z.array(answer),
          }),
        },
      },
    },
    async (request, reply) => {
      const channel = await channelOf(deps.db, request.params.channel, 'amazon')
      requireScope(request.principal, { entity: channel.entity, channel: channel.code })
      const taken = []
      for (const message of amazonMessages(request.body, channel.code))
        taken.push(await takeAmazon(deps, request, channel, message))
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
  { read, raw }: AmazonMessage,
): Promise<IntakeAnswer> {
  const body = Buffer.from(JSON.stringify(raw))
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
  { externalId }: { externalId: string },
): Promise<boolean> {
  const rows =
    await db`SELECT 1 FROM sales_order WHERE channel_id = ${channel.id} AND external_id = ${externalId}`
  return rows.length > 0
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

function notJson(problems: NonNullable<IntakeAnswer['problems']>): HttpProblem {
  return new HttpProblem({
    status: 400,
    code: 'MalformedJson',
    title: 'The body is not JSON',
    detail: 'The body is not a complete JSON document: deliver it again.',
    errors: problems.map(({ field, message }) => ({ field, message })),
  })
}
