import type { MoneyDto } from '#domain/money'
import type { ResolveBillCase } from './vendor-bill.ts'

/** What a decision on a bill would do; nothing of it is kept. */
export interface BillPreview {
  phase: string
  waitingFor: string
  owed: MoneyDto
  /** What would not be paid of the bill, in minor units of its currency. */
  disputedMinor: string
  casesLeft: string[]
  entries: {
    eventType: string
    lines: {
      account: string
      amountMinor: string
      currency: string
      orderId: string | null
    }[]
  }[]
}

export interface BillPreviews {
  resolveBillCase(billId: string, command: ResolveBillCase): Promise<BillPreview>
}
