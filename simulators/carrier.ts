import { createHmac } from 'node:crypto'
import { MESSAGES, ratesFor, trackingNumber, zoneBetween } from './carrier-objects.ts'
import type { Address, Shipment, Tracker } from './carrier-objects.ts'
import { createWorld, parseJson, serve } from './http-simulator.ts'
import type { Call, Reply, Route, Simulator, SimulatorOptions, World } from './http-simulator.ts'
import { createWebhooks, webhookRoute } from './webhooks.ts'
import type { Webhooks, WebhookTarget } from './webhooks.ts'

export interface CarrierSimulator extends Simulator {
  deliverWebhooksTo(target: WebhookTarget | null): void
  webhooksSettled(): Promise<void>
  /**
   * A scan by the carrier, pushed as `tracker.updated`. Answers the event's id.
   * @param status EasyPost's word, e.g. `in_transit`, `delivered`, `return_to_sender`.
   */
  scan(trackingCode: string, status: string, at?: string): string
  /** Moves every parcel one step nearer to its door. */
  moveParcels(): void
}

export interface CarrierOptions extends SimulatorOptions {
  /** Parcels move by themselves at this pace; never unless told. */
  moveEveryMs?: number
}

interface Carrier {
  world: World
  webhooks: Webhooks
  shipments: Map<string, Shipment>
  trackers: Map<string, Tracker>
}

/** An EasyPost-like carrier: rates, labels, refunds, address checks, trackers, signed webhooks. */
export async function startCarrierSimulator(options: CarrierOptions): Promise<CarrierSimulator> {
  const world = createWorld(options)
  const webhooks = createWebhooks(world, (body, secret) => {
    const digest = createHmac('sha256', secret.normalize('NFKD')).update(body).digest('hex')
    return { 'x-hmac-signature': `hmac-sha256-hex=${digest}` }
  })
  const carrier: Carrier = { world, webhooks, shipments: new Map(), trackers: new Map() }
  const routes = [webhookRoute(webhooks), scanRoute(carrier), ...apiRoutes(carrier)]
  const simulator = await serve(world, routes, options)
  const pace = options.moveEveryMs
  const timer = pace ? setInterval(() => moveParcels(carrier), pace).unref() : undefined
  return {
    ...simulator,
    close() {
      clearInterval(timer)
      return simulator.close()
    },
    deliverWebhooksTo: (target) => webhooks.target(target),
    webhooksSettled: () => webhooks.settled(),
    scan: (code, status, at) => scan(carrier, code, status, at),
    moveParcels: () => moveParcels(carrier),
  }
}

function apiRoutes(carrier: Carrier): Route[] {
  const base = '/v2/shipments'
  return [
    route('POST', base, 'shipments.create', (call) => createShipment(carrier, call)),
    route('GET', `${base}/:id`, 'shipments.retrieve', ({ params }) =>
      withShipment(carrier, params['id'], (shipment) => ok(shipment)),
    ),
    route('POST', `${base}/:id/buy`, 'shipments.buy', (call) =>
      withShipment(carrier, call.params['id'], (shipment) => buy(carrier, shipment, call)),
    ),
    route('POST', `${base}/:id/refund`, 'shipments.refund', (call) =>
      withShipment(carrier, call.params['id'], (shipment) => refund(carrier, shipment, call)),
    ),
    route('POST', '/v2/addresses', 'addresses.create', (call) => verifyAddress(carrier, call)),
    route('GET', '/v2/trackers', 'trackers.list', ({ query }) => {
      const tracker = carrier.trackers.get(query.get('tracking_code') ?? '')
      return ok({ trackers: tracker ? [tracker] : [], has_more: false })
    }),
  ]
}

function route(
  method: 'GET' | 'POST',
  path: string,
  operation: string,
  handle: (call: Call) => Reply,
): Route {
  return { method, path, operation, handle }
}

