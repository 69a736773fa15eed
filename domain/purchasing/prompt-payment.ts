import { apportion } from '../apportion.ts'
import { addDays } from '../dates.ts'
import { divideRounded } from '../money.ts'

export interface PaymentTerms {
  termsDays: number
  /** Taken off when the bill is paid within `discountDays`. */
  discountPpm: number
  discountDays: number
}

/** When a bill of this date is due, and until when its discount may be taken; null without one. */
export function dueDates(
  billedOn: string,
  { termsDays, discountPpm, discountDays }: PaymentTerms,
): { dueOn: string; discountUntil: string | null } {
  return {
    dueOn: addDays(billedOn, termsDays),
    discountUntil: discountPpm > 0 ? addDays(billedOn, discountDays) : null,
  }
}

export interface PromptPayment {
  /** What goes to the supplier. */
  payMinor: bigint
  /** Of the net and of each tax, in their order. */
  netDiscountMinor: bigint
  taxDiscountMinor: bigint[]
}

/**
 * What a bill costs when it is paid on a day: within the discount's days net and taxes are less
 * by the rate (row 22: 2% of 1,030.00 and of its VAT 206.00 are 20.60 and 4.12).
 * The discount is on the whole bill, but never more than what is left to pay.
 */
export function promptPayment(
  bill: {
    netMinor: bigint
    taxMinor: readonly bigint[]
    discountPpm: number
    discountUntil: string | null
    /** Prepayments have paid so much of it. */
    prepaidMinor?: bigint
  },
  paidOn: string,
): PromptPayment {
  const inTime = bill.discountUntil !== null && paidOn <= bill.discountUntil
  const ppm = inTime ? BigInt(bill.discountPpm) : 0n
  const tax = bill.taxMinor.reduce((all, minor) => all + minor, 0n)
  const netDiscountMinor = divideRounded(bill.netMinor * ppm, 1_000_000n)
  const taxDiscount = divideRounded(tax * ppm, 1_000_000n)
  const leftMinor = bill.netMinor + tax - (bill.prepaidMinor ?? 0n)
  const payMinor = leftMinor - netDiscountMinor - taxDiscount
  if (payMinor <= 0n)
    return {
      payMinor: leftMinor,
      netDiscountMinor: 0n,
      taxDiscountMinor: bill.taxMinor.map(() => 0n),
    }
  return {
    payMinor,
    netDiscountMinor,
    taxDiscountMinor: apportion(taxDiscount, bill.taxMinor),
  }
}
