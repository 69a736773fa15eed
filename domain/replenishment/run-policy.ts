/** How a company looks at its stock; policy kind `replenishment`, per entity or for all. */
export interface ReplenishmentRunPolicy {
  /** Hours from one run by itself to the next. */
  everyHours: number
  /** For how many days a choice on a case holds: another supplier, a transfer, by air. */
  wishDays: number
}

export const DEFAULT_REPLENISHMENT_RUN_POLICY: ReplenishmentRunPolicy = {
  everyHours: 24,
  wishDays: 14,
}
