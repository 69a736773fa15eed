import { createHmac, randomBytes } from 'node:crypto'
import { NativeConnection } from '@temporalio/worker'
import type { LightMyRequestResponse } from 'fastify'
import { inject } from 'vitest'
import type { MailGateway } from '#activities/gateways/mail'
import type { WarehouseGateway } from '#activities/gateways/supplier'
import type { Gateways } from '#activities/orders/gateways'
import { orderPreviews } from '#activities/orders/preview'
import { purchasePreviews } from '#activities/purchasing/preview'
import { returnPreviews } from '#activities/returns/preview'
import { billPreviews } from '#activities/vendor-bills/preview'
import { chargebackPreviews } from '#activities/chargebacks/preview'
import { settlementPreviews } from '#activities/settlements/preview'
import type { ApiDeps } from '#api/server'
import type { OrderDocument } from '#contracts/order-intake'
import type { OrderProgress } from '#contracts/order-to-cash'
import { foundCompany, type Company } from '#tests/support/company'
import {
  agreeableGateways,
  startSystem,
  workflowBundle,
  type TestSystem,
} from '#tests/support/process'
import { createNotificationWorker } from '#worker'
import { apiOn, JWT_SECRET, type ApiUnderTest, type Caller } from './support.ts'

/** Signing secrets of the test channels, as the environment would hold them. */
export const SECRETS: Record<string, string> = {
  SHOP_NEW: 'the-new-secret-of-the-shop',
  SHOP_OLD: 'the-old-secret-of-the-shop',
  WOO: 'the-secret-of-woo',
}
export const STRIPE_SECRET = 'whsec_of_the_tests'
export const CARRIER_SECRET = 'carrier-secret-of-the-tests'

export interface RunningApi extends ApiUnderTest {
  system: TestSystem
  company: Company
  /** Places an order over HTTP and answers where it stands. */
  place(document: OrderDocument): Promise<OrderProgress>
  /** Delivers the outbox and tells untold documents until the returned function is called. */
  notify(mail?: MailGateway | null, warehouses?: WarehouseGateway): Promise<Notifying>
}

/** Stops it; its process has a name of its own. */
export interface Notifying {
  (): Promise<void>
  workflowId: string
}

/** The API in front of a real worker, a real process engine and a company with stock. */
export async function runningApi(
  options: {
    deps?: Partial<ApiDeps>
    stock?: Parameters<typeof foundCompany>[1]
    gateways?: Gateways
  } = {},
): Promise<RunningApi> {
  const gateways = options.gateways ?? agreeableGateways
  const system = await startSystem(gateways)
  const company = await foundCompany(system.admin, options.stock)
  await system.admin`UPDATE channel SET secret_refs = '{SHOP_NEW,SHOP_OLD}' WHERE code = 'web'`
  await system.admin`INSERT INTO channel (code, name, kind, entity_id, currency, secret_refs) VALUES ('woo', 'Woo shop', 'woocommerce', ${company.entityId}, 'USD', '{WOO}')`
  const { config, ...deps } = options.deps ?? {}
  const api = await apiOn(system, system.client, {
    orderTaskQueue: system.taskQueue,
    previews: orderPreviews(system.db),
    purchasePreviews: purchasePreviews(system.db),
    billPreviews: billPreviews(system.db),
    settlementPreviews: settlementPreviews(system.db),
    returnPreviews: returnPreviews(system.db),
    chargebackPreviews: chargebackPreviews(system.db),
    channelSecrets: (refs) => refs.flatMap((name) => SECRETS[name] ?? []),
    config: {
      STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
      CARRIER_WEBHOOK_SECRET: CARRIER_SECRET,
      ...config,
    } as ApiDeps['config'],
    ...deps,
  })
  return {
    ...api,
    system,
    company,
    place: async (document) => {
      const caller = await api.as('connector')
      const answer = await post(caller, '/v1/orders', document)
      if (answer.statusCode !== 201) throw new Error(answer.body)
      return answer.json()
    },
    notify: (mail = null, warehouses) => startNotifying(system, gateways, mail, warehouses),
    close: async () => {
      await api.close()
      await system.stop()
    },
  }
}

async function startNotifying(
  { client, db, taskQueue }: TestSystem,
  gateways: Gateways,
  mail: MailGateway | null,
  warehouses: WarehouseGateway | null = null,
): Promise<Notifying> {
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  const own = `notification-${randomBytes(6).toString('hex')}`
  const worker = await createNotificationWorker({
    connection,
    namespace: inject('temporalNamespace'),
    db,
    gateways,
    bundle: await workflowBundle(),
    client,
    mail,
    warehouses,
    links: { publicUrl: 'https://erp.acme.example', secret: JWT_SECRET },
    taskQueue: own,
    orderTaskQueue: taskQueue,
    workMs: 1000,
    untoldAfterMs: 0,
  })
  const running = worker.run()
  const process = await client.workflow.start('notification', { workflowId: own, taskQueue: own })
  const stop = async () => {
    await process.terminate('the test is over')
    worker.shutdown()
    await running
    await connection.close()
  }
  return Object.assign(stop, { workflowId: own })
}

