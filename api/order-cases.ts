import type { FastifyRequest } from 'fastify'
import { commandAgain } from '#clients/order-process'
import type { AddressDocument } from '#contracts/order-intake'
import type { PreviewedEffect } from '#contracts/order-previews'
import {
  reopenException,
  resolveException,
  type OrderProgress,
  type ReopenException,
  type ResolveException,
} from '#contracts/order-to-cash'
import type { CaseRow } from '#db/queries/exceptions'
import { shippedOrder, type OrderPlace } from '#db/queries/orders'
import type { Resolution } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { takeAddressOut } from './given-address.ts'
import { callerOf, commandOrder, type CommandCaller } from './order-commands.ts'

interface Chosen {
  resolution: Resolution
  params?: Record<string, unknown> | undefined
}

/** Tells the process that the case is about what was chosen. */
export async function decideOrderCase(
  deps: ApiDeps,
  found: CaseRow,
  chosen: Chosen,
  caller: CommandCaller,
): Promise<OrderProgress> {
  const { address, command } = decisionOf(found, chosen)
  return commandOrder(deps, placeOf(found), resolveException, command, { ...caller, address })
}

export async function previewOrderCase(
  { previews }: Pick<ApiDeps, 'previews'>,
  found: CaseRow,
  chosen: Chosen,
  by: { key: string; actor: string },
): Promise<PreviewedEffect> {
  if (!previews) throw new Refusal('NothingToPreview', 'Previews of orders are not available here.')
  const { address, command } = decisionOf(found, chosen)
  return previews.resolveException(found.subjectId, { ...command, ...by }, address)
}

/** Opens a decided case again; an order that had been shipped is taken up once more. */
export async function reopenOrderCase(
  { db, temporal, orderTaskQueue }: ApiDeps,
  found: CaseRow,
  reason: string,
  request: FastifyRequest,
): Promise<OrderProgress> {
  const command = { caseId: found.id.toString(), reason }
  const takeUp = async (told: ReopenException, updateId: string) => {
    const ended = await shippedOrder(db, found.workflowId)
    const queue = orderTaskQueue ? { taskQueue: orderTaskQueue } : {}
    const again = { command: told, updateId, ...queue }
    return ended && commandAgain(temporal, ended, reopenException, again)
  }
  const deps = { db, temporal }
  return commandOrder(deps, placeOf(found), reopenException, command, callerOf(request), takeUp)
}

/** What the process is told of a choice; only a correction has an address, and only `create-item` a name. */
export function decisionOf(
  found: CaseRow,
  { resolution, params }: Chosen,
): { address: AddressDocument | undefined; command: Omit<ResolveException, 'key' | 'actor'> } {
  const { address, rest } = takeAddressOut(params)
  const told = resolution === 'create-item' ? (params ?? {}) : rest
  return {
    address: resolution === 'correct' ? address : undefined,
    command: {
      caseId: found.id.toString(),
      resolution,
      ...(Object.keys(told).length > 0 ? { params: told } : {}),
    },
  }
}

function placeOf({ subjectId, workflowId, entity, channel }: CaseRow): OrderPlace {
  return { id: BigInt(subjectId), workflowId, entity, channel: channel ?? '' }
}
