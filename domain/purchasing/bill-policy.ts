/** What passes without a person, and how long things may wait; policy kind `bills`, per entity or for all. */
export interface BillPolicy {
  /** A line's price may exceed the expected one by this share and by this amount, both. */
  pricePpm: number
  priceMinor: string
  /** Its units may exceed what may be billed by this share and by so many, both. */
  qtyPpm: number
  qtyUnits: number
  /** Bills of the same amount within so many days are looked at as one. */
  nearDuplicateDays: number
  /** Billed and not received for so long: a person looks. */
  unreceivedDays: number
  /** Received and not billed for so long: a person looks. */
  unbilledDays: number
}

export const DEFAULT_BILL_POLICY: BillPolicy = {
  pricePpm: 20_000,
  priceMinor: '5000',
  qtyPpm: 0,
  qtyUnits: 0,
  nearDuplicateDays: 14,
  unreceivedDays: 14,
  unbilledDays: 30,
}
