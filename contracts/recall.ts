import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { RecallOutcome } from '#domain/stock/recall'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** One recall, one workflow: the id is the number that the act of recalling was given. */
export function recallWorkflowId(recallNo: string): string {
  return `recall/${recallNo}`
}

/** A lot that was blocked everywhere a moment ago, in the commit that gave the recall its number. */
export interface BegunRecall extends CommandBase {
  recallNo: string
  /** For display; the recall says them. */
  sku: string
  lot: string
}

export interface RecordOutcomes extends CommandBase {
  orders: { orderId: string; outcome: RecallOutcome; note?: string }[]
}

/** Whose request this process carries out: another one under the same number is refused. */
export const recallBegun = defineUpdate<DocumentProgress, [{ key: string }]>('recallBegun')
export const recordOutcomes = defineUpdate<DocumentProgress, [RecordOutcomes]>('recordOutcomes')
/** The same name as of every process, so that whoever decides a case need not know whose it is. */
export const resolveRecallCase = defineUpdate<DocumentProgress, [ResolveException]>(
  'resolveException',
)
export const recallProgress = defineQuery<DocumentProgress | undefined>('recallProgress')

/** What the process may do: each is one commit. */
export interface RecallActivities {
  /** Takes promised units of the lot from orders, and asks for the customers to be told. */
  beginRecall(begun: BegunRecall): Promise<DocumentProgress>
  recordOutcomes(command: RecordOutcomes & DocumentRef): Promise<DocumentProgress>
  resolveRecallCase(command: ResolveException & DocumentRef): Promise<DocumentProgress>
  /** Escalates the case. */
  passRecallDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}
