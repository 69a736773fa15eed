import type { FastifyRequest } from 'fastify'
import { takeBill } from '#clients/vendor-bill'
import { resolveBillCase, vendorBillId, type BillProgress } from '#contracts/vendor-bill'
import { commitOnce } from '#db/commit-once'
import type { CaseRow } from '#db/queries/exceptions'
import {
  captureBill,
  supplierOfBill,
  type CapturedBill,
  type LandedCostOf,
} from '#db/stores/bill-capture'
import { decideUnbilled } from '#db/stores/unbilled'
import type { BillDocument } from '#domain/purchasing/bill-document'
import type { Resolution } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import type { ApiDeps } from './deps.ts'
import { callerOf, onceForProcess, type CommandCaller } from './order-commands.ts'
import { commandProcess } from './process-commands.ts'
import { requireScope } from './scope.ts'

export interface BillToCapture {
  document: BillDocument
  source: 'typed' | 'csv' | 'x12-810'
  /** Whose bill the sender says that it is. */
  entity?: string | undefined
  landedCost?: LandedCostOf
}

/**
 * Writes a bill down in one commit, under a key of its own. Its process is told at once where
 * somebody waits for it, and by the outbox in any case.
 * @throws Refusal `BillForAnotherEntity`
 */
export async function writeBillDown(
  { db }: Pick<ApiDeps, 'db'>,
  { principal }: Pick<FastifyRequest, 'principal'>,
  key: string,
  { entity, ...bill }: BillToCapture,
): Promise<CapturedBill> {
  const { actor } = principal
  return commitOnce(db, { key, request: { entity, ...bill }, actor }, async (tx) => {
    const supplier = await supplierOfBill(tx, bill.document)
    requireScope(principal, { entity: supplier.entity })
    if (entity !== undefined && entity !== supplier.entity)
      throw new Refusal(
        'BillForAnotherEntity',
        `${supplier.code} supplies ${supplier.entity}, not ${entity}: capture the bill in the books that it is for.`,
      )
    const workflowId = vendorBillId(supplier.code, bill.document.number)
    return captureBill(tx, { ...bill, supplier, workflowId, actor })
  })
}

/** As {@link writeBillDown}, and answers where the bill stands after its first look. */
export async function takeNewBill(
  deps: ApiDeps,
  request: FastifyRequest,
  bill: BillToCapture,
): Promise<{ billId: string }> {
  return onceForProcess(deps.db, callerOf(request), async (attempt) => {
    const captured = await writeBillDown(deps, request, `${request.commandKey}/capture`, bill)
    const told = { ...captured, taskQueue: deps.orderTaskQueue }
    await takeBill(deps.temporal, told, `billTaken/${attempt}`).catch((error: unknown) => {
      // A bill that is known and over needs no process.
      if (!captured.known) throw error
    })
    return { billId: captured.billId }
  })
}

/** Sends a decision to the bill's own process, once per caller and Idempotency-Key. */
export async function decideBill(
  { db, temporal }: Pick<ApiDeps, 'db' | 'temporal'>,
  found: CaseRow,
  choice: { resolution: Resolution; params?: Record<string, unknown> | undefined },
  caller: CommandCaller,
): Promise<BillProgress> {
  const { commandKey: key, principal } = caller
  const { resolution, params } = choice
  const command = {
    ...{ key, actor: principal.actor, caseId: found.id.toString(), resolution },
    ...(params && Object.keys(params).length > 0 ? { params } : {}),
  }
  const process = {
    ...{ workflowId: found.workflowId, under: `vendor-bill/${found.subjectId}/` },
    closed: () =>
      new Refusal(
        'BillClosed',
        'The process of this bill has ended: nothing about it can be decided any more.',
      ),
  }
  return onceForProcess(db, caller, (attempt) => {
    const asked = { command, updateId: `resolveBillCase/${attempt}` }
    return commandProcess({ db, temporal }, process, resolveBillCase, asked)
  })
}

/**
 * Decides about goods that nobody has billed; one commit, since no process of its own waits.
 * @throws Refusal `CaseNotOpen`, `ResolutionNotAllowed`, `NothingUnbilled`
 */
export async function decideUnbilledReceipt(
  { db }: Pick<ApiDeps, 'db'>,
  found: CaseRow,
  { resolution, params }: { resolution: Resolution; params?: Record<string, unknown> | undefined },
  { commandKey, principal, asked }: CommandCaller,
): Promise<{ caseId: string; outcome: 'cleared' | 'waiting' }> {
  if (resolution !== 'clear' && resolution !== 'wait')
    throw new Refusal(
      'ResolutionNotAllowed',
      `A receipt-unbilled case allows clear, wait; "${resolution}" is none of these.`,
    )
  const { actor } = principal
  return commitOnce(db, { key: commandKey, request: asked, actor }, async (tx) => {
    const [open] = await tx<{ entityId: number; currency: string }[]>`
      SELECT entity_id AS "entityId", currency FROM exception_case WHERE id = ${found.id} AND state = 'open' FOR UPDATE`
    if (!open) throw new Refusal('CaseNotOpen', `Case ${found.id} is not open any more.`)
    const { subjectId } = found
    const given = params?.['reason']
    const reason = typeof given === 'string' && given !== '' ? given : 'no bill will come'
    await decideUnbilled(tx, { ...open, caseId: found.id, subjectId, resolution, reason, actor })
    return {
      caseId: found.id.toString(),
      outcome: resolution === 'clear' ? ('cleared' as const) : ('waiting' as const),
    }
  })
}
