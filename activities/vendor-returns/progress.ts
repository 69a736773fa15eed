import type { DocumentProgress } from '#contracts/document-progress'
import type { Tx } from '#db/client'
import { openCredit, saveVendorReturn, type VendorReturnDoc } from '#db/stores/vendor-returns'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'

const WAITS = {
  requested: { waitingFor: 'the goods to leave', whoMayAct: 'warehouse-lead, receiver' },
  'awaiting-credit': { waitingFor: "the supplier's credit note", whoMayAct: 'ap-clerk' },
  closed: { waitingFor: 'nothing', whoMayAct: 'nobody' },
  cancelled: { waitingFor: 'nothing', whoMayAct: 'nobody' },
} as const

/** Ends every commit on a return: where it stands, and what the supplier is still to credit. */
export async function finishVendorReturn(
  tx: Tx,
  doc: VendorReturnDoc,
  step: DocumentStep,
): Promise<DocumentProgress> {
  const { amountMinor, funcMinor } = await openCredit(tx, doc)
  const phase = phaseOf(doc, amountMinor)
  const standing = {
    phase,
    open: phase === 'requested' || phase === 'awaiting-credit',
    ...WAITS[phase],
    sites: [doc.site],
    atRiskMinor: funcMinor,
    deadlines: [],
  }
  return finishDocument(tx, doc, step, standing, (header) => saveVendorReturn(tx, doc, header))
}

function phaseOf(doc: VendorReturnDoc, uncreditedMinor: bigint): keyof typeof WAITS {
  if (doc.cancelledBy !== null) return 'cancelled'
  if (doc.shippedOn === null) return 'requested'
  return uncreditedMinor > 0n ? 'awaiting-credit' : 'closed'
}
