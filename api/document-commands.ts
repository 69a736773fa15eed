import type { UpdateDefinition } from '@temporalio/common'
import type { DocumentProgress, DocumentSubject } from '#contracts/document-progress'
import { resolveException, type CommandBase, type ResolveException } from '#contracts/order-to-cash'
import type { CaseRow } from '#db/queries/exceptions'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { onceForProcess, type CommandCaller } from './order-commands.ts'
import { commandProcess } from './process-commands.ts'

/** A document of the warehouse, whose process takes commands. */
export interface DocumentPlace {
  id: bigint
  no: string
  subject: DocumentSubject
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

/** By its name alone every process knows this update; what it answers is where its own subject stands. */
const resolveCase = resolveException as unknown as UpdateDefinition<
  DocumentProgress,
  [ResolveException]
>

/**
 * Tells a document's process what a person has decided about one of its cases, as
 * {@link commandDocument}: an answer that the engine has forgotten is found among the document's.
 * @throws Refusal `DocumentClosed`, and what the process refuses.
 */
export async function decideDocumentCase(
  deps: Pick<ApiDeps, 'db' | 'temporal'>,
  subject: DocumentSubject,
  { subjectId, workflowId }: CaseRow,
  command: Omit<ResolveException, 'key' | 'actor'>,
  caller: CommandCaller,
): Promise<DocumentProgress> {
  const no = workflowId.slice(workflowId.indexOf('/') + 1)
  const place = { id: BigInt(subjectId), no, subject, workflowId }
  return commandDocument(deps, place, resolveCase, command, caller)
}
