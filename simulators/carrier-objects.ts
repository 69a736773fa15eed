import { createHash } from 'node:crypto'

/** Objects as EasyPost's API prints them: the fields that the product reads, and their company. */
export interface Address {
  id: string
  object: 'Address'
  name: string | null
  company: string | null
  street1: string | null
  street2: string | null
  city: string | null
  state: string | null
  zip: string | null
  country: string | null
  mode: 'test'
  residential: boolean | null
  verifications: Record<string, unknown>
}

export interface Rate {
  id: string
  object: 'Rate'
  carrier: string
  service: string
  rate: string
  currency: string
  delivery_days: number
  delivery_date: null
  shipment_id: string
}

export interface Tracker {
  id: string
  object: 'Tracker'
  mode: 'test'
  tracking_code: string
  status: string
  status_detail: string
  created_at: string
  updated_at: string
  signed_by: string | null
  weight: null
  est_delivery_date: string | null
  shipment_id: string | null
  carrier: string
  tracking_details: TrackingDetail[]
  fees: never[]
  public_url: string
}

export interface TrackingDetail {
  object: 'TrackingDetail'
  message: string
  description: string
  status: string
  status_detail: string
  datetime: string
  source: string
  tracking_location: {
    object: 'TrackingLocation'
    city: string | null
    state: string | null
    country: string | null
    zip: string | null
  }
}

export interface Shipment {
  id: string
  object: 'Shipment'
  created_at: string
  updated_at: string
  is_return: boolean
  messages: { carrier: string; type: string; message: string }[]
  mode: 'test'
  reference: string | null
  status: string
  tracking_code: string | null
  from_address: Address
  to_address: Address
  parcel: {
    id: string
    object: 'Parcel'
    weight: number
    length: number
    width: number
    height: number
  }
  postage_label: Record<string, unknown> | null
  rates: Rate[]
  refund_status: string | null
  selected_rate: Rate | null
  tracker: Tracker | null
  usps_zone: number
}

export const MESSAGES: Record<string, string> = {
  pre_transit: 'Shipping Label Created',
  in_transit: 'Arrived at Carrier Facility',
  out_for_delivery: 'Out for Delivery',
  delivered: 'Delivered, Front Door/Porch',
  available_for_pickup: 'Available for Pickup',
  return_to_sender: 'Returned to Sender',
  failure: 'Delivery Attempted, Could Not Be Delivered',
  error: 'Tracking information is not available',
}

interface Service {
  carrier: string
  service: string
  baseCents: number
  centsPerOunce: number
  centsPerZone: number
  days: (zone: number) => number
}

const SERVICES: Service[] = [
  service('USPS', 'GroundAdvantage', 405, 9, 22, (zone) => 2 + Math.floor(zone / 3)),
  service('USPS', 'Priority', 560, 13, 41, (zone) => 1 + Math.floor(zone / 4)),
  service('USPS', 'Express', 2650, 30, 120, () => 1),
  service('UPS', 'Ground', 790, 6, 33, (zone) => 1 + Math.floor(zone / 2)),
  service('UPS', '2ndDayAir', 1710, 22, 95, () => 2),
  service('UPSDAP', 'NextDayAir', 3980, 41, 180, () => 1),
]

function service(
  carrier: string,
  name: string,
  baseCents: number,
  centsPerOunce: number,
  centsPerZone: number,
  days: (zone: number) => number,
): Service {
  return { carrier, service: name, baseCents, centsPerOunce, centsPerZone, days }
}

/** 1 is next door, 8 the other coast, 9 abroad. */
export function zoneBetween(from: Address, to: Address): number {
  if (from.country !== to.country) return 9
  const digit = (zip: string | null): number => Number(/^\d/.exec(zip ?? '')?.[0] ?? 5)
  const near = from.zip?.slice(0, 3) === to.zip?.slice(0, 3)
  return near ? 1 : Math.min(8, 2 + Math.abs(digit(from.zip) - digit(to.zip)))
}

/** The same parcel over the same distance always costs the same. */
export function ratesFor(
  shipmentId: string,
  zone: number,
  ounces: number,
  rateId: () => string,
): Rate[] {
  return SERVICES.filter((offer) => zone < 9 || offer.carrier !== 'USPS').map((offer) => {
    const cents =
      offer.baseCents + Math.ceil(ounces) * offer.centsPerOunce + zone * offer.centsPerZone
    return {
      id: rateId(),
      object: 'Rate',
      carrier: offer.carrier,
      service: offer.service,
      rate: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`,
      currency: 'USD',
      delivery_days: offer.days(zone),
      delivery_date: null,
      shipment_id: shipmentId,
    }
  })
}

/** A number in each carrier's own form, check digit not included. */
export function trackingNumber(carrier: string, seed: string): string {
  const digest = BigInt(`0x${createHash('sha256').update(seed).digest('hex')}`).toString()
  return carrier === 'USPS' ? `9400100${digest.slice(0, 15)}` : `1Z${digest.slice(0, 16)}`
}
