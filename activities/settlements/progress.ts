import type { DocumentProgress } from '#contracts/document-progress'
import type { Tx } from '#db/client'
import { heldShare } from '#db/stores/settlement-matching'
import { saveSettlement, type SettlementDoc } from '#db/stores/settlements'
import { openDocumentCases } from '../documents/cases.ts'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'
import { arrivesBy, inTransit } from './cash.ts'
import { atHome, lookForTrouble } from './cases.ts'

const WAITS = {
  received: { waitingFor: 'its process', whoMayAct: 'system' },
  matching: { waitingFor: 'its lines to be matched', whoMayAct: 'system' },
  exceptions: { waitingFor: 'approval: too much is unexplained', whoMayAct: 'controller' },
  posting: { waitingFor: 'its lines to be posted', whoMayAct: 'system' },
  posted: { waitingFor: 'the payout at the bank', whoMayAct: 'treasurer, ap-clerk' },
  closed: { waitingFor: 'nothing', whoMayAct: 'nobody' },
} as const

/** Ends every commit on a statement: what it leaves open, and where it stands. */
export async function finishSettlement(
  tx: Tx,
  doc: SettlementDoc,
  step: DocumentStep,
): Promise<DocumentProgress> {
  const before = doc.phase
  const { atRiskMinor, deadlines } = await settle(tx, doc)
  const standing = {
    phase: doc.phase,
    open: doc.phase !== 'closed',
    ...WAITS[doc.phase],
    sites: [],
    atRiskMinor,
    deadlines,
  }
  const told = { ...doc, phase: before }
  return finishDocument(tx, told, step, standing, (header) => saveSettlement(tx, doc, header))
}

/** A posted statement asks about what it leaves open; without any of that, and banked, it is over. */
async function settle(
  tx: Tx,
  doc: SettlementDoc,
): Promise<{ atRiskMinor: bigint; deadlines: string[] }> {
  const deadlines = doc.phase === 'matching' || doc.phase === 'posting' ? [atOnce()] : []
  if (doc.phase === 'exceptions')
    return { atRiskMinor: await atHome(tx, doc, (await heldShare(tx, doc)).heldMinor), deadlines }
  if (doc.phase !== 'posted' && doc.phase !== 'closed') return { atRiskMinor: 0n, deadlines }
  const unexplained = await lookForTrouble(tx, doc)
  const underway = await inTransit(tx, doc)
  const cases = await openDocumentCases(tx, doc)
  doc.phase = underway === 0n && cases.length === 0 ? 'closed' : 'posted'
  const asked = cases.some(({ type }) => type === 'payout-difference')
  return {
    atRiskMinor: await atHome(tx, doc, unexplained + (underway < 0n ? -underway : underway)),
    deadlines: underway === 0n || asked ? [] : [askedAfter(doc)],
  }
}

function atOnce(): string {
  return new Date().toISOString()
}

/** On the day after the last on which nobody wonders, nobody waits for the payout quietly any more. */
function askedAfter(doc: SettlementDoc): string {
  return new Date(Date.parse(`${arrivesBy(doc)}T00:00:00Z`) + 2 * 86_400_000).toISOString()
}
