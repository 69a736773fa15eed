import { addDays } from '../dates.ts'

/** What a value is counted in; values are thousandths of it. */
export type MetricUnit = 'percent' | 'hours' | 'days' | 'times' | 'per-order' | 'units'

export interface Metric {
  metric: string
  title: string
  /** What is divided by what, over which rows. */
  definition: string
  unit: MetricUnit
  better: 'higher' | 'lower'
  /** Thousandths of the unit. */
  targetMilli: bigint
  owner: string
  /** Where one acts on it in the console. */
  actOn: string
}

/** Counts changes of what a metric means; kept with each frozen week. */
export const SCORECARD_VERSION = 1

/** FAQ-6, RPT-23: operations and finance on one card, each with its owner and what to do about it. */
export const METRICS = [
  {
    metric: 'fill-rate',
    title: 'Fill rate',
    definition: 'Orders that never were short of stock ÷ orders taken in the week.',
    ...{ unit: 'percent', better: 'higher', targetMilli: 97_000n },
    ...{ owner: 'purchasing', actOn: '/exceptions?type=stock-short' },
  },
  ...percentiles({
    metric: 'release-time',
    title: 'Order taken to released',
    definition: 'Hours from the order to its release, of what left in the week.',
    ...{ unit: 'hours', better: 'lower', owner: 'oms-supervisor', actOn: '/orders' },
    ...{ p50: 1_000n, p90: 8_000n },
  }),
  ...percentiles({
    metric: 'ship-time',
    title: 'Released to shipped',
    definition: 'Hours from the release to the shipment, of what left in the week.',
    ...{ unit: 'hours', better: 'lower', owner: 'warehouse', actOn: '/orders' },
    ...{ p50: 8_000n, p90: 24_000n },
  }),
  ...percentiles({
    metric: 'cycle-time',
    title: 'Order taken to shipped',
    definition: 'Hours from the order to the shipment, of what left in the week.',
    ...{ unit: 'hours', better: 'lower', owner: 'oms-supervisor', actOn: '/orders' },
    ...{ p50: 12_000n, p90: 36_000n },
  }),
  {
    metric: 'backorder-age',
    title: 'Age of backorders',
    definition: 'Median days since the order, of orders that are backordered when it is taken.',
    ...{ unit: 'days', better: 'lower', targetMilli: 5_000n },
    ...{ owner: 'purchasing', actOn: '/buying' },
  },
  {
    metric: 'turnover',
    title: 'Stock turnover',
    definition: 'Cost of goods sold in 52 weeks ÷ inventory at the end of the week.',
    ...{ unit: 'times', better: 'higher', targetMilli: 6_000n },
    ...{ owner: 'purchasing', actOn: '/stock' },
  },
  {
    metric: 'gross-margin',
    title: 'Gross margin',
    definition:
      'Sales and shipping income less discounts, returns and cost of goods ÷ sales and shipping income less discounts and returns, as posted in the week.',
    ...{ unit: 'percent', better: 'higher', targetMilli: 35_000n },
    ...{ owner: 'finance', actOn: '/finance/bridge' },
  },
  ...percentiles({
    metric: 'lead-time',
    title: 'Lead time of suppliers',
    definition: 'Days from the purchase order to the receipt, of receipts of the week.',
    ...{ unit: 'days', better: 'lower', owner: 'purchasing', actOn: '/buying/suppliers' },
    ...{ p50: 14_000n, p90: 21_000n },
  }),
  {
    metric: 'touches',
    title: 'Touches per order',
    definition:
      'Order cases that people decided and changes that people made ÷ orders taken in the week.',
    ...{ unit: 'per-order', better: 'lower', targetMilli: 100n },
    ...{ owner: 'oms-supervisor', actOn: '/exceptions?state=resolved' },
  },
  ...percentiles({
    metric: 'resolution-time',
    title: 'Time to resolve a case',
    definition: 'Hours from opened to resolved, of cases resolved in the week.',
    ...{ unit: 'hours', better: 'lower', owner: 'oms-supervisor', actOn: '/exceptions' },
    ...{ p50: 4_000n, p90: 24_000n },
  }),
  {
    metric: 'close-duration',
    title: 'Days to close',
    definition: 'Days from the end of the period to its last lock, of closes ended in the week.',
    ...{ unit: 'days', better: 'lower', targetMilli: 3_000n },
    ...{ owner: 'finance', actOn: '/finance/close' },
  },
  {
    metric: 'inventory-accuracy',
    title: 'Inventory accuracy',
    definition: 'Places counted within tolerance ÷ places counted in the week.',
    ...{ unit: 'percent', better: 'higher', targetMilli: 98_000n },
    ...{ owner: 'warehouse', actOn: '/stock' },
  },
  {
    metric: 'picks-per-day',
    title: 'Units picked a day',
    definition: 'Units picked in waves ÷ days on which a picker picked.',
    ...{ unit: 'units', better: 'higher', targetMilli: 200_000n },
    ...{ owner: 'warehouse', actOn: '/orders' },
  },
] as const satisfies readonly Metric[]

export type MetricName = (typeof METRICS)[number]['metric']

/** Whether a value is as good as its target; null where nothing was measured. */
export function meetsTarget(
  { better, targetMilli }: Pick<Metric, 'better' | 'targetMilli'>,
  valueMilli: bigint | null,
): boolean | null {
  if (valueMilli === null) return null
  return better === 'higher' ? valueMilli >= targetMilli : valueMilli <= targetMilli
}

/** The Monday of the week that a day lies in. */
export function weekOf(day: string): string {
  const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7
  return addDays(day, -weekday)
}

function percentiles<Name extends string, Unit extends MetricUnit>({
  metric,
  title,
  p50,
  p90,
  ...rest
}: Omit<Metric, 'metric' | 'targetMilli' | 'unit'> & {
  metric: Name
  unit: Unit
  p50: bigint
  p90: bigint
}) {
  const part = <Part extends 'p50' | 'p90'>(name: Part, targetMilli: bigint) => ({
    ...rest,
    metric: `${metric}-${name}` as const,
    title: `${title} ${name.toUpperCase()}`,
    targetMilli,
  })
  return [part('p50', p50), part('p90', p90)] as const
}
