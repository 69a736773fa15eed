import { ONE } from './scaled.ts'
import { seasonE6, covers, type DemandEvent } from './calendar.ts'
import type { DayDemand } from './statistics.ts'

export interface Spike {
  /** Units of the last seven days, as they would be in a usual season; and of the median week before. */
  week: bigint
  usualWeek: bigint
  /** Modified z-score, times 1e6. */
  scoreE6: bigint
  /** How far above the usual, in per cent; null where the usual is nothing. */
  percentOver: bigint | null
}

const WEEKS_NEEDED = 4
/** 0.6745 is the 0.75 quantile of the normal distribution, and 1.253314 is √(π/2). */
const QUANTILE_E4 = 6745n
const ROOT_HALF_PI_E6 = 1_253_314n

/**
 * Whether the last seven days stand out (INV-25): the modified z-score 0.6745·(x − median) ÷ MAD of
 * Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993, over whole weeks; by the mean
 * absolute deviation (1.2533) where more than half of the weeks are alike. Seasons are divided out;
 * a week that a promotion touches is no surprise.
 */
export function spikeOf(
  history: readonly DayDemand[],
  window: { fromDay: number; toDay: number; events: readonly DemandEvent[] },
  { scoreE6: least, units: leastUnits }: { scoreE6: bigint; units: bigint },
): Spike | null {
  const { toDay, events } = window
  if (
    events.some(
      (event) => event.kind !== 'season' && event.toDay > toDay - 7 && event.fromDay <= toDay,
    )
  )
    return null
  const weeks = weeksOf(history, window)
  if (weeks.length < WEEKS_NEEDED + 1) return null
  const [week, ...before] = weeks as [bigint, ...bigint[]]
  const usualWeek = medianOf(before)
  const over = week - usualWeek
  if (over < leastUnits || over <= 0n) return null
  const scoreE6 = scoreOf(over, before, usualWeek)
  if (scoreE6 < least) return null
  return {
    week,
    usualWeek,
    scoreE6,
    percentOver: usualWeek > 0n ? (over * 100n) / usualWeek : null,
  }
}

/** Units of whole weeks, the last one first. */
function weeksOf(
  history: readonly DayDemand[],
  { fromDay, toDay, events }: { fromDay: number; toDay: number; events: readonly DemandEvent[] },
): bigint[] {
  const count = Math.floor((toDay - fromDay + 1) / 7)
  const weeks = Array.from({ length: count }, () => 0n)
  const odd = events.filter(({ kind }) => kind === 'promotion' || kind === 'one-off')
  for (const { day, qty } of history) {
    const nth = Math.floor((toDay - day) / 7)
    if (day > toDay || nth >= count || odd.some((event) => covers(event, day))) continue
    weeks[nth]! += events.length === 0 ? qty : (qty * ONE) / seasonE6(events, day)
  }
  return weeks
}

function scoreOf(over: bigint, before: readonly bigint[], median: bigint): bigint {
  const deviations = before.map((week) => (week > median ? week - median : median - week))
  const mad = medianOf(deviations)
  if (mad > 0n) return (over * QUANTILE_E4 * ONE) / (mad * 10_000n)
  const total = deviations.reduce((sum, one) => sum + one, 0n)
  const count = BigInt(before.length)
  // Weeks that are all alike: the least deviation that can be told is a unit in one of them.
  return (over * ONE * ONE * count) / ((total > 0n ? total : 1n) * ROOT_HALF_PI_E6)
}

function medianOf(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0))
  const half = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[half]!
  return ((sorted[half - 1] ?? 0n) + (sorted[half] ?? 0n)) / 2n
}
