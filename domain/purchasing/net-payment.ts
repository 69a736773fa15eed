/** A bill of a payment run, as far as credits may be taken off it. */
export interface PayableOfRun {
  billId: bigint
  supplierId: number
  currency: string
  /** What would be paid of it. */
  payMinor: bigint
}

/** A credit note of a supplier with what is left of it; the oldest first. */
export interface OpenCredit {
  creditId: bigint
  supplierId: number
  currency: string
  leftMinor: bigint
}

export interface CreditTaken {
  billId: bigint
  creditId: bigint
  minor: bigint
}

/**
 * Takes credits off the bills of their own supplier and currency, each in the order given, until
 * either is used up: what is left of a bill goes to the bank, what is left of a credit stays open.
 */
export function takeCredits(
  bills: readonly PayableOfRun[],
  credits: readonly OpenCredit[],
): CreditTaken[] {
  const left = new Map(credits.map(({ creditId, leftMinor }) => [creditId, leftMinor]))
  const taken: CreditTaken[] = []
  for (const { billId, supplierId, currency, payMinor } of bills) {
    let open = payMinor
    for (const credit of credits) {
      if (credit.supplierId !== supplierId || credit.currency !== currency) continue
      const rest = left.get(credit.creditId)!
      const minor = rest < open ? rest : open
      if (minor <= 0n) continue
      open -= minor
      left.set(credit.creditId, rest - minor)
      taken.push({ billId, creditId: credit.creditId, minor })
    }
  }
  return taken
}
