/** What is known about how well the books agree with the shelf, of one item at one site. */
export interface CountFacts {
  /** ISO instant; null: never. */
  lastCountedAt: string | null
  /** Units by which the books were wrong at the last count. */
  lastDifference: bigint
  lastExpected: bigint
  /** Units that somebody looked for since and did not find. */
  missing: bigint
}

export interface StockConfidence {
  lastCountedAt: string | null
  /** 0 to 100. */
  score: number
  /** What took points off. */
  reasons: string[]
}

const DAY_MS = 86_400_000

/**
 * INV-44: visible is not accurate. Points go for a count that is old or never was, for a count
 * that found the books wrong by more than one in fifty, and for units that a picker did not find.
 */
export function stockConfidence(facts: CountFacts, now: string): StockConfidence {
  const { lastCountedAt, lastDifference, lastExpected, missing } = facts
  const taken: [number, string][] = []
  if (lastCountedAt === null) taken.push([30, 'never counted'])
  else {
    const days = Math.floor((Date.parse(now) - Date.parse(lastCountedAt)) / DAY_MS)
    if (days > 365) taken.push([30, `not counted for ${days} days`])
    else if (days > 90) taken.push([15, `not counted for ${days} days`])
    const off = lastDifference < 0n ? -lastDifference : lastDifference
    if (off * 50n > lastExpected) taken.push([20, `the last count was ${off} off ${lastExpected}`])
  }
  if (missing > 0n) taken.push([40, `${missing} units were not found`])
  return {
    lastCountedAt,
    score: 100 - taken.reduce((points, [off]) => points + off, 0),
    reasons: taken.map(([, reason]) => reason),
  }
}

/**
 * INV-44: units that no channel is told of because the books may be wrong: one in twenty below a
 * score of 70, one in ten below 40, rounded up. Stock that merely was never counted scores 70.
 */
export function cautionUnits(score: number, onHand: bigint): bigint {
  if (score >= 70 || onHand <= 0n) return 0n
  const oneIn = score < 40 ? 10n : 20n
  return (onHand + oneIn - 1n) / oneIn
}
