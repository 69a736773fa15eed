/** §3.5. A proposal is open until it is converted or decided against; an item-node has one open one. */
export const PROPOSAL_STATES = [
  'computed',
  'proposed',
  'snoozed',
  'dismissed',
  'approved',
  'converted',
  'covered',
  'closed',
  'superseded',
] as const
export type ProposalState = (typeof PROPOSAL_STATES)[number]

const TRANSITIONS: readonly (readonly [ProposalState, ProposalState])[] = [
  ['computed', 'proposed'],
  ['computed', 'superseded'],
  ['proposed', 'snoozed'],
  ['proposed', 'dismissed'],
  ['proposed', 'approved'],
  ['proposed', 'converted'],
  ['proposed', 'superseded'],
  ['snoozed', 'proposed'],
  ['snoozed', 'dismissed'],
  ['snoozed', 'superseded'],
  ['approved', 'converted'],
  ['approved', 'dismissed'],
  ['approved', 'snoozed'],
  ['approved', 'superseded'],
  ['converted', 'covered'],
  ['converted', 'closed'],
  ['covered', 'closed'],
]

export function mayBecome(from: ProposalState, to: ProposalState): boolean {
  return TRANSITIONS.some(([before, after]) => before === from && after === to)
}
