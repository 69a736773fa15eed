import { rolesWith, type Role } from '../access.ts'

/** Version of {@link approvesByRule}, kept with each decision. */
export const APPROVAL_RULE_VERSION = 1
const HELD_PPM = 50_000n

/**
 * Whether a statement is posted without a person: at most a twentieth of what its lines move, taken
 * without their signs, waits in suspense.
 */
export function approvesByRule({
  heldMinor,
  movedMinor,
}: {
  heldMinor: bigint
  movedMinor: bigint
}) {
  return heldMinor * 1_000_000n <= movedMinor * HELD_PPM
}

/** Up to how much each role may write off, in minor units of the company's currency. */
const WRITE_OFF_TIERS: readonly { upToMinor: bigint | null; roles: readonly Role[] }[] = [
  { upToMinor: 1_000n, roles: ['ap-clerk', 'ap-manager', 'controller', 'system'] },
  { upToMinor: 25_000n, roles: ['ap-manager', 'controller', 'system'] },
  { upToMinor: null, roles: ['controller', 'system'] },
]

/** Who may write this much off. */
export function writeOffRoles(amountMinor: bigint): readonly Role[] {
  const amount = amountMinor < 0n ? -amountMinor : amountMinor
  const tier = WRITE_OFF_TIERS.find(({ upToMinor }) => upToMinor === null || amount <= upToMinor)
  return tier?.roles ?? rolesWith('settlements:approve')
}

/** What a marketplace may take beyond what was expected of an order before it is asked back. */
export const OVERCHARGE_TOLERANCE_MINOR = 5n

/** Days after the payout within which the bank shows it. */
export const DAYS_TO_THE_BANK = 7
/** Days in which a line of the bank is matched, or explained by its owner. */
export const DAYS_TO_EXPLAIN = 7
export const BANK_LINE_OWNER = 'treasury'
