import { divideRounded } from '#domain/money'
import { RATE_ONE } from '#domain/ledger/fx'

interface Rate {
  from_currency: string
  to_currency: string
  rate_on: string
  kind: 'spot' | 'closing'
  rate_e9: bigint
  source: string
}

/** About what a euro and a pound were worth in dollars in a usual month of these years. */
const EURO = [1.087, 1.081, 1.086, 1.073, 1.081, 1.076, 1.085, 1.101, 1.111, 1.09, 1.063, 1.048]
const POUND = [1.271, 1.263, 1.271, 1.252, 1.263, 1.272, 1.286, 1.294, 1.322, 1.305, 1.275, 1.265]

/** The pound in the months of the UCI Online Retail file, December 2010 to December 2011. */
const POUND_2010 = [
  1.56, 1.578, 1.613, 1.616, 1.637, 1.634, 1.621, 1.614, 1.636, 1.579, 1.576, 1.581, 1.559,
]
const POUND_IN_EURO_2010 = [
  1.18, 1.181, 1.182, 1.154, 1.133, 1.14, 1.127, 1.129, 1.141, 1.147, 1.15, 1.166, 1.184,
]

/** Spot rates of the first of each month, last year's and this year's, and closing rates. */
export function demoRates(today: string): Rate[] {
  const year = Number(today.slice(0, 4))
  const months = [year - 1, year].flatMap((y) =>
    EURO.map((_, month) => ({ month, first: `${y}-${String(month + 1).padStart(2, '0')}-01` })),
  )
  const recent = months
    .filter(({ first }) => first <= today)
    .flatMap(({ month, first }) => [
      ...crossRates(first, EURO[month]!, POUND[month]!, 'spot'),
      ...crossRates(dayBefore(first), EURO[month]!, POUND[month]!, 'closing'),
    ])
  return [...recent, ...ratesOf2010()]
}

function crossRates(on: string, euro: number, pound: number, kind: Rate['kind']): Rate[] {
  return [
    ...bothWays('EUR', 'USD', on, kind, scaled(euro)),
    ...bothWays('GBP', 'USD', on, kind, scaled(pound)),
    ...bothWays('GBP', 'EUR', on, kind, scaled(pound / euro)),
  ]
}

function ratesOf2010(): Rate[] {
  return POUND_2010.flatMap((dollars, n) => {
    const on = new Date(Date.UTC(2010, 11 + n, 1)).toISOString().slice(0, 10)
    return [
      ...bothWays('GBP', 'USD', on, 'spot', scaled(dollars)),
      ...bothWays('GBP', 'EUR', on, 'spot', scaled(POUND_IN_EURO_2010[n]!)),
    ]
  })
}

function bothWays(from: string, to: string, on: string, kind: Rate['kind'], e9: bigint): Rate[] {
  const rate = { rate_on: on, kind, source: 'demo' }
  const inverse = divideRounded(RATE_ONE * RATE_ONE, e9)
  return [
    { from_currency: from, to_currency: to, rate_e9: e9, ...rate },
    { from_currency: to, to_currency: from, rate_e9: inverse, ...rate },
  ]
}

function scaled(rate: number): bigint {
  return BigInt(Math.round(rate * 1_000_000)) * 1000n
}

function dayBefore(date: string): string {
  return new Date(Date.parse(date) - 86_400_000).toISOString().slice(0, 10)
}
