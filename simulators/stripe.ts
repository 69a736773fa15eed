import { createHmac } from 'node:crypto'
import { createWorld, parseJson, serve } from './http-simulator.ts'
import type { Call, Reply, Route, Simulator, SimulatorOptions, World } from './http-simulator.ts'
import { mapOf, parseForm, textOf } from './stripe-form.ts'
import type { Form } from './stripe-form.ts'
import { createStripeLedger, invalid, noSuch, StripeSaysNo } from './stripe-ledger.ts'
import type { StripeLedger } from './stripe-ledger.ts'
import { listOf } from './stripe-objects.ts'
import type { PaymentIntent } from './stripe-objects.ts'
import { createWebhooks, webhookRoute } from './webhooks.ts'
import type { WebhookTarget } from './webhooks.ts'

export interface StripeSimulator extends Simulator {
  deliverWebhooksTo(target: WebhookTarget | null): void
  webhooksSettled(): Promise<void>
  /** Every event so far in Stripe's shape, whether or not it was delivered. */
  events: StripeEvent[]
  /** Delivers an event that has already happened once more, under its own id. */
  redeliver(event: StripeEvent): void
  /** The customer's bank takes the money back. Answers the dispute's id. */
  openDispute(paymentIntent: string, reason?: string): string
  /** Moves Stripe's clock on: authorisations end after seven days. */
  advance(seconds: number): void
}

export interface StripeEvent {
  id: string
  object: 'event'
  api_version: string
  created: number
  data: { object: object }
  livemode: boolean
  pending_webhooks: number
  request: { id: string | null; idempotency_key: string | null }
  type: string
}

/**
 * Enough of Stripe for payments: intents, refunds, idempotency, webhooks, balance transactions.
 * Any API key will do. Declines come from Stripe's own test cards (`pm_card_chargeDeclined…`).
 */
export async function startStripeSimulator(options: SimulatorOptions): Promise<StripeSimulator> {
  const world = createWorld(options)
  const webhooks = createWebhooks(world, (body, secret) => signature(world, body, secret))
  const events: StripeEvent[] = []

  const ledger = createStripeLedger(world, (type, object) => {
    const event: StripeEvent = {
      id: world.nextId('evt_'),
      object: 'event',
      api_version: '2026-10-28.endive',
      created: Math.floor(world.now() / 1000),
      data: { object: structuredClone(object) },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    }
    events.push(event)
    webhooks.send(type, event.id, event)
  })
  const openDispute = (id: string, reason = 'fraudulent') => ledger.dispute(id, reason).id
  const routes = [
    webhookRoute(webhooks),
    disputeRoute(openDispute),
    ...withIdempotency(world, [...paymentRoutes(world, ledger), ...refundRoutes(ledger)]),
    eventsRoute(events),
  ]
  const simulator = await serve(world, routes, options)
  return {
    ...simulator,
    events,
    deliverWebhooksTo: (target) => webhooks.target(target),
    webhooksSettled: () => webhooks.settled(),
    redeliver: (event) => webhooks.send(event.type, event.id, event),
    openDispute,
    advance: (seconds) => world.advance(seconds * 1000),
  }
}

function signature(world: World, body: string, secret: string): Record<string, string> {
  const seconds = Math.floor(world.now() / 1000)
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return { 'stripe-signature': `t=${seconds},v1=${digest}` }
}

/** Stripe says of its search that new objects show up within a minute. */
const SEARCH_LAG_SECONDS = 60

