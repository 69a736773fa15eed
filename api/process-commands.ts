import { WorkflowNotFoundError } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import { committedAnswer } from '#db/commit-once'
import type { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'

/** A process that takes commands, and what is true of all of them when it is over. */
export interface CommandedProcess<P> {
  workflowId: string
  /** How the keys of its commits begin, such as `order/4711/`. */
  under: string
  /** Who may still take a command when the process has ended; undefined says nobody. */
  whenEnded?: () => Promise<P | undefined>
  closed: () => Refusal
}

/**
 * Tells a process a command under the id of this attempt and answers where it stands after it. When
 * the process is over, the answer is what it said then, as long as engine or ledger know it.
 * @throws Refusal `closed`, and what the process refuses.
 */
export async function commandProcess<P, C extends { key: string }>(
  { db, temporal }: Pick<ApiDeps, 'db' | 'temporal'>,
  { workflowId, under, whenEnded, closed }: CommandedProcess<P>,
  update: UpdateDefinition<P, [C]>,
  { command, updateId }: { command: C; updateId: string },
): Promise<P> {
  const process = temporal.workflow.getHandle(workflowId)
  try {
    return await process.executeUpdate(update, { args: [command], updateId })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  try {
    return await process.getUpdateHandle<P>(updateId).result()
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  // The engine may not know any more what a process was asked; the commit is there for ever.
  const answer =
    (await committedAnswer<P>(db, { under, key: command.key })) ?? (await whenEnded?.())
  if (answer === undefined) throw closed()
  return answer
}

/** The engine's answer when it knows no such process, or no such update of one that is over. */
export function isNotFound(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true
  const { code, cause } = error as { code?: number; cause?: { code?: number } }
  return (code ?? cause?.code) === 5
}
