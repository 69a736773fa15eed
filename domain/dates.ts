/** Business dates are `YYYY-MM-DD` texts; these functions never ask what day it is. */

/** @throws RangeError when `date` is not a calendar date. */
export function addDays(date: string, days: number): string {
  const at = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(at)) throw new RangeError(`"${date}" is not a date of the form YYYY-MM-DD`)
  return new Date(at + days * 86_400_000).toISOString().slice(0, 10)
}

/** Making a formatter costs far more than using one, and places are few. */
const dateFormats = new Map<string, Intl.DateTimeFormat>()
const timeFormats = new Map<string, Intl.DateTimeFormat>()

function kept(
  formats: Map<string, Intl.DateTimeFormat>,
  timezone: string,
  make: () => Intl.DateTimeFormat,
): Intl.DateTimeFormat {
  const format = formats.get(timezone) ?? make()
  formats.set(timezone, format)
  return format
}

/** The calendar date of an instant at a place, e.g. `Europe/Berlin`. */
export function dateAt(instant: string | number, timezone: string): string {
  const make = () =>
    new Intl.DateTimeFormat('en-CA', {
      timeZone: timezone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    })
  return kept(dateFormats, timezone, make).format(new Date(instant))
}

/** The wall-clock time `HH:MM` of an instant at a place. */
export function timeAt(instant: string | number, timezone: string): string {
  const make = () =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  return kept(timeFormats, timezone, make).format(new Date(instant))
}
