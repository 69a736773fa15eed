import type { AddressDocument } from '#contracts/order-intake'
import { chooseRate, type RateWish } from '#domain/orders/service-choice'
import type { CarrierGateway } from '../gateways/carrier.ts'
import { GatewayHiccup, type EffectAnswer, type FindAnswer } from '../gateways/outcome.ts'
import type { ComplianceGateway } from '../gateways/compliance.ts'
import type { TaxGateway } from '../gateways/tax.ts'
import type { PaymentGateway } from '../gateways/payment-terms.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'
import type { Route } from './settle-effect.ts'

/** The outside world of an order: payments and parcels, in terms of effect rows. */
export interface Gateways {
  pay(effect: Effect): Promise<KeptOutcome>
  findPayment(effect: Effect): Promise<Found>
  /** @param keep writes the carrier's offer down, before it is bought and for every later attempt. */
  buyLabel(
    effect: Effect,
    route: Route,
    keep: (offer: LabelOffer | null) => Promise<void>,
  ): Promise<KeptOutcome>
  findLabel(effect: Effect): Promise<Found>
  voidLabel(effect: Effect): Promise<KeptOutcome>
  findVoid(effect: Effect): Promise<Found>
  verifyAddress(address: AddressDocument): Promise<AddressSuggestion>
  /** The engine's books of one of our companies, by its code; absent where no engine is set up. */
  tax?: ((company: string) => TaxGateway) | undefined
  /** Absent where no screening service is set up: the list in the database decides. */
  screening?: ComplianceGateway | undefined
  /** How long after it was sent a provider may still be working on a request that it does not show. */
  absentIsFinalAfterMs: number
}

/** `final`: whatever it does not show never left us, however short ago that was. */
export type Found = KeptOutcome | { outcome: 'absent'; final?: true }

/** The carrier's shipment and its rate: at most one label is ever sold on that shipment. */
export interface LabelOffer {
  providerId: string
  rateId: string
  /** Why this rate and none of the others, as JSON: it is kept beside the offer. */
  choice?: Record<string, unknown>
}

/** What `buy-label` asks for; rows that were written before there was a promise lack the last ones. */
export interface LabelRequest {
  weightG: number
  lengthMm: number
  widthMm: number
  heightMm: number
  carrier: string | null
  service: string | null
  without?: string[]
  /** `rule`: the service is the plan at release, and the rates of now decide. */
  chosenBy?: 'person' | 'customer' | 'rule'
  allowed?: RateWish['allowed']
  latestTransitDays?: number | null
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
  tax?: Gateways['tax']
  screening?: Gateways['screening']
  /** Two minutes unless told, as `PaymentGateway` says. */
  absentIsFinalAfterMs?: number
}

export function orderGateways(providers: Providers): Gateways {
  return {
    pay: async (effect) => sendPayment(providers, effect),
    findPayment: async (effect) => findPayment(providers, effect),
    buyLabel: async (effect, route, keep) => buyLabel(providers.carrier, effect, route, keep),
    findLabel: async (effect) => findLabel(providers.carrier, effect),
    voidLabel: async (effect) => voidLabel(providers.carrier, effect),
    findVoid: async (effect) => findVoid(providers.carrier, effect),
    verifyAddress: async (address) => verifyAddress(providers.carrier, address),
    tax: providers.tax,
    screening: providers.screening,
    absentIsFinalAfterMs: providers.absentIsFinalAfterMs ?? 120_000,
  }
}

