/** What buyers may do by themselves, and what differs too much; policy kind `purchasing`, per entity or for all. */
export interface PurchasingPolicy {
  /** Value of an order, in minor units of the entity's currency, from which each must sign. */
  managerFromMinor: string
  controllerFromMinor: string
  /** A supplier from whom nothing has been received yet needs a purchasing manager. */
  newSupplierNeedsManager: boolean
  /** Parts per million by which a price may exceed the last one paid or agreed. */
  priceJumpPpm: number
  /** What may be ordered in a calendar month without a signature; 0: no budget is kept. */
  monthlyBudgetMinor: string
  /** How long a supplier may take to confirm. */
  acknowledgeHours: number
  /** Days after the promised date from which an order is late. */
  lateDays: number
  /** What a confirmation may change without a signature: price and quantity in ppm, and days. */
  confirmedPricePpm: number
  confirmedQtyPpm: number
  confirmedDays: number
  /** Units over or short of a line that need no decision, in ppm; supplier and item go before. */
  overReceiptPpm: number
  underReceiptPpm: number
  /** How long new bank details must lie before anybody is paid by them. */
  bankCoolOffHours: number
  /** Incoterms under which goods are ours from the supplier's shipment on; others are when they come. */
  titleAtOrigin: string[]
}

export const DEFAULT_PURCHASING_POLICY: PurchasingPolicy = {
  managerFromMinor: '100000',
  controllerFromMinor: '2500000',
  newSupplierNeedsManager: true,
  priceJumpPpm: 100_000,
  monthlyBudgetMinor: '0',
  acknowledgeHours: 48,
  lateDays: 0,
  confirmedPricePpm: 20_000,
  confirmedQtyPpm: 0,
  confirmedDays: 7,
  overReceiptPpm: 0,
  underReceiptPpm: 0,
  bankCoolOffHours: 72,
  titleAtOrigin: ['EXW', 'FCA', 'FAS', 'FOB'],
}
