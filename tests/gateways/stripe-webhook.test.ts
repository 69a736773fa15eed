import { paymentGateway } from '../../activities/gateways/payment.ts'
import { verifyStripeWebhook } from '#connectors/stripe/webhook'
import { startStripeSimulator } from '#simulators/stripe'
import type { StripeSimulator } from '#simulators/stripe'
import Stripe from 'stripe'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openInbox } from './inbox.ts'
import type { Inbox } from './inbox.ts'

const SECRET = 'whsec_test'
let stripe: StripeSimulator
let inbox: Inbox

beforeEach(async () => {
  stripe = await startStripeSimulator({ seed: 2 })
  inbox = await openInbox()
  stripe.deliverWebhooksTo({ url: inbox.url, secret: SECRET })
})
afterEach(async () => {
  await stripe.close()
  await inbox.close()
})

function checked({ body, headers }: Inbox['deliveries'][number]) {
  return verifyStripeWebhook(body, String(headers['stripe-signature']), SECRET, 300)
}

test('an authorisation, capture, refund and dispute arrive in our words', async () => {
  const payments = paymentGateway({ baseUrl: stripe.url, apiKey: 'sk_test', timeoutMs: 500 })
  const money = { orderKey: '1001', amountMinor: 20_00n, currency: 'USD' }
  const paid = await payments.authorise({ ...money, key: 'a:1', paymentMethod: 'pm_card_visa' })
  const reference = paid.outcome === 'confirmed' ? paid.reference : ''
  await payments.capture({ ...money, key: 'c:1', reference, amountMinor: 15_00n })
  await payments.refund({ ...money, key: 'r:1', reference, amountMinor: 4_00n })
  stripe.openDispute(reference)
  await stripe.webhooksSettled()

  const events = inbox.deliveries
    .map((one) => checked(one))
    .flatMap((one) => (one.verified && one.event.kind !== 'other' ? [one.event] : []))
  expect(events.map((event) => [event.kind, event.amountMinor, event.reference])).toEqual([
    ['payment.authorised', 20_00n, reference],
    ['payment.captured', 15_00n, reference],
    ['refund.settled', 4_00n, reference],
    ['dispute.opened', 11_00n, reference],
  ])
  expect(events[1]).toMatchObject({ currency: 'USD', orderKey: '1001', effectKey: 'a:1' })
  expect(events[2]).toMatchObject({ effectKey: 'r:1', orderKey: '1001' })
  expect(events[3]).toMatchObject({ reason: 'fraudulent' })
})

test('a failed refund and an authorisation that ran out have kinds of their own', async () => {
  const payments = paymentGateway({ baseUrl: stripe.url, apiKey: 'sk_test', timeoutMs: 500 })
  const money = { orderKey: '1', amountMinor: 9_00n, currency: 'USD' }
  const card = { paymentMethod: 'pm_card_refundFail', captureNow: true }
  const paid = await payments.authorise({ ...money, ...card, key: 'a:1' })
  const reference = paid.outcome === 'confirmed' ? paid.reference : ''
  await payments.refund({ ...money, key: 'r:1', reference })
  const held = await payments.authorise({ ...money, key: 'a:2', paymentMethod: 'pm_card_visa' })
  stripe.advance(8 * 24 * 3600)
  await payments.findPayment({ reference: held.outcome === 'confirmed' ? held.reference : '' })
  await stripe.webhooksSettled()

  const kinds = inbox.deliveries.map((one) => {
    const result = checked(one)
    return result.verified ? result.event.kind : result.code
  })
  expect(kinds).toContain('refund.failed')
  expect(kinds).toContain('payment.expired')
})

test('a duplicate delivery carries the same event id', async () => {
  stripe.faults.add({ kind: 'duplicate-webhook', operation: 'payment_intent.created' })
  const payments = paymentGateway({ baseUrl: stripe.url, apiKey: 'sk_test', timeoutMs: 500 })
  const money = { orderKey: '1', amountMinor: 9_00n, currency: 'USD' }
  await payments.authorise({ ...money, key: 'a:1', paymentMethod: 'pm_card_chargeDeclined' })
  await stripe.webhooksSettled()

  const ids = inbox.deliveries.map((one) => {
    const result = checked(one)
    return result.verified ? result.event.providerEventId : null
  })
  expect(ids).toHaveLength(3)
  expect(ids[0]).toBe(ids[1])
  expect(ids[2]).not.toBe(ids[1])
})

test('a delivery that the receiver could not take comes again, and holds up no other', async () => {
  inbox.answers.push(503)
  stripe.deliverWebhooksTo({ url: inbox.url, secret: SECRET })
  const payments = paymentGateway({ baseUrl: stripe.url, apiKey: 'sk_test', timeoutMs: 500 })
  const money = { orderKey: '1', amountMinor: 9_00n, currency: 'USD' }
  await payments.authorise({ ...money, key: 'a:1', paymentMethod: 'pm_card_chargeDeclined' })
  await stripe.webhooksSettled()
  expect(inbox.deliveries).toHaveLength(2)
  await expect.poll(() => inbox.deliveries.length).toBe(3)
  const [refused, other, again] = inbox.deliveries
  expect(again?.body).toBe(refused?.body)
  expect(other?.body).not.toBe(refused?.body)
})

describe('a delivery that is not to be believed', () => {
  const payload = JSON.stringify({
    id: 'evt_1',
    type: 'payment_intent.succeeded',
    created: 1_700_000_000,
    data: { object: { id: 'pi_1', amount_received: 500, currency: 'jpy', metadata: {} } },
  })
  const at = 1_700_000_100
  const header = Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: SECRET,
    timestamp: at,
  })
  const check = (body: string, signature: string | undefined, seconds: number, secret = SECRET) =>
    verifyStripeWebhook(body, signature, secret, 300, seconds * 1000)

  test('a good signature in time is verified, in the currency without cents', () => {
    expect(check(payload, header, at + 299)).toMatchObject({
      verified: true,
      event: { kind: 'payment.captured', amountMinor: 500n, currency: 'JPY' },
    })
  })

  test.each([
    ['a changed body', payload.replace('500', '5000'), header, at, 'bad-signature'],
    ['no signature', payload, undefined, at, 'bad-signature'],
    ['a signature of nothing', payload, 't=1,v1=00', at, 'bad-signature'],
    ['an old delivery', payload, header, at + 301, 'too-old'],
  ])('%s', (_what, body, signature, seconds, code) => {
    expect(check(body, signature, seconds)).toMatchObject({ verified: false, code })
  })

  test('another secret', () => {
    expect(check(payload, header, at, 'whsec_other')).toMatchObject({ code: 'bad-signature' })
  })

  test('a tolerance of zero does not switch the age check off', () => {
    const checked = verifyStripeWebhook(payload, header, SECRET, 0, (at + 100) * 1000)
    expect(checked).toMatchObject({ verified: false, code: 'too-old' })
  })

  test('something signed that is no event', () => {
    const signed = { payload: '[]', secret: SECRET, timestamp: at }
    const signature = Stripe.webhooks.generateTestHeaderString(signed)
    expect(check('[]', signature, at)).toMatchObject({ verified: false, code: 'unreadable' })
  })
})
