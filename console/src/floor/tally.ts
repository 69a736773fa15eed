/** What somebody counts off a truck or a pallet, item by item, until all of it is there. */
export interface Tallied {
  id: string
  sku: string
  /** Units that are good. */
  good: number
  damaged: number
  /** Should have come, and did not. */
  short: number
  note: string
  /** Nobody asked for it. */
  isExtra: boolean
}
export type Tally = readonly Tallied[]

export interface Expected {
  id: string
  sku: string
  /** Units that are still to come or to go. */
  units: number
}

/** Units of an item more: on the first line that lacks some, else on its last; else as an extra. */
export function tallied(
  tally: Tally,
  expected: readonly Expected[],
  sku: string,
  units: number,
): Tally {
  const lines = expected.filter((line) => line.sku === sku)
  const counted = (id: string) => {
    const row = tally.find((one) => one.id === id)
    return row ? row.good + row.damaged : 0
  }
  const line = lines.find(({ id, units: asked }) => counted(id) < asked) ?? lines.at(-1)
  const id = line?.id ?? `extra/${sku}`
  const row = tally.find((one) => one.id === id)
  if (!row) return [...tally, { ...EMPTY, id, sku, good: units, isExtra: line === undefined }]
  return tally.map((one) => (one.id === id ? { ...one, good: one.good + units } : one))
}

/** A line changed by hand; a line of nothing is taken off. */
export function changedBy(tally: Tally, row: Tallied): Tally {
  const isNothing = row.good + row.damaged + row.short === 0 && row.note === ''
  const others = tally.filter(({ id }) => id !== row.id)
  if (isNothing) return others
  return others.length === tally.length
    ? [...tally, row]
    : tally.map((one) => (one.id === row.id ? row : one))
}

/** INV-10: what differs from what was asked for has a word that says why. */
export function lacksNote(row: Tallied): boolean {
  return (row.damaged > 0 || row.short > 0 || row.isExtra) && row.note.trim().length < 3
}

export const EMPTY: Omit<Tallied, 'id' | 'sku'> = {
  ...{ good: 0, damaged: 0, short: 0, note: '', isExtra: false },
}
