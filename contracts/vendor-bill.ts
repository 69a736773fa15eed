import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { MoneyDto } from '#domain/money'
import type { CaseType, Resolution } from '#domain/orders/exceptions'
import type { BillPhase } from '#domain/purchasing/bill-phase'

/** One bill of a supplier, one process: the id is the number as the supplier writes it. */
export function vendorBillId(supplier: string, number: string): string {
  return `vendor-bill/${supplier}/${number}`
}

/** What the bill says stands in the database. */
export interface VendorBillStart {
  billId: string
}

/** Where a bill stands, as its last commit left it. */
export interface BillProgress {
  billId: string
  supplier: string
  number: string
  /** Counts the commits; a later answer never gives way to an earlier one. */
  version: number
  open: boolean
  phase: BillPhase
  waitingFor: string
  whoMayAct: string
  /** When silence has a consequence next (ISO instant), or null. */
  nextDeadline: string | null
  cases: { id: string; type: CaseType; dueAt: string }[]
  entity: string
  dueOn: string
  total: MoneyDto
  /** What is owed; less than the total where a part is disputed, nothing before it is posted. */
  owed: MoneyDto
}

export interface BillRef {
  billId: string
}

/** Every command names who gives it and the key under which it happens once. */
export interface ResolveBillCase {
  key: string
  actor: string
  expectedVersion?: number
  caseId: string
  resolution: Resolution
  params?: Record<string, unknown>
}

/** Answers once the bill has been looked at for the first time. */
export const billTaken = defineUpdate<BillProgress>('billTaken')
export const resolveBillCase = defineUpdate<BillProgress, [ResolveBillCase]>('resolveBillCase')
/** Something outside this bill changed (goods came, it was paid): look again. */
export const lookAtBill = defineSignal<[{ cause: string }]>('lookAtBill')
export const billProgress = defineQuery<BillProgress | undefined>('billProgress')

/** What the process may do: each is one commit. */
export interface VendorBillActivities {
  /** Checks for duplicates, matches, opens and heals cases, posts what is clean. */
  reviewBill(look: { cause: string; key: string } & BillRef): Promise<BillProgress>
  resolveBillCase(command: ResolveBillCase & BillRef): Promise<BillProgress>
  /** Does what a passed deadline asks for: escalates, or asks where the goods are. */
  passBillDeadline(deadline: { at: string } & BillRef): Promise<BillProgress>
}