function createShipment({ world, shipments }: Carrier, { rawBody, decline }: Call): Reply {
  const body = (parseJson(rawBody) as { shipment?: Record<string, unknown> } | null)?.shipment
  if (!body) return no(422, 'SHIPMENT.INVALID_PARAMS', 'Unable to create shipment.')
  const id = world.nextId('shp_', 32)
  const from = address(world, body['from_address'])
  const to = address(world, body['to_address'])
  const parcel = { weight: 1, length: 1, width: 1, height: 1, ...(body['parcel'] as object) }
  const zone = zoneBetween(from, to)
  const rates = decline ? [] : ratesFor(id, zone, parcel.weight, () => world.nextId('rate_', 32))
  const at = instant(world)
  const message = 'shipment.parcel.weight: too heavy'
  const shipment: Shipment = {
    id,
    object: 'Shipment',
    created_at: at,
    updated_at: at,
    is_return: body['is_return'] === true,
    messages: decline ? [{ carrier: 'USPS', type: 'rate_error', message }] : [],
    mode: 'test',
    reference: typeof body['reference'] === 'string' ? body['reference'] : null,
    status: 'unknown',
    tracking_code: null,
    from_address: from,
    to_address: to,
    parcel: { id: world.nextId('prcl_', 32), object: 'Parcel', ...parcel },
    postage_label: null,
    rates,
    refund_status: null,
    selected_rate: null,
    tracker: null,
    usps_zone: zone,
  }
  shipments.set(id, shipment)
  return { status: 201, json: structuredClone(shipment) }
}

function buy(carrier: Carrier, shipment: Shipment, { rawBody, decline }: Call): Reply {
  const { world } = carrier
  if (decline) {
    const message = 'The carrier could not make the label.'
    return no(422, decline.code ?? 'SHIPMENT.POSTAGE.FAILURE', message)
  }
  if (shipment.postage_label)
    return no(422, 'SHIPMENT.POSTAGE.EXISTS', 'Postage already exists for this shipment.')
  const wanted = (parseJson(rawBody) as { rate?: { id?: string } } | null)?.rate?.id
  const rate = shipment.rates.find((offer) => offer.id === wanted)
  if (!rate) return no(422, 'SHIPMENT.RATE.UNAVAILABLE', 'The rate is not available any more.')
  const code = trackingNumber(rate.carrier, shipment.id)
  const at = instant(world)
  shipment.selected_rate = rate
  shipment.tracking_code = code
  shipment.updated_at = at
  shipment.postage_label = {
    object: 'PostageLabel',
    id: world.nextId('pl_', 32),
    created_at: at,
    label_date: at,
    label_size: '4x6',
    label_file_type: 'image/png',
    label_url: `https://labels.example/${code}.png`,
    label_pdf_url: null,
    label_zpl_url: null,
  }
  shipment.tracker = newTracker(carrier, shipment, rate.carrier, code)
  const cents = Math.round(Number(rate.rate) * 100)
  journalLabel(carrier, 'buy', shipment, cents)
  return ok(shipment)
}

function refund(carrier: Carrier, shipment: Shipment, { decline }: Call): Reply {
  if (decline || !shipment.postage_label || shipment.refund_status)
    return no(422, 'SHIPMENT.REFUND.UNAVAILABLE', 'Refund is not possible for this shipment.')
  // A label that a carrier has already scanned was used, so nobody pays it back.
  if (shipment.tracker && shipment.tracker.status !== 'unknown')
    return no(422, 'SHIPMENT.REFUND.UNAVAILABLE', 'The parcel is already on its way.')
  shipment.refund_status = 'submitted'
  journalLabel(carrier, 'void', shipment, 0)
  return ok(shipment)
}

function journalLabel({ world }: Carrier, operation: string, shipment: Shipment, cents: number) {
  world.journal.add({
    kind: 'effect',
    operation,
    ...(shipment.reference ? { key: shipment.reference } : {}),
    reference: shipment.id,
    amount: cents,
    currency: 'USD',
  })
}

function newTracker(
  { world, trackers }: Carrier,
  shipment: Shipment,
  carrier: string,
  code: string,
): Tracker {
  const tracker: Tracker = {
    id: world.nextId('trk_', 32),
    object: 'Tracker',
    mode: 'test',
    tracking_code: code,
    status: 'unknown',
    status_detail: 'unknown',
    created_at: instant(world),
    updated_at: instant(world),
    signed_by: null,
    weight: null,
    est_delivery_date: null,
    shipment_id: shipment.id,
    carrier,
    tracking_details: [],
    fees: [],
    public_url: `https://track.example/${code}`,
  }
  trackers.set(code, tracker)
  return tracker
}

function scan(carrier: Carrier, code: string, status: string, at?: string): string {
  const { world, trackers, webhooks } = carrier
  const tracker = trackers.get(code)
  if (!tracker) throw new Error(`no parcel has the number ${code}`)
  const place = { object: 'TrackingLocation', city: 'MEMPHIS', state: 'TN' } as const
  tracker.status = status
  tracker.status_detail = 'status_update'
  tracker.updated_at = instant(world)
  tracker.signed_by = status === 'delivered' ? 'Front Door' : null
  tracker.tracking_details.push({
    object: 'TrackingDetail',
    message: MESSAGES[status] ?? status,
    description: '',
    status,
    status_detail: 'status_update',
    datetime: at ?? instant(world),
    source: tracker.carrier,
    tracking_location: { ...place, country: 'US', zip: '38118' },
  })
  const eventId = world.nextId('evt_', 32)
  world.journal.add({ kind: 'effect', operation: `scan.${status}`, reference: code })
  webhooks.send('tracker.updated', eventId, {
    id: eventId,
    object: 'Event',
    description: 'tracker.updated',
    mode: 'test',
    status: 'pending',
    previous_attributes: {},
    pending_urls: [],
    completed_urls: [],
    created_at: instant(world),
    result: structuredClone(tracker),
  })
  return eventId
}