async function sendPayment(
  { payment, paymentProviders }: Providers,
  effect: Effect,
): Promise<KeptOutcome> {
  const { reference, currency } = effect.request as Record<string, string>
  const elsewhere = notAtAProvider(paymentProviders, effect)
  if (elsewhere) return elsewhere
  if (!reference)
    throw new RequestRefused(
      'no-reference',
      `The payment has no reference at ${String(effect.request['provider'])}.`,
    )
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

/** Our own cards and credits need no call, and what is not connected cannot be called or asked. */
function notAtAProvider(connected: readonly string[], effect: Effect): KeptOutcome | undefined {
  const { kind, provider, reference } = effect.request as Record<string, string>
  if (kind === 'gift-card' || kind === 'store-credit')
    return { outcome: 'confirmed', facts: { reference } }
  if (connected.includes(provider!)) return undefined
  const message = `${provider} is not connected: do it there, then mark it as done with its reference`
  return { outcome: 'unknown', message, forPerson: true }
}

async function findPayment(
  { payment, paymentProviders }: Providers,
  effect: Effect,
): Promise<Found> {
  const elsewhere = notAtAProvider(paymentProviders, effect)
  if (elsewhere) return elsewhere
  const reference = String(effect.request['reference'] ?? '')
  switch (effect.operation) {
    case 'capture':
      return kept(await payment.findCapture({ key: effect.key, reference }))
    case 'void':
      return kept(await payment.findCancellation({ reference }))
    case 'refund':
      return kept(await payment.findRefund({ key: effect.key, reference }))
    default: {
      const sentAt = effect.sentAt ?? effect.intendedAt
      return kept(await payment.findAuthorisation({ key: effect.key, sentAt }))
    }
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

/**
 * Buys on the carrier's shipment that was kept, and on no other while that one may have sold its
 * label. Where the carrier says for certain that it did not, it is asked for a new offer.
 */
async function buyLabel(
  carrier: CarrierGateway,
  effect: Effect,
  route: Route,
  keep: (offer: LabelOffer | null) => Promise<void>,
): Promise<KeptOutcome> {
  if (effect.prepared) {
    const { providerId, rateId } = effect.prepared
    const answer = await carrier.buyLabel({ providerId, rateId })
    if (answer.outcome !== 'refused' || !IS_OVER.has(answer.code)) return kept(answer)
    await keep(null)
  }
  const offer = await bestOffer(carrier, effect, route)
  if ('outcome' in offer) return offer
  await keep(offer)
  const { providerId, rateId } = offer
  return kept(await carrier.buyLabel({ providerId, rateId }))
}

/** The carrier forgot its offer, and has sold nothing on it. */
const IS_OVER = new Set(['rate-expired', 'not-found'])

/** Asks for the rates of now and chooses by the promise. */
async function bestOffer(
  carrier: CarrierGateway,
  effect: Effect,
  route: Route,
): Promise<LabelOffer | KeptOutcome> {
  const request = effect.request as unknown as LabelRequest
  const { weightG, lengthMm, widthMm, heightMm } = request
  const parcel = { weightGrams: weightG, lengthMm, widthMm, heightMm }
  const shopped = await carrier
    .shopRates({ key: effect.key, ...route, parcel })
    .catch((cause: unknown) => {
      // Asking for rates costs nothing, so whatever became of it nothing was bought.
      throw new GatewayHiccup(`no rates: ${String(cause)}`, { cause })
    })
  if (shopped.outcome !== 'confirmed') return kept(shopped)
  const choice = chooseRate(shopped.rates, wishOf(request))
  if (choice)
    return {
      providerId: shopped.providerId,
      rateId: choice.chosen.rateId,
      choice: plain({ ...choice }),
    }
  const message = 'No carrier service takes this parcel to this address.'
  return { outcome: 'refused', code: 'no-rate', message }
}

function wishOf({ carrier, service, chosenBy, ...request }: LabelRequest): RateWish {
  return {
    asked: service === null || chosenBy === 'rule' ? null : { carrier, service },
    allowed: request.allowed ?? [],
    without: request.without ?? [],
    latestTransitDays: request.latestTransitDays ?? null,
  }
}

/** On the shipment that we would have bought on; without one nothing can have been bought. */
async function findLabel(carrier: CarrierGateway, effect: Effect): Promise<Found> {
  const providerId = effect.prepared?.providerId
  if (!providerId) return { outcome: 'absent', final: true }
  return kept(await carrier.findLabel({ providerId }))
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
    return { outcome: 'confirmed', facts: plain(facts) }
  }
  return answer
}

/** As it can be kept in a row: a bigint becomes its decimal text. */
function plain(facts: object): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(facts, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)),
  ) as Record<string, unknown>
}
