import { isDay } from './delimited-rows.ts'

export type DayOrder = 'dmy' | 'mdy'

const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/
const COMPACT = /^(\d{4})(\d{2})(\d{2})(?!\d{1,5}$)/
const YEAR_LAST = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)/
const NAMED = /^(?:(\d{1,2})[ -]([A-Za-z]{3,9})|([A-Za-z]{3,9})\.? (\d{1,2})),?[ -](\d{4})(?!\d)/
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

/**
 * Whether `03/04/2026` is 3 April in this file: a part above 12 tells it, else the reading by
 * which all days lie closer together; `fallback` where both readings are as good.
 */
export function dayOrder(days: Iterable<string>, fallback: DayOrder): DayOrder {
  const first = new Map<string, [number, number]>()
  for (const day of days) {
    const match = YEAR_LAST.exec(day.trim())
    if (match && match[2] !== '.') first.set(match[0], [Number(match[1]), Number(match[3])])
  }
  const parts = [...first.values()]
  if (parts.some(([a]) => a > 12)) return 'dmy'
  if (parts.some(([, b]) => b > 12)) return 'mdy'
  const [dmy, mdy] = [spanOf(first.keys(), 'dmy'), spanOf(first.keys(), 'mdy')]
  if (dmy === mdy) return fallback
  return dmy < mdy ? 'dmy' : 'mdy'
}

/**
 * The ISO day that a text begins with, as the sender's own clock has it; null where there is none.
 * Takes year first, day or month first by `order` (dots always have the day first), 20260131, and
 * English month names.
 */
export function dayOf(written: string, order: DayOrder = 'dmy'): string | null {
  const text = written.trim()
  const ahead = YEAR_FIRST.exec(text)
  if (ahead) return iso(ahead[1]!, ahead[3]!, ahead[4]!)
  const last = YEAR_LAST.exec(text)
  if (last) {
    const year = last[4]!.length === 2 ? `20${last[4]}` : last[4]!
    const dayFirst = order === 'dmy' || last[2] === '.'
    return dayFirst ? iso(year, last[3]!, last[1]!) : iso(year, last[1]!, last[3]!)
  }
  const named = NAMED.exec(text)
  if (named) {
    const month = MONTHS.indexOf((named[2] ?? named[3])!.slice(0, 3).toLowerCase()) + 1
    return iso(named[5]!, String(month), (named[1] ?? named[4])!)
  }
  const compact = COMPACT.exec(text)
  return compact ? iso(compact[1]!, compact[2]!, compact[3]!) : null
}

function iso(year: string, month: string, day: string): string | null {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  return isDay(text) ? text : null
}

function spanOf(days: Iterable<string>, order: DayOrder): number {
  let [from, to] = [Infinity, -Infinity]
  for (const day of days) {
    const at = Date.parse(`${dayOf(day, order)}T00:00:00Z`)
    from = Math.min(from, at)
    to = Math.max(to, at)
  }
  return to - from
}
