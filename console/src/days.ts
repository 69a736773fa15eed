import { today } from './format.ts'

/** `2026-11` for the month that lies so many months from this one. */
export function month(by = 0): string {
  const [year, at] = today().split('-').map(Number) as [number, number]
  const months = year * 12 + at - 1 + by
  return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, '0')}`
}

/** Last day of a month such as `2026-02`. */
export function lastDayOf(of: string): string {
  const [year, at] = of.split('-').map(Number) as [number, number]
  return new Date(Date.UTC(year, at, 0)).toISOString().slice(0, 10)
}
