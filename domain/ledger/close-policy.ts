/** What a company has laid down for its closes; a close keeps the version that it was begun under. */
export interface ClosePolicy {
  /** Functional minor units: a difference up to it may be accepted with a reason. */
  materialityMinor: string
  /** Revaluation is taken back on day one, or carried until the item is settled. */
  fxRevaluation: 'reverse' | 'carry'
  /** Expected loss of receivables by age at the period's end, the youngest first (IFRS 9 B5.5.35). */
  creditLoss: { fromDays: number; ppm: number }[]
  allocations: AllocationRule[]
}

/** What an account gathered without a dimension is spread over channels, or moved as a whole. */
export interface AllocationRule {
  /** Names the rule for ever; entries carry it. */
  ruleId: string
  fromAccount: number
  /** By parts per million, which sum to a million. */
  shares: { account: number; channel?: string; ppm: number }[]
}

/** What holds where nobody has written a policy yet: nothing may be accepted, nothing is estimated. */
export const DEFAULT_CLOSE_POLICY: ClosePolicy = {
  materialityMinor: '0',
  fxRevaluation: 'reverse',
  creditLoss: [],
  allocations: [],
}