const JOURNEY = ['unknown', 'pre_transit', 'in_transit', 'out_for_delivery', 'delivered']

function moveParcels(carrier: Carrier): void {
  for (const tracker of carrier.trackers.values()) {
    const next = JOURNEY[JOURNEY.indexOf(tracker.status) + 1]
    const voided = carrier.shipments.get(tracker.shipment_id ?? '')?.refund_status
    if (JOURNEY.includes(tracker.status) && next && !voided)
      scan(carrier, tracker.tracking_code, next)
  }
}

/**
 * Addresses are corrected as the postal service does: upper case, and a ZIP+4. A street that
 * has "unknown" in it is nowhere; a street without a number is doubtful.
 */
function verifyAddress({ world }: Carrier, { rawBody }: Call): Reply {
  const body = parseJson(rawBody) as { address?: unknown } | null
  const given = address(world, body?.address)
  const street = given.street1 ?? ''
  const nowhere = !street || /unknown|nowhere/i.test(street) || given.zip === '00001'
  if (nowhere) {
    const error = problem('E.ADDRESS.NOT_FOUND', 'address', 'Address not found')
    const delivery = { success: false, errors: [error], details: {} }
    return { status: 201, json: { ...given, verifications: { delivery } } }
  }
  const doubtful = !/\d/.test(street)
  const missing = problem('E.HOUSE_NUMBER.MISSING', 'street1', 'House number is missing')
  const delivery = { success: true, errors: doubtful ? [missing] : [], details: {} }
  const upper = (text: string | null): string | null => text?.toUpperCase() ?? null
  const plus4 = given.country === 'US' && /^\d{5}$/.test(given.zip ?? '')
  const corrected = {
    ...given,
    street1: upper(given.street1),
    street2: upper(given.street2) ?? '',
    city: upper(given.city),
    zip: plus4 ? `${given.zip}-1234` : given.zip,
    residential: true,
    verifications: { delivery },
  }
  return { status: 201, json: corrected }
}

function problem(code: string, field: string, message: string) {
  return { code, field, message, suggestion: null }
}

function address(world: World, given: unknown): Address {
  const fields = (given ?? {}) as Record<string, string | null | undefined>
  const field = (name: string): string | null => fields[name] ?? null
  return {
    id: world.nextId('adr_', 32),
    object: 'Address',
    name: field('name'),
    company: field('company'),
    street1: field('street1'),
    street2: field('street2'),
    city: field('city'),
    state: field('state'),
    zip: field('zip'),
    country: field('country'),
    mode: 'test',
    residential: null,
    verifications: {},
  }
}

/** By id, or by our own reference: then a shipment with a label goes before one without. */
function withShipment(
  { shipments }: Carrier,
  id: string | undefined,
  answer: (shipment: Shipment) => Reply,
): Reply {
  const named = [...shipments.values()].filter((shipment) => shipment.reference === id)
  const shipment =
    shipments.get(id ?? '') ?? named.find((candidate) => candidate.postage_label) ?? named.at(-1)
  if (!shipment) return no(404, 'NOT_FOUND', 'The requested resource could not be found.')
  return answer(shipment)
}

function scanRoute(carrier: Carrier): Route {
  return {
    method: 'POST',
    path: '/_scan',
    operation: '_scan',
    handle({ rawBody }) {
      const wanted = (parseJson(rawBody) ?? {}) as Record<string, string>
      if (!wanted['tracking_code']) {
        moveParcels(carrier)
        return ok({ moved: carrier.trackers.size })
      }
      const status = wanted['status'] ?? 'in_transit'
      return ok({ event: scan(carrier, wanted['tracking_code'], status, wanted['at']) })
    },
  }
}

function ok(json: object): Reply {
  return { status: 200, json: structuredClone(json) }
}

function no(status: number, code: string, message: string): Reply {
  return { status, json: { error: { code, message, errors: [] } } }
}

function instant(world: World): string {
  return new Date(world.now()).toISOString().replace(/\.\d+Z$/, 'Z')
}
