import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import * as contract from '#contracts/order-to-cash'
import type { OrderOutcome, OrderProgress, OrderToCashStart } from '#contracts/order-to-cash'
import { takeCommands } from './order-commands.ts'
import { showProgress } from './order-display.ts'
import { act, OUTSIDE, settle, takeIn, type Message, type Verb } from './order-steps.ts'

/** All that the process knows; whatever else matters stands in the database. */
interface OrderProcess {
  start: OrderToCashStart
  /** Where the order stands; nothing before its first commit. */
  order: OrderProgress | undefined
  refused: ApplicationFailure | undefined
  /** Facts that came in, in their order; each is taken by itself. */
  inbox: (() => Promise<unknown>)[]
  /** An outside call is being made; facts, commands and deadlines do not wait for it. */
  calling: boolean
  /** Why that call ended otherwise than by an answer; it ends the process too. */
  broken: Error | undefined
  /** What the search attributes say. */
  shown: string
}

/** How long a step that the business refuses is left alone before it is tried again. */
const PAUSE_MS = 600_000

/**
 * From a placed order to goods delivered and money taken. Taking the order in validates, holds,
 * allocates and releases it in one commit; from then on people, the warehouse, the carrier and
 * the channel move it by messages, and silence has a policy.
 */
export async function orderToCash(
  start: OrderToCashStart,
  resumed?: OrderProgress,
): Promise<OrderOutcome> {
  const running: OrderProcess = {
    start,
    order: resumed,
    refused: undefined,
    inbox: [],
    calling: false,
    broken: undefined,
    shown: '',
  }
  setHandler(contract.orderProgress, () => running.order)
  takeCommands({ isTaken: () => isTaken(running), tell: (...asked) => tell(running, ...asked) })
  takeFacts(running)

  if (!running.order) await receive(running)
  if (running.refused) {
    await condition(allHandlersFinished)
    throw running.refused
  }

  // A fact that comes in last may open the order again, so the inbox is empty before it ends.
  do {
    while (running.order!.open || running.inbox.length > 0) await goOn(running, running.order!)
    running.shown = showProgress(running.order!, running.shown)
    await condition(() => allHandlersFinished() && !running.calling)
  } while (running.order!.open || running.inbox.length > 0)
  const { orderId, orderNo, phase } = running.order!
  return { orderId, orderNo, phase: phase === 'cancelled' ? 'cancelled' : 'closed' }
}

/** Validate, hold, allocate, release: one commit. A document that is refused ends the process. */
async function receive(running: OrderProcess): Promise<void> {
  try {
    running.order = await takeIn(running.start)
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    // Written down before anybody is told, so that whoever asks next finds the reason there.
    await refuseDocument(running.start.inboxId, error)
    running.refused = error
  }
}

/** One round: what came in first, then what is to be done outside, then wait. */
async function goOn(running: OrderProcess, order: OrderProgress): Promise<void> {
  running.shown = showProgress(order, running.shown)
  if (running.broken) throw running.broken
  if (workflowInfo().continueAsNewSuggested) await goOnAnew(running)
  const message = running.inbox.shift()
  if (message) await message()
  else if (order.effects.length > 0 && !running.calling)
    callOutside(running, order, order.effects[0]!)
  else await untilSomethingHappens(running, order)
}

/** One call at a time, beside everything else: a provider may take minutes to answer or not to. */
function callOutside(
  running: OrderProcess,
  order: OrderProgress,
  { key, summary }: OrderProgress['effects'][number],
): void {
  running.calling = true
  void settle({ key, orderId: order.orderId }, summary)
    .catch(whenRefused(running, `outside call ${key}`))
    .then((answer) => answer && accept(running, answer))
    .catch((error: Error) => (running.broken = error))
    .finally(() => (running.calling = false))
}

/** A message, a change by a command, or the next deadline, whichever comes first. */
async function untilSomethingHappens(running: OrderProcess, order: OrderProgress): Promise<void> {
  const { calling } = running
  const moved = () => hasMoved(running, order) || running.calling !== calling
  if (order.nextDeadline === null) return condition(moved)
  const wait = Math.max(1000, Date.parse(order.nextDeadline) - Date.now())
  const summary = `Deadline of: ${order.waitingFor}`
  if (await condition(moved, wait, { summary })) return
  const deadline = { at: `${order.nextDeadline}/${order.version}` }
  await tell(running, 'passDeadline', deadline, 'Deadline passed').catch(
    whenRefused(running, 'deadline'),
  )
}

