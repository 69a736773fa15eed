import { createHmac } from 'node:crypto'
import { carrierGateway } from '../../activities/gateways/carrier.ts'
import type { CarrierGateway } from '../../activities/gateways/carrier.ts'
import { verifyCarrierWebhook } from '#connectors/carrier/tracking'
import type { AddressDocument } from '#contracts/order-intake'
import { startCarrierSimulator } from '#simulators/carrier'
import type { CarrierSimulator } from '#simulators/carrier'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openInbox } from './inbox.ts'

let simulator: CarrierSimulator
let carrier: CarrierGateway

beforeEach(async () => {
  simulator = await startCarrierSimulator({ seed: 3 })
  carrier = carrierGateway({ baseUrl: simulator.url, apiKey: 'EZTK1', timeoutMs: 250 })
})
afterEach(() => simulator.close())

function at(line1: string, city: string, region: string, postalCode: string): AddressDocument {
  const nobody = { name: 'Jo Doe', company: null, line2: null, country: 'US' }
  return { ...nobody, line1, city, region, postalCode }
}
const home = at('179 N Harbor Dr', 'Redondo Beach', 'CA', '90277')
const request = {
  key: 'label/SHP-1/1',
  from: at('1 Dock St', 'Reno', 'NV', '89502'),
  to: home,
  parcel: { weightGrams: 900, lengthMm: 300, widthMm: 200, heightMm: 100 },
}

async function shopped(key = request.key) {
  const shop = await carrier.shopRates({ ...request, key })
  if (shop.outcome !== 'confirmed') throw new Error(shop.message)
  return { providerId: shop.providerId, rateId: shop.rates[0]?.rateId ?? '' }
}

test('rates are whole minor units, and the same parcel costs the same again', async () => {
  const one = await carrier.shopRates(request)
  const other = await carrier.shopRates(request)
  if (one.outcome !== 'confirmed' || other.outcome !== 'confirmed') throw new Error('no rates')
  expect(one.rates.length).toBeGreaterThan(3)
  expect(one.rates.map((rate) => rate.costMinor)).toEqual(other.rates.map((rate) => rate.costMinor))
  expect(one.rates[0]).toMatchObject({ carrier: 'USPS', currency: 'USD' })
})

test('no rate at all is refused with the carrier’s reasons', async () => {
  simulator.faults.add({ kind: 'decline', operation: 'shipments.create' })
  expect(await carrier.shopRates(request)).toMatchObject({
    outcome: 'refused',
    code: 'no-rates',
    message: expect.stringContaining('too heavy'),
  })
})

