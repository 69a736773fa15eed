/**
 * Rules of the warehouse, versioned as all policies are. A document keeps the versions that it
 * was begun under. A transfer asks by its source; a count by item, then class, then site.
 */
export interface TransferPolicy {
  /** Value in the company's minor units from which a second person approves. */
  approvalFromMinor: string
  /** Hours after which a transfer that nobody has approved asks a person. */
  approvalHours: number
  /** Days that goods are under way where nobody says when they must be there. */
  transitDays: number
  /** Days that goods may be late before a person is asked. */
  overdueGraceDays: number
  /** How often the source is asked again for units that it lacked. */
  retryMinutes: number
}

/** Two-sided: a difference must lie within both to be taken as it is. */
export interface CountPolicy {
  /** Parts per million of what the books held. */
  tolerancePpm: number
  /** Value of the difference in the company's minor units. */
  toleranceMinor: string
  /** Value from which a difference that a second person has confirmed needs a third one. */
  approvalFromMinor: string
  /** Value from which that third one is a controller. */
  controllerFromMinor: string
  /** How many differences in one place, within so many days, ask for the cause. */
  rootCauseAfter: number
  rootCauseDays: number
  /** Days after which an item of each class is due to be counted. */
  daysA: number
  daysB: number
  daysC: number
}

export interface StockPolicies {
  count: CountPolicy
  transfer: TransferPolicy
}

export type StockPolicyKind = keyof StockPolicies

/** What holds where nobody has written a policy yet; version 0 in every decision record. */
export const STOCK_POLICIES: StockPolicies = {
  count: {
    tolerancePpm: 20_000,
    toleranceMinor: '1000',
    approvalFromMinor: '5000',
    controllerFromMinor: '100000',
    rootCauseAfter: 3,
    rootCauseDays: 90,
    daysA: 30,
    daysB: 90,
    daysC: 180,
  },
  transfer: {
    approvalFromMinor: '1000000',
    approvalHours: 24,
    transitDays: 5,
    overdueGraceDays: 1,
    retryMinutes: 60,
  },
}
