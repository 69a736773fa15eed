import { ONE } from './scaled.ts'

/** Days are counted from 1970-01-01, so that a year of history is a loop over integers. */
export function dayNumber(date: string): number {
  const at = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(at)) throw new RangeError(`"${date}" is not a date of the form YYYY-MM-DD`)
  return at / 86_400_000
}

export function dateOfDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10)
}

/**
 * What demand on some days is like, and why (INV-26). `season`: every day times the factor, in the
 * past and to come. `promotion`: so for days to come; past ones say nothing of the usual. `one-off`:
 * past days that will not come again. `new-level`: what was before its first day does not count.
 */
export interface DemandEvent {
  id: string
  kind: 'season' | 'promotion' | 'one-off' | 'new-level'
  fromDay: number
  /** The last day of it; of a new level it does not matter. */
  toDay: number
  /** Of a season or a promotion: parts per million of the usual demand. */
  factorPpm: bigint
  /** Of a promotion: units a day on top. */
  unitsPerDay: bigint
}

export function covers(event: DemandEvent, day: number): boolean {
  return event.fromDay <= day && day <= event.toDay
}

/** How demand of that day relates to the usual, as all seasons over it have it; times 1e6. */
export function seasonE6(events: readonly DemandEvent[], day: number): bigint {
  let factor = ONE
  for (const event of events)
    if (event.kind === 'season' && covers(event, day)) factor = (factor * event.factorPpm) / ONE
  return factor > 0n ? factor : 1n
}

/**
 * Units expected from the day after `today` for so many days, times 1e6: the usual of each day
 * times its season, times its promotions, and what these add.
 */
export function forecastE6(
  usualE6: bigint,
  { today, days, events }: { today: number; days: number; events: readonly DemandEvent[] },
): bigint {
  const touching = events.filter(
    ({ kind, fromDay, toDay }) =>
      (kind === 'season' || kind === 'promotion') && fromDay <= today + days && toDay > today,
  )
  if (touching.length === 0) return usualE6 * BigInt(days)
  let total = 0n
  for (let day = today + 1; day <= today + days; day += 1) {
    let expected = (usualE6 * seasonE6(touching, day)) / ONE
    for (const event of touching)
      if (event.kind === 'promotion' && covers(event, day))
        expected = (expected * event.factorPpm) / ONE + event.unitsPerDay * ONE
    total += expected
  }
  return total
}
