import type { AddressDocument } from '#contracts/order-intake'
import { parseMinor } from '#domain/money'
import { addressShape, errorShape, shipmentShape, trackersShape } from '#connectors/carrier/shapes'
import type { AddressShape, RateShape, ShipmentShape } from '#connectors/carrier/shapes'
import { readTracker } from '#connectors/carrier/tracking'
import type { TrackingState } from '#connectors/carrier/tracking'
import { jsonClient, readAs } from './json-client.ts'
import type { JsonAnswer, JsonCall, JsonClient } from './json-client.ts'
import { unknownWithoutAnswer } from './outcome.ts'
import type { Confirmed, EffectAnswer, FindAnswer, GatewayConfig, NotDone } from './outcome.ts'

export interface Parcel {
  weightGrams: number
  lengthMm: number
  widthMm: number
  heightMm: number
}

export interface RateRequest {
  /** The parcel's key for life, e.g. `label/<shipment>/<parcel no>`. */
  key: string
  from: AddressDocument
  to: AddressDocument
  parcel: Parcel
  isReturn?: boolean
}

export interface Rate {
  rateId: string
  carrier: string
  service: string
  costMinor: bigint
  currency: string
  deliveryDays: number | null
}

export interface Label {
  /** The provider's shipment: voids and lookups name it. */
  providerId: string
  trackingNumber: string
  carrier: string
  service: string
  costMinor: bigint
  currency: string
  labelUrl: string
}

export interface AddressVerdict {
  /** `uncertain`: deliverable by the carrier's word, yet with doubts that a person should see. */
  verdict: 'deliverable' | 'uncertain' | 'undeliverable'
  suggestion: AddressDocument
  residential: boolean | null
  problems: { code: string; field: string; message: string }[]
}

/** Voiding is asked for; some carriers take weeks to say whether they pay the label back. */
export interface LabelVoid {
  providerId: string
  state: 'submitted' | 'refunded'
}

/**
 * Buying a label costs money, so it goes in two steps: `shopRates` opens a shipment at the
 * carrier that costs nothing, and `buyLabel` buys on that one shipment. The carrier sells at
 * most one label per shipment: that, not a header, is what makes a repeated purchase one.
 * Reads (`shopRates`, `verifyAddress`, `track`, `find…`) throw while nobody answers.
 */
export interface CarrierGateway {
  shopRates(
    request: RateRequest,
  ): Promise<Confirmed<{ providerId: string; rates: Rate[]; warnings: string[] }> | NotDone>
  /** @param request `providerId` and `rateId` from one answer of `shopRates`. */
  buyLabel(request: { providerId: string; rateId: string }): Promise<EffectAnswer<Label>>
  voidLabel(request: { providerId: string }): Promise<EffectAnswer<LabelVoid>>
  /** By the shipment, or by the key that its rates were asked with. */
  findLabel(ask: { providerId: string } | { key: string }): Promise<FindAnswer<Label>>
  findVoid(ask: { providerId: string }): Promise<FindAnswer<LabelVoid>>
  verifyAddress(address: AddressDocument): Promise<Confirmed<AddressVerdict> | NotDone>
  track(ask: {
    trackingNumber: string
    carrier?: string
  }): Promise<Confirmed<TrackingState> | NotDone | { outcome: 'absent' }>
}

