import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** A statement that is stored; its lines stay in the database, however many they are. */
export interface ReceivedSettlement extends DocumentRef {
  /** Provider, account and statement, for display. */
  no: string
  lines: number
}

export interface ApproveSettlement extends CommandBase {
  reason: string
}

/** The bank has sent a statement: one of its lines may be the payout. */
export type LookAtBank = CommandBase

export const approveSettlement = defineUpdate<DocumentProgress, [ApproveSettlement]>(
  'approveSettlement',
)
export const lookAtBank = defineUpdate<DocumentProgress, [LookAtBank]>('lookAtBank')
/** The same name as of every process, so that whoever decides a case need not know whose it is. */
export const resolveSettlementCase = defineUpdate<DocumentProgress, [ResolveException]>(
  'resolveException',
)
export const settlementProgress = defineQuery<DocumentProgress | undefined>('settlementProgress')

/** The part of a statement that one commit matches or posts; named, so that doing it twice does it once. */
export interface SettlementPart extends DocumentRef {
  part: number
}

/** What the process may do: each is one commit. */
export interface SettlementActivities {
  beginSettlement(ref: DocumentRef): Promise<DocumentProgress>
  /** Matches or posts the next part, or says what the statement as a whole pays. */
  workOnSettlement(part: SettlementPart): Promise<DocumentProgress>
  approveSettlement(command: ApproveSettlement & DocumentRef): Promise<DocumentProgress>
  lookAtBank(command: LookAtBank & DocumentRef): Promise<DocumentProgress>
  resolveSettlementCase(command: ResolveException & DocumentRef): Promise<DocumentProgress>
  /** Escalates a case, or asks where a payout stays that the bank does not show. */
  passSettlementDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}
