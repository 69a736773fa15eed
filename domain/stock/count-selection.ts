import type { CountPolicy } from './policies.ts'

/** One place of one item, with what says whether it should be counted. */
export interface CountCandidate {
  itemId: number
  sku: string
  bin: string
  lot: string
  units: bigint
  /** Class by value at the site: the first 80 % are A, the next 15 % B, the rest C. */
  abc: 'A' | 'B' | 'C'
  /** Days since anybody counted it; null: never. */
  daysSince: number | null
  /** Units that somebody looked for and did not find. */
  missing: bigint
  /** Differences that were posted here lately. */
  differences: number
}

export interface Chosen extends CountCandidate {
  score: number
  /** Why, in words, the heaviest first. */
  reasons: string[]
}

type Due = Pick<CountPolicy, 'daysA' | 'daysB' | 'daysC'>

/** INV-13, INV-44: what is most likely to be wrong, or matters most, is counted first. */
export function chooseForCount(
  candidates: readonly CountCandidate[],
  due: Due,
  limit: number,
): Chosen[] {
  return candidates
    .map((candidate) => scored(candidate, due))
    .filter((candidate) => candidate.score > 0)
    .sort((one, other) => other.score - one.score || compareText(keyOf(one), keyOf(other)))
    .slice(0, limit)
}

function scored(candidate: CountCandidate, due: Due): Chosen {
  const { abc, daysSince, missing, units, differences } = candidate
  const dueDays = { A: due.daysA, B: due.daysB, C: due.daysC }[abc]
  const points: [number, string][] = []
  if (missing > 0n)
    points.push([100, `${missing} units were not found when they were to be picked`])
  if (differences > 0) points.push([20 * differences, `${differences} differences lately`])
  if (units === 0n) points.push([30, 'the books say that it is empty, which is quickly checked'])
  if (daysSince === null) points.push([25, 'never counted'])
  else if (daysSince > dueDays)
    points.push([
      Math.min(60, Math.floor((20 * daysSince) / dueDays)),
      `not counted for ${daysSince} days; class ${abc} is due after ${dueDays}`,
    ])
  // Its class alone is no reason to count it, only to count it before others.
  if (points.length > 0) points.push([{ A: 15, B: 5, C: 0 }[abc], `class ${abc}`])
  points.sort(([one], [other]) => other - one)
  return {
    ...candidate,
    score: points.reduce((sum, [n]) => sum + n, 0),
    reasons: points.map(([, reason]) => reason),
  }
}

function keyOf({ sku, bin, lot }: CountCandidate): string {
  return `${bin}\u0000${sku}\u0000${lot}`
}

function compareText(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
