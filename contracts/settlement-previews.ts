import type { ResolveException } from './order-to-cash.ts'

/** What a decision on a statement's case would do; nothing of it is kept. */
export interface SettlementPreview {
  phase: string
  waitingFor: string
  casesLeft: string[]
  entries: {
    eventType: string
    effectiveOn: string
    lines: { account: string; amountMinor: string; currency: string; orderId: string | null }[]
  }[]
}

export interface SettlementPreviews {
  resolveCase(settlementId: string, command: ResolveException): Promise<SettlementPreview>
}
