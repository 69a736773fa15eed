const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?$/i

/**
 * An instant as `YYYY-MM-DDTHH:MM:SS.mmmZ`, whatever zone the sender wrote it in: of fixed width,
 * so that the texts of two versions compare as the instants do.
 * @param zone what a text without zone is in; without it such a text is no instant.
 * @returns null when the text is not an ISO 8601 date and time that exists.
 */
export function utcInstant(text: string, zone?: 'utc'): string | null {
  const match = INSTANT.exec(text.trim())
  if (!match) return null
  const offset = match[3]?.toUpperCase() ?? (zone === 'utc' ? 'Z' : null)
  if (offset === null || !isCalendarDay(match[1]!)) return null
  const withColon = offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset
  const instant = new Date(`${match[1]}T${match[2]}${withColon}`)
  return Number.isNaN(instant.getTime()) ? null : fixedWidth(instant)
}

/** `Date` reads 31 February as 3 March. */
export function isCalendarDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

function fixedWidth(instant: Date): string | null {
  const text = instant.toISOString()
  return text.length === 24 ? text : null
}
