import type { UpdateDefinition } from '@temporalio/common'
import { startSettlement } from '#clients/settlement'
import type { DocumentProgress } from '#contracts/document-progress'
import {
  approveSettlement,
  lookAtBank,
  resolveSettlementCase,
  settlementProgress,
} from '#contracts/settlement'
import { commitOnce } from '#db/commit-once'
import { takeBankStatement } from '#db/stores/bank-statements'
import { takeStatement } from '#db/stores/settlements'
import type { StatementLine } from '#domain/settlement/statement'
import { today } from '#tests/support/settlements'
import type { RecordingSystem } from './recording-system.ts'

type Line = Pick<StatementLine, 'class' | 'amountMinor'> & Partial<StatementLine>

/** A clean statement is approved by rule; the bank shows its payout later. */
export async function statementSettled(system: RecordingSystem): Promise<string> {
  const workflowId = await receive(system, 'settled', [{ class: 'reserve', amountMinor: 5000n }])
  await until(system, workflowId, 'posted')
  await bank(system, 'settled', 5000n)
  await tell(system, workflowId, lookAtBank, {})
  await ended(system, workflowId)
  return workflowId
}

/**
 * Much is unexplained: a person approves, a command that comes too late is refused, nobody decides
 * in time, so that the case moves up, and then a controller maps.
 */
export async function statementApproved(system: RecordingSystem): Promise<string> {
  const { admin } = system.database
  const policy = { team: 'finance', slaMinutes: 0.02, escalateTo: 'controller', severity: 'high' }
  await admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('exceptions', '*', 77, 'recorder', ${admin.json({ 'settlement-type-unknown': policy })})`
  const lines: Line[] = [{ class: 'unknown', type: 'riddle', amountMinor: 700n }]
  const workflowId = await receive(system, 'approved', lines)
  await until(system, workflowId, 'exceptions')
  await tell(system, workflowId, approveSettlement, { reason: 'it is little money' })
  await tell(system, workflowId, approveSettlement, { reason: 'once more' }).catch(() => undefined)
  const { cases } = await until(system, workflowId, 'posted')
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  await bank(system, 'approved', 700n)
  await tell(system, workflowId, lookAtBank, {})
  const params = { treatment: 'advertising', reason: 'an advert' }
  const choice = { caseId: cases[0]!.id, resolution: 'map-type' as const, params }
  await tell(system, workflowId, resolveSettlementCase, choice)
  await ended(system, workflowId)
  return workflowId
}

/** No rate is known on the day: posting waits until there is one. */
export async function statementWithoutRate(system: RecordingSystem): Promise<string> {
  const lines: Line[] = [{ class: 'reserve', amountMinor: 300n }]
  const workflowId = await receive(system, 'no-rate', lines, 'EUR')
  await until(system, workflowId, 'posting')
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  await system.database.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', ${today}, 1100000000, 'recorder')`
  await tell(system, workflowId, lookAtBank, {})
  await until(system, workflowId, 'posted')
  await bank(system, 'no-rate', 300n, 'EUR')
  await tell(system, workflowId, lookAtBank, {})
  await ended(system, workflowId)
  return workflowId
}

/** Nobody finds the payout for so long that the process begins a new history. */
export async function statementContinuedAsNew(system: RecordingSystem): Promise<string> {
  const workflowId = await receive(system, 'long-wait', [{ class: 'reserve', amountMinor: 900n }])
  await until(system, workflowId, 'posted')
  const handle = system.client.workflow.getHandle(workflowId)
  const { runId } = await handle.describe()
  for (let n = 1; (await handle.describe()).runId === runId; n += 1) {
    if (n === 60) throw new Error('the process did not continue as new')
    await tell(system, workflowId, lookAtBank, {})
  }
  await bank(system, 'long-wait', 900n)
  await tell(system, workflowId, lookAtBank, {})
  await ended(system, workflowId)
  return workflowId
}

async function receive(
  { client, database: { db } }: RecordingSystem,
  statementId: string,
  lines: readonly Line[],
  currency = 'USD',
): Promise<string> {
  const [entity] = await db<{ id: number }[]>`SELECT id FROM entity WHERE code = 'ACME-US'`
  const total = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)
  const statement = {
    ...{ provider: 'stripe' as const, account: '', statementId, currency, depositedOn: today },
    ...{ totalMinor: total, payoutMinor: total },
    lines: lines.map((line, n) => ({ lineNo: n + 1, type: line.class, postedOn: today, ...line })),
  }
  const by = { entityId: entity!.id, channelId: null, actor: 'recorder' }
  const command = { key: `take/${statementId}`, request: statement, actor: 'recorder' }
  const { id, workflowId } = await commitOnce(db, command, (tx) =>
    takeStatement(tx, { statement, ...by }),
  )
  await startSettlement(client, { id, workflowId, no: statementId, lines: lines.length })
  return workflowId
}

async function bank(
  { database: { db } }: RecordingSystem,
  purpose: string,
  amountMinor: bigint,
  currency = 'USD',
): Promise<void> {
  const [entity] = await db<{ id: number }[]>`SELECT id FROM entity WHERE code = 'ACME-US'`
  const lines = [{ lineNo: 1, bookedOn: today, amountMinor, purpose }]
  const statement = { account: 'B', statementId: purpose, currency, from: today, to: today, lines }
  const command = { key: `bank/${purpose}`, request: statement, actor: 'recorder' }
  await commitOnce(db, command, (tx) =>
    takeBankStatement(tx, { statement, entityId: entity!.id, actor: 'recorder' }),
  )
}

let keys = 0
function tell<C extends { key: string; actor: string }>(
  { client }: RecordingSystem,
  workflowId: string,
  update: UpdateDefinition<DocumentProgress, [C]>,
  command: Omit<C, 'key' | 'actor'>,
): Promise<DocumentProgress> {
  keys += 1
  const args = [{ ...command, key: `k${keys}`, actor: 'recorder' } as C] as [C]
  return client.workflow.getHandle(workflowId).executeUpdate(update, { args })
}

async function until(
  { client }: RecordingSystem,
  workflowId: string,
  phase: string,
): Promise<DocumentProgress> {
  const handle = client.workflow.getHandle(workflowId)
  for (let attempt = 1; attempt <= 300; attempt += 1) {
    const now = await handle.query(settlementProgress)
    if (now?.phase === phase) return now
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${workflowId} does not become ${phase}`)
}

async function ended({ client }: RecordingSystem, workflowId: string): Promise<void> {
  await client.workflow.getHandle(workflowId).result()
}
