import { z } from 'zod'
import { verifyCarrierWebhook, type TrackingState } from '#connectors/carrier/tracking'
import { verifyStripeWebhook, type PaymentEvent } from '#connectors/stripe/webhook'
import type { DisputeFact } from '#contracts/chargeback'
import type { RecordPayment, RecordTracking } from '#contracts/order-to-cash'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { headerText, rawBody, webhookOptions } from '../plugins/raw-body.ts'
import { unauthenticated } from '../problem.ts'
import { takeEvent } from '../provider-intake.ts'

const tags = ['webhooks']
const response = { 202: z.object({ outcome: z.enum(['told', 'kept', 'ignored']) }) }

/** Stripe refuses to be older than this; a replay is stopped by the event's id, however old. */
const STRIPE_TOLERANCE_SECONDS = 300

/** What the payment processor and the carrier tell us: stored first, each event once. */
export async function providerWebhookRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  server.post(
    '/webhooks/stripe',
    webhookOptions({ summary: 'Payment events of the processor', tags, response }),
    async (request, reply) => {
      const seen = verifyStripeWebhook(
        rawBody(request),
        headerText(request.headers['stripe-signature']),
        secretOf(deps, 'STRIPE_WEBHOOK_SECRET'),
        STRIPE_TOLERANCE_SECONDS,
      )
      if (!seen.verified) throw unauthenticated('BadSignature', `${seen.code}: ${seen.message}`)
      const { event } = seen
      const message = paymentMessage(event)
      const stored = {
        provider: 'stripe',
        eventId: event.providerEventId,
        kind: event.kind === 'other' ? event.type : event.kind,
        reference: event.reference,
        effectKey: event.effectKey,
        facts: { ...(message ?? whatItSays(event)) },
      }
      const answer = await takeEvent(deps, request, stored, { taken: message !== undefined })
      return reply.code(202).send(answer)
    },
  )

  server.post(
    '/webhooks/carrier',
    webhookOptions({ summary: 'Tracking events of the carrier', tags, response }),
    async (request, reply) => {
      const seen = verifyCarrierWebhook(
        rawBody(request),
        headerText(request.headers['x-hmac-signature']),
        secretOf(deps, 'CARRIER_WEBHOOK_SECRET'),
      )
      if (!seen.verified) throw unauthenticated('BadSignature', `${seen.code}: ${seen.message}`)
      const { event } = seen
      const tracking = event.kind === 'tracking' ? event : undefined
      const message = tracking && trackingMessage(tracking)
      const stored = {
        provider: 'carrier',
        eventId: event.providerEventId,
        kind: tracking ? `tracking.${tracking.status}` : event.kind === 'other' ? event.type : '',
        reference: tracking?.trackingNumber ?? '',
        effectKey: null,
        facts: { ...(message ?? { at: event.at }) },
      }
      const answer = await takeEvent(deps, request, stored, { taken: message !== undefined })
      return reply.code(202).send(answer)
    },
  )
}

const PAYMENT_KINDS: Partial<Record<PaymentEvent['kind'], RecordPayment['kind']>> = {
  'payment.captured': 'captured',
  'payment.authorised': 'authorised',
  'payment.failed': 'declined',
  'payment.cancelled': 'voided',
  'payment.expired': 'expired',
  'refund.settled': 'refund-settled',
  'refund.failed': 'refund-failed',
  'dispute.opened': 'disputed',
  'dispute.funds-withdrawn': 'disputed',
  'dispute.funds-reinstated': 'disputed',
  'dispute.won': 'disputed',
  'dispute.lost': 'disputed',
  'dispute.closed': 'disputed',
}

/** What an order's process makes of a payment event; nothing of one that no process takes yet. */
function paymentMessage(event: PaymentEvent): RecordPayment | undefined {
  const known = PAYMENT_KINDS[event.kind]
  if (!known) return undefined
  // A refund that somebody made at the processor by hand is not one that we granted.
  const byHand = known.startsWith('refund-') && event.effectKey === null
  const kind = byHand ? 'refunded-elsewhere' : known
  const about = { object: event.objectReference, said: event.kind }
  return {
    key: event.providerEventId,
    kind,
    provider: 'stripe',
    reference: event.reference,
    amountMinor: (event.amountMinor ?? 0n).toString(),
    effectiveOn: event.at.slice(0, 10),
    ...(kind === 'disputed' || byHand ? about : {}),
    ...disputeSays(event),
    ...(event.effectKey ? { effectKey: event.effectKey } : {}),
    ...(event.reason ? { reason: event.reason } : {}),
    actor: 'gateway:stripe',
  }
}

/** What the process of a dispute is told beside the payment's own words. */
function disputeSays({ dispute, currency }: PaymentEvent): Partial<DisputeFact> {
  if (!dispute) return {}
  const { inquiry, feeMinor, evidenceDueAt } = dispute
  return {
    ...(inquiry && { inquiry }),
    ...(currency && { currency }),
    ...(feeMinor !== null && { feeMinor: feeMinor.toString() }),
    ...(evidenceDueAt && { evidenceDueAt }),
  }
}

function whatItSays({ at, objectReference, amountMinor, currency, reason }: PaymentEvent) {
  return { at, objectReference, amountMinor: amountMinor?.toString() ?? null, currency, reason }
}

const TRACKING: Partial<Record<TrackingState['status'], RecordTracking['status']>> = {
  'label-created': 'pre-transit',
  'in-transit': 'in-transit',
  'ready-for-pickup': 'in-transit',
  'out-for-delivery': 'out-for-delivery',
  delivered: 'delivered',
  returned: 'returned',
  exception: 'exception',
}

function trackingMessage(
  event: TrackingState & { providerEventId: string },
): RecordTracking | undefined {
  const status = TRACKING[event.status]
  if (!status) return undefined
  return {
    providerEventId: event.providerEventId,
    trackingNumber: event.trackingNumber,
    status,
    at: instantOrNow(event.at),
    actor: 'gateway:carrier',
  }
}

/** A scan with a broken clock still happened; the time at which we heard of it is the best there is. */
function instantOrNow(text: string): string {
  const ms = Date.parse(text)
  const readable = /^\d{4}-/.test(text) && !Number.isNaN(ms)
  return new Date(readable ? ms : Date.now()).toISOString()
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
