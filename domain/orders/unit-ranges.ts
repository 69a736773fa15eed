/** Units of an order line by their numbers: `unitFrom` and the `qty - 1` after it. */
export interface UnitRange {
  unitFrom: number
  qty: number
}

/** What is left of some units when others are gone, in the order of their numbers. */
export function withoutUnits(units: UnitRange, gone: readonly UnitRange[]): UnitRange[] {
  const end = units.unitFrom + units.qty
  const left: UnitRange[] = []
  let from = units.unitFrom
  for (const taken of [...gone].sort((a, b) => a.unitFrom - b.unitFrom)) {
    if (taken.unitFrom >= end) break
    if (taken.unitFrom > from) left.push({ unitFrom: from, qty: taken.unitFrom - from })
    from = Math.max(from, taken.unitFrom + taken.qty)
  }
  if (from < end) left.push({ unitFrom: from, qty: end - from })
  return left
}
