import type { Reader } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { dateAt, timeAt } from '#domain/dates'
import type { CandidateNode } from '#domain/orders/allocation'
import { openUnits } from '#domain/orders/phase'
import { chooseService, type ServiceChoice, type ServiceOffer } from '#domain/orders/service-choice'

export interface RoutedNode extends CandidateNode {
  timezone: string
  /** Days from today until goods can leave: 1 after the site's cut-off. */
  shipInDays: number
  /** Takes only so many fulfilment orders a day. */
  limited: boolean
  service: ServiceChoice | null
}

interface SiteRow {
  siteId: number
  code: string
  entityId: number
  kind: string
  status: string
  timezone: string
  cutoff: string
  limited: boolean
  zone: string | null
}

interface OfferRow {
  siteId: number
  carrier: string
  service: string
  zone: string
  transitDays: number
  baseMinor: bigint
  perKgMinor: bigint
}

/** Every site with the reason why it may not ship this order, or the service by which it would. */
export async function candidateNodes(
  reader: Reader,
  order: SalesOrder,
  without: readonly number[],
): Promise<RoutedNode[]> {
  const [sites, offers, weightG] = await Promise.all([
    reader<SiteRow[]>`
      SELECT s.id AS "siteId", s.code, s.entity_id AS "entityId", s.kind, s.status, s.timezone, s.cutoff_local::text AS cutoff, s.daily_capacity IS NOT NULL AS limited,
        (SELECT z.zone FROM shipping_zone z WHERE z.from_country = s.country AND z.to_country = ${order.shipCountry ?? ''}
          AND starts_with(${order.shipPostalCode ?? ''}, z.to_postal_prefix) ORDER BY length(z.to_postal_prefix) DESC LIMIT 1) AS zone
      FROM site s ORDER BY s.id`,
    reader<OfferRow[]>`
      SELECT s.id AS "siteId", v.carrier, v.service, v.to_zone AS zone, v.transit_days AS "transitDays", v.base_minor AS "baseMinor", v.per_kg_minor AS "perKgMinor"
      FROM site s JOIN carrier_service v ON v.from_country = s.country AND v.status = 'active' ORDER BY s.id, v.id`,
    weightOf(reader, order),
  ])
  const now = Date.now()
  return sites.map((site) => {
    const reachable = offers
      .filter((offer) => offer.siteId === site.siteId && offer.zone === site.zone)
      .map((offer): ServiceOffer => ({
        carrier: offer.carrier,
        service: offer.service,
        zone: offer.zone,
        transitDays: offer.transitDays,
        freightMinor: freight(offer, weightG),
      }))
    const shipInDays = timeAt(now, site.timezone) >= site.cutoff.slice(0, 5) ? 1 : 0
    const service = chooseService(reachable, {
      latestTransitDays: daysLeft(order.deliverBy, dateAt(now, site.timezone), shipInDays),
      requested: order.requestedService,
    })
    return {
      siteId: site.siteId,
      code: site.code,
      timezone: site.timezone,
      excluded: exclusion(site, order, without, service !== null),
      freightMinor: service?.chosen.freightMinor ?? 0n,
      transitDays: service?.chosen.transitDays ?? 0,
      zone: site.zone ?? '',
      limited: site.limited,
      shipInDays,
      service,
    }
  })
}

async function weightOf(reader: Reader, order: SalesOrder): Promise<bigint> {
  const open = order.lines.filter((line) => line.itemId !== null && openUnits(line) > 0)
  const [row] = await reader<{ weight: bigint | null }[]>`
    SELECT sum(coalesce(i.weight_g, 0)::bigint * w.qty)::bigint AS weight FROM item i
    JOIN unnest(${open.map((line) => line.itemId!)}::int[], ${open.map(openUnits)}::int[]) AS w (item_id, qty) ON w.item_id = i.id`
  return row?.weight ?? 0n
}

function freight(offer: OfferRow, weightG: bigint): bigint {
  const startedKg = (weightG + 999n) / 1000n
  return offer.baseMinor + offer.perKgMinor * startedKg
}

function daysLeft(deliverBy: string | null, today: string, shipInDays: number): number | null {
  if (!deliverBy) return null
  return Math.round((Date.parse(deliverBy) - Date.parse(today)) / 86_400_000) - shipInDays
}

function exclusion(
  site: SiteRow,
  order: SalesOrder,
  without: readonly number[],
  reachable: boolean,
): string | null {
  if (site.entityId !== order.entityId) return 'belongs to another entity'
  if (site.status !== 'active') return `is ${site.status}`
  if ((site.kind === 'fba') !== (order.fulfilledBy === 'channel'))
    return site.kind === 'fba'
      ? 'holds stock of the channel fulfilment'
      : 'the channel fulfils this order'
  if (without.includes(site.siteId)) return 'ruled out by a decision'
  if (order.fulfilledBy === 'merchant' && order.shipCountry && !reachable)
    return `no carrier service reaches ${order.shipCountry}`
  return null
}
