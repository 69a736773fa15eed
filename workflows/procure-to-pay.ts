import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import * as contract from '#contracts/procure-to-pay'
import type {
  ProcureToPayStart,
  PurchaseActivities,
  PurchaseOutcome,
  PurchaseProgress,
} from '#contracts/procure-to-pay'
import { showPurchase } from './purchase-display.ts'
import { commitStep, sendOut, type PurchaseVerb } from './purchase-steps.ts'

/** All that the process knows; whatever else matters stands in the database. */
interface Purchase {
  start: ProcureToPayStart
  order: PurchaseProgress | undefined
  refused: ApplicationFailure | undefined
  /** A document is on its way to the supplier; commands and deadlines do not wait for it. */
  sending: boolean
  /** Why that ended otherwise than by an answer; it ends the process too. */
  broken: Error | undefined
  shown: string
}

/** How long a step that the business refuses is left alone before it is tried again. */
const PAUSE_MS = 600_000

/**
 * From a buyer's draft to goods on the shelf: somebody approves, the supplier is sent it and
 * confirms, goods come and are judged. People and suppliers move it; silence and lateness ask somebody.
 */
export async function procureToPay(
  start: ProcureToPayStart,
  resumed?: PurchaseProgress,
): Promise<PurchaseOutcome> {
  const purchase: Purchase = {
    start,
    order: resumed,
    refused: undefined,
    sending: false,
    broken: undefined,
    shown: '',
  }
  setHandler(contract.purchaseProgress, () => purchase.order)
  takeCommands(purchase)

  if (!purchase.order) await takeDraft(purchase)
  if (purchase.refused) {
    await condition(allHandlersFinished)
    throw purchase.refused
  }
  do {
    while (purchase.order!.open) await goOn(purchase, purchase.order!)
    purchase.shown = showPurchase(purchase.order!, purchase.shown)
    await condition(() => allHandlersFinished() && !purchase.sending)
  } while (purchase.order!.open)
  const { purchaseId, poNumber, phase } = purchase.order!
  return { purchaseId, poNumber, phase }
}

/** A draft that is refused ends the process: its buyer sends another one. */
async function takeDraft(purchase: Purchase): Promise<void> {
  try {
    purchase.order = await commitStep('draftPurchase', purchase.start, 'Take the draft in')
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    purchase.refused = error
  }
}

async function goOn(purchase: Purchase, order: PurchaseProgress): Promise<void> {
  purchase.shown = showPurchase(order, purchase.shown)
  if (purchase.broken) throw purchase.broken
  if (workflowInfo().continueAsNewSuggested) await goOnAnew(purchase)
  const [effect] = order.effects
  if (effect && !purchase.sending) send(purchase, order, effect)
  else await untilSomethingHappens(purchase, order)
}

function send(
  purchase: Purchase,
  { purchaseId }: PurchaseProgress,
  { key, summary }: PurchaseProgress['effects'][number],
): void {
  purchase.sending = true
  void sendOut({ key, purchaseId }, summary)
    .then((answer) => accept(purchase, answer))
    .catch((error: unknown) => leaveAlone(purchase, error))
    .catch((error: Error) => (purchase.broken = error))
    .finally(() => (purchase.sending = false))
}

/** A command, the answer of an outside call, or the next deadline, whichever comes first. */
async function untilSomethingHappens(purchase: Purchase, order: PurchaseProgress): Promise<void> {
  const { sending } = purchase
  const moved = () => purchase.order!.version !== order.version || purchase.sending !== sending
  if (order.nextDeadline === null) return condition(moved)
  const wait = Math.max(1000, Date.parse(order.nextDeadline) - Date.now())
  if (await condition(moved, wait, { summary: `Deadline of: ${order.waitingFor}` })) return
  const at = `${order.nextDeadline}/${order.version}`
  try {
    await tell(purchase, 'passPurchaseDeadline', { at }, 'Deadline passed')
  } catch (error) {
    await leaveAlone(purchase, error)
  }
}

/** The business says no, e.g. because a period is closed: the process lives on and tries again later. */
async function leaveAlone(purchase: Purchase, error: unknown): Promise<void> {
  if (!(error instanceof ApplicationFailure)) throw error
  log.warn('refused', { code: error.type, message: error.message })
  const seen = purchase.order!.version
  const summary = `Refused: ${error.type}`
  await condition(() => purchase.order!.version !== seen, PAUSE_MS, { summary })
}

async function goOnAnew(purchase: Purchase): Promise<never> {
  await condition(() => allHandlersFinished() && !purchase.sending)
  return continueAsNew<typeof procureToPay>(purchase.start, purchase.order)
}

/** What somebody asks for and waits for: each is one commit, and its answer is where the order stands. */
function takeCommands(purchase: Purchase): void {
  setHandler(contract.purchaseDrafted, () => isTaken(purchase))
  const on =
    <V extends PurchaseVerb>(verb: V, summary: string) =>
    (command: Omit<Parameters<PurchaseActivities[V]>[0], 'purchaseId'>) =>
      tell(purchase, verb, command, summary)
  setHandler(contract.changePurchase, on('changePurchase', 'Change the draft'))
  setHandler(contract.submitPurchase, on('submitPurchase', 'Submit for approval'))
  setHandler(contract.decidePurchase, on('decidePurchase', 'Approve or reject'))
  setHandler(contract.acknowledgePurchase, on('acknowledgePurchase', 'Supplier confirms'))
  setHandler(contract.announceShipment, on('announceShipment', 'Supplier ships'))
  setHandler(contract.receivePurchase, on('receivePurchase', 'Receive goods'))
  setHandler(contract.inspectGoods, on('inspectGoods', 'Inspect goods'))
  setHandler(contract.closePurchaseShort, on('closePurchaseShort', 'Close short'))
  setHandler(contract.cancelPurchase, on('cancelPurchase', 'Cancel'))
  setHandler(contract.changeSentPurchase, on('changeSentPurchase', 'Ask for other terms'))
  setHandler(contract.decidePurchaseChange, on('decidePurchaseChange', 'Sign a change'))
  setHandler(contract.answerPurchaseChange, on('answerPurchaseChange', 'Supplier answers a change'))
  setHandler(contract.resolvePurchaseCase, on('resolvePurchaseCase', 'Resolve a case'))
  setHandler(contract.lookAtPurchase, ({ cause }) => look(purchase, cause))
}

/** Does what is due and says where the order stands then. */
async function look(purchase: Purchase, cause: string): Promise<void> {
  try {
    await tell(purchase, 'passPurchaseDeadline', { at: cause }, `Look: ${cause}`)
  } catch (error) {
    await leaveAlone(purchase, error)
  }
}

async function tell<V extends PurchaseVerb>(
  purchase: Purchase,
  verb: V,
  command: Omit<Parameters<PurchaseActivities[V]>[0], 'purchaseId'>,
  summary: string,
): Promise<PurchaseProgress> {
  const { purchaseId } = await isTaken(purchase)
  const input = { ...command, purchaseId } as Parameters<PurchaseActivities[V]>[0]
  const answer = await commitStep(verb, input, summary)
  accept(purchase, answer)
  return answer
}

/** Commands may be here before the draft is taken in. */
async function isTaken(purchase: Purchase): Promise<PurchaseProgress> {
  await condition(() => purchase.order !== undefined || purchase.refused !== undefined)
  if (purchase.refused) throw purchase.refused
  return purchase.order!
}

function accept(purchase: Purchase, answer: PurchaseProgress): void {
  if (answer.version > purchase.order!.version) purchase.order = answer
}
