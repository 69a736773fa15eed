import { apportion } from '../apportion.ts'
import { divideRounded, sum } from '../money.ts'
import type { QuotedPart } from '../tax/calculate.ts'
import type { AddressDocument, OrderDocument, TaxDocument } from './document.ts'
import { discountOf, pricedLines } from './freeze.ts'
import type { OrderPolicy } from './policies.ts'

/** What tax is asked for: a line of the document after its discounts, or one of its shipping charges. */
export interface TaxablePart {
  /** `L0` is the document's first line, `S0` its first shipping charge. */
  lineId: string
  quantity: number
  /** In the document's tax basis: see `pricesIncludeTax`. */
  amountMinor: bigint
}

/** Whether the seller collects this order's tax and the document leaves it to us what that is. */
export function asksForTax(document: OrderDocument, policy: Pick<OrderPolicy, 'taxBy'>): boolean {
  if (policy.taxBy !== 'engine' || document.taxCollectedBy !== 'seller') return false
  if (document.payment.state === 'marketplace' || document.cancelled) return false
  const charged = [...document.lines, ...document.shipping]
  return charged.every((part) => part.taxes.length === 0)
}

/** Every part of the document that a tax may fall on; a gift card is taxed when it is spent (R16). */
export function taxableParts(document: OrderDocument): TaxablePart[] {
  const lines = pricedLines(document).flatMap((line, n) => {
    const amountMinor = line.goodsMinor - discountOf(line)
    if (line.source.giftCard || amountMinor <= 0n) return []
    return [{ lineId: `L${n}`, quantity: line.qty, amountMinor }]
  })
  const shipping = document.shipping.flatMap((charge, n) => {
    const off = sum(charge.discounts.map((discount) => BigInt(discount.amountMinor)))
    const amountMinor = BigInt(charge.amountMinor) - off
    return amountMinor > 0n ? [{ lineId: `S${n}`, quantity: 1, amountMinor }] : []
  })
  return [...lines, ...shipping]
}

/**
 * The document as if it had stated this tax itself. Each part's tax is split over its
 * jurisdictions by largest remainder; where prices are net the total grows by it.
 */
export function withTax(document: OrderDocument, quoted: readonly QuotedPart[]): OrderDocument {
  const taxesOf = (lineId: string): TaxDocument[] => {
    const part = quoted.find((one) => one.lineId === lineId)
    return part ? shares(part) : []
  }
  const onTop = document.pricesIncludeTax ? 0n : sum(quoted.map((part) => part.taxMinor))
  return {
    ...document,
    lines: document.lines.map((line, n) => ({ ...line, taxes: taxesOf(`L${n}`) })),
    shipping: document.shipping.map((charge, n) => ({ ...charge, taxes: taxesOf(`S${n}`) })),
    total: { ...document.total, minor: (BigInt(document.total.minor) + onTop).toString() },
  }
}

/** What is free for a reason stands there with nothing, so that returns can say why (R11, R12). */
function shares({ taxMinor, jurisdictions }: QuotedPart): TaxDocument[] {
  if (taxMinor === 0n && jurisdictions.every((one) => one.treatment === undefined)) return []
  const amounts = apportion(
    taxMinor,
    jurisdictions.map((one) => one.taxMinor),
  )
  return jurisdictions.map(({ jurisdiction, ratePpm, treatment }, n) => ({
    jurisdiction,
    ratePpm,
    amountMinor: amounts[n]!.toString(),
    collectedBy: 'seller',
    ...(treatment ? { treatment } : {}),
  }))
}

/** A rate that is known here: of a jurisdiction, for a category of goods. */
export interface KnownRate {
  jurisdiction: string
  ratePpm: number
}

/**
 * Tax by a known rate, half up away from zero; of an inclusive price it is what the price holds,
 * never net first (ledger.md R6, R9).
 */
export function taxAtRate(
  part: TaxablePart,
  { jurisdiction, ratePpm }: KnownRate,
  pricesIncludeTax: boolean,
): QuotedPart {
  const one = 1_000_000n
  const rate = BigInt(ratePpm)
  const taxMinor = divideRounded(part.amountMinor * rate, pricesIncludeTax ? one + rate : one)
  return {
    lineId: part.lineId,
    taxMinor,
    jurisdictions: taxMinor === 0n ? [] : [{ jurisdiction, ratePpm, taxMinor }],
  }
}

/** Where a rate may be known for, the nearest first: `US-NY`, then `US`. */
export function ratedPlaces(to: Pick<AddressDocument, 'country' | 'region'>): string[] {
  if (!to.country) return []
  return to.region ? [`${to.country}-${to.region}`, to.country] : [to.country]
}

/**
 * The engine's jurisdiction as our books name it. Sales tax is kept by state and, below it, by
 * county, city or district (`US-CA`, `US-CA/LOS ANGELES`); elsewhere by country.
 */
export function jurisdictionOf(
  to: Pick<AddressDocument, 'country' | 'region'>,
  { name, kind }: { name: string; kind: string },
): string {
  const country = to.country ?? 'unknown'
  if (kind === 'Country') return country
  const state = to.region ? `${country}-${to.region}` : country
  return kind === 'State' || kind === 'Province' ? state : `${state}/${name}`
}
