import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { commandPeriodClose } from '#clients/period-close'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import { resolveCloseCase } from '#contracts/period-close'
import type { CaseRow } from '#db/queries/exceptions'
import type { CaseDecision } from './case-kinds.ts'
import type { ApiDeps } from './deps.ts'
import { callerOf, onceForProcess } from './order-commands.ts'
import { personOf } from './routes/periods.ts'

/** Which close; both name its process. */
export interface ClosePlace {
  entity: string
  period: string
}

/**
 * Commands the process of a close, which begins where it does not run, once per caller and
 * Idempotency-Key, in the name of the person behind the caller.
 */
export async function commandClose<C extends CommandBase>(
  deps: ApiDeps,
  request: FastifyRequest,
  place: ClosePlace,
  update: UpdateDefinition<DocumentProgress, [C]>,
  command: Omit<C, 'key' | 'actor'>,
): Promise<DocumentProgress> {
  const caller = callerOf(request)
  const actor = personOf(request.principal)
  const told = { ...command, key: caller.commandKey, actor } as C
  return onceForProcess(deps.db, caller, (attempt) =>
    commandPeriodClose(deps.temporal, { ...place, taskQueue: deps.orderTaskQueue }, update, {
      command: told,
      updateId: `${update.name}/${attempt}`,
    }),
  )
}

/** What a person chooses about a case that keeps a period open. */
export async function decideCloseCase(
  deps: ApiDeps,
  request: FastifyRequest,
  found: CaseRow,
  { resolution, params }: CaseDecision['chosen'],
): Promise<DocumentProgress> {
  const [, entity, period] = found.workflowId.split('/')
  const command = { caseId: found.id.toString(), resolution, ...(params ? { params } : {}) }
  const place = { entity: entity!, period: period! }
  return commandClose(deps, request, place, resolveCloseCase, command)
}
