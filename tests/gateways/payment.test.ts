import { paymentGateway } from '../../activities/gateways/payment.ts'
import type { PaymentGateway } from '../../activities/gateways/payment-terms.ts'
import { startStripeSimulator } from '#simulators/stripe'
import type { StripeSimulator } from '#simulators/stripe'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let stripe: StripeSimulator
let payments: PaymentGateway

beforeEach(async () => {
  stripe = await startStripeSimulator({ seed: 1 })
  payments = paymentGateway({ baseUrl: stripe.url, apiKey: 'sk_test_1', timeoutMs: 250 })
})
afterEach(() => stripe.close())

const order = {
  key: 'authorise:1001:1',
  orderKey: '1001',
  amountMinor: 106_09n,
  currency: 'USD',
  paymentMethod: 'pm_card_visa',
}

async function authorised(key = order.key): Promise<string> {
  const answer = await payments.authorise({ ...order, key })
  if (answer.outcome !== 'confirmed') throw new Error(`not authorised: ${answer.message}`)
  return answer.reference
}

async function captured(): Promise<string> {
  const reference = await authorised()
  await payments.capture({ key: 'capture:1', reference, amountMinor: 106_09n, currency: 'USD' })
  return reference
}

describe('a payment that goes well', () => {
  test('is authorised, captured in part, and refunded', async () => {
    const authorisation = await payments.authorise(order)
    expect(authorisation).toMatchObject({
      outcome: 'confirmed',
      status: 'authorised',
      amountMinor: 106_09n,
      capturableMinor: 106_09n,
      currency: 'USD',
      orderKey: '1001',
      expiresAt: expect.stringMatching(/^20\d\d-/),
    })
    const reference = await authorised()

    const capture = { key: 'capture:1', reference, amountMinor: 60_00n, currency: 'USD' }
    expect(await payments.capture(capture)).toMatchObject({
      outcome: 'confirmed',
      captureReference: expect.stringMatching(/^ch_/),
      amountMinor: 60_00n,
      capturedTotalMinor: 60_00n,
    })
    const refund = { ...capture, key: 'refund:1', orderKey: '1001', amountMinor: 10_00n }
    expect(await payments.refund(refund)).toMatchObject({
      outcome: 'confirmed',
      amountMinor: 10_00n,
      settled: true,
    })
  })

  test('takes several captures while the rest stays authorised, each found by its own key', async () => {
    const reference = await authorised()
    const part = { reference, currency: 'USD', final: false }
    await payments.capture({ ...part, key: 'capture:1', amountMinor: 60_00n })
    await payments.capture({ ...part, key: 'capture:2', amountMinor: 46_09n })

    expect(await payments.findCapture({ key: 'capture:1', reference })).toMatchObject({
      amountMinor: 60_00n,
      capturedTotalMinor: 106_09n,
    })
    expect(await payments.findCapture({ key: 'capture:2', reference })).toMatchObject({
      amountMinor: 46_09n,
    })
    expect(await payments.findCapture({ key: 'capture:3', reference })).toEqual({
      outcome: 'absent',
    })
  })

  test('is voided, and voiding it again is confirmed again', async () => {
    const reference = await authorised()
    expect(await payments.cancel({ key: 'void:1', reference })).toMatchObject({
      outcome: 'confirmed',
    })
    expect(await payments.cancel({ key: 'void:2', reference })).toMatchObject({
      outcome: 'confirmed',
    })
    expect(stripe.journal.effects('cancel')).toHaveLength(1)
  })

  test('may be charged at once', async () => {
    expect(await payments.authorise({ ...order, captureNow: true })).toMatchObject({
      outcome: 'confirmed',
      status: 'captured',
      capturedMinor: 106_09n,
    })
  })
})

test('the same key twice is one effect and one answer', async () => {
  const first = await payments.authorise(order)
  expect(await payments.authorise(order)).toEqual(first)
  const reference = await authorised()
  const capture = { key: 'capture:1', reference, amountMinor: 50_00n, currency: 'USD' }
  const refund = { ...capture, key: 'refund:1', orderKey: '1001', amountMinor: 5_00n }
  expect(await payments.capture(capture)).toEqual(await payments.capture(capture))
  expect(await payments.refund(refund)).toEqual(await payments.refund(refund))

  expect(stripe.journal.effects('authorise', { key: order.key })).toHaveLength(1)
  expect(stripe.journal.effects('capture', { key: 'capture:1' })).toHaveLength(1)
  expect(stripe.journal.effects('refund', { key: 'refund:1' })).toHaveLength(1)
})

