export interface LotRules {
  moq: bigint
  multiple: bigint
  /** Units above which nothing may lie there: days of cover, shelf life; null: no limit. */
  cap: bigint | null
}

export interface LotSize {
  qty: bigint
  /** The cap took units off. */
  capped: boolean
  /** The least that can be bought is more than the cap allows. */
  overCap: boolean
}

/**
 * What is ordered for a need: raised to the minimum, rounded up to whole packs, then capped, but
 * never below the minimum: where the cap is lower a person decides. Nothing for no need.
 */
export function lotSize(need: bigint, { moq, multiple, cap }: LotRules): LotSize {
  if (need <= 0n) return { qty: 0n, capped: false, overCap: false }
  const least = roundUp(moq, multiple)
  const wanted = roundUp(need > moq ? need : moq, multiple)
  if (cap === null || wanted <= cap) return { qty: wanted, capped: false, overCap: false }
  const allowed = cap > 0n ? cap - (cap % multiple) : 0n
  if (allowed < least) return { qty: least, capped: wanted > least, overCap: true }
  return { qty: allowed, capped: true, overCap: false }
}

function roundUp(units: bigint, multiple: bigint): bigint {
  return ((units + multiple - 1n) / multiple) * multiple
}

/** The lower of some limits; null when there is none. */
export function lowest(...limits: (bigint | null)[]): bigint | null {
  return limits.reduce(
    (least, limit) => (limit !== null && (least === null || limit < least) ? limit : least),
    null,
  )
}
