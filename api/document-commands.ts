import { WorkflowNotFoundError } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import { committedAnswer } from '#db/commit-once'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { isNotFound, onceForProcess, type CommandCaller } from './order-commands.ts'

/** A document of the warehouse, whose process takes commands. */
export interface DocumentPlace {
  id: bigint
  no: string
  subject: 'transfer' | 'cycle-count' | 'vendor-return'
  workflowId: string
}

/**
 * Sends a command to the document's own process and answers where it stands after it, once per
 * caller and Idempotency-Key, as `commandOrder` does for orders.
 * @throws Refusal `DocumentClosed`, and what the process refuses.
 */
export async function commandDocument<C extends CommandBase>(
  { db, temporal }: Pick<ApiDeps, 'db' | 'temporal'>,
  { id, no, subject, workflowId }: DocumentPlace,
  update: UpdateDefinition<DocumentProgress, [C]>,
  command: Omit<C, 'key' | 'actor'>,
  caller: CommandCaller,
): Promise<DocumentProgress> {
  const { commandKey, principal } = caller
  const process = temporal.workflow.getHandle(workflowId)
  const args = [{ ...command, key: commandKey, actor: principal.actor } as C] as [C]
  return onceForProcess(db, caller, async (attempt) => {
    const updateId = `${update.name}/${attempt}`
    try {
      return await process.executeUpdate(update, { args, updateId })
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      return process
        .getUpdateHandle<DocumentProgress>(updateId)
        .result()
        .catch(async (cause: unknown) => {
          if (!isNotFound(cause)) throw cause
          // The engine may not know any more what a process was asked; the commit is there for ever.
          const done = { under: `${subject}/${id}/`, key: commandKey }
          const answer = await committedAnswer<DocumentProgress>(db, done)
          if (answer) return answer
          throw new Refusal(
            'DocumentClosed',
            `The process of ${subject} ${no} has ended: nothing can be commanded any more. Begin a new one.`,
          )
        })
    }
  })
}
