import { addDays } from '../dates.ts'

/** What a company has laid down for its closes; a close keeps the version that it was begun under. */
export interface ClosePolicy {
  /** Functional minor units: a difference up to it may be accepted with a reason. */
  materialityMinor: string
  /** Revaluation is taken back on day one, or carried until the item is settled. */
  fxRevaluation: 'reverse' | 'carry'
  /** Expected loss of receivables by age at the period's end, the youngest first (IFRS 9 B5.5.35). */
  creditLoss: { fromDays: number; ppm: number }[]
  allocations: AllocationRule[]
  /** How stock is written down; by judgement only where absent. */
  realisableValue?: {
    /** What a sale costs, in parts per million of its price. */
    costToSellPpm: number
    /** The last sale tells the price for so long; after that the list price does. */
    lastSaleDays: number
    /** Up to cost again when the value comes back (IFRS), or never (US GAAP). */
    reverses: boolean
  }
  /** Days after the period's end by which the tasks of a step are to be done. */
  dueDays?: Partial<Record<CloseStep, number>>
}

/** The steps of the checklist, in their order. */
export type CloseStep = keyof typeof DUE_DAYS

/** When a step is due where the policy says nothing: most companies close within a week. */
export const DUE_DAYS = {
  ...{ calendar: 1, 'cut-off': 1, 'tie-outs': 2, accruals: 3, estimates: 3, exchange: 3 },
  ...{ allocations: 4, intercompany: 4, review: 5, year: 30 },
}

/** The day by which a task is to be done. */
export function dueOn(
  step: string,
  ends: string,
  { dueDays }: Pick<ClosePolicy, 'dueDays'>,
): string {
  const days: Record<string, number> = { ...DUE_DAYS, ...dueDays }
  return addDays(ends, days[step] ?? DUE_DAYS.review)
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