test('the same key for another amount is refused', async () => {
  await payments.authorise(order)
  expect(await payments.authorise({ ...order, amountMinor: 1n })).toMatchObject({
    outcome: 'refused',
    code: 'key-used-for-other-input',
  })
})

describe('a bank that says no', () => {
  test.each([
    ['pm_card_chargeDeclined', 'card-declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient-funds', 'insufficient_funds'],
    ['pm_card_chargeDeclinedFraudulent', 'suspected-fraud', 'fraudulent'],
    ['pm_card_authenticationRequired', 'authentication-required', 'authentication_required'],
  ])('%s is declined as %s', async (paymentMethod, code, providerCode) => {
    const no = { outcome: 'declined', code, providerCode }
    expect(await payments.authorise({ ...order, paymentMethod })).toMatchObject(no)
    const sentAt = new Date().toISOString()
    expect(await payments.findAuthorisation({ key: order.key, sentAt })).toMatchObject(no)
  })

  test('a decline on demand', async () => {
    stripe.faults.add({ kind: 'decline', code: 'insufficient_funds' })
    expect(await payments.authorise(order)).toMatchObject({ code: 'insufficient-funds' })
  })
})

describe('a provider that says no', () => {
  test('a capture above the authorisation is refused', async () => {
    const reference = await authorised()
    const capture = { key: 'capture:1', reference, amountMinor: 200_00n, currency: 'USD' }
    expect(await payments.capture(capture)).toMatchObject({
      outcome: 'refused',
      code: 'amount-too-large',
    })
  })

  test('an authorisation that ran out is refused by its name, and renewed from the same card', async () => {
    const reference = await authorised()
    stripe.advance(8 * 24 * 3600)
    const capture = { key: 'capture:1', reference, amountMinor: 10_00n, currency: 'USD' }
    expect(await payments.capture(capture)).toMatchObject({
      outcome: 'refused',
      code: 'authorisation-expired',
    })
    expect(await payments.findPayment({ reference })).toMatchObject({ status: 'expired' })

    const { paymentMethod: _card, ...rest } = order
    const again = { ...rest, key: 'authorise:1001:2', previousReference: reference }
    expect(await payments.reauthorise(again)).toMatchObject({
      outcome: 'confirmed',
      status: 'authorised',
    })
  })

  test('an amount that the provider cannot hold is refused before anything is sent', async () => {
    const tooMuch = { ...order, amountMinor: 100_000_000n }
    expect(await payments.authorise(tooMuch)).toMatchObject({ code: 'amount-not-chargeable' })
    const fils = { ...order, amountMinor: 1_001n, currency: 'KWD' }
    expect(await payments.authorise(fils)).toMatchObject({ code: 'amount-not-chargeable' })
    expect(stripe.journal.calls('payment_intents.create')).toHaveLength(0)
  })

  test('a currency that the provider counts otherwise comes back in ISO minor units', async () => {
    const krona = { ...order, currency: 'ISK', amountMinor: 1500n }
    expect(await payments.authorise(krona)).toMatchObject({ amountMinor: 1500n, currency: 'ISK' })
    expect(stripe.journal.effects('authorise')[0]).toMatchObject({ amount: 150_000 })
  })

  test('a refund of what was refunded already is refused', async () => {
    const reference = await captured()
    const refund = { orderKey: '1001', reference, amountMinor: 106_09n, currency: 'USD' }
    await payments.refund({ ...refund, key: 'refund:1' })
    expect(await payments.refund({ ...refund, key: 'refund:2' })).toMatchObject({
      outcome: 'refused',
      code: 'already-refunded',
    })
  })
})