/** Carriers behind an EasyPost-shaped API at `config.baseUrl`. Costs are ISO minor units. */
export function carrierGateway(config: GatewayConfig): CarrierGateway {
  const basic = Buffer.from(`${config.apiKey}:`).toString('base64')
  const call = jsonClient({ ...config, headers: { authorization: `Basic ${basic}` } })

  async function shipment(ask: JsonCall): Promise<ShipmentShape | NotDone> {
    const answer = await call(ask)
    return answer.said === 'no' ? refusal(answer) : readAs(shipmentShape, answer.json, 'shipment')
  }

  const read = (id: string) => shipment({ method: 'GET', path: path('shipments', id) })

  async function find<Facts>(
    id: string,
    facts: (shipment: ShipmentShape) => Facts | null,
  ): Promise<FindAnswer<Facts>> {
    const found = await read(id)
    if ('outcome' in found) return found.code === 'not-found' ? { outcome: 'absent' } : found
    const proof = facts(found)
    return proof ? { outcome: 'confirmed', ...proof } : { outcome: 'absent' }
  }

  /** A "no" to a purchase or void that has already gone through is a replay: it is confirmed. */
  async function settle<Facts>(
    send: JsonCall,
    id: string,
    facts: (shipment: ShipmentShape) => Facts | null,
  ): Promise<EffectAnswer<Facts>> {
    return unknownWithoutAnswer(async () => {
      const answer = await shipment(send)
      if (!('outcome' in answer)) return proven(facts(answer), answer)
      const before = await find(id, facts)
      return before.outcome === 'confirmed' ? before : answer
    })
  }

  return {
    shopRates: (request) => shopRates(shipment, request),

    buyLabel: ({ providerId, rateId }) =>
      settle(
        {
          method: 'POST',
          path: `${path('shipments', providerId)}/buy`,
          body: { rate: { id: rateId } },
        },
        providerId,
        readLabel,
      ),

    voidLabel: ({ providerId }) =>
      settle(
        { method: 'POST', path: `${path('shipments', providerId)}/refund`, body: {} },
        providerId,
        readVoid,
      ),

    findLabel: (ask) => find('key' in ask ? ask.key : ask.providerId, readLabel),

    findVoid: ({ providerId }) => find(providerId, readVoid),

    verifyAddress: (address) => verifyAddress(call, address),

    track: (ask) => track(call, ask),
  }
}

async function shopRates(
  shipment: (ask: JsonCall) => Promise<ShipmentShape | NotDone>,
  request: RateRequest,
): ReturnType<CarrierGateway['shopRates']> {
  const body = { shipment: shipmentBody(request) }
  const opened = await shipment({ method: 'POST', path: '/v2/shipments', body })
  if ('outcome' in opened) return opened
  const rates = (opened.rates ?? []).map(readRate)
  const warnings = (opened.messages ?? []).map((m) => `${m.carrier}: ${String(m.message)}`)
  if (rates.length === 0)
    return { outcome: 'refused', code: 'no-rates', message: warnings.join('; ') || 'No rates.' }
  return { outcome: 'confirmed', providerId: opened.id, rates, warnings }
}

async function verifyAddress(
  call: JsonClient,
  address: AddressDocument,
): ReturnType<CarrierGateway['verifyAddress']> {
  const body = { address: addressBody(address), verify: ['delivery'] }
  const answer = await call({ method: 'POST', path: '/v2/addresses', body })
  if (answer.said === 'no') return refusal(answer)
  return { outcome: 'confirmed', ...readVerdict(readAs(addressShape, answer.json, 'address')) }
}

async function track(
  call: JsonClient,
  { trackingNumber, carrier }: { trackingNumber: string; carrier?: string },
): ReturnType<CarrierGateway['track']> {
  const query = new URLSearchParams({ tracking_code: trackingNumber })
  if (carrier) query.set('carrier', carrier)
  const answer = await call({ method: 'GET', path: `/v2/trackers?${query}` })
  if (answer.said === 'no') return refusal(answer)
  const tracker = readAs(trackersShape, answer.json, 'list of trackers').trackers[0]
  return tracker ? { outcome: 'confirmed', ...readTracker(tracker) } : { outcome: 'absent' }
}

function path(collection: string, id: string): string {
  return `/v2/${collection}/${encodeURIComponent(id)}`
}

function proven<Facts>(facts: Facts | null, shipment: ShipmentShape): EffectAnswer<Facts> {
  if (facts) return { outcome: 'confirmed', ...facts }
  return { outcome: 'unknown', message: `shipment ${shipment.id} does not show the effect` }
}

