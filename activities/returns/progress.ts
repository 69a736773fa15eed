import type { DocumentProgress } from '#contracts/document-progress'
import { pendingRefunds } from '#db/stores/credit-notes'
import { saveReturn, type CustomerReturn } from '#db/stores/customer-returns'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { healDocumentCases } from '../documents/cases.ts'
import { addDays } from '#domain/dates'
import { returnPhase, type ReturnPhase } from '#domain/returns/phase'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'
import { finishStep } from '../orders/progress.ts'
import { valueOfUnits } from './credit.ts'
import { settleCredits } from './settle-credits.ts'
import { inBooks, isPaidBack, type ReturnWork } from './work.ts'

const WAITS: Record<ReturnPhase, [waitingFor: string, whoMayAct: string]> = {
  requested: ['an approval', 'oms-supervisor'],
  approved: ['the goods to come', 'customer, carrier, receiver'],
  'in-transit': ['the goods to arrive', 'carrier, receiver'],
  'part-received': ['the rest of the goods', 'customer, carrier, receiver'],
  received: ['its goods to be graded and put to use', 'receiver, warehouse-lead'],
  'to-credit': ['its credit', 'oms-supervisor, controller'],
  refunding: ['the refund to go through', 'payment provider'],
  closed: ['nothing', 'nobody'],
  declined: ['nothing', 'nobody'],
  expired: ['nothing', 'nobody'],
  cancelled: ['nothing', 'nobody'],
}

const OVER: readonly ReturnPhase[] = ['closed', 'declined', 'expired', 'cancelled']
/** A refund that nobody tells about is looked at so often. */
const LOOK_MS = 3_600_000

/** Ends every commit on a return: credits what is due by now, and says where it stands. */
export async function finishReturn(
  work: ReturnWork,
  step: DocumentStep,
): Promise<DocumentProgress> {
  const { tx, doc, order } = work
  await settleCredits(work)
  const pendingMinor = await pendingRefunds(tx, doc.id)
  const phase = phaseOf(doc, pendingMinor)
  if (OVER.includes(phase)) await healWhatIsOver(work)
  const open = doc.units.filter((unit) => unit.creditId === null && unit.state !== 'dropped')
  const atRisk = OVER.includes(phase) ? 0n : valueOfUnits(work, open) + pendingMinor
  const standing = {
    phase,
    open: !OVER.includes(phase),
    ...{ waitingFor: WAITS[phase][0], whoMayAct: WAITS[phase][1] },
    sites: [doc.site],
    atRiskMinor: order ? inBooks(order, atRisk) : 0n,
    deadlines: deadlinesOf(doc, phase),
  }
  if (work.orderTouched && order) await tellOrder(work, order)
  return finishDocument(tx, doc, step, standing, (header) => saveReturn(tx, doc, header))
}

function phaseOf(doc: CustomerReturn, refundPendingMinor: bigint): ReturnPhase {
  // A parcel that nobody has matched yet waits for somebody to.
  return returnPhase({
    ...{ endedAs: doc.endedAs, approvedOn: doc.approvedOn, scannedOn: doc.scannedOn },
    units: doc.units.map((unit) => ({ ...unit, credited: unit.creditId !== null })),
    lumpOpen: doc.kind === 'goodwill' && !doc.hasCredit,
    refundPendingMinor,
  })
}

/** An ended return leaves nothing to decide. */
async function healWhatIsOver({ tx, doc }: ReturnWork): Promise<void> {
  await healDocumentCases(
    tx,
    doc,
    ['return-approval', 'return-past-window', 'refund-over-limit', 'refund-without-goods'],
    'the return is over',
  )
}

/** Days end at midnight of the company's day; the next one is when silence has its consequence. */
function deadlinesOf(doc: CustomerReturn, phase: ReturnPhase): string[] {
  const missing = doc.units.filter((unit) => unit.state === 'expected')
  const days = [
    missing.some((unit) => !isPaidBack(doc, unit)) ? doc.expiresOn : null,
    missing.some((unit) => isPaidBack(doc, unit)) ? doc.chaseOn : null,
  ]
  const soon = phase === 'refunding' ? [new Date(Date.now() + LOOK_MS).toISOString()] : []
  return [
    ...days.flatMap((day) => (day === null ? [] : [`${addDays(day, 1)}T12:00:00.000Z`])),
    ...soon,
  ]
}

/** The order is written back, and its process is to pay: told, or begun again where it has ended. */
async function tellOrder(work: ReturnWork, order: SalesOrder): Promise<void> {
  const { tx, doc, actor } = work
  const key = `return/${doc.id}/${work.key}`
  const progress = await finishStep(tx, order, {
    ...{ action: `credited by return ${doc.no}`, actor, key },
  })
  const { workflowId, channelCode: channel, externalId } = order
  const body = { workflowId, channel, externalId, progress }
  await addToOutbox(tx, [{ topic: 'order-reopened', key, body }])
}