describe('a label', () => {
  test('is bought once, however often it is asked for', async () => {
    const choice = await shopped()
    const label = await carrier.buyLabel(choice)
    expect(label).toMatchObject({
      outcome: 'confirmed',
      carrier: 'USPS',
      trackingNumber: expect.stringMatching(/^9400100\d+$/),
      labelUrl: expect.stringContaining('.png'),
      currency: 'USD',
    })
    expect(await carrier.buyLabel(choice)).toEqual(label)
    expect(simulator.journal.effects('buy')).toHaveLength(1)
    expect(simulator.journal.effects('buy', { key: request.key })).toHaveLength(1)
  })

  test.each(['hang', 'reset'] as const)(
    'lost by %s is unknown, then found by shipment and by key, and not bought twice',
    async (mode) => {
      const choice = await shopped()
      simulator.faults.add({ kind: 'timeout-after-success', operation: 'shipments.buy', mode })
      expect(await carrier.buyLabel(choice)).toMatchObject({ outcome: 'unknown' })

      const { providerId } = choice
      const byShipment = await carrier.findLabel({ providerId })
      expect(byShipment).toMatchObject({ outcome: 'confirmed', providerId })
      expect(await carrier.findLabel({ key: request.key })).toEqual(byShipment)
      expect(await carrier.buyLabel(choice)).toEqual(byShipment)
      expect(simulator.journal.effects('buy')).toHaveLength(1)
    },
  )

  test('that was never bought is absent', async () => {
    const { providerId } = await shopped()
    expect(await carrier.findLabel({ providerId })).toEqual({ outcome: 'absent' })
    expect(await carrier.findLabel({ key: 'label/none' })).toEqual({ outcome: 'absent' })
  })

  test('is void once, and cannot be void after the carrier has the parcel', async () => {
    const choice = await shopped()
    await carrier.buyLabel(choice)
    const voided = { outcome: 'confirmed', state: 'submitted' }
    expect(await carrier.findVoid(choice)).toEqual({ outcome: 'absent' })
    expect(await carrier.voidLabel(choice)).toMatchObject(voided)
    expect(await carrier.voidLabel(choice)).toMatchObject(voided)
    expect(await carrier.findVoid(choice)).toMatchObject(voided)
    expect(simulator.journal.effects('void')).toHaveLength(1)

    const sent = await shopped('label/SHP-2/1')
    const label = await carrier.buyLabel(sent)
    simulator.scan(label.outcome === 'confirmed' ? label.trackingNumber : '', 'in_transit')
    expect(await carrier.voidLabel(sent)).toMatchObject({
      outcome: 'refused',
      code: 'void-refused',
    })
  })

  test('refused by the carrier says why', async () => {
    const choice = await shopped()
    const code = 'SHIPMENT.POSTAGE.FAILURE'
    simulator.faults.add({ kind: 'decline', operation: 'shipments.buy' })
    expect(await carrier.buyLabel(choice)).toMatchObject({ outcome: 'refused', providerCode: code })
    const gone = { ...choice, rateId: 'rate_gone' }
    expect(await carrier.buyLabel(gone)).toMatchObject({ code: 'rate-expired' })
    expect(simulator.journal.effects('buy')).toHaveLength(0)
  })

  test.each(['error-500', 'garbage', 'timeout-before'] as const)('%s is unknown', async (kind) => {
    const choice = await shopped()
    simulator.faults.add({ kind, operation: 'shipments.buy' })
    expect(await carrier.buyLabel(choice)).toMatchObject({ outcome: 'unknown' })
  })

  test('of a carrier that cannot be reached throws, and so does a read without an answer', async () => {
    simulator.faults.add({ kind: 'error-500' })
    await expect(carrier.findLabel({ key: 'x' })).rejects.toMatchObject({ name: 'NoAnswer' })
    await simulator.close()
    await expect(carrier.buyLabel({ providerId: 'shp_1', rateId: 'r' })).rejects.toMatchObject({
      name: 'GatewayHiccup',
    })
  })
})

describe('an address', () => {
  test('that is right comes back as the post office writes it', async () => {
    expect(await carrier.verifyAddress(home)).toMatchObject({
      outcome: 'confirmed',
      verdict: 'deliverable',
      suggestion: { line1: '179 N HARBOR DR', line2: null, postalCode: '90277-1234' },
      problems: [],
    })
  })

  test('that is nowhere is undeliverable, with the field that is wrong', async () => {
    const nowhere = at('000 unknown street', 'Not A City', 'ZZ', '00001')
    expect(await carrier.verifyAddress(nowhere)).toMatchObject({
      verdict: 'undeliverable',
      problems: [{ code: 'E.ADDRESS.NOT_FOUND', field: 'address' }],
    })
  })

  test('that is found with doubts is uncertain, not deliverable', async () => {
    const doubtful = at('Harbor Dr', 'Redondo Beach', 'CA', '90277')
    expect(await carrier.verifyAddress(doubtful)).toMatchObject({
      verdict: 'uncertain',
      problems: [{ code: 'E.HOUSE_NUMBER.MISSING' }],
    })
  })
})

