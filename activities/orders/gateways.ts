import type { AddressDocument } from '#contracts/order-intake'
import type { CarrierGateway } from '../gateways/carrier.ts'
import type { EffectAnswer, FindAnswer } from '../gateways/outcome.ts'
import type { PaymentGateway } from '../gateways/payment-terms.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'
import type { Route } from './settle-effect.ts'

/** The outside world of an order: payments and parcels, in terms of effect rows. */
export interface Gateways {
  pay(effect: Effect): Promise<KeptOutcome>
  findPayment(effect: Effect): Promise<KeptOutcome | { outcome: 'absent' }>
  buyLabel(effect: Effect, route: Route): Promise<KeptOutcome>
  findLabel(effect: Effect): Promise<KeptOutcome | { outcome: 'absent' }>
  voidLabel(effect: Effect): Promise<KeptOutcome>
  findVoid(effect: Effect): Promise<KeptOutcome | { outcome: 'absent' }>
  verifyAddress(address: AddressDocument): Promise<AddressSuggestion>
}

/** What the carrier thinks of an address; the suggestion only where it is another one. */
export interface AddressSuggestion {
  verdict: string
  problems: string[]
  suggestion: AddressDocument | null
}

/** A request that cannot be sent at all; nothing happened. */
export class RequestRefused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Providers that we can speak to; money that another one took is given back there, by a person. */
export interface Providers {
  payment: PaymentGateway
  /** Names of the payment providers that `payment` serves. */
  paymentProviders: readonly string[]
  carrier: CarrierGateway
}

export function orderGateways(providers: Providers): Gateways {
  return {
    pay: async (effect) => sendPayment(providers, effect),
    findPayment: async (effect) => findPayment(providers.payment, effect),
    buyLabel: async (effect, route) => buyLabel(providers.carrier, effect, route),
    findLabel: async (effect) => kept(await providers.carrier.findLabel({ key: effect.key })),
    voidLabel: async (effect) => voidLabel(providers.carrier, effect),
    findVoid: async (effect) => findVoid(providers.carrier, effect),
    verifyAddress: async (address) => verifyAddress(providers.carrier, address),
  }
}

async function sendPayment(
  { payment, paymentProviders }: Providers,
  effect: Effect,
): Promise<KeptOutcome> {
  const { kind, provider, reference, currency } = effect.request as Record<string, string>
  if (kind === 'gift-card' || kind === 'store-credit')
    return { outcome: 'confirmed', facts: { reference } }
  if (!paymentProviders.includes(provider!)) {
    return {
      outcome: 'unknown',
      message: `${provider} is not connected: do it there, then mark it as done with its reference`,
    }
  }
  if (!reference)
    throw new RequestRefused('no-reference', `The payment has no reference at ${provider}.`)
  const amountMinor = BigInt(effect.request['amountMinor'] as string)
  switch (effect.operation) {
    case 'capture':
      return kept(
        await payment.capture({
          key: effect.key,
          reference,
          amountMinor,
          currency: currency!,
          final: effect.request['last'] !== false,
        }),
      )
    case 'void':
      return kept(await payment.cancel({ key: effect.key, reference }))
    case 'refund':
      return kept(
        await payment.refund({
          key: effect.key,
          orderKey: effect.key,
          reference,
          amountMinor,
          currency: currency!,
          reason: 'requested_by_customer',
        }),
      )
    default:
      return kept(
        await payment.reauthorise({
          key: effect.key,
          orderKey: effect.key,
          amountMinor,
          currency: currency!,
          previousReference: reference,
        }),
      )
  }
}

async function findPayment(
  payment: PaymentGateway,
  effect: Effect,
): Promise<KeptOutcome | { outcome: 'absent' }> {
  const reference = String(effect.request['reference'] ?? '')
  switch (effect.operation) {
    case 'capture':
      return kept(await payment.findCapture({ key: effect.key, reference }))
    case 'void':
      return kept(await payment.findCancellation({ reference }))
    case 'refund':
      return kept(await payment.findRefund({ key: effect.key, reference }))
    default:
      return kept(await payment.findAuthorisation({ key: effect.key, sentAt: effect.intendedAt }))
  }
}

async function verifyAddress(
  carrier: CarrierGateway,
  address: AddressDocument,
): Promise<AddressSuggestion> {
  const answer = await carrier.verifyAddress(address)
  if (answer.outcome !== 'confirmed')
    return { verdict: 'unknown', problems: [answer.message], suggestion: null }
  const same = JSON.stringify(answer.suggestion) === JSON.stringify(address)
  return {
    verdict: answer.verdict,
    problems: answer.problems.map((problem) => problem.message),
    suggestion: same || answer.verdict === 'undeliverable' ? null : answer.suggestion,
  }
}

/** The cheapest rate of the service that was chosen; the cheapest of all where that is not offered. */
async function buyLabel(
  carrier: CarrierGateway,
  effect: Effect,
  route: Route,
): Promise<KeptOutcome> {
  const { weightG, lengthMm, widthMm, heightMm, service, without } = effect.request as {
    weightG: number
    lengthMm: number
    widthMm: number
    heightMm: number
    service: string | null
    without?: string[]
  }
  const shopped = await carrier.shopRates({
    key: effect.key,
    ...route,
    parcel: { weightGrams: weightG, lengthMm, widthMm, heightMm },
  })
  if (shopped.outcome !== 'confirmed') return kept(shopped)
  const offered = shopped.rates.filter((rate) => !(without ?? []).includes(rate.service))
  const rates = [...offered].sort((a, b) => (a.costMinor < b.costMinor ? -1 : 1))
  const rate = rates.find((candidate) => candidate.service === service) ?? rates[0]
  if (!rate)
    return {
      outcome: 'refused',
      code: 'no-rate',
      message: 'No carrier service takes this parcel to this address.',
    }
  return kept(await carrier.buyLabel({ providerId: shopped.providerId, rateId: rate.rateId }))
}

async function voidLabel(carrier: CarrierGateway, effect: Effect): Promise<KeptOutcome> {
  const providerId = await providerOf(carrier, effect)
  return kept(await carrier.voidLabel({ providerId }))
}

async function findVoid(
  carrier: CarrierGateway,
  effect: Effect,
): Promise<KeptOutcome | { outcome: 'absent' }> {
  return kept(await carrier.findVoid({ providerId: await providerOf(carrier, effect) }))
}

/** The carrier's own id of the label: as it was told when it was bought, else looked up by our key. */
async function providerOf(carrier: CarrierGateway, { request }: Effect): Promise<string> {
  if (typeof request['providerId'] === 'string') return request['providerId']
  const label = await carrier.findLabel({ key: String(request['labelKey']) })
  if (label.outcome === 'confirmed') return label.providerId
  throw new RequestRefused('no-label', 'The carrier knows no such label.')
}

function kept<Facts extends object>(answer: EffectAnswer<Facts>): KeptOutcome
function kept<Facts extends object>(answer: FindAnswer<Facts>): KeptOutcome | { outcome: 'absent' }
function kept(answer: { outcome: string }): unknown {
  if (answer.outcome === 'confirmed') {
    const { outcome: _outcome, ...facts } = answer
    return {
      outcome: 'confirmed',
      facts: JSON.parse(
        JSON.stringify(facts, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)),
      ) as Record<string, unknown>,
    }
  }
  return answer
}
