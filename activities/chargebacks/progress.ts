import type { DocumentProgress } from '#contracts/document-progress'
import type { Tx } from '#db/client'
import { openItem } from '#db/stores/ledger-open-items'
import { saveChargeback, type Chargeback } from '#db/stores/chargebacks'
import { isUndecided } from '#domain/chargebacks/dispute'
import { chargebackKey } from '#domain/ledger/posting-chargebacks'
import {
  documentNow,
  finishDocument,
  type DocumentStep,
  type Standing,
} from '../documents/progress.ts'

const WAITS = {
  inquiry: { waitingFor: 'an answer to the bank’s question', whoMayAct: 'risk-analyst' },
  opened: { waitingFor: 'evidence', whoMayAct: 'risk-analyst' },
  submitted: { waitingFor: 'the bank to decide', whoMayAct: 'nobody' },
  won: { waitingFor: 'nothing', whoMayAct: 'nobody' },
  lost: { waitingFor: 'nothing', whoMayAct: 'nobody' },
  accepted: { waitingFor: 'nothing', whoMayAct: 'nobody' },
  closed: { waitingFor: 'nothing', whoMayAct: 'nobody' },
} as const

/** How often a dispute of nobody's charge looks for its order again. */
const LOOK_AGAIN_MS = 3_600_000

/** Ends every commit on a dispute: where it stands, and what the bank has of ours. */
export async function finishChargeback(
  tx: Tx,
  doc: Chargeback,
  step: DocumentStep,
): Promise<DocumentProgress> {
  const standing = await standingOf(tx, doc)
  return finishDocument(tx, doc, step, standing, (header) => saveChargeback(tx, doc, header))
}

/** Where a dispute stands without any change, for whoever tells what was told before. */
export async function chargebackNow(tx: Tx, doc: Chargeback): Promise<DocumentProgress> {
  return documentNow(tx, doc, await standingOf(tx, doc))
}

async function standingOf(tx: Tx, doc: Chargeback): Promise<Standing> {
  const { entityId, currency } = doc
  const key = chargebackKey(doc)
  const item = await openItem(tx, { entityId, account: 'ChargebacksInDispute', currency, key })
  const phase = phaseOf(doc)
  return {
    phase,
    // What was taken for nobody's order is in no books yet.
    open: isUndecided(doc) || (doc.orderId === null && doc.stage !== 'closed'),
    ...WAITS[phase],
    sites: [],
    atRiskMinor: item?.funcMinor ?? 0n,
    deadlines: deadlinesOf(doc),
  }
}

function phaseOf({ stage, submittedAt }: Chargeback): keyof typeof WAITS {
  return isUndecided({ stage }) && submittedAt !== null ? 'submitted' : stage
}

function deadlinesOf(doc: Chargeback): string[] {
  const look = doc.orderId === null ? [new Date(Date.now() + LOOK_AGAIN_MS).toISOString()] : []
  const { evidenceDueAt, submittedAt } = doc
  if (evidenceDueAt === null || submittedAt !== null || !isUndecided(doc)) return look
  const due = new Date(evidenceDueAt)
  return due.getTime() > Date.now() ? [...look, due.toISOString()] : look
}
