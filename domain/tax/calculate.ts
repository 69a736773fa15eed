import { apportion } from '../apportion.ts'
import { divideRounded, sum } from '../money.ts'

/** Why a tax line is what it is, where it is not the jurisdiction's own tax on an ordinary sale. */
export type TaxTreatment =
  /** Declared in one return for the whole Union, by state and rate (R14). */
  | 'oss'
  /** Declared by the importer's one-stop shop (R15). */
  | 'ioss'
  | 'exempt'
  /** A business abroad accounts for it (VAT directive 138, 196). */
  | 'reverse-charge'
  | 'export'
  /** The buyer, or whoever imports for the buyer, pays it at the border. */
  | 'import'
  /** The company has no duty to collect in this jurisdiction (R11: own nexus). */
  | 'not-registered'
  | 'untaxed'

export interface Rate {
  jurisdiction: string
  ratePpm: number
}

/** The tax of one part, jurisdiction by jurisdiction. */
export interface QuotedPart {
  lineId: string
  taxMinor: bigint
  jurisdictions: readonly (Rate & { taxMinor: bigint; treatment?: TaxTreatment })[]
}

/** How a jurisdiction rounds (R6–R8); stated in its profile. */
export interface TaxRounding {
  /** What is rounded: each line, or all lines of a document that a rate falls on. */
  basis: 'line' | 'document'
  /** `down` only where the law of the country allows it (C-484/06 Ahold). */
  rounding: 'half-up' | 'down'
  /** Each rate of a stack by itself, or their sum, split back by largest remainder (SSUTA §324). */
  stack: 'separate' | 'summed'
}

export interface RatedPart {
  lineId: string
  /** With tax where prices include it; minor units. */
  amountMinor: bigint
  /** State first, then county, city and districts; none: nothing is taxed. */
  rates: readonly Rate[]
  treatment?: TaxTreatment
}

const ONE = 1_000_000n

/**
 * The tax of a document's parts at their rates. Of an inclusive price it is what the price holds:
 * gross × r / (1 + r), never net first (R9). On document basis the rounded tax of all lines of a
 * rate is split over them by largest remainder, so that lines sum to the document (R6).
 */
export function calculateTax(
  parts: readonly RatedPart[],
  by: TaxRounding,
  pricesIncludeTax: boolean,
): QuotedPart[] {
  const shares = parts.flatMap((part, n) => taxedShares(part, n, by, pricesIncludeTax))
  const rounded = by.basis === 'line' ? shares.map((share) => round([share], by)) : null
  const taxes = rounded ? rounded.map((tax) => tax[0]!) : byDocument(shares, by)
  return parts.map(({ lineId, rates, treatment }, n) => {
    const mine = shares.flatMap((share, at) => (share.part === n ? [{ share, at }] : []))
    const amounts = new Map<string, bigint>()
    for (const { share, at } of mine) {
      const weights = share.rates.map((rate) => BigInt(rate.ratePpm))
      apportion(taxes[at]!, weights).forEach((taxMinor, i) => {
        amounts.set(share.rates[i]!.jurisdiction, taxMinor)
      })
    }
    return {
      lineId,
      taxMinor: sum(amounts.values()),
      jurisdictions: rates.map((rate) => ({
        ...rate,
        taxMinor: amounts.get(rate.jurisdiction) ?? 0n,
        ...(treatment ? { treatment } : {}),
      })),
    }
  })
}

/** A part and the rates that are rounded together on it. */
interface Share {
  part: number
  rates: readonly Rate[]
  numerator: bigint
  denominator: bigint
}

function taxedShares(
  { amountMinor, rates }: RatedPart,
  part: number,
  { stack }: TaxRounding,
  pricesIncludeTax: boolean,
): Share[] {
  const whole = BigInt(rates.reduce((all, rate) => all + rate.ratePpm, 0))
  if (whole === 0n) return []
  const denominator = pricesIncludeTax ? ONE + whole : ONE
  // What an inclusive price holds is one amount: its parts must sum to it.
  const together = stack === 'summed' || pricesIncludeTax ? [rates] : rates.map((rate) => [rate])
  return together.map((of) => ({
    part,
    rates: of,
    numerator: amountMinor * BigInt(of.reduce((all, rate) => all + rate.ratePpm, 0)),
    denominator,
  }))
}

function byDocument(shares: readonly Share[], by: TaxRounding): bigint[] {
  const taxes = shares.map(() => 0n)
  const groups = new Map<string, number[]>()
  shares.forEach((share, at) => {
    const key = JSON.stringify(share.rates)
    groups.set(key, [...(groups.get(key) ?? []), at])
  })
  for (const group of groups.values())
    round(
      group.map((at) => shares[at]!),
      by,
    ).forEach((tax, i) => (taxes[group[i]!] = tax))
  return taxes
}

/** Shares of one rate as one rounded sum, split back over them. */
function round(shares: readonly Share[], { rounding }: TaxRounding): bigint[] {
  const numerators = shares.map((share) => share.numerator)
  const { denominator } = shares[0]!
  const whole = sum(numerators)
  const tax = rounding === 'down' ? whole / denominator : divideRounded(whole, denominator)
  return apportion(tax, numerators)
}
