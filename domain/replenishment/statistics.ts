import { divideRounded } from '../money.ts'
import { covers, seasonE6, type DemandEvent } from './calendar.ts'
import { integerRoot, ONE } from './scaled.ts'

/** Units that left a site for customers on one day; days without are not listed. */
export interface DayDemand {
  day: number
  qty: bigint
}

/** Demand of a usual day. Days that an event explains are not among them. */
export interface DemandStatistics {
  days: number
  /** Units of these days; seasonal ones as they would have been in a usual season, rounded. */
  units: bigint
  meanE6: bigint
  /** Sample variance (n − 1) of a day. */
  varianceE12: bigint
  deviationE6: bigint
}

const TOO_FEW = 2

/**
 * Mean and standard deviation of a day over `[fromDay, toDay]`. Promotions and one-offs are left
 * out, seasons are divided out, and nothing before the newest level counts. Days without demand
 * are days of zero. Two or more days are needed to know how demand varies.
 */
export function demandStatistics(
  history: readonly DayDemand[],
  window: { fromDay: number; toDay: number; events: readonly DemandEvent[] },
): DemandStatistics {
  const { toDay, events } = window
  const fromDay = beginOf(window)
  const odd = events.filter(({ kind }) => kind === 'promotion' || kind === 'one-off')
  const seasons = events.filter(({ kind }) => kind === 'season')
  let days = Math.max(0, toDay - fromDay + 1)
  if (odd.length > 0)
    for (let day = fromDay; day <= toDay; day += 1)
      if (odd.some((event) => covers(event, day))) days -= 1
  let sumE6 = 0n
  let squaresE12 = 0n
  for (const { day, qty } of history) {
    if (day < fromDay || day > toDay || odd.some((event) => covers(event, day))) continue
    const usualE6 = seasons.length === 0 ? qty * ONE : (qty * ONE * ONE) / seasonE6(seasons, day)
    sumE6 += usualE6
    squaresE12 += usualE6 * usualE6
  }
  return statisticsOf(days, sumE6, squaresE12)
}

/** Of n values by their sum (times 1e6) and the sum of their squares (times 1e12). */
function statisticsOf(days: number, sumE6: bigint, squaresE12: bigint): DemandStatistics {
  const n = BigInt(days)
  const units = divideRounded(sumE6, ONE)
  if (days === 0) return { days, units, meanE6: 0n, varianceE12: 0n, deviationE6: 0n }
  const varianceE12 =
    days < TOO_FEW ? 0n : divideRounded(n * squaresE12 - sumE6 * sumE6, n * (n - 1n))
  const meanE6 = divideRounded(sumE6, n)
  return { days, units, meanE6, varianceE12, deviationE6: integerRoot(varianceE12) }
}

function beginOf({
  fromDay,
  toDay,
  events,
}: {
  fromDay: number
  toDay: number
  events: readonly DemandEvent[]
}): number {
  return events
    .filter((event) => event.kind === 'new-level' && event.fromDay <= toDay)
    .reduce((begin, event) => Math.max(begin, event.fromDay), fromDay)
}

/** How long deliveries took, in days. */
export interface LeadTimes {
  deliveries: number
  /** Sum of the days of all deliveries, and of their squares. */
  days: bigint
  squares: bigint
}

/** Mean and variance of lead times; one delivery says nothing of how they vary. */
export function leadTimeStatistics({ deliveries, days, squares }: LeadTimes): {
  meanE6: bigint
  varianceE12: bigint
} {
  const { meanE6, varianceE12 } = statisticsOf(deliveries, days * ONE, squares * ONE * ONE)
  return { meanE6, varianceE12 }
}
