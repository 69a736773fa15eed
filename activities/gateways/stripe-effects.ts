import { invariant } from '#domain/refusal'
import type Stripe from 'stripe'
import { unknownWithoutAnswer } from './outcome.ts'
import type { EffectAnswer, NotDone } from './outcome.ts'
import type {
  Authorisation,
  AuthoriseRequest,
  Capture,
  CaptureRequest,
  PaymentGateway,
  ReauthoriseRequest,
  Refund,
  RefundRequest,
} from './payment-terms.ts'
import { toStripeAmount } from '#connectors/stripe/amount'
import { saidNo } from './stripe-client.ts'
import { ask } from './stripe-finds.ts'
import {
  captureMark,
  failedMethod,
  idOf,
  readAuthorisation,
  readCapture,
  readRefund,
} from './stripe-reading.ts'

type Effects = Pick<PaymentGateway, 'authorise' | 'reauthorise' | 'capture' | 'cancel' | 'refund'>

/** What moves money at Stripe, each under its own key for life. */
export function stripeEffects(stripe: Stripe): Effects {
  return {
    authorise: (request) => createIntent(stripe, request),
    reauthorise: (request) => renew(stripe, request),
    capture: (request) => capture(stripe, request),
    refund: (request) => refund(stripe, request),

    cancel: ({ key, reference }) =>
      effect(key, async (once) => {
        try {
          await stripe.paymentIntents.cancel(reference, {}, once)
        } catch (error) {
          const no = saidNo(error)
          const alreadyVoid = ['already-cancelled', 'authorisation-expired'].includes(no.code)
          if (!alreadyVoid) return no
        }
        return { outcome: 'confirmed', reference }
      }),
  }
}

async function createIntent(
  stripe: Stripe,
  request: AuthoriseRequest,
  replaces?: string,
): Promise<EffectAnswer<Authorisation>> {
  const asked = charged(request)
  if ('outcome' in asked) return asked
  const params: Stripe.PaymentIntentCreateParams = {
    amount: asked.amount,
    currency: request.currency.toLowerCase(),
    payment_method: request.paymentMethod,
    allowed_payment_method_types: ['card'],
    capture_method: request.captureNow ? 'automatic' : 'manual',
    confirm: true,
    off_session: true,
    metadata: {
      effect_key: request.key,
      order: request.orderKey,
      ...(replaces ? { replaces } : {}),
    },
    ...(request.customer ? { customer: request.customer } : {}),
    expand: ['latest_charge'],
  }
  return effect(request.key, async (once) =>
    readAuthorisation(await stripe.paymentIntents.create(params, once)),
  )
}

async function renew(
  stripe: Stripe,
  { previousReference, ...request }: ReauthoriseRequest,
): Promise<EffectAnswer<Authorisation>> {
  const previous = await ask(() => stripe.paymentIntents.retrieve(previousReference))
  if ('outcome' in previous) return previous
  const paymentMethod = idOf(previous.payment_method ?? failedMethod(previous))
  if (!paymentMethod) {
    const message = 'The earlier payment keeps no payment method; ask the customer for one.'
    return { outcome: 'refused', code: 'no-payment-method', message }
  }
  const customer = idOf(previous.customer)
  const renewal = { ...request, paymentMethod, ...(customer ? { customer } : {}) }
  return createIntent(stripe, renewal, previousReference)
}

async function capture(stripe: Stripe, request: CaptureRequest): Promise<EffectAnswer<Capture>> {
  const asked = charged(request)
  if ('outcome' in asked) return asked
  const params: Stripe.PaymentIntentCaptureParams = {
    amount_to_capture: asked.amount,
    ...(request.final === false ? { final_capture: false } : {}),
    // Several captures share one payment, so each leaves its own mark to be found by.
    metadata: { [captureMark(request.key)]: String(asked.amount) },
  }
  return effect(request.key, async (once) => {
    const payment = await stripe.paymentIntents.capture(request.reference, params, once)
    return readCapture(payment, asked.amount)
  })
}

async function refund(stripe: Stripe, request: RefundRequest): Promise<EffectAnswer<Refund>> {
  const asked = charged(request)
  if ('outcome' in asked) return asked
  const params: Stripe.RefundCreateParams = {
    payment_intent: request.reference,
    amount: asked.amount,
    metadata: { effect_key: request.key, order: request.orderKey },
    ...(request.reason ? { reason: request.reason } : {}),
  }
  return effect(request.key, async (once) =>
    readRefund(await stripe.refunds.create(params, once), request.reference),
  )
}

type Once = { idempotencyKey: string }

async function effect<Facts>(
  key: string,
  send: (once: Once) => Promise<EffectAnswer<Facts>>,
): Promise<EffectAnswer<Facts>> {
  invariant(key.length > 0 && key.length <= 255, 'a payment key has 1 to 255 characters')
  return unknownWithoutAnswer(async () => {
    try {
      return await send({ idempotencyKey: key })
    } catch (error) {
      return saidNo(error)
    }
  })
}

function charged(request: { amountMinor: bigint; currency: string }): { amount: number } | NotDone {
  invariant(request.amountMinor > 0n, 'an amount to charge or refund is above zero')
  const amount = toStripeAmount(request.amountMinor, request.currency)
  if (amount.fits) return { amount: amount.amount }
  return { outcome: 'refused', code: 'amount-not-chargeable', message: amount.message }
}
