import type { Reader } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { dateAt, timeAt } from '#domain/dates'
import { convertMinor, RATE_ONE } from '#domain/ledger/fx'
import type { CandidateNode, Units } from '#domain/orders/allocation'
import { openUnits } from '#domain/orders/phase'
import { chooseService, type ServiceChoice, type ServiceOffer } from '#domain/orders/service-choice'

export interface RoutedNode extends CandidateNode {
  timezone: string
  /** Days from today until goods can leave: 1 after the site's cut-off. */
  shipInDays: number
  /** Takes only so many fulfilment orders a day. */
  limited: boolean
  zone: string
  /** The carrier service for these units and what comes next; null where none reaches the address. */
  choose(units: readonly Units[]): ServiceChoice | null
  /** Items of this order that the site was short of or would not ship: others are asked first. */
  barred: readonly number[]
}

interface SiteRow {
  siteId: number
  code: string
  excluded: string | null
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
  currency: string
  /** From the service's currency into the entity's; null when no rate is loaded. */
  rateE9: bigint | null
}

/** Every site with the reason why it may not ship this order, or what shipping from it takes. */
export async function candidateNodes(reader: Reader, order: SalesOrder): Promise<RoutedNode[]> {
  const { sites, offers, weights, barred } = await readNodes(reader, order)
  const now = Date.now()
  return sites.map((site) => {
    const here = offers.filter((offer) => offer.siteId === site.siteId && offer.zone === site.zone)
    const shipInDays = timeAt(now, site.timezone) >= site.cutoff.slice(0, 5) ? 1 : 0
    const latest = daysLeft(latestDelivery(order), dateAt(now, site.timezone), shipInDays)
    const choose = chooser(here, weights, {
      functionalCurrency: order.functionalCurrency,
      latestTransitDays: latest,
      requested: order.requestedService,
    })
    return {
      siteId: site.siteId,
      code: site.code,
      timezone: site.timezone,
      excluded: exclusion(site, order, here),
      zone: site.zone ?? '',
      limited: site.limited,
      shipInDays,
      choose,
      quote: (units) => quoteOf(choose(units), site.zone ?? '', latest),
      barred: barred.filter((row) => row.siteId === site.siteId).map((row) => row.itemId),
    }
  })
}

/** The day by which goods must be there: as promised, or as late as somebody has accepted. */
export function latestDelivery(
  order: Pick<SalesOrder, 'deliverBy' | 'acceptedLateUntil'>,
): string | null {
  return order.deliverBy === null ? null : (order.acceptedLateUntil ?? order.deliverBy)
}

interface NodeRows {
  sites: SiteRow[]
  offers: OfferRow[]
  /** Grams of one unit of each item of the order. */
  weights: ReadonlyMap<number, bigint>
  barred: { siteId: number; itemId: number }[]
}

/** All in one statement, as every order asks for it; it travels as JSON, big integers as text. */
async function readNodes(reader: Reader, order: SalesOrder): Promise<NodeRows> {
  const [row] = await reader<[{ nodes: string }]>`
    SELECT jsonb_build_object(
      'sites', (SELECT coalesce(jsonb_agg(n ORDER BY n."siteId"), '[]') FROM (${sitesFor(reader, order)}) n),
      'offers', (SELECT coalesce(jsonb_agg(o ORDER BY o."siteId", o.id), '[]') FROM (${offersFor(reader, order)}) o),
      'weights', (SELECT coalesce(jsonb_agg(jsonb_build_array(w.id, w.grams)), '[]') FROM (${weightsFor(reader, order)}) w),
      'barred', (SELECT coalesce(jsonb_agg(b), '[]') FROM (${barredFor(reader, order.id)}) b))::text AS nodes`
  const { weights, ...rows } = JSON.parse(row.nodes, reviveOffer) as Omit<NodeRows, 'weights'> & {
    weights: [number, number][]
  }
  return { ...rows, weights: new Map(weights.map(([id, grams]) => [id, BigInt(grams)])) }
}

function reviveOffer(name: string, value: unknown): unknown {
  const big = name.endsWith('Minor') || name === 'rateE9'
  return big && typeof value === 'string' ? BigInt(value) : value
}

function sitesFor(reader: Reader, order: SalesOrder) {
  return reader`
    SELECT s.id AS "siteId", s.code, site_exclusion(s, ${order.entityId}, ${order.fulfilledBy === 'channel'}) AS excluded, s.timezone, s.cutoff_local::text AS cutoff, s.daily_capacity IS NOT NULL AS limited,
      (SELECT z.zone FROM shipping_zone z WHERE z.from_country = s.country AND z.to_country = ${order.shipCountry ?? ''}
        AND starts_with(${order.shipPostalCode ?? ''}, z.to_postal_prefix) ORDER BY length(z.to_postal_prefix) DESC LIMIT 1) AS zone
    FROM site s`
}

