import { createHmac, timingSafeEqual } from 'node:crypto'
import { trackerShape, webhookShape } from '#connectors/carrier/shapes'
import type { TrackerShape } from '#connectors/carrier/shapes'

export type TrackingStatus =
  | 'label-created'
  | 'in-transit'
  | 'out-for-delivery'
  | 'delivered'
  | 'ready-for-pickup'
  | 'returned'
  | 'exception'
  | 'cancelled'
  | 'unknown'

export interface TrackingScan {
  status: TrackingStatus
  /** ISO instant of the scan. */
  at: string
  message: string
  city: string | null
  region: string | null
  country: string | null
}

/** Where a parcel stands, with every scan so far: a late or lost event leaves no gap. */
export interface TrackingState {
  trackingNumber: string
  carrier: string | null
  status: TrackingStatus
  /** ISO instant of the newest scan, or of the carrier's last word when it has none. */
  at: string
  estimatedDeliveryAt: string | null
  signedBy: string | null
  /** Oldest first. */
  details: TrackingScan[]
}

export type CarrierEvent =
  | ({ kind: 'tracking'; providerEventId: string } & TrackingState)
  | { kind: 'other'; providerEventId: string; type: string; at: string }

export type VerifiedCarrierEvent =
  | { verified: true; event: CarrierEvent }
  | { verified: false; code: 'bad-signature' | 'unreadable'; message: string }

const STATUSES: Record<string, TrackingStatus> = {
  pre_transit: 'label-created',
  in_transit: 'in-transit',
  out_for_delivery: 'out-for-delivery',
  delivered: 'delivered',
  available_for_pickup: 'ready-for-pickup',
  return_to_sender: 'returned',
  failure: 'exception',
  error: 'exception',
  cancelled: 'cancelled',
}

/** An EasyPost tracker in our words; a status it may invent tomorrow reads `unknown`. */
export function readTracker(tracker: TrackerShape): TrackingState {
  const details = (tracker.tracking_details ?? [])
    .map((scan) => ({
      status: STATUSES[scan.status] ?? 'unknown',
      at: instant(scan.datetime),
      message: scan.message ?? '',
      city: scan.tracking_location?.city ?? null,
      region: scan.tracking_location?.state ?? null,
      country: scan.tracking_location?.country ?? null,
    }))
    .sort((one, other) => one.at.localeCompare(other.at))
  return {
    trackingNumber: tracker.tracking_code,
    carrier: tracker.carrier ?? null,
    status: STATUSES[tracker.status] ?? 'unknown',
    at: details.at(-1)?.at ?? instant(tracker.updated_at),
    estimatedDeliveryAt: tracker.est_delivery_date ? instant(tracker.est_delivery_date) : null,
    signedBy: tracker.signed_by ?? null,
    details,
  }
}

/**
 * Checks a carrier webhook and translates it. The signature covers no time, and the carrier
 * delivers late events for days, so replays are stopped by `providerEventId`, not by age.
 * @param rawBody the bytes as received.
 * @param header `x-hmac-signature`, `hmac-sha256-hex=<hex>`.
 */
export function verifyCarrierWebhook(
  rawBody: string | Uint8Array,
  header: string | undefined,
  secret: string,
): VerifiedCarrierEvent {
  const expected = carrierSignature(rawBody, secret)
  if (!header || !sameText(header, expected))
    return { verified: false, code: 'bad-signature', message: 'The signature does not match.' }
  const body = typeof rawBody === 'string' ? rawBody : new TextDecoder().decode(rawBody)
  const event = webhookShape.safeParse(tryParse(body))
  if (!event.success)
    return { verified: false, code: 'unreadable', message: 'Signed, but not an event.' }
  const { id, description, created_at, result } = event.data
  const tracker = trackerShape.safeParse(result)
  if (tracker.success && description.startsWith('tracker.')) {
    const state = readTracker(tracker.data)
    return { verified: true, event: { kind: 'tracking', providerEventId: id, ...state } }
  }
  // A tracker that we cannot read must be looked at, not filed away as some other event.
  if (description.startsWith('tracker.'))
    return { verified: false, code: 'unreadable', message: 'The tracker has an unknown shape.' }
  const other = { providerEventId: id, type: description, at: instant(created_at) }
  return { verified: true, event: { kind: 'other', ...other } }
}

function carrierSignature(body: string | Uint8Array, secret: string): string {
  // EasyPost signs with the compatibility-decomposed secret.
  const digest = createHmac('sha256', secret.normalize('NFKD')).update(body).digest('hex')
  return `hmac-sha256-hex=${digest}`
}

function sameText(one: string, other: string): boolean {
  const left = Buffer.from(one)
  const right = Buffer.from(other)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** An unreadable time keeps its text: a wrong clock at a carrier must not lose the scan. */
function instant(text: string): string {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? text : new Date(ms).toISOString()
}

function tryParse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
