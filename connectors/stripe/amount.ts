import { minorExponent } from '#domain/money'

/** Stripe keeps two decimals for these two for old times' sake, and none for the ariary. */
const STRIPE_EXPONENTS: Record<string, number> = { ISK: 2, UGX: 2, MGA: 0 }

/** Stripe takes at most eight digits in an amount. */
const LARGEST = 99_999_999n

export type StripeAmount = { fits: true; amount: number } | { fits: false; message: string }

/**
 * ISO minor units → Stripe's integer amount. They differ for a few currencies, and Stripe
 * takes three-decimal currencies in steps of ten only.
 */
export function toStripeAmount(minor: bigint, currency: string): StripeAmount {
  const amount = shiftToStripe(minor, currency)
  if (amount === null)
    return { fits: false, message: `${currency} amounts this fine cannot be charged` }
  if (minorExponent(currency) === 3 && amount % 10n !== 0n)
    return { fits: false, message: `${currency} amounts must end in 0 in the third decimal` }
  if (amount > LARGEST)
    return { fits: false, message: `${amount} is above the provider's limit of ${LARGEST}` }
  return { fits: true, amount: Number(amount) }
}

/** Stripe's integer amount → ISO minor units of the upper-case currency. */
export function fromStripeAmount(amount: number, currency: string): bigint {
  const steps = minorExponent(currency) - stripeExponent(currency)
  return steps >= 0 ? BigInt(amount) * 10n ** BigInt(steps) : BigInt(amount) / 10n ** BigInt(-steps)
}

function shiftToStripe(minor: bigint, currency: string): bigint | null {
  const steps = stripeExponent(currency) - minorExponent(currency)
  if (steps >= 0) return minor * 10n ** BigInt(steps)
  const divisor = 10n ** BigInt(-steps)
  return minor % divisor === 0n ? minor / divisor : null
}

function stripeExponent(currency: string): number {
  return STRIPE_EXPONENTS[currency] ?? minorExponent(currency)
}