function hasMoved(running: OrderProcess, seen: OrderProgress): boolean {
  return running.inbox.length > 0 || running.order!.version !== seen.version
}

/** The business says no, e.g. because a period is closed: the process lives on and tries again later. */
function whenRefused(running: OrderProcess, what: string) {
  return async (error: unknown): Promise<undefined> => {
    if (!(error instanceof ApplicationFailure)) throw error
    log.warn('refused', { what, code: error.type, message: error.message })
    const seen = running.order!
    await condition(() => hasMoved(running, seen), PAUSE_MS, { summary: `Refused: ${error.type}` })
  }
}

/** Nothing may be left that only this run knows: handlers and facts are finished first. */
async function goOnAnew(running: OrderProcess): Promise<never> {
  const { start, inbox } = running
  do {
    for (let next = inbox.shift(); next; next = inbox.shift()) await next()
    await condition(() => allHandlersFinished() && !running.calling)
  } while (inbox.length > 0)
  return continueAsNew<typeof orderToCash>(start, running.order)
}

/** What has happened and nobody waits for: taken in turn; a refused one ends nothing. */
function takeFacts(running: OrderProcess): void {
  const post = <V extends 'recordPayment' | 'recordTracking'>(
    verb: V,
    message: Message<V>,
    summary: string,
  ) => running.inbox.push(() => takeFact(running, { verb, message, summary }))
  setHandler(contract.recordPayment, (event) => {
    post('recordPayment', event, `Payment ${event.kind}`)
  })
  setHandler(contract.recordTracking, (event) => {
    post('recordTracking', event, `Parcel ${event.status}`)
  })
  setHandler(contract.lookAgain, ({ cause }) => {
    running.inbox.push(() => {
      const key = `${running.order!.version}/${cause}`
      return tell(running, 'reviewOrder', { cause, key }, `Look again: ${cause}`).catch(logRefusal)
    })
  })
  setHandler(contract.channelChanged, ({ inboxId }) => {
    running.inbox.push(() => takeChannelChange(running, inboxId))
  })
}

/** A fact cannot be wrong, only too early: one that is refused says why on its row and is told again. */
async function takeFact<V extends 'recordPayment' | 'recordTracking'>(
  running: OrderProcess,
  { verb, message, summary }: { verb: V; message: Message<V>; summary: string },
): Promise<void> {
  try {
    await tell(running, verb, message, summary)
  } catch (error) {
    logRefusal(error)
    const { type, message: why } = error as ApplicationFailure
    const { eventId } = message as { eventId?: string }
    if (eventId === undefined) return
    const refused = { eventId, code: type ?? 'Refused', message: why }
    await OUTSIDE.explainEvent.executeWithOptions({ summary: `Refused: ${type}` }, [refused])
  }
}

/** A newer version that the business refuses says so on its inbox row, or it would be told for ever. */
async function takeChannelChange(running: OrderProcess, inboxId: string): Promise<void> {
  try {
    await tell(running, 'applyChannelChange', { inboxId }, 'Channel sent a newer version')
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    await refuseDocument(inboxId, error)
  }
}

/** One command, one commit; its answer is where the order stands now. */
async function tell<V extends Verb>(
  running: OrderProcess,
  verb: V,
  message: Message<V>,
  summary: string,
): Promise<OrderProgress> {
  const { orderId } = await isTaken(running)
  const input = { ...message, orderId } as Parameters<contract.OrderActivities[V]>[0]
  const answer = await act(verb, input, summary)
  accept(running, answer)
  return answer
}

/** Messages may be here before the order is. */
async function isTaken(running: OrderProcess): Promise<OrderProgress> {
  await condition(() => running.order !== undefined || running.refused !== undefined)
  if (running.refused) throw running.refused
  return running.order!
}

function accept(running: OrderProcess, answer: OrderProgress): void {
  if (answer.version > running.order!.version) running.order = answer
}

function logRefusal(error: unknown): void {
  if (!(error instanceof ApplicationFailure)) throw error
  log.warn('refused', { code: error.type, message: error.message })
}

async function refuseDocument(inboxId: string, refused: ApplicationFailure): Promise<void> {
  await OUTSIDE.refuseDocument.executeWithOptions({ summary: `Refused: ${refused.type}` }, [
    { inboxId, code: refused.type ?? 'Refused', message: refused.message },
  ])
}
