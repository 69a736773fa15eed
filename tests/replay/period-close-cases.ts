import { refreshTiesNow } from '#clients/continuous-close'
import { expectInvoice } from '#clients/stock-documents'
import { continuousCloseId } from '#contracts/continuous-close'
import {
  cancelExpectedInvoice,
  expectedInvoiceId,
  expectedInvoiceProgress,
  invoiceArrived,
} from '#contracts/expected-invoice'
import * as contract from '#contracts/period-close'
import { closingCompany, closingOn, setClosePolicy, type Closing } from '#tests/support/closing'
import type { RecordingSystem } from './recording-system.ts'

const PERIOD = '2026-10'

/** A company of its own for each case, since closes are named by it. */
async function closeOf(
  { client, database }: RecordingSystem,
  code: string,
): Promise<{ close: Closing; workflowId: string }> {
  const { entity, entityId } = await closingCompany(database.admin, { code })
  await setClosePolicy(database.admin, entityId, {})
  const close = closingOn({ client, db: database.db }, { entity, period: PERIOD })
  return { close, workflowId: contract.periodCloseId(entity, PERIOD) }
}

async function lockAll({ tell }: Closing): Promise<void> {
  for (const area of ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL'] as const)
    await tell(contract.lockArea, { area, state: 'closed', reason: 'month end' }, 'carl')
}

/** Begun, refused on the way, signed and locked. */
export async function closeLocked(system: RecordingSystem): Promise<string> {
  const { close, workflowId } = await closeOf(system, 'CLOSE-LOCKED')
  await close.tell(contract.beginClose, {}, 'carl')
  const early = { area: 'AR', state: 'closed', reason: 'early' } as const
  await close.tell(contract.lockArea, early, 'carl').catch(() => undefined)
  await close.tell(contract.lockArea, { ...early, state: 'soft' }, 'carl')
  await close.tell(contract.checkClose, {}, 'carl')
  // Nothing is red: there is nothing to live with.
  const green = { task: 'tax-tie', reason: 'small' }
  await close.tell(contract.acceptDifference, green, 'carl').catch(() => undefined)
  await close.tell(contract.postTask, { task: 'fx-revalued' }, 'paula')
  await system.client.workflow
    .getHandle(workflowId)
    .signal(contract.answersChanged, { key: 'evidence/1' })
  await close.sign()
  await lockAll(close)
  await system.client.workflow.getHandle(workflowId).result()
  return workflowId
}

/** Locked, reopened by somebody else in a second run, and locked again by itself. */
export async function closeReopened(system: RecordingSystem): Promise<string> {
  const { close, workflowId } = await closeOf(system, 'CLOSE-REOPENED')
  await close.tell(contract.beginClose, {}, 'carl')
  await close.sign()
  await lockAll(close)
  await system.client.workflow.getHandle(workflowId).result()
  const until = new Date(Date.now() + 4_000).toISOString()
  const wish = { areas: ['GL' as const], until, reason: 'forgotten' }
  const { cases } = await close.tell(contract.askReopening, wish, 'petra')
  const approve = { caseId: cases[0]!.id, resolution: 'approve' as const }
  await close.tell(contract.resolveCloseCase, approve, 'anna')
  await system.client.workflow.getHandle(workflowId).result()
  return workflowId
}

/** Asked at its start and once more; a company goes on being watched. */
export async function tiesRefreshed({ client, database }: RecordingSystem): Promise<string> {
  const { entity, entityId } = await closingCompany(database.admin, { code: 'WATCHED' })
  await setClosePolicy(database.admin, entityId, {})
  await refreshTiesNow(client, { entity }, 'refresh/1')
  await refreshTiesNow(client, { entity }, 'refresh/2')
  return continuousCloseId(entity)
}

async function expecting(system: RecordingSystem, invoiceNo: string, period: string) {
  const code = invoiceNo.toUpperCase()
  const { entity } = await closingCompany(system.database.admin, { code })
  const cost = { accountId: 6070, party: 'supplier/1', description: 'ads', expectedMinor: '300000' }
  const by = { key: `expect/${invoiceNo}`, actor: 'paula' }
  await expectInvoice(
    system.client,
    { ...by, ...cost, invoiceNo, entity, period },
    { updateId: by.key },
  )
  return system.client.workflow.getHandle(expectedInvoiceId(invoiceNo))
}

/** The period was over: booked, taken back, and the bill came. */
export async function invoiceAccrued(system: RecordingSystem): Promise<string> {
  const handle = await expecting(system, 'invoice-accrued', PERIOD)
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await handle.query(expectedInvoiceProgress))?.phase === 'accrued') break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const args = [{ key: 'a', actor: 'paula', billNumber: 'B-1', actualMinor: '312000' }] as const
  await handle.executeUpdate(invoiceArrived, { args: [args[0]] })
  await handle.result()
  return handle.workflowId
}

export async function invoiceCancelled(system: RecordingSystem): Promise<string> {
  const handle = await expecting(system, 'invoice-cancelled', '2027-12')
  const command = { key: 'c', actor: 'paula', reason: 'the campaign was called off' }
  await handle.executeUpdate(cancelExpectedInvoice, { args: [command] })
  await handle.result()
  return handle.workflowId
}
