import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { DocumentDeadline, DocumentProgress, DocumentRef } from './document-progress.ts'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** One count, one workflow, for ever: the id is the number that it was asked for under. */
export function cycleCountWorkflowId(countNo: string): string {
  return `cycle-count/${countNo}`
}

/** What somebody wants counted at a site: named places, or what the rules choose. */
export interface RequestedCount extends CommandBase {
  countNo: string
  site: string
  reason: string
  /** Named places; each says why by the request's reason. */
  places?: { sku: string; bin?: string; lot?: string }[]
  /** Absent places: so many of those that are most likely to be wrong. */
  choose?: number
}

/** What somebody saw in a place, without having been told what should be there. */
export interface RecordCount extends CommandBase {
  entries: { sku: string; bin?: string; lot?: string; counted: string }[]
  /** When they looked (ISO instant); absent: now. What moves afterwards does not count as wrong. */
  scannedAt?: string
  device?: string
}

/** Something lies in a place that nobody can name. */
export interface ReportUnknownItem extends CommandBase {
  bin?: string
  counted: string
  description: string
}

export interface CancelCount extends CommandBase {
  reason: string
}

/** Whose request this process carries out: another one under the same number is refused. */
export const countRequested = defineUpdate<DocumentProgress, [{ key: string }]>('countRequested')
export const recordCount = defineUpdate<DocumentProgress, [RecordCount]>('recordCount')
export const reportUnknownItem = defineUpdate<DocumentProgress, [ReportUnknownItem]>(
  'reportUnknownItem',
)
export const cancelCount = defineUpdate<DocumentProgress, [CancelCount]>('cancelCount')
/** The same name as of every process, so that whoever decides a case need not know whose it is. */
export const resolveCountCase = defineUpdate<DocumentProgress, [ResolveException]>(
  'resolveException',
)
export const countProgress = defineQuery<DocumentProgress | undefined>('countProgress')

/** What the process may do: each is one commit. */
export interface CycleCountActivities {
  requestCount(request: RequestedCount): Promise<DocumentProgress>
  recordCount(command: RecordCount & DocumentRef): Promise<DocumentProgress>
  reportUnknownItem(command: ReportUnknownItem & DocumentRef): Promise<DocumentProgress>
  cancelCount(command: CancelCount & DocumentRef): Promise<DocumentProgress>
  resolveCountCase(command: ResolveException & DocumentRef): Promise<DocumentProgress>
  /** Escalates a case whose time is over, and posts what only waited for reserved units. */
  passCountDeadline(deadline: DocumentDeadline): Promise<DocumentProgress>
}
