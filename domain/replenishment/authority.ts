import { Refusal } from '../refusal.ts'
import { localRight, type OwnerMode } from './policy.ts'

export interface Decidable {
  id: bigint
  site: string
  ownerMode: OwnerMode
  bandPpm: bigint
  computedQty: bigint
  qty: bigint
  costMinor: bigint
  overBudget: boolean
  outsideBand: boolean
  lotAsks: boolean
}

/** Why somebody above the buyer must sign before it is ordered; nothing when nobody has to. */
export function signatureReasons(proposal: Decidable, managerFromMinor: bigint): string[] {
  const { costMinor, overBudget, outsideBand, lotAsks, ownerMode } = proposal
  return [
    ...(costMinor >= managerFromMinor ? ['its value'] : []),
    ...(overBudget ? ['the month’s budget'] : []),
    ...(outsideBand ? [`a change outside the band of a site (${ownerMode})`] : []),
    ...(lotAsks ? ['a lot far above the need'] : []),
  ]
}

/**
 * INV-42: whoever is limited to sites decides where the policy leaves it to them.
 * @throws Refusal `CentralDecides`, `SiteProposesOnly`.
 */
export function requireLocalRight(
  proposal: Decidable,
  sites: readonly string[] | null,
  decision: string,
): void {
  if (sites === null) return
  const wish = { computed: proposal.computedQty, wanted: proposal.qty }
  const right = localRight(proposal, wish)
  if (right === 'none')
    throw new Refusal(
      'CentralDecides',
      `What ${proposal.site} gets is decided for all sites together: ask purchasing about proposal ${proposal.id}.`,
    )
  // A change is what a site proposes; what becomes of it is for somebody else.
  if (proposal.ownerMode === 'local-proposes' && decision !== 'change' && decision !== 'snooze')
    throw new Refusal(
      'SiteProposesOnly',
      `${proposal.site} proposes and purchasing decides: change the quantity of proposal ${proposal.id}, or leave it to them.`,
    )
}
