/** What became of units of a recalled lot that a customer was sent. */
export const RECALL_OUTCOMES = [
  'returned',
  'destroyed',
  'refunded',
  'not-affected',
  'unreachable',
] as const
export type RecallOutcome = (typeof RECALL_OUTCOMES)[number]
