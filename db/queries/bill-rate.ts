import type { Reader } from '#db/client'
import { exchangeRate } from './rates.ts'

/** The rate of the bill's own day: what it is owed at until it is paid (row 28a). */
export function rateOfBill(
  reader: Reader,
  bill: { currency: string; functionalCurrency: string; billedOn: string },
): Promise<bigint> {
  return exchangeRate(reader, {
    from: bill.currency,
    to: bill.functionalCurrency,
    on: bill.billedOn,
  })
}
