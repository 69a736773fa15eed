import type { ResolveException } from '#contracts/order-to-cash'
import type { CancelTransfer, DecideTransfer } from '#contracts/transfer'
import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import type { TransferDoc, TransferLine } from '#db/stores/transfers'
import { addDays } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { unitsInTransit } from '#domain/stock/transfers'
import { decideDocumentCase, escalateDocumentCases, openDocumentCase } from '../documents/cases.ts'
import { dateParam, unitsParam } from '../documents/params.ts'
import { allocateTransfer, giveUpUnits } from './allocate.ts'
import { endTransit, type Ended, type Ending } from './arrive.ts'
import { lineOfSku } from './lines.ts'
import { approvalDue } from './progress.ts'

/** @throws Refusal `NotWaitingForApproval`, `SelfApproval`. */
export async function decideOnRequest(
  tx: Tx,
  doc: TransferDoc,
  command: DecideTransfer,
): Promise<void> {
  if (doc.phase !== 'requested')
    throw new Refusal(
      'NotWaitingForApproval',
      `${doc.no} is ${doc.phase}; nobody waits for an approval of it.`,
    )
  if (command.actor === doc.requestedBy)
    throw new Refusal(
      'SelfApproval',
      `You asked for ${doc.no} yourself: somebody else approves or rejects it. You may cancel it.`,
    )
  if (command.decision === 'reject') return giveUpUnits(tx, doc, command)
  doc.approvedBy = command.actor
  await allocateTransfer(tx, doc, { actor: command.actor, asks: true })
}

/**
 * Nothing more is sent, and what is reserved is free again. Goods that are on their way do not
 * vanish with the paper: a person says where they went.
 */
export async function cancelRest(tx: Tx, doc: TransferDoc, command: CancelTransfer): Promise<void> {
  await giveUpUnits(tx, doc, command)
  const underway = doc.lines.filter((line) => unitsInTransit(line) > 0n)
  if (underway.length === 0) return
  doc.recalled = true
  await openDocumentCase(tx, doc, {
    type: 'transfer-recalled',
    siteId: doc.fromSiteId,
    summary: `${doc.no} was cancelled with ${underway.map((line) => `${unitsInTransit(line)} × ${line.sku}`).join(', ')} on the way`,
    evidence: { reason: command.reason, lines: linesOf(underway) },
    moneyAtRiskMinor: doc.valueMinor,
    openedBy: command.actor,
  })
}

/** Carries a person's choice on a case out. */
export async function resolveCaseOf(
  tx: Tx,
  doc: TransferDoc,
  command: ResolveException & { today: string },
): Promise<void> {
  const found = await decideDocumentCase(tx, doc, command)
  const { resolution, params, actor } = command
  switch (resolution) {
    case 'ship-available':
      return giveUpUnits(tx, doc, { ...command, onlyUnreserved: true })
    case 'cancel':
      return giveUpUnits(tx, doc, command)
    case 'let-arrive':
      doc.recalled = false
      return
    case 'keep-waiting':
      if (found.type === 'transfer-short' || found.type === 'transfer-unapproved') return
      doc.overdueOn =
        dateParam(params, 'until') ??
        addDays(command.today, Math.max(1, doc.policy.body.overdueGraceDays))
      if (doc.dueOn < command.today) doc.dueOn = doc.overdueOn
      return
    case 'came-back':
      return endUnits(tx, doc, found, command, { kind: 'came-back', fate: 'cameBack' })
    case 'claim':
      return endUnits(tx, doc, found, command, { kind: 'lost', fate: 'lost', claimed: true })
    default:
      return endUnits(tx, doc, found, { ...command, actor }, { kind: 'lost', fate: 'lost' })
  }
}

/** All that is on its way, or the units that the choice names (`sku`, `qty`). */
async function endUnits(
  tx: Tx,
  doc: TransferDoc,
  found: OpenCase,
  { params, actor, key, today, resolution }: ResolveException & { today: string },
  how: Pick<Ended, 'kind' | 'claimed'> & Pick<Ending, 'fate'>,
): Promise<void> {
  const { fate, ...kind } = how
  const named = typeof params?.['sku'] === 'string' ? params['sku'] : undefined
  const lines = named === undefined ? unitsOfCase(doc, found) : [wished(doc, named, params)]
  await endTransit(
    tx,
    doc,
    lines.map(({ line, qty }) => ({ line, qty, fate })),
    { ...kind, reference: key, on: today, actor, reason: `case ${found.id}: ${resolution}` },
  )
}

function wished(
  doc: TransferDoc,
  sku: string,
  params: ResolveException['params'],
): { line: TransferLine; qty: bigint } {
  const line = lineOfSku(doc, sku, 'params.sku')
  const underway = unitsInTransit(line)
  const qty = unitsParam(params, 'qty') ?? underway
  if (qty > underway)
    throw new Refusal(
      'OverArrival',
      `${underway} units of ${sku} are on their way, ${qty} were told of. Name what is there.`,
      { field: 'params.qty' },
    )
  return { line, qty }
}

/** What an arrival lacked, as far as it has not come since; of any other case all that is under way. */
function unitsOfCase(doc: TransferDoc, found: OpenCase): { line: TransferLine; qty: bigint }[] {
  if (found.type !== 'transfer-incomplete')
    return doc.lines.map((line) => ({ line, qty: unitsInTransit(line) }))
  const lacked = found.evidence['lines'] as { sku: string; qty: string }[]
  return lacked.map(({ sku, qty }) => {
    const line = lineOfSku(doc, sku, 'params.sku')
    const underway = unitsInTransit(line)
    return { line, qty: BigInt(qty) < underway ? BigInt(qty) : underway }
  })
}

/** Does what passed deadlines ask for; without one that passed it changes nothing. */
export async function passDeadlines(tx: Tx, doc: TransferDoc, today: string): Promise<void> {
  await escalateDocumentCases(tx, doc)
  if (doc.phase === 'requested') await askForApproval(tx, doc)
  if (doc.approvedBy !== null) await allocateTransfer(tx, doc, { actor: 'system', asks: false })
  const underway = doc.lines.filter((line) => unitsInTransit(line) > 0n)
  if (underway.length === 0 || today <= doc.overdueOn) return
  await openDocumentCase(tx, doc, {
    type: 'transfer-overdue',
    siteId: doc.toSiteId,
    summary: `${doc.no} from ${doc.from} to ${doc.to} was due on ${doc.dueOn}`,
    evidence: { dueOn: doc.dueOn, lines: linesOf(underway) },
    moneyAtRiskMinor: doc.valueMinor,
    openedBy: 'rule: transfer',
  })
}

/** Nobody has approved in time: a person waits on, or gives the request up. */
async function askForApproval(tx: Tx, doc: TransferDoc): Promise<void> {
  const { due, asked, passed } = await approvalDue(tx, doc)
  if (!passed || asked) return
  await openDocumentCase(tx, doc, {
    type: 'transfer-unapproved',
    siteId: doc.fromSiteId,
    summary: `${doc.no} from ${doc.from} to ${doc.to} waits for an approval since ${due}`,
    evidence: { due, requestedBy: doc.requestedBy },
    moneyAtRiskMinor: doc.valueMinor,
    openedBy: 'rule: transfer',
  })
}

function linesOf(underway: readonly TransferLine[]) {
  return underway.map((line) => ({ sku: line.sku, qty: unitsInTransit(line).toString() }))
}
