import { Refusal } from '../refusal.ts'
import type { ReturnPolicy } from './policy.ts'

export interface AssessedRequest {
  today: string
  /** When the customer had the youngest of the units, or when they left us. */
  sinceOn: string
  /** What would be given back, in the company's currency. */
  valueMinor: bigint
  /** Other returns of the same customer within `abuseDays`. */
  earlierReturns: number
}

export type Assessment =
  | { verdict: 'approved'; because: string }
  | { verdict: 'asks'; type: 'return-past-window' | 'return-approval'; because: string }

/** @throws Refusal `ReturnReasonNotTaken`. */
export function requireReason(reason: string, policy: ReturnPolicy): void {
  if (policy.reasons.includes(reason)) return
  throw new Refusal(
    'ReturnReasonNotTaken',
    `"${reason}" is no reason that is taken here. Send one of ${policy.reasons.join(', ')}.`,
    { field: 'body.reason' },
  )
}

/** What the policy says to a wish: taken, or asked of a person and why. */
export function assessReturn(asked: AssessedRequest, policy: ReturnPolicy): Assessment {
  const days = daysBetween(asked.sinceOn, asked.today)
  if (days > policy.windowDays)
    return {
      verdict: 'asks',
      type: 'return-past-window',
      because: `${days} days after ${asked.sinceOn}, and ${policy.windowDays} are allowed`,
    }
  if (asked.earlierReturns >= policy.maxReturns)
    return {
      verdict: 'asks',
      type: 'return-approval',
      because: `${asked.earlierReturns} returns of this customer within ${policy.abuseDays} days`,
    }
  if (asked.valueMinor >= BigInt(policy.approvalFromMinor))
    return {
      verdict: 'asks',
      type: 'return-approval',
      because: `worth ${asked.valueMinor}, and from ${policy.approvalFromMinor} a person approves`,
    }
  return { verdict: 'approved', because: 'within the window, the limit and the number' }
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}