function paymentRoutes(world: World, ledger: StripeLedger): Route[] {
  const base = '/v1/payment_intents'
  const newestFirst = () => {
    for (const id of ledger.payments.keys()) ledger.payment(id)
    return [...ledger.payments.values()].reverse()
  }
  return [
    post(base, 'payment_intents.create', (form, key, call) => {
      const payment = ledger.open(newPayment(form))
      if (textOf(form, 'confirm') === 'true')
        ledger.confirm(payment, null, key, declineCode(call, 'generic_decline'))
      return print(ledger, payment, form)
    }),
    get(`${base}/search`, 'payment_intents.search', ({ query }) =>
      search(ledger, newestFirst(), Math.floor(world.now() / 1000), query),
    ),
    get(base, 'payment_intents.list', ({ query }) => {
      const from = Number(query.get('created[gte]') ?? 0)
      const to = Number(query.get('created[lte]') ?? Number.MAX_SAFE_INTEGER)
      const within = newestFirst().filter((p) => p.created >= from && p.created <= to)
      const list = listOf(base, within, query)
      const form = parseForm(query.toString())
      return { ...list, data: (list.data as PaymentIntent[]).map((p) => print(ledger, p, form)) }
    }),
    get(`${base}/:id`, 'payment_intents.retrieve', ({ params, query }) =>
      print(ledger, ledger.payment(params['id'] ?? ''), parseForm(query.toString())),
    ),
    post(`${base}/:id/confirm`, 'payment_intents.confirm', (form, key, call) => {
      const payment = ledger.payment(call.params['id'] ?? '')
      const decline = declineCode(call, 'generic_decline')
      ledger.confirm(payment, textOf(form, 'payment_method') ?? null, key, decline)
      return print(ledger, payment, form)
    }),
    post(`${base}/:id/capture`, 'payment_intents.capture', (form, key, { params, decline }) => {
      if (decline)
        throw invalid(decline.code ?? 'charge_expired_for_capture', 'Cannot be captured.')
      const amount = textOf(form, 'amount_to_capture')
      const final = textOf(form, 'final_capture') !== 'false'
      const payment = ledger.capture(params['id'] ?? '', amount ? Number(amount) : null, final, key)
      Object.assign(payment.metadata, mapOf(form, 'metadata'))
      return print(ledger, payment, form)
    }),
    post(`${base}/:id/cancel`, 'payment_intents.cancel', (form, key, { params }) => {
      const reason = textOf(form, 'cancellation_reason') ?? null
      return print(ledger, ledger.cancel(params['id'] ?? '', reason, key), form)
    }),
  ]
}

/** Only `metadata['name']:'value'` is understood. */
function search(
  ledger: StripeLedger,
  payments: PaymentIntent[],
  nowSeconds: number,
  query: URLSearchParams,
): object {
  const wanted = /^metadata\['(\w+)'\]:'(.*)'$/.exec(query.get('query') ?? '')
  const value = wanted?.[2]?.replace(/\\(.)/g, '$1')
  const hits = payments.filter((payment) => {
    const indexed = payment.created <= nowSeconds - SEARCH_LAG_SECONDS
    return wanted && indexed && payment.metadata[wanted[1] ?? ''] === value
  })
  const form = parseForm(query.toString())
  const data = hits.map((payment) => print(ledger, payment, form))
  const url = '/v1/payment_intents/search'
  return { object: 'search_result', url, has_more: false, next_page: null, data }
}

function refundRoutes(ledger: StripeLedger): Route[] {
  return [
    post('/v1/refunds', 'refunds.create', (form, key, call) => {
      if (call.decline)
        throw invalid(call.decline.code ?? 'charge_disputed', 'The charge cannot be refunded.')
      const amount = textOf(form, 'amount')
      return ledger.refund({
        paymentIntent: textOf(form, 'payment_intent') ?? '',
        amount: amount ? Number(amount) : null,
        reason: textOf(form, 'reason') ?? null,
        metadata: mapOf(form, 'metadata'),
        key,
      })
    }),
    get('/v1/refunds', 'refunds.list', ({ query }) => {
      const payment = query.get('payment_intent')
      const all = [...ledger.refunds.values()].reverse()
      return listOf(
        '/v1/refunds',
        payment ? all.filter((r) => r.payment_intent === payment) : all,
        query,
      )
    }),
    get('/v1/refunds/:id', 'refunds.retrieve', ({ params }) =>
      found(ledger.refunds.get(params['id'] ?? ''), 'refund', params['id'] ?? ''),
    ),
    get('/v1/charges/:id', 'charges.retrieve', ({ params }) =>
      found(ledger.charges.get(params['id'] ?? ''), 'charge', params['id'] ?? ''),
    ),
    get('/v1/balance_transactions', 'balance_transactions.list', ({ query }) =>
      listOf('/v1/balance_transactions', ledger.balance, query),
    ),
  ]
}

