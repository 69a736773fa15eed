import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { LedgerArea } from '#domain/ledger/journal'
import type { JudgedLine } from '#domain/ledger/posting-close'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** One close a company and period, one workflow id for ever; reopened, it runs again under it. */
export function periodCloseId(entity: string, period: string): string {
  return `period-close/${entity}/${period}`
}

/** Which period is closed, and who has begun it. */
export interface PeriodCloseStart extends CommandBase {
  entity: string
  period: string
}

export interface CheckClose extends CommandBase {
  /** Leaves out what is too much for every minute. */
  light?: boolean
}

export interface PrepareTask extends CommandBase {
  task: string
  note: string
  lines?: JudgedLine[]
  /** Taken back on day one; as the task does unless said. */
  reverses?: boolean
}

export interface ReviewTask extends CommandBase {
  preparationId: string
  note?: string
  approvalId?: string
}

export interface AcceptDifference extends CommandBase {
  task: string
  reason: string
}

export interface PostTask extends CommandBase {
  task: string
  /** An exception from the lock of an area that the entries touch. */
  approvalId?: string
}

export interface LockArea extends CommandBase {
  area: LedgerArea
  state: 'soft' | 'closed'
  reason: string
}

export interface AskReopening extends CommandBase {
  areas: LedgerArea[]
  accountIds?: number[]
  maxMinor?: string
  until: string
  reason: string
}

/** Begins the close unless it runs, and answers where it stands. */
export const beginClose = defineUpdate<DocumentProgress, [CommandBase]>('beginClose')
export const checkClose = defineUpdate<DocumentProgress, [CheckClose]>('checkClose')
export const prepareTask = defineUpdate<DocumentProgress, [PrepareTask]>('prepareTask')
export const reviewTask = defineUpdate<DocumentProgress, [ReviewTask]>('reviewTask')
export const acceptDifference = defineUpdate<DocumentProgress, [AcceptDifference]>(
  'acceptDifference',
)
export const postTask = defineUpdate<DocumentProgress, [PostTask]>('postTask')
export const lockArea = defineUpdate<DocumentProgress, [LockArea]>('lockArea')
export const askReopening = defineUpdate<DocumentProgress, [AskReopening]>('askReopening')
export const resolveCloseCase = defineUpdate<DocumentProgress, [ResolveException]>(
  'resolveCloseCase',
)
/** A question of this period has another answer; the key names which. */
export const answersChanged = defineSignal<[{ key: string }]>('answersChanged')
export const periodCloseProgress = defineQuery<DocumentProgress | undefined>('periodCloseProgress')

/** What the process may do: each is one commit. */
export interface PeriodCloseActivities {
  beginPeriodClose(start: PeriodCloseStart): Promise<DocumentProgress>
  checkPeriodClose(command: CheckClose & DocumentRef): Promise<DocumentProgress>
  prepareCloseTask(command: PrepareTask & DocumentRef): Promise<DocumentProgress>
  reviewCloseTask(command: ReviewTask & DocumentRef): Promise<DocumentProgress>
  acceptCloseDifference(command: AcceptDifference & DocumentRef): Promise<DocumentProgress>
  postCloseTask(command: PostTask & DocumentRef): Promise<DocumentProgress>
  lockCloseArea(command: LockArea & DocumentRef): Promise<DocumentProgress>
  askCloseReopening(command: AskReopening & DocumentRef): Promise<DocumentProgress>
  resolveCloseCase(command: ResolveException & DocumentRef): Promise<DocumentProgress>
  passCloseDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}
