import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addressShape, shipmentShape, trackerShape } from '#connectors/carrier/shapes'
import { readTracker } from '#connectors/carrier/tracking'
import { paymentGateway } from '../../activities/gateways/payment.ts'
import { startCarrierSimulator } from '#simulators/carrier'
import { startStripeSimulator } from '#simulators/stripe'
import { describe, expect, test } from 'vitest'

const DATA = join(import.meta.dirname, '../../../shared/data')
const STRIPE = join(DATA, 'stripe-fixtures/resources')
const EASYPOST = join(DATA, 'easypost-recordings')

type Json = Record<string, unknown>
const load = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json

/** Names and JSON types; null fits anything, for either side may simply have no value. */
function differences(ours: Json, theirs: Json, fields: string[]): string[] {
  return fields.flatMap((field) => {
    if (!(field in theirs)) return [`${field} is not in the real object`]
    if (!(field in ours)) return [`${field} is missing`]
    const [one, other] = [ours[field], theirs[field]]
    if (one === null || other === null || typeof one === typeof other) return []
    return [`${field} is ${typeof one}, really ${typeof other}`]
  })
}

describe.skipIf(!existsSync(STRIPE))('the Stripe simulator prints what Stripe prints', () => {
  const common = ['id', 'object', 'amount', 'currency', 'created', 'metadata', 'status']
  test.each([
    [
      'payment_intent',
      'payment_intents',
      [
        ...common,
        'amount_capturable',
        'amount_received',
        'canceled_at',
        'cancellation_reason',
        'capture_method',
        'customer',
        'last_payment_error',
        'latest_charge',
        'payment_method',
        'livemode',
      ],
    ],
    [
      'charge',
      'charges',
      [
        ...common,
        'amount_captured',
        'amount_refunded',
        'balance_transaction',
        'captured',
        'disputed',
        'paid',
        'payment_intent',
        'payment_method_details',
        'refunded',
      ],
    ],
    ['refund', 'refunds', [...common, 'balance_transaction', 'charge', 'payment_intent', 'reason']],
    [
      'balance_transaction',
      'balance_transactions',
      ['id', 'object', 'amount', 'fee', 'fee_details', 'net', 'source', 'type', 'available_on'],
    ],
  ])('%s', async (resource, path, fields) => {
    const stripe = await startStripeSimulator({ seed: 7 })
    const payments = paymentGateway({ baseUrl: stripe.url, apiKey: 'sk', timeoutMs: 500 })
    const money = { orderKey: '1', amountMinor: 9_00n, currency: 'USD' }
    const card = { paymentMethod: 'pm_card_visa', captureNow: true }
    const paid = await payments.authorise({ ...money, ...card, key: 'a:1' })
    const reference = paid.outcome === 'confirmed' ? paid.reference : ''
    await payments.refund({ ...money, key: 'r:1', reference })
    const intent = await fetchJson(`${stripe.url}/v1/payment_intents/${reference}`)
    const ours =
      path === 'charges'
        ? await fetchJson(`${stripe.url}/v1/charges/${String(intent['latest_charge'])}`)
        : ((await fetchJson(`${stripe.url}/v1/${path}`))['data'] as Json[])[0]
    await stripe.close()
    expect(differences(ours ?? {}, load(join(STRIPE, `${resource}.json`)), fields)).toEqual([])
  })
})

describe.skipIf(!existsSync(EASYPOST))('real answers of EasyPost', () => {
  const named = (prefix: string): [string, Json][] =>
    (existsSync(EASYPOST) ? readdirSync(EASYPOST) : [])
      .filter((name) => name.startsWith(prefix) && /_20[01]\.json$/.test(name))
      .map((name) => [name, load(join(EASYPOST, name))])
  const within = (value: unknown, kind: string): Json[] => {
    if (value === null || typeof value !== 'object') return []
    const inner = Object.values(value).flatMap((part: unknown) => within(part, kind))
    return (value as Json)['object'] === kind ? [value as Json, ...inner] : inner
  }

  test('every tracker and address is read', () => {
    const all = named('')
    const trackers = all.flatMap(([, json]) => within(json, 'Tracker'))
    const addresses = all.flatMap(([, json]) => within(json, 'Address'))
    expect(trackers.length).toBeGreaterThan(5)
    expect(addresses.length).toBeGreaterThan(20)
    for (const tracker of trackers) {
      const state = readTracker(trackerShape.parse(tracker))
      expect(state.at).toMatch(/^\d{4}-\d\d-\d\dT/)
      const times = state.details.map((scan) => scan.at)
      expect(times).toEqual([...times].sort())
    }
    for (const address of addresses) expect(addressShape.safeParse(address).success).toBe(true)
  })

  test('every shipment is read, and the bought ones have a number, a label and a cost', () => {
    const shipments = named('shipment').filter(([, json]) => String(json['id']).startsWith('shp_'))
    expect(shipments.length).toBeGreaterThan(5)
    const bought = shipments
      .map(([, json]) => shipmentShape.parse(json))
      .filter((shipment) => shipment.postage_label)
    expect(bought.length).toBeGreaterThan(2)
    for (const shipment of bought) {
      expect(shipment.tracking_code).toMatch(/^\w{10,}$/)
      expect(shipment.selected_rate?.rate).toMatch(/^\d+\.\d\d$/)
      expect(shipment.postage_label?.label_url).toMatch(/^https:/)
    }
  })

  test('the carrier simulator prints shipments and trackers as EasyPost does', async () => {
    const simulator = await startCarrierSimulator({ seed: 8 })
    const shipment = { to_address: { zip: '90277', country: 'US' }, from_address: {}, parcel: {} }
    const opened = await postJson(`${simulator.url}/v2/shipments`, { shipment })
    const rate = (opened['rates'] as Json[])[0] ?? {}
    const ours = await postJson(`${simulator.url}/v2/shipments/${String(opened['id'])}/buy`, {
      rate,
    })
    await simulator.close()
    const theirs = named('shipment_insure')[0]?.[1] ?? {}

    const read = ['id', 'reference', 'tracking_code', 'rates', 'selected_rate', 'refund_status']
    expect(differences(ours, theirs, [...read, 'postage_label', 'messages', 'tracker'])).toEqual([])
    const part = (json: Json, name: string): Json => json[name] as Json
    const rates = ['id', 'carrier', 'service', 'rate', 'currency', 'delivery_days']
    expect(differences(part(ours, 'selected_rate'), part(theirs, 'selected_rate'), rates)).toEqual(
      [],
    )
    const tracks = ['id', 'object', 'tracking_code', 'status', 'updated_at', 'tracking_details']
    expect(differences(part(ours, 'tracker'), part(theirs, 'tracker'), tracks)).toEqual([])
  })
})

async function fetchJson(url: string): Promise<Json> {
  return (await (await fetch(url)).json()) as Json
}

async function postJson(url: string, body: Json): Promise<Json> {
  return (await (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).json()) as Json
}
