/**
 * Rules of the warehouse, versioned as all policies are. A document keeps the versions that it
 * was begun under. A transfer asks by its source; a count by item, then class, then site.
 */
export interface TransferPolicy {
  /** Value in the company's minor units from which a second person approves. */
  approvalFromMinor: string
  /** Days that goods are under way where nobody says when they must be there. */
  transitDays: number
  /** Days that goods may be late before a person is asked. */
  overdueGraceDays: number
  /** How often the source is asked again for units that it lacked. */
  retryMinutes: number
}

export interface StockPolicies {
  transfer: TransferPolicy
}

export type StockPolicyKind = keyof StockPolicies

/** What holds where nobody has written a policy yet; version 0 in every decision record. */
export const STOCK_POLICIES: StockPolicies = {
  transfer: {
    approvalFromMinor: '1000000',
    transitDays: 5,
    overdueGraceDays: 1,
    retryMinutes: 60,
  },
}