describe('an answer that never comes', () => {
  test.each(['hang', 'reset'] as const)(
    'an authorisation lost by %s is unknown, then found, and nothing is doubled',
    async (mode) => {
      stripe.faults.add({ kind: 'timeout-after-success', mode })
      const sentAt = new Date().toISOString()
      expect(await payments.authorise(order)).toMatchObject({ outcome: 'unknown' })

      expect(await payments.findAuthorisation({ key: order.key, sentAt })).toMatchObject({
        outcome: 'confirmed',
        status: 'authorised',
      })
      expect(await payments.authorise(order)).toMatchObject({ outcome: 'confirmed' })
      expect(stripe.journal.effects('authorise')).toHaveLength(1)
      expect(stripe.journal.calls('payment_intents.create')).toHaveLength(2)
    },
  )

  test('the list finds a payment that the search does not know yet', async () => {
    stripe.faults.add({ kind: 'timeout-after-success', mode: 'reset' })
    const key = "authorise:O'Hara\\7:1"
    const sentAt = new Date().toISOString()
    await payments.authorise({ ...order, key })
    expect(await payments.findAuthorisation({ key, sentAt })).toMatchObject({
      outcome: 'confirmed',
    })
    expect(stripe.journal.calls('payment_intents.list')).toHaveLength(1)

    stripe.advance(120)
    expect(await payments.findAuthorisation({ key, sentAt })).toMatchObject({
      outcome: 'confirmed',
    })
    expect(stripe.journal.calls('payment_intents.list')).toHaveLength(1)
  })

  test('a lost capture is found by its key', async () => {
    const reference = await authorised()
    const capture = { key: 'capture:1', reference, amountMinor: 106_09n, currency: 'USD' }
    stripe.faults.add({ kind: 'timeout-after-success', operation: 'payment_intents.capture' })
    expect(await payments.capture(capture)).toMatchObject({ outcome: 'unknown' })
    expect(await payments.findCapture({ key: 'capture:1', reference })).toMatchObject({
      outcome: 'confirmed',
      amountMinor: 106_09n,
    })
    expect(stripe.journal.effects('capture')).toHaveLength(1)
  })

  test('a lost refund is found by its key and not paid twice', async () => {
    const reference = await captured()
    const refund = {
      key: 'refund:1',
      orderKey: '1001',
      reference,
      amountMinor: 5_00n,
      currency: 'USD',
    }
    stripe.faults.add({ kind: 'timeout-after-success', operation: 'refunds.create', mode: 'reset' })
    expect(await payments.refund(refund)).toMatchObject({ outcome: 'unknown' })
    expect(await payments.findRefund({ key: 'refund:1', reference })).toMatchObject({
      outcome: 'confirmed',
      amountMinor: 5_00n,
    })
    expect(await payments.findRefund({ key: 'refund:2', reference })).toEqual({ outcome: 'absent' })
    expect(stripe.journal.effects('refund')).toHaveLength(1)
  })

  test('a lost void is found on the payment', async () => {
    const reference = await authorised()
    expect(await payments.findCancellation({ reference })).toEqual({ outcome: 'absent' })
    stripe.faults.add({ kind: 'timeout-after-success', operation: 'payment_intents.cancel' })
    expect(await payments.cancel({ key: 'void:1', reference })).toMatchObject({
      outcome: 'unknown',
    })
    expect(await payments.findCancellation({ reference })).toMatchObject({ outcome: 'confirmed' })
  })

  test('a time-out before the work is unknown too, and proves absent when asked', async () => {
    stripe.faults.add({ kind: 'timeout-before' })
    const sentAt = new Date().toISOString()
    expect(await payments.authorise(order)).toMatchObject({ outcome: 'unknown' })
    expect(await payments.findAuthorisation({ key: order.key, sentAt })).toEqual({
      outcome: 'absent',
    })
  })

  test.each(['error-500', 'garbage'] as const)('%s is unknown, never failed', async (kind) => {
    stripe.faults.add({ kind })
    expect(await payments.authorise(order)).toMatchObject({ outcome: 'unknown' })
    expect(stripe.journal.calls('payment_intents.create')).toHaveLength(1)
  })

  test('a provider that cannot be asked is no proof of absence', async () => {
    stripe.faults.add({ kind: 'error-500' })
    await expect(
      payments.findAuthorisation({ key: order.key, sentAt: new Date().toISOString() }),
    ).rejects.toThrow('500')
  })

  test('a refused connection throws, since nothing was sent', async () => {
    await stripe.close()
    await expect(payments.authorise(order)).rejects.toMatchObject({ name: 'GatewayHiccup' })
  })
})
