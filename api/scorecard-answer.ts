import { z } from 'zod'
import type { Figure, Scorecard } from '#domain/purchasing/scorecard'

const text = z.string()
const ppm = z
  .int()
  .nullable()
  .describe('Millionths of what was measured; null where nothing could be.')
const days = z.int().nullable()
const drill = z
  .object({ count: z.int(), href: text })
  .describe('How many lines, and where exactly these lines are listed.')
const leadTime = z.object({ p50Days: days, p90Days: days, measured: drill, excluded: drill })

/** Each figure with the lines behind it; docs/purchasing says what each means. */
export const scorecardAnswer = z.object({
  lines: drill,
  promisedLeadTime: leadTime,
  actualLeadTime: leadTime,
  onTime: z.object({ ppm, onTime: drill, late: drill, excluded: drill }),
  inFull: z.object({ ppm, inFull: drill, over: drill, short: drill, excluded: drill }),
  onTimeInFull: z.object({ ppm, onTimeInFull: drill, not: drill, excluded: drill }),
  defects: z.object({
    ppm,
    receivedQty: text,
    rejectedQty: text,
    inspected: drill,
    defective: drill,
    excluded: drill,
  }),
  price: z.object({
    variance: z.array(
      z.object({
        currency: text,
        agreedMinor: text.describe('What the lines would have cost as asked or quoted.'),
        varianceMinor: text.describe('Charged beyond it; below zero: less.'),
        ppm,
      }),
    ),
    higher: drill,
    equal: drill,
    lower: drill,
    excluded: drill,
  }),
})

/** `narrowed` are the query fields that narrow the lines, so that the list is of the same ones. */
export function toScorecardAnswer(
  supplier: string,
  scorecard: Scorecard,
  narrowed: Readonly<Record<string, string | undefined>>,
): z.output<typeof scorecardAnswer> {
  const drillTo = drillsOf(supplier, scorecard, narrowed)
  const leadTimeOf = (kind: 'promised' | 'actual') => {
    const { p50, p90 } = kind === 'promised' ? scorecard.promisedLeadTime : scorecard.actualLeadTime
    const measured = drillTo(`${kind}-lead-time`)
    return { p50Days: p50, p90Days: p90, measured, excluded: drillTo(`${kind}-lead-time-excluded`) }
  }
  return {
    lines: drillTo('lines'),
    promisedLeadTime: leadTimeOf('promised'),
    actualLeadTime: leadTimeOf('actual'),
    onTime: {
      ppm: scorecard.onTimePpm,
      onTime: drillTo('on-time'),
      late: drillTo('late'),
      excluded: drillTo('on-time-excluded'),
    },
    inFull: {
      ppm: scorecard.inFullPpm,
      inFull: drillTo('in-full'),
      over: drillTo('over'),
      short: drillTo('short'),
      excluded: drillTo('in-full-excluded'),
    },
    onTimeInFull: {
      ppm: scorecard.onTimeInFullPpm,
      onTimeInFull: drillTo('on-time-in-full'),
      not: drillTo('not-on-time-in-full'),
      excluded: drillTo('on-time-in-full-excluded'),
    },
    defects: {
      ppm: scorecard.defectPpm,
      receivedQty: `${scorecard.receivedQty}`,
      rejectedQty: `${scorecard.rejectedQty}`,
      inspected: drillTo('inspected'),
      defective: drillTo('defective'),
      excluded: drillTo('defects-excluded'),
    },
    price: {
      variance: scorecard.priceVariance.map((one) => ({
        currency: one.currency,
        agreedMinor: `${one.agreedMinor}`,
        varianceMinor: `${one.varianceMinor}`,
        ppm: one.variancePpm,
      })),
      higher: drillTo('price-higher'),
      equal: drillTo('price-equal'),
      lower: drillTo('price-lower'),
      excluded: drillTo('price-excluded'),
    },
  }
}

function drillsOf(
  supplier: string,
  { counts }: Scorecard,
  narrowed: Readonly<Record<string, string | undefined>>,
) {
  const said = Object.entries(narrowed).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  )
  return (figure: Figure) => {
    const query = new URLSearchParams([['figure', figure], ...said])
    return { count: counts[figure], href: `/v1/suppliers/${supplier}/scorecard/lines?${query}` }
  }
}
