import { divideRounded } from '../money.ts'
import type { ComingUnits } from './position.ts'
import { ONE } from './scaled.ts'

/** Somebody who sells the item; money in the company's currency. */
export interface SupplierOffer {
  supplierId: number
  supplier: string
  rank: number
  moq: bigint
  multiple: bigint
  leadDays: number
  leadVarianceE12: bigint
  /** How the days came about, for people. */
  leadSource: string
  /** Price breaks: `priceMinor` buys `pricePer` units from `minQty` on. */
  prices: readonly { minQty: bigint; priceMinor: bigint; pricePer: bigint }[]
}

/** A way from one site of the company to another, and what it costs. */
export interface Lane {
  fromSiteId: number
  fromSite: string
  toSiteId: number
  days: number
  fixedMinor: bigint
  perUnitMinor: bigint
}

export interface SupplyOption {
  kind: 'buy' | 'transfer'
  qty: bigint
  arrivesDay: number
  /** What it costs from here on: goods that are bought, or the way of goods that are ours. */
  costMinor: bigint
  supplierId: number | null
  fromSiteId: number | null
  /** Code of the supplier or the site. */
  source: string
  capped: boolean
  overCap: boolean
}

export interface Comparison {
  chosen: SupplyOption
  rule: string
  lost: { option: SupplyOption; because: string }[]
}

/**
 * Transfer or buy (INV-28): of the options that arrive before stock runs out, the cheapest; where
 * none does, the earliest. What costs the same is decided by the day, then by the order given.
 */
export function compareOptions(
  options: readonly SupplyOption[],
  { runsOut, transferFirst }: { runsOut: number | null; transferFirst: boolean },
): Comparison | null {
  const inTime = options.filter(({ arrivesDay }) => runsOut === null || arrivesDay <= runsOut)
  const asked = transferFirst ? options.filter(({ kind }) => kind === 'transfer') : []
  const field = asked.length > 0 ? asked : inTime.length > 0 ? inTime : options
  const byCost = asked.length > 0 || inTime.length > 0
  const [chosen] = [...field].sort((one, other) =>
    byCost
      ? compare(one.costMinor, other.costMinor) || one.arrivesDay - other.arrivesDay
      : one.arrivesDay - other.arrivesDay || compare(one.costMinor, other.costMinor),
  )
  if (!chosen) return null
  const rule =
    asked.length > 0
      ? 'somebody asked for a transfer'
      : byCost
        ? 'the cheapest that comes before stock runs out'
        : 'nothing comes before stock runs out: the earliest'
  const lost = options
    .filter((option) => option !== chosen)
    .map((option) => ({ option, because: reason(option, chosen, field) }))
  return { chosen, rule, lost }
}

function reason(
  option: SupplyOption,
  chosen: SupplyOption,
  field: readonly SupplyOption[],
): string {
  if (!field.includes(option))
    return option.kind === 'buy' && chosen.kind === 'transfer' && field.every(isTransfer)
      ? 'a transfer was asked for, or comes in time and this does not'
      : 'comes after stock has run out'
  const dearer = option.costMinor - chosen.costMinor
  const later = option.arrivesDay - chosen.arrivesDay
  if (dearer > 0n) return `costs ${dearer} minor units more`
  if (later > 0) return `comes ${later} days later`
  return 'is no better'
}

const isTransfer = ({ kind }: SupplyOption): boolean => kind === 'transfer'

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** What so many units cost at a supplier: the price of the highest break that they reach. */
export function priceOf(offer: Pick<SupplierOffer, 'prices'>, qty: bigint): bigint {
  const reached = offer.prices
    .filter(({ minQty }) => minQty <= qty)
    .sort((one, other) => compare(other.minQty, one.minQty))[0]
  const price = reached ?? offer.prices[0]
  return price ? divideRounded(price.priceMinor * qty, price.pricePer) : 0n
}

/**
 * The day on which the last free unit goes, at so many units a day; null when it never does.
 * What is overdue or not sent yet is not counted on.
 */
export function runsOutOn(
  free: bigint,
  coming: readonly ComingUnits[],
  { today, dailyE6 }: { today: number; dailyE6: bigint },
): number | null {
  if (dailyE6 <= 0n) return null
  let day = today
  let haveE6 = free * ONE
  const sure = coming
    .filter(({ kind, dueDay }) => kind !== 'draft' && dueDay >= today)
    .sort((one, other) => one.dueDay - other.dueDay)
  for (const { qty, dueDay } of sure) {
    const lasts = day + daysOf(haveE6, dailyE6)
    if (lasts < dueDay) return lasts
    haveE6 += qty * ONE - dailyE6 * BigInt(dueDay - day)
    day = dueDay
  }
  return day + daysOf(haveE6, dailyE6)
}

function daysOf(haveE6: bigint, dailyE6: bigint): number {
  const days = haveE6 <= 0n ? 0n : haveE6 / dailyE6
  // Beyond ten years the day means nothing, and must stay a date.
  return Number(days > 3650n ? 3650n : days)
}
