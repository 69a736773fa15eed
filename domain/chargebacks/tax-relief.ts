import type { TaxShare } from '../ledger/sales-terms.ts'

export interface EarnedTax {
  jurisdiction: string
  taxCode: string
  taxMinor: bigint
}

/**
 * The output tax within a loss, by jurisdiction, where the law lets a seller take it back (bad
 * debt relief; which jurisdictions do is the order policy's `chargebackTaxRelief`). The loss has
 * its proportion of the tax of what was earned, rounded down: never more than was paid.
 */
export function taxRelief(
  lossMinor: bigint,
  earned: { grossMinor: bigint; taxes: readonly EarnedTax[] },
  allowed: readonly string[],
): TaxShare[] {
  const { grossMinor, taxes } = earned
  if (grossMinor <= 0n) return []
  const part = lossMinor < grossMinor ? lossMinor : grossMinor
  return taxes
    .filter((tax) => allowed.includes(tax.jurisdiction))
    .map(({ jurisdiction, taxCode, taxMinor }) => ({
      jurisdiction,
      taxCode,
      amountMinor: (taxMinor * part) / grossMinor,
      collectedBy: 'seller' as const,
    }))
    .filter((tax) => tax.amountMinor > 0n)
}
