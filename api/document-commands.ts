import type { UpdateDefinition } from '@temporalio/common'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { onceForProcess, type CommandCaller } from './order-commands.ts'
import { commandProcess } from './process-commands.ts'

/** A document of the warehouse, whose process takes commands. */
export interface DocumentPlace {
  id: bigint
  no: string
  subject: 'transfer' | 'cycle-count' | 'vendor-return' | 'customer-return'
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
  const told = { ...command, key: caller.commandKey, actor: caller.principal.actor } as C
  const process = {
    ...{ workflowId, under: `${subject}/${id}/` },
    closed: () =>
      new Refusal(
        'DocumentClosed',
        `The process of ${subject} ${no} has ended: nothing can be commanded any more. Begin a new one.`,
      ),
  }
  return onceForProcess(db, caller, (attempt) => {
    const asked = { command: told, updateId: `${update.name}/${attempt}` }
    return commandProcess({ db, temporal }, process, update, asked)
  })
}