function readRate(rate: RateShape): Rate {
  const currency = rate.currency.toUpperCase()
  return {
    rateId: rate.id,
    carrier: rate.carrier,
    service: rate.service,
    costMinor: parseMinor(rate.rate, currency),
    currency,
    deliveryDays: rate.delivery_days ?? null,
  }
}

function readLabel(shipment: ShipmentShape): Label | null {
  const labelUrl = shipment.postage_label?.label_url
  if (!labelUrl || !shipment.tracking_code || !shipment.selected_rate) return null
  const { carrier, service, costMinor, currency } = readRate(shipment.selected_rate)
  const trackingNumber = shipment.tracking_code
  return {
    providerId: shipment.id,
    trackingNumber,
    carrier,
    service,
    costMinor,
    currency,
    labelUrl,
  }
}

function readVoid(shipment: ShipmentShape): LabelVoid | null {
  const status = shipment.refund_status
  if (status !== 'submitted' && status !== 'refunded') return null
  return { providerId: shipment.id, state: status }
}

function shipmentBody({ key, from, to, parcel, isReturn }: RateRequest) {
  return {
    reference: key,
    from_address: addressBody(from),
    to_address: addressBody(to),
    is_return: isReturn ?? false,
    // The carrier's API counts in ounces and inches, to one decimal.
    parcel: {
      weight: upToTenth(parcel.weightGrams / 28.349523125),
      length: upToTenth(parcel.lengthMm / 25.4),
      width: upToTenth(parcel.widthMm / 25.4),
      height: upToTenth(parcel.heightMm / 25.4),
    },
  }
}

/** Rounded up: a parcel declared too light is billed again by the carrier, with a fee. */
function upToTenth(measure: number): number {
  return Math.ceil(measure * 10 - 1e-9) / 10
}

function addressBody(address: AddressDocument) {
  return {
    name: address.name,
    company: address.company,
    street1: address.line1,
    street2: address.line2,
    city: address.city,
    state: address.region,
    zip: address.postalCode,
    country: address.country,
  }
}

function readVerdict(address: AddressShape): AddressVerdict {
  const delivery = address.verifications?.delivery
  const problems = (delivery?.errors ?? []).map((problem) => ({
    code: problem.code ?? 'unknown',
    field: problem.field ?? 'address',
    message: problem.message ?? '',
  }))
  const suggestion: AddressDocument = {
    name: address.name ?? null,
    company: address.company ?? null,
    line1: address.street1 ?? null,
    line2: address.street2 || null,
    city: address.city ?? null,
    region: address.state ?? null,
    postalCode: address.zip ?? null,
    country: address.country ?? null,
  }
  const residential = address.residential ?? null
  return { verdict: verdict(delivery?.success, problems.length), suggestion, residential, problems }
}

/** Some carriers answer success together with "address not found"; that is no success. */
function verdict(success: boolean | null | undefined, problems: number): AddressVerdict['verdict'] {
  if (success === false) return 'undeliverable'
  return success === true && problems === 0 ? 'deliverable' : 'uncertain'
}

const REFUSALS: [RegExp, string][] = [
  [/NOT_FOUND$/, 'not-found'],
  [/RATE\.UNAVAILABLE|RATE_UNAVAILABLE/, 'rate-expired'],
  [/INSUFFICIENT|PAYMENT/, 'carrier-account-unfunded'],
  [/^ADDRESS/, 'address-invalid'],
  [/REFUND/, 'void-refused'],
]

function refusal({ status, json }: JsonAnswer): NotDone {
  const parsed = errorShape.safeParse(json)
  const error = parsed.success ? parsed.data.error : undefined
  const providerCode = error?.code ?? String(status)
  const known = REFUSALS.find(([pattern]) => pattern.test(providerCode))?.[1]
  const code = known ?? (status === 404 ? 'not-found' : 'invalid-request')
  const said = error?.message
  const message = typeof said === 'string' ? said : `The carrier answered ${status}.`
  return { outcome: 'refused', code, message, providerCode }
}
