import { createHash } from 'node:crypto'
import type Stripe from 'stripe'
import type { EffectAnswer } from './outcome.ts'
import type { Authorisation, Capture, Refund } from './payment-terms.ts'
import { fromStripeAmount } from '#connectors/stripe/amount'
import { declined } from './stripe-client.ts'

/** Stripe's metadata names have at most 40 characters, our keys more. */
export function captureMark(key: string): string {
  return `capture_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`
}

export function readAuthorisation(payment: Stripe.PaymentIntent): EffectAnswer<Authorisation> {
  const status = statusOf(payment)
  if (status === 'declined') {
    const error = payment.last_payment_error
    return declined(error?.decline_code ?? error?.code, error?.message ?? 'The bank said no.')
  }
  if (status === 'open')
    return { outcome: 'unknown', message: `payment ${payment.id} is ${payment.status}` }
  const currency = payment.currency.toUpperCase()
  return {
    outcome: 'confirmed',
    reference: payment.id,
    status,
    amountMinor: fromStripeAmount(payment.amount, currency),
    capturableMinor: fromStripeAmount(payment.amount_capturable, currency),
    capturedMinor: fromStripeAmount(payment.amount_received, currency),
    currency,
    expiresAt: captureBefore(payment),
    orderKey: payment.metadata['order'] ?? null,
  }
}

function statusOf(payment: Stripe.PaymentIntent): Authorisation['status'] | 'declined' | 'open' {
  switch (payment.status) {
    case 'requires_capture':
      return 'authorised'
    case 'succeeded':
      return 'captured'
    case 'canceled':
      return payment.cancellation_reason === 'automatic' ? 'expired' : 'cancelled'
    case 'requires_payment_method':
    case 'requires_action':
      // Nobody is there to pass a bank's check, so a payment that waits for one is declined.
      return 'declined'
    default:
      return 'open'
  }
}

function captureBefore(payment: Stripe.PaymentIntent): string | null {
  const charge = payment.latest_charge
  if (!charge || typeof charge === 'string') return null
  const before = charge.payment_method_details?.card?.capture_before
  return before ? new Date(before * 1000).toISOString() : null
}

export function readCapture(
  payment: Stripe.PaymentIntent,
  amount: number,
): { outcome: 'confirmed' } & Capture {
  const currency = payment.currency.toUpperCase()
  return {
    outcome: 'confirmed',
    reference: payment.id,
    captureReference: idOf(payment.latest_charge),
    amountMinor: fromStripeAmount(amount, currency),
    capturedTotalMinor: fromStripeAmount(payment.amount_received, currency),
    currency,
  }
}

export function readRefund(refund: Stripe.Refund, reference: string): EffectAnswer<Refund> {
  if (refund.status === 'failed' || refund.status === 'canceled') {
    const message = refund.failure_reason ?? `The refund is ${refund.status}.`
    return { outcome: 'refused', code: 'refund-failed', message, providerCode: refund.status }
  }
  const currency = refund.currency.toUpperCase()
  return {
    outcome: 'confirmed',
    reference,
    refundReference: refund.id,
    amountMinor: fromStripeAmount(refund.amount, currency),
    currency,
    settled: refund.status === 'succeeded',
  }
}

export function failedMethod(payment: Stripe.PaymentIntent): { id: string } | null {
  return payment.last_payment_error?.payment_method ?? null
}

export function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (!reference) return null
  return typeof reference === 'string' ? reference : reference.id
}
