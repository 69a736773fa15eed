import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import {
  billProgress,
  billTaken,
  lookAtBill,
  resolveBillCase,
  type BillProgress,
  type VendorBillActivities,
  type VendorBillStart,
} from '#contracts/vendor-bill'
import { exceptionTypeKey, phaseKey, waitingForKey } from '#contracts/search-attributes'
import { formatMinor } from '#domain/money'
import { commitSteps } from './commit-steps.ts'

/** A bill of a thousand lines takes its time. */
const actOnBill = commitSteps<VendorBillActivities, BillProgress>({
  attempt: '8s',
  close: '12s',
  patient: '60s',
})

interface BillProcess {
  start: VendorBillStart
  /** Where the bill stands; nothing before its first look. */
  bill: BillProgress | undefined
  /** Why somebody wants it looked at again, in the order in which they asked. */
  causes: string[]
}

/** How long a look that the business refuses, as in a closed period, is left alone. */
const PAUSE_MS = 600_000

/**
 * From a vendor's bill to its payment. The first look checks that it is not there twice, matches
 * it with order and receipts, and posts it when it is clean; what is not, a person decides. Then
 * it waits: for goods that it billed ahead, for a payment run, for the bank.
 */
export async function vendorBill(start: VendorBillStart, resumed?: BillProgress): Promise<void> {
  const running: BillProcess = { start, bill: resumed, causes: resumed ? [] : ['captured'] }
  setHandler(billProgress, () => running.bill)
  setHandler(billTaken, () => taken(running))
  setHandler(lookAtBill, ({ cause }) => void running.causes.push(cause))
  setHandler(resolveBillCase, async (command) => {
    await taken(running)
    const asked = { ...command, billId: start.billId }
    const answer = await actOnBill('resolveBillCase', asked, `Resolve: ${command.resolution}`)
    return accept(running, answer)
  })
  do {
    while (running.bill?.open !== false || running.causes.length > 0) await goOn(running)
    await condition(allHandlersFinished)
  } while (running.causes.length > 0)
}

/** One round: what somebody asked to be looked at, then wait for the next event or deadline. */
async function goOn(running: BillProcess): Promise<void> {
  const { start, bill } = running
  if (workflowInfo().continueAsNewSuggested && bill && running.causes.length === 0) {
    await condition(allHandlersFinished)
    await continueAsNew<typeof vendorBill>(start, running.bill)
  }
  const cause = running.causes.shift()
  if (cause !== undefined) return look(running, cause)
  const moved = () => running.causes.length > 0 || running.bill !== bill
  if (!bill?.nextDeadline) return condition(moved)
  const wait = Math.max(1000, Date.parse(bill.nextDeadline) - Date.now())
  if (await condition(moved, wait, { summary: `Deadline of: ${bill.waitingFor}` })) return
  const at = `${bill.nextDeadline}/${bill.version}`
  await patiently(running, () =>
    actOnBill('passBillDeadline', { billId: start.billId, at }, 'Deadline passed'),
  )
}

async function look(running: BillProcess, cause: string): Promise<void> {
  const { billId } = running.start
  const key = `${running.bill?.version ?? 0}/${cause}`
  const done = await patiently(running, () =>
    actOnBill('reviewBill', { billId, cause, key }, `Look: ${cause}`),
  )
  // What was refused is looked at again, or the bill would stand as if it had been.
  if (!done) running.causes.push(cause)
}

/** The business says no, as when a period is closed or a rate is missing: the process tries again later. */
async function patiently(
  running: BillProcess,
  step: () => Promise<BillProgress>,
): Promise<boolean> {
  try {
    accept(running, await step())
    return true
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    log.warn('refused', { code: error.type, message: error.message })
    setCurrentDetails(`Refused: \`${error.type}\`. ${error.message}`)
    const waiting = running.causes.length
    await condition(() => running.causes.length > waiting, PAUSE_MS, {
      summary: `Refused: ${error.type}`,
    })
    return false
  }
}

async function taken(running: BillProcess): Promise<BillProgress> {
  await condition(() => running.bill !== undefined)
  return running.bill!
}

function accept(running: BillProcess, answer: BillProgress): BillProgress {
  if (answer.version <= (running.bill?.version ?? 0)) return answer
  running.bill = answer
  show(answer)
  return answer
}

/** Tells ops engineers in Temporal UI what the bill waits for, until when and who may act. */
function show(bill: BillProgress): void {
  const money = `${formatMinor(BigInt(bill.total.minor), bill.total.currency)} ${bill.total.currency}`
  setCurrentDetails(
    [
      `**Bill ${bill.number}** of ${bill.supplier}, ${money}, is **${bill.phase}**`,
      `- waits for: ${bill.waitingFor}`,
      `- who may act: ${bill.whoMayAct}`,
      `- until: ${bill.nextDeadline ?? 'no deadline'}; due on ${bill.dueOn}`,
      ...bill.cases.map((each) => `- case ${each.id} \`${each.type}\`, due ${each.dueAt}`),
      `- in the API: \`/v1/vendor-bills/${bill.billId}\``,
    ].join('\n'),
  )
  upsertSearchAttributes([
    { key: phaseKey, value: bill.phase },
    { key: waitingForKey, value: bill.waitingFor.slice(0, 255) },
    { key: exceptionTypeKey, value: bill.cases.map(({ type }) => type) },
  ])
}
