import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { amazonMessages, type AmazonMessage } from '#connectors/amazon/amazon-message'
import { verifyCarrierWebhook } from '#connectors/carrier/tracking'
import { channelOrder } from '#connectors/channel-document'
import type { Translated } from '#connectors/result'
import { shopifyTopic, verifyShopifyHmac } from '#connectors/shopify/webhook'
import { verifyStripeWebhook } from '#connectors/stripe/webhook'
import { verifyWoocommerceSignature, woocommerceTopic } from '#connectors/woocommerce/webhook'
import {
  recordPayment,
  recordTracking,
  type RecordPayment,
  type RecordTracking,
} from '#contracts/order-to-cash'
import { orderOfParcel, orderOfPayment } from '#db/queries/orders'
import {
  channelOf,
  documentRefused,
  eventIdOf,
  takeDocument,
  type ChannelFacts,
  type IntakeAnswer,
} from '../channel-intake.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { rawBody, webhookOptions } from '../plugins/raw-body.ts'
import { unstorable } from '#connectors/storable'
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

/** What channels, carriers and processors send us. A signature is checked over the very bytes. */
export async function webhookRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addSignedShop(server, deps, SHOPIFY)
  addSignedShop(server, deps, WOOCOMMERCE)
  addAmazon(server, deps)
  addStripe(server, deps)
  addCarrier(server, deps)
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
      const given = (name: string) => header(request.headers[name.toLowerCase()])
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

const PAYMENT_KINDS: Record<string, RecordPayment['kind']> = {
  'payment.captured': 'captured',
  'payment.authorised': 'authorised',
  'payment.failed': 'declined',
  'payment.cancelled': 'voided',
}

function addStripe(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/webhooks/stripe',
    webhookOptions({
      summary: 'Payment events of the processor',
      tags,
      response: { 202: z.object({ outcome: z.string() }) },
    }),
    async (request, reply) => {
      const seen = verifyStripeWebhook(
        rawBody(request),
        header(request.headers['stripe-signature']),
        secretOf(deps, 'STRIPE_WEBHOOK_SECRET'),
        300,
      )
      if (!seen.verified) throw unauthenticated('BadSignature', `${seen.code}: ${seen.message}`)
      const event = storable(seen.event)
      const kind = PAYMENT_KINDS[event.kind]
      const place =
        kind && event.reference ? await orderOfPayment(deps.db, event.reference) : undefined
      if (!kind || !place) return reply.code(202).send({ outcome: 'ignored' })
      const message: RecordPayment = {
        key: event.providerEventId,
        kind,
        provider: 'stripe',
        reference: event.reference!,
        amountMinor: (event.amountMinor ?? 0n).toString(),
        effectiveOn: event.at.slice(0, 10),
        actor: 'gateway:stripe',
      }
      await deps.temporal.workflow
        .getHandle(place.workflowId)
        .signal(recordPayment, message)
        .catch(ignoreEnded)
      return reply.code(202).send({ outcome: 'told' })
    },
  )
}

const TRACKING: Record<string, RecordTracking['status']> = {
  'label-created': 'pre-transit',
  'in-transit': 'in-transit',
  'ready-for-pickup': 'in-transit',
  'out-for-delivery': 'out-for-delivery',
  delivered: 'delivered',
  returned: 'returned',
  exception: 'exception',
}

function addCarrier(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/webhooks/carrier',
    webhookOptions({
      summary: 'Tracking events of the carrier',
      tags,
      response: { 202: z.object({ outcome: z.string() }) },
    }),
    async (request, reply) => {
      const seen = verifyCarrierWebhook(
        rawBody(request),
        header(request.headers['x-hmac-signature']),
        secretOf(deps, 'CARRIER_WEBHOOK_SECRET'),
      )
      if (!seen.verified) throw unauthenticated('BadSignature', `${seen.code}: ${seen.message}`)
      const event = storable(seen.event)
      const status = event.kind === 'tracking' ? TRACKING[event.status] : undefined
      if (event.kind !== 'tracking' || !status) return reply.code(202).send({ outcome: 'ignored' })
      const place = await orderOfParcel(deps.db, event.trackingNumber)
      if (!place) return reply.code(202).send({ outcome: 'unknown-parcel' })
      const message: RecordTracking = {
        providerEventId: event.providerEventId,
        trackingNumber: event.trackingNumber,
        status,
        at: instantOrNow(event.at),
        actor: 'gateway:carrier',
      }
      await deps.temporal.workflow
        .getHandle(place.workflowId)
        .signal(recordTracking, message)
        .catch(ignoreEnded)
      return reply.code(202).send({ outcome: 'told' })
    },
  )
}

/** What the database cannot keep would be tried again for ever by the order's process. */
function storable<E extends object>(event: E): E {
  const problems = unstorable('$', event).map((found) => ({ ...found, code: 'not-storable' }))
  if (problems.length > 0) throw documentRefused(problems)
  return event
}

/** A scan with a broken clock still happened; the time at which we heard of it is the best there is. */
function instantOrNow(text: string): string {
  const ms = Date.parse(text)
  const readable = /^\d{4}-/.test(text) && !Number.isNaN(ms)
  return new Date(readable ? ms : Date.now()).toISOString()
}

/** An order that has ended needs no more events; everything else is for the sender to send again. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error
}

/** An empty secret is one that everybody knows. */
function secretOf(
  { config }: ApiDeps,
  name: 'STRIPE_WEBHOOK_SECRET' | 'CARRIER_WEBHOOK_SECRET',
): string {
  const secret = config[name]
  if (!secret)
    throw unauthenticated('BadSignature', `No ${name} is set here: nothing can be checked.`)
  return secret
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

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
