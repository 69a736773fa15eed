import type { PurchasingPolicy } from './policy.ts'

export type ApprovalStep = 'purchasing-manager' | 'controller'

/** What the rule looks at, in minor units of the entity's currency. */
export interface ApprovalFacts {
  valueMinor: bigint
  /** What was approved in the same calendar month before. */
  monthMinor: bigint
  /** Nothing has been received from the supplier yet. */
  newSupplier: boolean
  /** Lines whose price exceeds the last paid or agreed one by more than the policy allows. */
  priceJumps: readonly string[]
}

export interface NeededApproval {
  steps: ApprovalStep[]
  reasons: string[]
}

/** Whose signatures an order needs, and why; none when it is small and as usual. */
export function neededApproval(policy: PurchasingPolicy, facts: ApprovalFacts): NeededApproval {
  const { valueMinor, monthMinor } = facts
  const budget = BigInt(policy.monthlyBudgetMinor)
  const reasons = [
    valueMinor >= BigInt(policy.managerFromMinor) ? `value from ${policy.managerFromMinor}` : '',
    policy.newSupplierNeedsManager && facts.newSupplier ? 'new supplier' : '',
    facts.priceJumps.length > 0 ? `price jump of ${facts.priceJumps.join(', ')}` : '',
    budget > 0n && monthMinor + valueMinor > budget ? 'over the month’s budget' : '',
  ].filter((reason) => reason !== '')
  const controller = valueMinor >= BigInt(policy.controllerFromMinor)
  const steps: ApprovalStep[] = reasons.length > 0 || controller ? ['purchasing-manager'] : []
  if (controller) {
    steps.push('controller')
    reasons.push(`value from ${policy.controllerFromMinor}`)
  }
  return { steps, reasons }
}
