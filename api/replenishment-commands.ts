import type { UpdateDefinition } from '@temporalio/common'
import { z } from 'zod'
import { commandReplenishment } from '#clients/replenishment'
import type { CommandBase } from '#contracts/order-to-cash'
import type { ProposalAuthority } from '#contracts/replenishment'
import type { ApiDeps, Principal } from './deps.ts'
import { onceForProcess, type CommandCaller } from './order-commands.ts'

/** Tells the company's process, once per caller and Idempotency-Key, and answers what it answers. */
export async function commandReplenished<R, C extends CommandBase>(
  { db, temporal, orderTaskQueue }: Pick<ApiDeps, 'db' | 'temporal' | 'orderTaskQueue'>,
  entity: string,
  update: UpdateDefinition<R, [C]>,
  command: Omit<C, 'key' | 'actor'>,
  caller: CommandCaller,
): Promise<R> {
  const { commandKey, principal } = caller
  const told = { ...command, key: commandKey, actor: principal.actor } as C
  return onceForProcess(db, caller, (attempt) =>
    commandReplenishment(temporal, { entity, taskQueue: orderTaskQueue }, update, {
      command: told,
      updateId: `${update.name}/${attempt}`,
    }),
  )
}

/** Whoever buys for the company, and is not limited to sites, decides for all of them (INV-42). */
export function authorityOf({ roles, scopes }: Principal): ProposalAuthority {
  const buys = roles.some((role) => ['buyer', 'purchasing-manager', 'system'].includes(role))
  return { sites: buys && scopes.sites === null ? null : [...(scopes.sites ?? [])] }
}

const text = z.string()

/** How far a run is. */
export const runProgress = z.object({
  runId: text,
  cause: text,
  state: text,
  total: z.int().describe('Item-nodes to look at.'),
  done: z.int(),
  proposed: z.int(),
  superseded: z.int(),
  kept: z.int(),
  unsourced: z.int(),
  overBudget: z.int(),
})

/** Where the process stands; the answer of a decision on its cases. */
export const replenishmentStood = z.object({
  entity: text,
  run: runProgress.nullable(),
  nextRunAt: text.nullable(),
})
