import { divideRounded, sum } from '../money.ts'

/**
 * One line that a supplier was to deliver, of a purchase order here or of one before go-live.
 * Days are `YYYY-MM-DD`, quantities whole base units, money minor units of `currency`; null is
 * what nobody knows.
 */
export interface SupplyLine {
  /**
   * settled: nothing more is expected; open: more is expected; cancelled: called off before
   * anything came; untold: a file was written before it ended, and nothing says how it did.
   */
  state: 'settled' | 'open' | 'cancelled' | 'untold'
  orderedOn: string | null
  promisedOn: string | null
  /** The day of its last goods. */
  receivedOn: string | null
  qtyOrdered: bigint
  qtyReceived: bigint | null
  qtyRejected: bigint | null
  currency: string
  /** The ordered quantity at the price that the supplier asks or had quoted. */
  agreedMinor: bigint | null
  /** The same quantity as it was charged or ordered. */
  paidMinor: bigint | null
  overPpm: number
  underPpm: number
}

/** The sets of lines that figures count, each of which can be listed. */
export const FIGURES = [
  'lines',
  'promised-lead-time',
  'promised-lead-time-excluded',
  'actual-lead-time',
  'actual-lead-time-excluded',
  'on-time',
  'late',
  'on-time-excluded',
  'in-full',
  'over',
  'short',
  'in-full-excluded',
  'on-time-in-full',
  'not-on-time-in-full',
  'on-time-in-full-excluded',
  'inspected',
  'defective',
  'defects-excluded',
  'price-higher',
  'price-equal',
  'price-lower',
  'price-excluded',
] as const
export type Figure = (typeof FIGURES)[number]

const MILLION = 1_000_000n

/**
 * The figures in which a line counts, as of a day. Each kind of figure takes every line exactly
 * once, as one of its outcomes or as excluded:
 *
 * - promised lead time: the promised day less the day of the order; without either, or promised
 *   for a day before the order, excluded.
 * - actual lead time: the day of the last goods less the day of the order; likewise, and while
 *   more is expected.
 * - on time: the last goods came on the promised day or before. Late: after it, or the day has
 *   passed and goods are still expected. Without a promise or a day of receipt: excluded.
 * - in full: what came, rejected units included, lies within the tolerances around what was
 *   ordered; over and short lie outside. Only of settled lines whose received quantity is known.
 * - on time in full: both; excluded where either is not known, also when the other one failed, as
 *   otherwise what is half known would only ever count against the supplier.
 * - defects: rejected units of received ones; excluded while nobody has judged them.
 * - price: charged against asked, for the ordered quantity; excluded where nothing was asked.
 */
export function figuresOf(line: SupplyLine, asOf: string): Figure[] {
  const time = timeliness(line, asOf)
  const fill = fulness(line)
  return [
    'lines',
    promisedLeadDays(line) === null ? 'promised-lead-time-excluded' : 'promised-lead-time',
    actualLeadDays(line) === null ? 'actual-lead-time-excluded' : 'actual-lead-time',
    time,
    fill,
    both(time, fill),
    ...defects(line),
    price(line),
  ]
}

function timeliness(line: SupplyLine, asOf: string): 'on-time' | 'late' | 'on-time-excluded' {
  const { state, promisedOn, receivedOn } = line
  if (promisedOn === null) return 'on-time-excluded'
  if (state === 'open') return promisedOn < asOf ? 'late' : 'on-time-excluded'
  if (state !== 'settled' || receivedOn === null) return 'on-time-excluded'
  return receivedOn <= promisedOn ? 'on-time' : 'late'
}

function fulness(line: SupplyLine): 'in-full' | 'over' | 'short' | 'in-full-excluded' {
  const { state, qtyOrdered, qtyReceived, overPpm, underPpm } = line
  if (state !== 'settled' || qtyReceived === null) return 'in-full-excluded'
  const received = qtyReceived * MILLION
  if (received < qtyOrdered * (MILLION - BigInt(underPpm))) return 'short'
  return received > qtyOrdered * (MILLION + BigInt(overPpm)) ? 'over' : 'in-full'
}

function both(
  time: ReturnType<typeof timeliness>,
  fill: ReturnType<typeof fulness>,
): 'on-time-in-full' | 'not-on-time-in-full' | 'on-time-in-full-excluded' {
  if (time === 'on-time-excluded' || fill === 'in-full-excluded') return 'on-time-in-full-excluded'
  return time === 'on-time' && fill === 'in-full' ? 'on-time-in-full' : 'not-on-time-in-full'
}

function defects({ qtyReceived, qtyRejected }: SupplyLine): Figure[] {
  if (qtyReceived === null || qtyRejected === null || qtyReceived === 0n)
    return ['defects-excluded']
  return qtyRejected > 0n ? ['inspected', 'defective'] : ['inspected']
}