describe('tracking', () => {
  test('pushes signed events; a duplicate has the same id; late scans keep their place', async () => {
    const inbox = await openInbox()
    simulator.deliverWebhooksTo({ url: inbox.url, secret: 'sécret' })
    const label = await carrier.buyLabel(await shopped())
    const trackingNumber = label.outcome === 'confirmed' ? label.trackingNumber : ''
    simulator.faults.add({ kind: 'duplicate-webhook' })
    simulator.scan(trackingNumber, 'delivered', '2026-03-05T12:00:00Z')
    simulator.scan(trackingNumber, 'out_for_delivery', '2026-03-05T08:00:00Z')
    await simulator.webhooksSettled()
    await inbox.close()

    const events = inbox.deliveries.map(({ body, headers }) => {
      const signature = String(headers['x-hmac-signature'])
      const checked = verifyCarrierWebhook(body, signature, 'sécret')
      if (!checked.verified || checked.event.kind !== 'tracking') throw new Error('not verified')
      return checked.event
    })
    expect(events).toHaveLength(3)
    expect(events[0]?.providerEventId).toBe(events[1]?.providerEventId)
    expect(events[0]).toMatchObject({ trackingNumber, status: 'delivered', signedBy: 'Front Door' })
    expect(events[2]?.details.map((scan) => scan.status)).toEqual(['out-for-delivery', 'delivered'])
    expect(events[2]?.at).toBe('2026-03-05T12:00:00.000Z')
    expect(await carrier.track({ trackingNumber })).toMatchObject({
      outcome: 'confirmed',
      carrier: 'USPS',
    })
    expect(await carrier.track({ trackingNumber: 'none' })).toEqual({ outcome: 'absent' })
  })

  test('parcels travel to the door by themselves', async () => {
    const label = await carrier.buyLabel(await shopped())
    const trackingNumber = label.outcome === 'confirmed' ? label.trackingNumber : ''
    for (let step = 0; step < 6; step += 1) simulator.moveParcels()
    expect(await carrier.track({ trackingNumber })).toMatchObject({ status: 'delivered' })
  })

  const tracker = {
    id: 'trk_1',
    object: 'Tracker',
    tracking_code: '1Z999',
    carrier: 'UPS',
    updated_at: '2026-03-05T12:00:00Z',
    tracking_details: [],
  }
  const signed = (body: unknown, secret = 's') => {
    const text = JSON.stringify(body)
    const digest = createHmac('sha256', secret).update(text).digest('hex')
    return [text, `hmac-sha256-hex=${digest}`] as const
  }
  const event = (result: object, description = 'tracker.updated') => {
    return { id: 'evt_1', description, created_at: '2026-03-05T12:00:00Z', result }
  }

  test.each([
    ['pre_transit', 'label-created'],
    ['in_transit', 'in-transit'],
    ['available_for_pickup', 'ready-for-pickup'],
    ['return_to_sender', 'returned'],
    ['failure', 'exception'],
    ['lost_in_space', 'unknown'],
  ])('%s reads %s', (status, ours) => {
    const [body, header] = signed(event({ ...tracker, status }))
    expect(verifyCarrierWebhook(body, header, 's')).toMatchObject({
      verified: true,
      event: { kind: 'tracking', providerEventId: 'evt_1', status: ours, trackingNumber: '1Z999' },
    })
  })

  test('a bad signature, none, and a tracker in another shape are not believed', () => {
    const [body, header] = signed(event({ ...tracker, status: 'delivered' }))
    const bad = { verified: false, code: 'bad-signature' }
    expect(verifyCarrierWebhook(body.replace('1Z999', '1Z000'), header, 's')).toMatchObject(bad)
    expect(verifyCarrierWebhook(body, undefined, 's')).toMatchObject(bad)
    expect(verifyCarrierWebhook(body, header, 'other')).toMatchObject(bad)
    const [strange, proof] = signed(event({ ...tracker, status: 7 }))
    expect(verifyCarrierWebhook(strange, proof, 's')).toMatchObject({ code: 'unreadable' })
  })

  test('another kind of event passes by with its id', () => {
    const [body, header] = signed(event({ id: 'batch_1' }, 'batch.updated'))
    expect(verifyCarrierWebhook(body, header, 's')).toMatchObject({
      event: { kind: 'other', type: 'batch.updated', providerEventId: 'evt_1' },
    })
  })
})
