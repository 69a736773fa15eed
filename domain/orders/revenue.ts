import { addDays } from '../dates.ts'

/**
 * When what a line is paid for is earned. Goods when control passes, as they leave or arrive
 * (ASC 606-10-25-30, IFRS 15.38); a licence or a service when it is activated; a service that
 * stands ready over a term, such as a warranty sold separately, day by day (ASC 606-10-25-27(a)
 * and 55-31, IFRS 15.35(a) and B29).
 */
export type RevenueOn = 'shipped' | 'delivered' | 'activated' | 'over-term'

interface Sold {
  /** Frozen from the rule of its item, or of the item's class; null: the channel's policy. */
  revenueOn: RevenueOn | null
}

interface SoldUnder {
  policies: { order: { body: { revenueOn: 'shipped' | 'delivered' } } }
}

/** Item before class before channel, as it was when the line came to be. */
export function revenueOn(order: SoldUnder, line: Sold): RevenueOn {
  return line.revenueOn ?? order.policies.order.body.revenueOn
}

export function waitsForDelivery(order: SoldUnder, line: Sold): boolean {
  return revenueOn(order, line) === 'delivered'
}

/** Billed with the goods, and earned later than anything that happens to them. */
export function isDeferred({ revenueOn: on }: Sold): boolean {
  return on === 'activated' || on === 'over-term'
}

/**
 * What is earned of a term by the end of a day: its share of the term's days, rounded down, and all
 * of it from the last day on.
 * @param startsOn first day of the term. @param through the day, inclusive.
 */
export function earnedOfTerm(
  { minor, startsOn, termMonths }: { minor: bigint; startsOn: string; termMonths: number },
  through: string,
): bigint {
  const days = daysBetween(startsOn, afterMonths(startsOn, termMonths))
  const gone = daysBetween(startsOn, addDays(through, 1))
  if (gone <= 0n) return 0n
  return gone >= days ? minor : (minor * gone) / days
}

/** The same day so many months later; the month's last where it has no such day. */
function afterMonths(date: string, months: number): string {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const last = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate()
  const at = Date.UTC(year, month - 1 + months, Math.min(day, last))
  return new Date(at).toISOString().slice(0, 10)
}

function daysBetween(from: string, to: string): bigint {
  return BigInt(Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000))
}