function price({ state, agreedMinor, paidMinor }: SupplyLine): Figure {
  if (state === 'cancelled' || agreedMinor === null || paidMinor === null) return 'price-excluded'
  if (paidMinor === agreedMinor) return 'price-equal'
  return paidMinor > agreedMinor ? 'price-higher' : 'price-lower'
}

function promisedLeadDays({ state, orderedOn, promisedOn }: SupplyLine): number | null {
  return state === 'cancelled' ? null : daysBetween(orderedOn, promisedOn)
}

function actualLeadDays({ state, orderedOn, receivedOn }: SupplyLine): number | null {
  return state === 'settled' ? daysBetween(orderedOn, receivedOn) : null
}

/** Null for an end before its beginning: one of the two days is wrong, and nobody knows which. */
function daysBetween(from: string | null, to: string | null): number | null {
  if (from === null || to === null || to < from) return null
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000
}

/** Days, by the nearest-rank method: the smallest day that so many percent of lines do not exceed. */
export interface LeadTime {
  p50: number | null
  p90: number | null
}

/** Money is never one sum over currencies. */
export interface PriceVariance {
  currency: string
  agreedMinor: bigint
  /** What was charged beyond it; below zero: less. */
  varianceMinor: bigint
  /** Of what was asked, half away from zero; null where nothing was asked. */
  variancePpm: number | null
}

export interface Scorecard {
  /** How many lines are in each figure, and can be listed by it. */
  counts: Record<Figure, number>
  promisedLeadTime: LeadTime
  actualLeadTime: LeadTime
  /** Rates in millionths of the lines that are measured; null where none is. */
  onTimePpm: number | null
  inFullPpm: number | null
  onTimeInFullPpm: number | null
  receivedQty: bigint
  rejectedQty: bigint
  /** Rejected of received units of the lines that somebody has judged. */
  defectPpm: number | null
  priceVariance: PriceVariance[]
}

/** Adds lines up one by one, so that a supplier of a million lines needs no memory for them. */
export class ScorecardSum {
  private readonly asOf: string
  private readonly counts = Object.fromEntries(FIGURES.map((figure) => [figure, 0])) as Record<
    Figure,
    number
  >
  private readonly promised = new Map<number, number>()
  private readonly actual = new Map<number, number>()
  private received = 0n
  private rejected = 0n
  private readonly prices = new Map<string, { agreed: bigint; paid: bigint }>()

  constructor(asOf: string) {
    this.asOf = asOf
  }

  add(line: SupplyLine): void {
    const figures = figuresOf(line, this.asOf)
    for (const figure of figures) this.counts[figure] += 1
    count(this.promised, promisedLeadDays(line))
    count(this.actual, actualLeadDays(line))
    if (figures.includes('inspected')) {
      this.received += line.qtyReceived!
      this.rejected += line.qtyRejected!
    }
    if (figures.includes('price-excluded')) return
    const { agreed, paid } = this.prices.get(line.currency) ?? { agreed: 0n, paid: 0n }
    this.prices.set(line.currency, {
      agreed: agreed + line.agreedMinor!,
      paid: paid + line.paidMinor!,
    })
  }

  get scorecard(): Scorecard {
    const { counts } = this
    return {
      counts: { ...counts },
      promisedLeadTime: percentiles(this.promised),
      actualLeadTime: percentiles(this.actual),
      onTimePpm: rate(counts['on-time'], counts.late),
      inFullPpm: rate(counts['in-full'], counts.over + counts.short),
      onTimeInFullPpm: rate(counts['on-time-in-full'], counts['not-on-time-in-full']),
      receivedQty: this.received,
      rejectedQty: this.rejected,
      defectPpm: ppm(this.rejected, this.received),
      priceVariance: [...this.prices].sort().map(([currency, { agreed, paid }]) => ({
        currency,
        agreedMinor: agreed,
        varianceMinor: paid - agreed,
        variancePpm: ppm(paid - agreed, agreed),
      })),
    }
  }
}

function count(days: Map<number, number>, day: number | null): void {
  if (day !== null) days.set(day, (days.get(day) ?? 0) + 1)
}

function percentiles(days: ReadonlyMap<number, number>): LeadTime {
  const sorted = [...days].sort(([a], [b]) => a - b)
  const total = sum(sorted.map(([, lines]) => BigInt(lines)))
  const nearest = (percent: bigint): number | null => {
    let seen = 0n
    for (const [day, lines] of sorted) {
      seen += BigInt(lines)
      if (seen * 100n >= percent * total) return day
    }
    return null
  }
  return { p50: nearest(50n), p90: nearest(90n) }
}

function rate(yes: number, no: number): number | null {
  return ppm(BigInt(yes), BigInt(yes + no))
}

function ppm(part: bigint, whole: bigint): number | null {
  return whole === 0n ? null : Number(divideRounded(part * MILLION, whole))
}
