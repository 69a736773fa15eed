import { addDays } from '../dates.ts'

/**
 * A supplier's bill number as it is compared: capitals, digits and letters only, without leading
 * zeros of a run of digits. `inv-00 12/a` and `INV 12A` are the same number.
 */
export function normaliseBillNumber(number: string): string {
  const plain = number
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
  return plain.replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, ''))
}

/** What tells one bill of a supplier from another. */
export interface BillIdentity {
  billId: string
  number: string
  billedOn: string
  currency: string
  grossMinor: bigint
}

export interface DuplicateSuspicion {
  billId: string
  number: string
  because: 'same-number' | 'same-amount'
}

/**
 * Earlier bills of the same supplier that this one may be again: the same number however it is
 * written, or the same amount dated within `days` days.
 */
export function findDuplicates(
  bill: BillIdentity,
  earlier: readonly BillIdentity[],
  days: number,
): DuplicateSuspicion[] {
  const number = normaliseBillNumber(bill.number)
  const from = addDays(bill.billedOn, -days)
  const to = addDays(bill.billedOn, days)
  return earlier.flatMap((other): DuplicateSuspicion[] => {
    if (other.billId === bill.billId) return []
    const found = { billId: other.billId, number: other.number }
    if (normaliseBillNumber(other.number) === number) return [{ ...found, because: 'same-number' }]
    const near = other.billedOn >= from && other.billedOn <= to
    const same = other.currency === bill.currency && other.grossMinor === bill.grossMinor
    return near && same ? [{ ...found, because: 'same-amount' }] : []
  })
}