export function post(
  caller: Caller,
  url: string,
  payload: object,
  key?: string,
): Promise<LightMyRequestResponse> {
  return caller({ method: 'POST', url, payload, ...(key ? { key } : {}) })
}

/** Asks again until the answer is what it should become. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  withinMs = 15_000,
): Promise<T> {
  const until = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (isRight(answer)) return answer
    if (Date.now() > until)
      throw new Error(
        `it stays ${JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

interface Sent {
  topic?: string
  secret?: string | null
  eventId?: string
}

/** A Shopify delivery, signed as Shopify signs it; `secret: null` leaves the signature out. */
export function shopifyWebhook(
  { server }: Pick<RunningApi, 'server'>,
  body: object | string,
  { topic = 'orders/create', secret = SECRETS['SHOP_NEW']!, eventId }: Sent = {},
  channel = 'web',
): Promise<LightMyRequestResponse> {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  return server.inject({
    method: 'POST',
    url: `/v1/webhooks/shopify/${channel}`,
    payload,
    headers: {
      'content-type': 'application/json',
      'x-shopify-topic': topic,
      ...(secret === null ? {} : { 'x-shopify-hmac-sha256': base64Hmac(secret, payload) }),
      ...(eventId ? { 'x-shopify-webhook-id': eventId } : {}),
    },
  })
}

export function woocommerceWebhook(
  { server }: Pick<RunningApi, 'server'>,
  body: object | string,
  { topic = 'order.created', secret = SECRETS['WOO']!, eventId }: Sent = {},
  channel = 'woo',
): Promise<LightMyRequestResponse> {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  return server.inject({
    method: 'POST',
    url: `/v1/webhooks/woocommerce/${channel}`,
    payload,
    headers: {
      'content-type': 'application/json',
      'x-wc-webhook-topic': topic,
      ...(secret === null ? {} : { 'x-wc-webhook-signature': base64Hmac(secret, payload) }),
      ...(eventId ? { 'x-wc-webhook-delivery-id': eventId } : {}),
    },
  })
}

export function stripeWebhook(
  { server }: Pick<RunningApi, 'server'>,
  event: object,
  secret = STRIPE_SECRET,
  atSeconds = Math.floor(Date.now() / 1000),
): Promise<LightMyRequestResponse> {
  const payload = JSON.stringify(event)
  const digest = createHmac('sha256', secret).update(`${atSeconds}.${payload}`).digest('hex')
  return server.inject({
    method: 'POST',
    url: '/v1/webhooks/stripe',
    payload,
    headers: {
      'content-type': 'application/json',
      'stripe-signature': `t=${atSeconds},v1=${digest}`,
    },
  })
}

export function carrierWebhook(
  { server }: Pick<RunningApi, 'server'>,
  event: object,
  secret = CARRIER_SECRET,
): Promise<LightMyRequestResponse> {
  const payload = JSON.stringify(event)
  const digest = createHmac('sha256', secret.normalize('NFKD')).update(payload).digest('hex')
  return server.inject({
    method: 'POST',
    url: '/v1/webhooks/carrier',
    payload,
    headers: {
      'content-type': 'application/json',
      'x-hmac-signature': `hmac-sha256-hex=${digest}`,
    },
  })
}

/** The headers under which each sender signs a body; empty for everybody else. */
export function signed(path: string, payload: string): Record<string, string> {
  const now = Math.floor(Date.now() / 1000)
  const hex = (secret: string, text: string) =>
    createHmac('sha256', secret).update(text).digest('hex')
  if (path.includes('/shopify/'))
    return { 'x-shopify-hmac-sha256': base64Hmac(SECRETS['SHOP_NEW']!, payload) }
  if (path.includes('/woocommerce/'))
    return { 'x-wc-webhook-signature': base64Hmac(SECRETS['WOO']!, payload) }
  if (path.endsWith('/stripe'))
    return { 'stripe-signature': `t=${now},v1=${hex(STRIPE_SECRET, `${now}.${payload}`)}` }
  if (path.endsWith('/carrier'))
    return { 'x-hmac-signature': `hmac-sha256-hex=${hex(CARRIER_SECRET, payload)}` }
  return {}
}

function base64Hmac(secret: string, payload: string): string {
  return createHmac('sha256', secret).update(payload).digest('base64')
}