function newPayment(form: Form) {
  const amount = Number(textOf(form, 'amount'))
  if (!Number.isInteger(amount) || amount < 1)
    throw invalid('parameter_invalid_integer', 'Invalid positive integer', 'amount')
  const currency = textOf(form, 'currency')
  if (!currency) throw invalid('parameter_missing', 'Missing required param: currency.', 'currency')
  return {
    amount,
    currency,
    paymentMethod: textOf(form, 'payment_method') ?? null,
    captureMethod: textOf(form, 'capture_method') ?? 'automatic',
    customer: textOf(form, 'customer') ?? null,
    description: textOf(form, 'description') ?? null,
    metadata: mapOf(form, 'metadata'),
  }
}

function print(ledger: StripeLedger, payment: PaymentIntent, form: Form): object {
  const wanted = Object.values(mapOf(form, 'expand'))
  const expand = wanted.some((name) => name.endsWith('latest_charge'))
  const charge = ledger.chargeOf(payment)
  return { ...payment, ...(expand && charge ? { latest_charge: charge } : {}) }
}

function found<Kind>(object: Kind | undefined, what: string, id: string): Kind {
  if (!object) throw noSuch(what, id)
  return object
}

function declineCode(call: Call, usual: string): string | undefined {
  return call.decline ? (call.decline.code ?? usual) : undefined
}

function post(
  path: string,
  operation: string,
  work: (form: Form, key: string, call: Call) => object,
): Route {
  const handle = (call: Call): Reply => {
    const key = String(call.headers['idempotency-key'] ?? '')
    return orError(() => work(parseForm(call.rawBody), key, call))
  }
  return { method: 'POST', path, operation, handle }
}

function get(path: string, operation: string, work: (call: Call) => object): Route {
  return { method: 'GET', path, operation, handle: (call) => orError(() => work(call)) }
}

function orError(work: () => object): Reply {
  try {
    return { status: 200, json: structuredClone(work()) }
  } catch (error) {
    if (!(error instanceof StripeSaysNo)) throw error
    return { status: error.status, json: { error: structuredClone(error.body) } }
  }
}

/**
 * Stripe keeps the first answer under an idempotency key for a day, a decline included. The
 * same key with another body, or on another path, is refused.
 */
function withIdempotency(world: World, routes: Route[]): Route[] {
  const kept = new Map<string, { request: string; reply: Reply; at: number }>()
  return routes.map((route) => {
    if (route.method !== 'POST') return route
    const handle = (call: Call): Reply => {
      const key = call.headers['idempotency-key']
      if (typeof key !== 'string') return route.handle(call)
      const request = `${JSON.stringify(call.params)} ${route.path} ${call.rawBody}`
      const first = kept.get(key)
      if (!first || world.now() - first.at > 24 * 3600 * 1000) {
        const reply = route.handle(call)
        kept.set(key, { request, reply, at: world.now() })
        return reply
      }
      if (first.request !== request) return keyReused(key)
      return { ...first.reply, headers: { 'idempotent-replayed': 'true' } }
    }
    return { ...route, handle }
  })
}

function keyReused(key: string): Reply {
  const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`
  return { status: 400, json: { error: { type: 'idempotency_error', message } } }
}

function disputeRoute(openDispute: (id: string, reason?: string) => string): Route {
  return {
    method: 'POST',
    path: '/_dispute',
    operation: '_dispute',
    handle({ rawBody }) {
      const wanted = (parseJson(rawBody) ?? {}) as { payment_intent?: string; reason?: string }
      return orError(() => ({ id: openDispute(wanted.payment_intent ?? '', wanted.reason) }))
    },
  }
}

function eventsRoute(events: StripeEvent[]): Route {
  return get('/v1/events', 'events.list', ({ query }) =>
    listOf('/v1/events', [...events].reverse(), query),
  )
}
