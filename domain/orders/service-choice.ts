/** A carrier service that serves a destination zone; freight in the entity's minor units. */
export interface ServiceOffer {
  carrier: string
  service: string
  zone: string
  transitDays: number
  freightMinor: bigint
}

export interface ServiceChoice {
  chosen: ServiceOffer
  nextBest: ServiceOffer | null
  reason: string
}

/**
 * The cheapest service that keeps the promise; if none does, the fastest. A service that the
 * customer paid for is never exchanged for a slower one.
 */
export function chooseService(
  offers: readonly ServiceOffer[],
  want: { latestTransitDays: number | null; requested: string | null },
): ServiceChoice | null {
  const asked = want.requested?.toLowerCase() ?? null
  const named = asked
    ? offers.filter(
        (offer) =>
          `${offer.carrier} ${offer.service}`.toLowerCase().includes(asked) ||
          offer.service.toLowerCase() === asked,
      )
    : []
  const allowed = named.length > 0 ? named : [...offers]
  const byCost = [...allowed].sort(cheaper)
  const inTime = byCost.filter(
    (offer) => want.latestTransitDays === null || offer.transitDays <= want.latestTransitDays,
  )
  const ranked =
    inTime.length > 0
      ? inTime
      : [...allowed].sort((a, b) => a.transitDays - b.transitDays || cheaper(a, b))
  const [chosen, nextBest] = ranked
  if (!chosen) return null
  const reason =
    named.length > 0
      ? 'the service that was asked for'
      : inTime.length > 0
        ? 'cheapest that keeps the promise'
        : 'none keeps the promise: the fastest'
  return { chosen, nextBest: nextBest ?? null, reason }
}

function cheaper(a: ServiceOffer, b: ServiceOffer): number {
  return a.freightMinor < b.freightMinor
    ? -1
    : a.freightMinor > b.freightMinor
      ? 1
      : a.transitDays - b.transitDays || (a.service < b.service ? -1 : 1)
}
