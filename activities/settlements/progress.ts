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
  const atRiskMinor = await settle(tx, doc)
  const standing = {
    phase: doc.phase,
    open: doc.phase !== 'closed',
    ...WAITS[doc.phase],
    sites: [],
    atRiskMinor,
    deadlines: await deadlines(tx, doc),
  }
  const told = { ...doc, phase: before }
  return finishDocument(tx, told, step, standing, (header) => saveSettlement(tx, doc, header))
}

/** A posted statement asks about what it leaves open; without any of that, and banked, it is over. */
async function settle(tx: Tx, doc: SettlementDoc): Promise<bigint> {
  if (doc.phase === 'exceptions') return atHome(tx, doc, (await heldShare(tx, doc)).heldMinor)
  if (doc.phase !== 'posted' && doc.phase !== 'closed') return 0n
  const unexplained = await lookForTrouble(tx, doc)
  const underway = await inTransit(tx, doc)
  const cases = await openDocumentCases(tx, doc)
  doc.phase = underway === 0n && cases.length === 0 ? 'closed' : 'posted'
  return atHome(tx, doc, unexplained + (underway < 0n ? -underway : underway))
}

async function deadlines(tx: Tx, doc: SettlementDoc): Promise<string[]> {
  if (doc.phase === 'matching' || doc.phase === 'posting') return [new Date().toISOString()]
  if (doc.phase !== 'posted' || (await inTransit(tx, doc)) === 0n) return []
  const asked = await openDocumentCases(tx, doc)
  if (asked.some(({ type }) => type === 'payout-difference')) return []
  // On the next day nobody waits for it quietly any more.
  return [new Date(Date.parse(`${arrivesBy(doc)}T00:00:00Z`) + 2 * 86_400_000).toISOString()]
}
