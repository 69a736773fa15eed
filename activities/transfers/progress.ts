import type { DocumentProgress } from '#contracts/document-progress'
import type { Tx } from '#db/client'
import { saveTransfer, type TransferDoc, type TransferLine } from '#db/stores/transfers'
import { reviseSupply } from '#db/stores/supply'
import { valueInTransit } from '#db/stores/transit'
import { STOCK_POLICIES } from '#domain/stock/policies'
import { transferPhase, unitsInTransit, type TransferPhase } from '#domain/stock/transfers'
import { healDocumentCases } from '../documents/cases.ts'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'

const WAITS: Record<TransferPhase, { waitingFor: string; whoMayAct: string }> = {
  requested: { waitingFor: 'approval by a second person', whoMayAct: 'warehouse-lead' },
  short: { waitingFor: 'stock at the source', whoMayAct: 'warehouse-lead' },
  allocated: { waitingFor: 'the source to ship', whoMayAct: 'warehouse-lead' },
  'part-shipped': { waitingFor: 'the source to ship the rest', whoMayAct: 'warehouse-lead' },
  'in-transit': { waitingFor: 'arrival', whoMayAct: 'receiver' },
  'part-received': { waitingFor: 'arrival of the rest', whoMayAct: 'receiver' },
  closed: { waitingFor: 'nothing', whoMayAct: 'nobody' },
  cancelled: { waitingFor: 'nothing', whoMayAct: 'nobody' },
}

/** Names the layers of a line that are on their way. */
export function transitSource(doc: TransferDoc, line: Pick<TransferLine, 'lineNo'>): string {
  return `${doc.no}/${line.lineNo}`
}

/** Ends every commit on a transfer: what is still to come at the destination, and where it stands. */
export async function finishTransfer(
  tx: Tx,
  doc: TransferDoc,
  step: DocumentStep,
): Promise<DocumentProgress> {
  const approved = doc.approvedBy !== null
  const phase = transferPhase(doc.lines, { approved })
  const underway = doc.lines.some((line) => unitsInTransit(line) > 0n)
  if (!underway) await healDocumentCases(tx, doc, ABOUT_TRANSIT, 'nothing is on its way any more')
  if (phase !== 'requested')
    await healDocumentCases(tx, doc, ['transfer-unapproved'], 'it does not wait for an approval')
  if (phase !== 'short') await healDocumentCases(tx, doc, ['transfer-short'], 'nothing is lacking')
  for (const line of doc.lines) await tellDestination(tx, doc, line, step)
  const sources = doc.lines.map((line) => transitSource(doc, line))
  const standing = {
    phase,
    open: phase !== 'closed' && phase !== 'cancelled',
    ...WAITS[phase],
    sites: [doc.from, doc.to],
    atRiskMinor: underway ? await valueInTransit(tx, sources) : 0n,
    deadlines: await deadlinesOf(tx, doc, { phase, underway }),
  }
  return finishDocument(tx, doc, step, standing, (header) => saveTransfer(tx, doc, header))
}

const ABOUT_TRANSIT = ['transfer-overdue', 'transfer-incomplete', 'transfer-recalled'] as const

/** Only units that are secured, reserved or under way, are told to whoever waits at the destination. */
async function tellDestination(
  tx: Tx,
  doc: TransferDoc,
  line: TransferLine,
  step: DocumentStep,
): Promise<void> {
  await reviseSupply(tx, {
    itemId: line.itemId,
    siteId: doc.toSiteId,
    toCome: line.reserved + unitsInTransit(line),
    dueOn: doc.dueOn,
    confidencePct: 90,
    sourceType: 'transfer',
    sourceId: doc.no,
    reason: step.reason ?? step.action,
    actor: step.actor,
    key: `${doc.no}/${doc.version + 1}`,
  })
}

/** When goods become overdue, and when the source is asked again for what it lacked. */
async function deadlinesOf(
  tx: Tx,
  doc: TransferDoc,
  { phase, underway }: { phase: TransferPhase; underway: boolean },
): Promise<string[]> {
  const retry =
    phase === 'short'
      ? [new Date(Date.now() + doc.policy.body.retryMinutes * 60_000).toISOString()]
      : []
  if (phase === 'requested') return approvalDeadline(tx, doc)
  if (!underway) return retry
  const [overdue] = await tx<{ at: string; asked: boolean }[]>`
    SELECT (${doc.overdueOn}::date + 1)::timestamp AT TIME ZONE ${doc.timezone} AS at, EXISTS (
      SELECT FROM exception_case WHERE key = ${`transfer/${doc.id}/transfer-overdue`} AND state = 'open') AS asked`
  return overdue!.asked ? retry : [...retry, overdue!.at]
}

/** When silence on a request asks a person; nothing once it has. */
async function approvalDeadline(tx: Tx, doc: TransferDoc): Promise<string[]> {
  const { due, asked } = await approvalDue(tx, doc)
  return asked ? [] : [due]
}

/** Until when somebody should have approved, and whether a person was asked since. */
export async function approvalDue(
  tx: Tx,
  doc: TransferDoc,
): Promise<{ due: string; asked: boolean; passed: boolean }> {
  // Transfers from before the field was there keep the policy that they were begun under.
  const { approvalHours } = { ...STOCK_POLICIES.transfer, ...doc.policy.body }
  const [row] = await tx<{ due: string; asked: boolean; passed: boolean }[]>`
    SELECT due, due <= clock_timestamp() AS passed, EXISTS (
      SELECT FROM exception_case WHERE key = ${`transfer/${doc.id}/transfer-unapproved`}) AS asked
    FROM (SELECT recorded_at + make_interval(secs => ${approvalHours * 3600}) AS due FROM transfer WHERE id = ${doc.id}) t`
  return row!
}