function offersFor(reader: Reader, order: SalesOrder) {
  return reader`
    SELECT s.id AS "siteId", v.id, v.carrier, v.service, v.to_zone AS zone, v.transit_days AS "transitDays", v.base_minor::text AS "baseMinor", v.per_kg_minor::text AS "perKgMinor", v.currency,
      (CASE WHEN v.currency = ${order.functionalCurrency} THEN ${RATE_ONE}::bigint ELSE (
        SELECT r.rate_e9 FROM fx_rate r WHERE r.from_currency = v.currency AND r.to_currency = ${order.functionalCurrency} AND r.kind = 'spot' AND r.rate_on <= current_date
        ORDER BY r.rate_on DESC, r.id DESC LIMIT 1) END)::text AS "rateE9"
    FROM site s JOIN carrier_service v ON v.from_country = s.country AND v.status = 'active'`
}

function weightsFor(reader: Reader, order: SalesOrder) {
  const open = order.lines.filter((line) => line.itemId !== null && openUnits(line) > 0)
  const itemIds = [...new Set(open.map((line) => line.itemId!))]
  // Asked for as JSON, whose length no plan is made for: an array would be planned anew each time.
  return reader`
    SELECT i.id, coalesce(i.weight_g, 0) AS grams FROM jsonb_array_elements_text(${JSON.stringify(itemIds)}::text::jsonb) AS w (id)
    CROSS JOIN LATERAL (SELECT id, weight_g FROM item WHERE item.id = w.id::int LIMIT 1) i`
}

/** Until goods come in there: what was short or refused may be there again then. */
function barredFor(reader: Reader, orderId: bigint) {
  return reader`
    SELECT DISTINCT x.site_id AS "siteId", x.item_id AS "itemId" FROM routing_exclusion x WHERE x.order_id = ${orderId}
      AND NOT EXISTS (SELECT FROM stock_movement m WHERE m.item_id = x.item_id AND m.to_site_id = x.site_id AND m.from_site_id IS NULL AND m.recorded_at > x.recorded_at)`
}

/** Prices are asked for many combinations of units of one weight, so each weight is priced once. */
function chooser(
  offers: readonly OfferRow[],
  weights: ReadonlyMap<number, bigint>,
  want: { functionalCurrency: string; latestTransitDays: number | null; requested: string | null },
): RoutedNode['choose'] {
  const priced = new Map<bigint, ServiceChoice | null>()
  return (units) => {
    const grams = units.reduce(
      (all, { itemId, qty }) => all + (weights.get(itemId) ?? 0n) * BigInt(qty),
      0n,
    )
    const known = priced.get(grams)
    if (known !== undefined) return known
    const choice = chooseService(
      offers.flatMap((offer) => offerAt(offer, grams, want.functionalCurrency)),
      want,
    )
    priced.set(grams, choice)
    return choice
  }
}

/** Freight is a cost of the entity, so a tariff in another currency is converted at the day's rate. */
function offerAt(offer: OfferRow, grams: bigint, functional: string): ServiceOffer[] {
  if (offer.rateE9 === null) return []
  const startedKg = (grams + 999n) / 1000n
  const freight = offer.baseMinor + offer.perKgMinor * startedKg
  return [
    {
      carrier: offer.carrier,
      service: offer.service,
      zone: offer.zone,
      transitDays: offer.transitDays,
      freightMinor: convertMinor(freight, offer.currency, functional, offer.rateE9),
    },
  ]
}

function quoteOf(choice: ServiceChoice | null, zone: string, latestTransitDays: number | null) {
  const transitDays = choice?.chosen.transitDays ?? 0
  return {
    freightMinor: choice?.chosen.freightMinor ?? 0n,
    transitDays,
    zone,
    inTime: latestTransitDays === null || transitDays <= latestTransitDays,
  }
}

function daysLeft(deliverBy: string | null, today: string, shipInDays: number): number | null {
  if (!deliverBy) return null
  return Math.round((Date.parse(deliverBy) - Date.parse(today)) / 86_400_000) - shipInDays
}

function exclusion(site: SiteRow, order: SalesOrder, offers: readonly OfferRow[]): string | null {
  if (site.excluded !== null) return site.excluded
  if (order.fulfilledBy !== 'merchant' || !order.shipCountry) return null
  if (offers.length === 0) return `no carrier service reaches ${order.shipCountry}`
  if (offers.every((offer) => offer.rateE9 === null))
    return `no exchange rate from ${[...new Set(offers.map((offer) => offer.currency))].join(', ')} for its carrier services (carrier_service.currency)`
  return null
}
