import { apportion } from '../apportion.ts'
import { sum } from '../money.ts'
import type { QuotedPart, Rate, RatedPart, TaxTreatment } from './calculate.ts'

interface Part {
  lineId: string
  amountMinor: bigint
  taxCategory: string
}

/** Whether shipping is taxed: by itself, never, or as the goods that it carries (R12). */
export type ShippingTax = 'taxed' | 'untaxed' | 'as-goods'

/**
 * The parts with the rates that fall on them. Shipping that is taxed as its goods is split over
 * them by value, so that each share has the goods' rate (a mixed parcel has a mixed tax).
 */
export function ratedParts(
  parts: readonly Part[],
  { shipping, treatment }: { shipping: ShippingTax; treatment?: TaxTreatment | undefined },
  ratesOf: (category: string) => readonly Rate[],
): RatedPart[] {
  const because = treatment ? { treatment } : {}
  const goods = parts.filter((part) => !isShipping(part))
  return parts.flatMap((part): RatedPart[] => {
    const { lineId, amountMinor } = part
    if (!isShipping(part))
      return [{ lineId, amountMinor, rates: ratesOf(part.taxCategory), ...because }]
    if (shipping === 'untaxed')
      return [{ lineId, amountMinor, rates: free(ratesOf('standard')), treatment: 'untaxed' }]
    if (shipping === 'taxed' || goods.length === 0)
      return [{ lineId, amountMinor, rates: ratesOf('standard'), ...because }]
    const weights = goods.map((one) => one.amountMinor)
    return apportion(amountMinor, weights).map((share, n) => ({
      ...{ lineId, amountMinor: share, rates: ratesOf(goods[n]!.taxCategory) },
      ...because,
    }))
  })
}

/** Shares of one part as one again. */
export function joined(quoted: readonly QuotedPart[]): QuotedPart[] {
  const lines = [...new Set(quoted.map((part) => part.lineId))]
  return lines.map((lineId) => {
    const mine = quoted.filter((part) => part.lineId === lineId)
    const jurisdictions = new Map<string, QuotedPart['jurisdictions'][number]>()
    for (const one of mine.flatMap((part) => part.jurisdictions)) {
      const key = `${one.jurisdiction}@${one.ratePpm}/${one.treatment ?? ''}`
      const taxMinor = (jurisdictions.get(key)?.taxMinor ?? 0n) + one.taxMinor
      jurisdictions.set(key, { ...one, taxMinor })
    }
    return {
      lineId,
      taxMinor: sum(mine.map((part) => part.taxMinor)),
      jurisdictions: [...jurisdictions.values()],
    }
  })
}

/** Nothing is charged on any part, for one reason. */
export function untaxedParts(
  parts: readonly Part[],
  jurisdiction: string,
  treatment: TaxTreatment,
): QuotedPart[] {
  return parts.map(({ lineId }) => ({
    lineId,
    taxMinor: 0n,
    jurisdictions: [{ jurisdiction, ratePpm: 0, taxMinor: 0n, treatment }],
  }))
}

function isShipping({ lineId }: Part): boolean {
  return lineId.startsWith('S')
}

function free(rates: readonly Rate[]): Rate[] {
  return rates.slice(0, 1).map(({ jurisdiction }) => ({ jurisdiction, ratePpm: 0 }))
}
