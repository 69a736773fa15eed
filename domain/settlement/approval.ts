import type { Role } from '../access.ts'

/** The `settlement` policy of a company, or of all: what is decided without a person, and by whom else. */
export interface SettlementPolicy {
  /** Share of what lines move, in parts per million, that may wait in suspense without approval. */
  heldPpm: number
  /** Up to how much accounts payable and its manager may give up, in minor units of the company's currency. */
  clerkWriteOffMinor: string
  managerWriteOffMinor: string
  /** What a marketplace may take beyond what was expected of an order before it is asked back. */
  overchargeToleranceMinor: string
  /** Days after the payout within which the bank shows it. */
  daysToTheBank: number
  /** Days in which a line of the bank is matched, or explained by its owner. */
  daysToExplain: number
}

/** What holds where nobody has written a policy: version 0. */
export const DEFAULT_SETTLEMENT_POLICY: SettlementPolicy = {
  heldPpm: 50_000,
  clerkWriteOffMinor: '1000',
  managerWriteOffMinor: '25000',
  overchargeToleranceMinor: '5',
  daysToTheBank: 7,
  daysToExplain: 7,
}

/** Version of {@link approvesByRule}, kept with each decision. */
export const APPROVAL_RULE_VERSION = 1

/**
 * Whether a statement is posted without a person: at most the policy's share of what its lines
 * move, taken without their signs, waits in suspense.
 */
export function approvesByRule(
  { heldMinor, movedMinor }: { heldMinor: bigint; movedMinor: bigint },
  { heldPpm }: Pick<SettlementPolicy, 'heldPpm'>,
) {
  return heldMinor * 1_000_000n <= movedMinor * BigInt(heldPpm)
}

const CONTROLLER: readonly Role[] = ['controller', 'system']

/** Who may write this much off. */
export function writeOffRoles(
  amountMinor: bigint,
  policy: Pick<SettlementPolicy, 'clerkWriteOffMinor' | 'managerWriteOffMinor'>,
): readonly Role[] {
  const amount = amountMinor < 0n ? -amountMinor : amountMinor
  if (amount <= BigInt(policy.clerkWriteOffMinor)) return ['ap-clerk', 'ap-manager', ...CONTROLLER]
  if (amount <= BigInt(policy.managerWriteOffMinor)) return ['ap-manager', ...CONTROLLER]
  return CONTROLLER
}

export const BANK_LINE_OWNER = 'treasury'
