import { invariant } from '#domain/refusal'
import type Stripe from 'stripe'
import { NoAnswer } from './outcome.ts'
import type { EffectAnswer, FindAnswer, NotDone } from './outcome.ts'
import type { PaymentGateway } from './payment-terms.ts'
import { saidNo } from './stripe-client.ts'
import { captureMark, readAuthorisation, readCapture, readRefund } from './stripe-reading.ts'

type Finds = Pick<
  PaymentGateway,
  'findAuthorisation' | 'findPayment' | 'findCapture' | 'findCancellation' | 'findRefund'
>

/** How an unknown outcome is asked about at Stripe. */
export function stripeFinds(stripe: Stripe): Finds {
  return {
    async findAuthorisation({ key, sentAt }) {
      const payment = await findIntent(stripe, key, sentAt)
      return payment ? found(readAuthorisation(payment)) : { outcome: 'absent' }
    },

    async findPayment({ reference }) {
      const payment = await ask(() =>
        stripe.paymentIntents.retrieve(reference, { expand: ['latest_charge'] }),
      )
      return 'outcome' in payment ? absentOr(payment) : found(readAuthorisation(payment))
    },

    async findCapture({ key, reference }) {
      const payment = await ask(() => stripe.paymentIntents.retrieve(reference))
      if ('outcome' in payment) return absentOr(payment)
      const amount = payment.metadata[captureMark(key)]
      return amount === undefined ? { outcome: 'absent' } : readCapture(payment, Number(amount))
    },

    async findCancellation({ reference }) {
      const payment = await ask(() => stripe.paymentIntents.retrieve(reference))
      if ('outcome' in payment) return absentOr(payment)
      return payment.status === 'canceled'
        ? { outcome: 'confirmed', reference }
        : { outcome: 'absent' }
    },

    async findRefund({ key, reference }) {
      const refund = await ask(() => findRefundOf(stripe, reference, key))
      if (refund === null) return { outcome: 'absent' }
      return 'outcome' in refund ? absentOr(refund) : found(readRefund(refund, reference))
    },
  }
}

/** A read: a "no" is answered; no answer at all is thrown, for asking again does no harm. */
export async function ask<Found>(read: () => Promise<Found>): Promise<Found | NotDone> {
  try {
    return await read()
  } catch (error) {
    return saidNo(error)
  }
}

function absentOr(no: NotDone): NotDone | { outcome: 'absent' } {
  return no.code === 'not-found' ? { outcome: 'absent' } : no
}

/** A find that meets a payment still in the works has no answer yet. */
function found<Facts>(answer: EffectAnswer<Facts>): FindAnswer<Facts> {
  if (answer.outcome === 'unknown') throw new NoAnswer(answer.message)
  return answer
}

/**
 * Search first, which is quick but up to a minute late; then the list, which is never late,
 * over the minutes in which the request was sent. Only the list can prove absence.
 */
async function findIntent(
  stripe: Stripe,
  key: string,
  sentAt: string,
): Promise<Stripe.PaymentIntent | null> {
  const quoted = key.replace(/[\\']/g, '\\$&')
  const sent = Math.floor(Date.parse(sentAt) / 1000)
  invariant(Number.isFinite(sent), 'sentAt is an ISO instant')
  try {
    const hits = await stripe.paymentIntents.search({
      query: `metadata['effect_key']:'${quoted}'`,
      expand: ['data.latest_charge'],
    })
    if (hits.data[0]) return hits.data[0]
    const window = { gte: sent - 300, lte: sent + 900 }
    const listed = stripe.paymentIntents.list({
      created: window,
      limit: 100,
      expand: ['data.latest_charge'],
    })
    for await (const payment of listed) if (payment.metadata['effect_key'] === key) return payment
    return null
  } catch (error) {
    const no = saidNo(error)
    throw new NoAnswer(`the payment could not be looked for: ${no.message}`, { cause: error })
  }
}

async function findRefundOf(
  stripe: Stripe,
  reference: string,
  key: string,
): Promise<Stripe.Refund | null> {
  for await (const refund of stripe.refunds.list({ payment_intent: reference, limit: 100 }))
    if (refund.metadata?.['effect_key'] === key) return refund
  return null
}
