export interface FieldDifference {
  field: string
  before: string | undefined
  after: string | undefined
}

/** What two versions of something say differently, field by field, in the order of their names. */
export function differences(before: unknown, after: unknown): FieldDifference[] {
  const [old, now] = [flat(before), flat(after)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((field) => old.get(field) !== now.get(field))
    .sort()
    .map((field) => ({ field, before: old.get(field), after: now.get(field) }))
}

function flat(of: unknown, at = '', into = new Map<string, string>()): Map<string, string> {
  if (of === null || of === undefined) return into
  if (typeof of !== 'object') return into.set(at || '.', String(of))
  for (const [name, value] of Object.entries(of)) flat(value, at ? `${at}.${name}` : name, into)
  return into
}
