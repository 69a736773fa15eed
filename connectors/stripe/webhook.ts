import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { fromStripeAmount } from '#connectors/stripe/amount'

export type PaymentEventKind =
  | 'payment.authorised'
  | 'payment.captured'
  | 'payment.failed'
  | 'payment.cancelled'
  | 'payment.expired'
  | 'refund.pending'
  | 'refund.settled'
  | 'refund.failed'
  | 'dispute.opened'
  | 'dispute.funds-withdrawn'
  | 'dispute.funds-reinstated'
  | 'dispute.won'
  | 'dispute.lost'
  | 'dispute.closed'
  | 'payout.paid'
  | 'payout.failed'
  | 'other'

export interface PaymentEvent {
  /** Unique for ever; the same event delivered again carries the same id. */
  providerEventId: string
  kind: PaymentEventKind
  /** The provider's own name of the event. */
  type: string
  /** ISO instant at which it happened, which is not the order in which events arrive. */
  at: string
  /** The payment that it is about; for a payout, the payout. */
  reference: string
  /** The refund, dispute or payout itself; equals `reference` for a payment. */
  objectReference: string
  /** Minor units: what is authorised in all, captured in all, refunded or disputed. */
  amountMinor: bigint | null
  currency: string | null
  orderKey: string | null
  /** Our key of the effect that caused it, when we caused it. */
  effectKey: string | null
  reason: string | null
  /** What only a dispute says. */
  dispute?: DisputeDetails
}

interface DisputeDetails {
  /** The bank only asks; no money has been taken. */
  inquiry: boolean
  /** Minor units of the dispute's currency, all fees so far. */
  feeMinor: bigint | null
  /** Until when evidence is taken. */
  evidenceDueAt: string | null
}

export type VerifiedPaymentEvent =
  | { verified: true; event: PaymentEvent }
  | { verified: false; code: 'bad-signature' | 'too-old' | 'unreadable'; message: string }

/**
 * Checks a webhook of Stripe and translates it. Nothing of an unverified body is believed.
 * @param rawBody the bytes as received: parsing and printing again breaks the signature.
 * @param header the `stripe-signature` header.
 * @param toleranceSeconds age above which a delivery is taken for a replay.
 */
export function verifyStripeWebhook(
  rawBody: string | Uint8Array,
  header: string | undefined,
  secret: string,
  toleranceSeconds: number,
  receivedAtMs: number = Date.now(),
): VerifiedPaymentEvent {
  const body = typeof rawBody === 'string' ? rawBody : new TextDecoder().decode(rawBody)
  const { sentSeconds, signatures } = readHeader(header ?? '')
  const digest = createHmac('sha256', secret).update(`${sentSeconds}.${body}`).digest('hex')
  if (!signatures.some((signature) => sameText(signature, digest)))
    return { verified: false, code: 'bad-signature', message: 'No signature matches.' }
  const ageSeconds = Math.floor(receivedAtMs / 1000) - Number(sentSeconds)
  if (!(ageSeconds <= toleranceSeconds))
    return { verified: false, code: 'too-old', message: `Signed ${ageSeconds} seconds ago.` }
  const event = eventSchema.safeParse(tryParse(body))
  if (event.success) return { verified: true, event: normalise(event.data) }
  return { verified: false, code: 'unreadable', message: 'Signed, but not an event.' }
}

/** `t=<seconds>,v1=<hex>,v1=<hex>`: two signatures while a secret is being changed. */
function readHeader(header: string): { sentSeconds: string; signatures: string[] } {
  const pairs = header.split(',').map((pair) => pair.split('=', 2))
  const valuesOf = (name: string) =>
    pairs.flatMap(([n, value]) => (n === name && value ? [value] : []))
  return { sentSeconds: valuesOf('t')[0] ?? '', signatures: valuesOf('v1') }
}

function sameText(one: string, other: string): boolean {
  const left = Buffer.from(one)
  const right = Buffer.from(other)
  return left.length === right.length && timingSafeEqual(left, right)
}

const reference = z.union([z.string(), z.object({ id: z.string() }).transform((o) => o.id)])
const text = z.string().nullish()
/** Stripe counts in whole smallest units; anything else is no amount. */
const amount = z.int().nullish()

/** The end of the year 9999: later instants cannot be written down. */
const LAST_SECOND = 253_402_300_799

