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
  const named = offers.filter((offer) => isNamed(offer, want.requested))
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

/** Whether this is the service that the customer asked for, in the channel's words. */
export function isNamed(
  { carrier, service }: { carrier: string; service: string },
  requested: string | null,
): boolean {
  const asked = requested?.toLowerCase()
  if (!asked) return false
  return `${carrier} ${service}`.toLowerCase().includes(asked) || service.toLowerCase() === asked
}

/** What a carrier offers for one parcel now, in minor units of its account; it may not say how long it takes. */
export interface OfferedRate {
  rateId: string
  carrier: string
  service: string
  costMinor: bigint
  deliveryDays: number | null
}

export interface RateWish {
  /** Named by a person or by the customer: bought where it is offered, whatever it costs. */
  asked: { carrier: string | null; service: string } | null
  /** The services that are set up for the site and zone; empty: any. Others only for the promise's sake. */
  allowed: readonly { carrier: string; service: string; transitDays: number }[]
  /** Services that have been tried or ruled out. */
  without: readonly string[]
  /** Days that may pass until the parcel is there; null: nobody was promised a day. */
  latestTransitDays: number | null
}

export interface RateChoice {
  chosen: OfferedRate
  reason: string
  /** What was not bought and why, the next best first. */
  others: (OfferedRate & { reason: string })[]
}

/**
 * FUL-20: the service that somebody asked for, where the carrier offers it; else the cheapest of
 * those set up that keeps the promise, else the cheapest of any that does, else the fastest.
 */
export function chooseRate(rates: readonly OfferedRate[], want: RateWish): RateChoice | null {
  const offered = rates.map((rate) => ({ ...rate, deliveryDays: daysOf(rate, want.allowed) }))
  const open = offered.filter((rate) => !want.without.includes(rate.service)).sort(better(want))
  const asked = want.asked && open.find((rate) => isSame(rate, want.asked!))
  const chosen = asked ?? open[0]
  if (!chosen) return null
  const others = [...open, ...offered.filter((rate) => !open.includes(rate))]
    .filter((rate) => rate !== chosen)
    .map((rate) => ({ ...rate, reason: whyNot(rate, want) }))
  return {
    chosen,
    reason: asked ? 'the service that was asked for' : whyThis(chosen, want),
    others,
  }
}

/** In time before late; among those in time what is set up, then the cheaper; of the late the faster. */
function better(want: RateWish) {
  const days = (rate: OfferedRate) => rate.deliveryDays ?? Number.MAX_SAFE_INTEGER
  const cost = (a: OfferedRate, b: OfferedRate) =>
    a.costMinor < b.costMinor ? -1 : a.costMinor > b.costMinor ? 1 : 0
  const first = (a: boolean, b: boolean) => Number(b) - Number(a)
  return (a: OfferedRate, b: OfferedRate): number => {
    const inTime = keeps(a, want)
    if (inTime !== keeps(b, want)) return first(inTime, !inTime)
    if (!inTime) return days(a) - days(b) || cost(a, b)
    return first(isSetUp(a, want), isSetUp(b, want)) || cost(a, b) || days(a) - days(b)
  }
}

function whyThis(chosen: OfferedRate, want: RateWish): string {
  const how = !keeps(chosen, want)
    ? 'none keeps the promise: the fastest'
    : isSetUp(chosen, want)
      ? 'cheapest that keeps the promise'
      : 'none that is set up keeps the promise: the cheapest that does'
  return want.asked ? `${want.asked.service} is not offered: ${how}` : how
}

function whyNot(rate: OfferedRate, want: RateWish): string {
  if (want.without.includes(rate.service)) return 'ruled out'
  if (!keeps(rate, want)) {
    const takes =
      rate.deliveryDays === null
        ? 'nobody says how long it takes,'
        : `takes ${rate.deliveryDays} days,`
    return `${takes} ${want.latestTransitDays} left`
  }
  if (!isSetUp(rate, want)) return 'not set up for this site'
  return want.asked ? 'another one was asked for' : 'dearer'
}

function isSetUp(rate: OfferedRate, { allowed }: RateWish): boolean {
  return allowed.length === 0 || allowed.some((service) => isSame(rate, service))
}

function keeps({ deliveryDays }: OfferedRate, { latestTransitDays }: RateWish): boolean {
  if (latestTransitDays === null) return true
  return deliveryDays !== null && deliveryDays <= latestTransitDays
}

/** As the carrier says, else as the service was set up. */
function daysOf(rate: OfferedRate, allowed: RateWish['allowed']): number | null {
  return rate.deliveryDays ?? allowed.find((service) => isSame(rate, service))?.transitDays ?? null
}

function isSame(
  rate: OfferedRate,
  { carrier, service }: { carrier: string | null; service: string },
): boolean {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
  return same(rate.service, service) && (carrier === null || same(rate.carrier, carrier))
}
