/** A return as text: `2026-03`, `2026-Q1` or `2026`. */
export const RETURN_PERIOD = /^\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$/

export function firstDayOf(period: string): string {
  return `${months(period)[0]}-01`
}

export function lastDayOf(period: string): string {
  const last = months(period)[1]!
  const [year, month] = last.split('-').map(Number)
  return new Date(Date.UTC(year!, month!, 0)).toISOString().slice(0, 10)
}

/**
 * Whether an OSS return may still correct a sale of that period: for three years from the day on
 * which its own return was due, the end of the month after it (VAT directive 369g; R14). Later
 * corrections go to the member state itself.
 */
export function correctableInOss(period: string, returned: string): boolean {
  const [year, month] = months(period)[1]!.split('-').map(Number)
  const until = new Date(Date.UTC(year! + 3, month! + 1, 0)).toISOString().slice(0, 10)
  return lastDayOf(returned) <= until
}

/** First and last month. */
function months(period: string): [string, string] {
  const [year, part] = period.split('-')
  if (part === undefined) return [`${year}-01`, `${year}-12`]
  if (!part.startsWith('Q')) return [period, period]
  const first = (Number(part.slice(1)) - 1) * 3 + 1
  const text = (month: number) => `${year}-${String(month).padStart(2, '0')}`
  return [text(first), text(first + 2)]
}