const eventSchema = z.object({
  id: z.string(),
  type: z.string(),
  created: z.int().min(0).max(LAST_SECOND),
  data: z.object({
    object: z.object({
      id: z.string(),
      amount,
      amount_capturable: amount,
      amount_received: amount,
      currency: text,
      metadata: z.record(z.string(), z.string()).nullish(),
      payment_intent: reference.nullish(),
      status: text,
      reason: text,
      cancellation_reason: text,
      failure_reason: text,
      last_payment_error: z.object({ code: text, decline_code: text }).nullish(),
      balance_transactions: z.array(z.object({ fee: amount, currency: text })).nullish(),
      evidence_details: z.object({ due_by: z.int().min(0).max(LAST_SECOND).nullish() }).nullish(),
    }),
  }),
})

type StripeEvent = z.infer<typeof eventSchema>
type StripeObject = StripeEvent['data']['object']

function normalise(event: StripeEvent): PaymentEvent {
  const object = event.data.object
  const kind = kindOf(event.type, object)
  const currency = object.currency?.toUpperCase() ?? null
  const amount = amountOf(kind, object)
  return {
    providerEventId: event.id,
    kind,
    type: event.type,
    at: new Date(event.created * 1000).toISOString(),
    reference: object.payment_intent ?? object.id,
    objectReference: object.id,
    amountMinor: currency && amount != null ? fromStripeAmount(amount, currency) : null,
    currency,
    orderKey: object.metadata?.['order'] ?? null,
    effectKey: object.metadata?.['effect_key'] ?? null,
    reason: reasonOf(object),
    ...(event.type.startsWith('charge.dispute.') && { dispute: disputeDetails(object) }),
  }
}

/**
 * A status that begins with `warning` is a question: no money is taken for it. Fees stand on the
 * balance transactions; one in another currency than the dispute's comes with the settlement.
 */
function disputeDetails(object: StripeObject): DisputeDetails {
  const currency = object.currency?.toUpperCase() ?? null
  const fees = (object.balance_transactions ?? [])
    .filter((each) => each.fee != null && each.currency?.toUpperCase() === currency)
    .map((each) => fromStripeAmount(each.fee!, currency!))
  const due = object.evidence_details?.due_by
  return {
    inquiry: object.status?.startsWith('warning') ?? false,
    feeMinor: fees.length > 0 ? fees.reduce((total, fee) => total + fee, 0n) : null,
    evidenceDueAt: due == null ? null : new Date(due * 1000).toISOString(),
  }
}

/**
 * Stripe tells a capture as `payment_intent.succeeded` and again as `charge.captured`, and a
 * refund likewise; the charge's version is left as `other` so that no money is counted twice.
 */
function kindOf(type: string, object: StripeObject): PaymentEventKind {
  switch (type) {
    case 'payment_intent.amount_capturable_updated':
      return 'payment.authorised'
    case 'payment_intent.succeeded':
      return 'payment.captured'
    case 'payment_intent.payment_failed':
      return 'payment.failed'
    case 'payment_intent.canceled':
      return object.cancellation_reason === 'automatic' ? 'payment.expired' : 'payment.cancelled'
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
      return refundKind(object.status)
    case 'charge.dispute.created':
      return 'dispute.opened'
    case 'charge.dispute.funds_withdrawn':
      return 'dispute.funds-withdrawn'
    case 'charge.dispute.funds_reinstated':
      return 'dispute.funds-reinstated'
    case 'charge.dispute.closed':
      return disputeEnd(object.status)
    case 'payout.paid':
      return 'payout.paid'
    case 'payout.failed':
      return 'payout.failed'
    default:
      return 'other'
  }
}

function refundKind(status: string | null | undefined): PaymentEventKind {
  if (status === 'succeeded') return 'refund.settled'
  return status === 'failed' || status === 'canceled' ? 'refund.failed' : 'refund.pending'
}

function disputeEnd(status: string | null | undefined): PaymentEventKind {
  if (status === 'won') return 'dispute.won'
  return status === 'lost' ? 'dispute.lost' : 'dispute.closed'
}

function amountOf(kind: PaymentEventKind, object: StripeObject): number | null | undefined {
  // In all: the order in which captures and this message arrive must not matter.
  if (kind === 'payment.authorised')
    return (object.amount_capturable ?? 0) + (object.amount_received ?? 0)
  if (kind === 'payment.captured') return object.amount_received
  return object.amount
}

function reasonOf(object: StripeObject): string | null {
  const error = object.last_payment_error
  return (
    error?.decline_code ??
    error?.code ??
    object.cancellation_reason ??
    object.failure_reason ??
    object.reason ??
    null
  )
}

function tryParse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
