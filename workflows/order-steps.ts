import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow'
import type { OrderActivities, OrderProgress, OrderToCashStart } from '#contracts/order-to-cash'

const SOON = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: '4s',
  scheduleToCloseTimeout: '6s',
  retry: { maximumAttempts: 2, initialInterval: '100ms' },
})

/** The same functions as regular activities: a commit that will not go through shows up in Temporal UI. */
const PATIENT = proxyActivities<OrderActivities>({
  startToCloseTimeout: '30s',
  retry: { maximumInterval: '1m' },
})

/** Outside calls are seen, paused and reset by ops engineers, so they are never local. */
export const OUTSIDE = proxyActivities<Pick<OrderActivities, 'settleEffect' | Notes>>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '8s',
  retry: { maximumInterval: '5m' },
})

/** What is asked or noted beside the order, before there is one or in nobody's way. */
type Notes = 'quoteTax' | 'refuseDocument' | 'explainEvent'

export type Verb = Exclude<keyof OrderActivities, 'settleEffect' | Notes>
export type Message<V extends Verb> = Omit<Parameters<OrderActivities[V]>[0], 'orderId'>

/** First close by, where it costs no write of the server; if that does not succeed, with all patience. */
export async function act<V extends Verb>(
  verb: V,
  input: Parameters<OrderActivities[V]>[0],
  summary: string,
): Promise<OrderProgress> {
  try {
    return await run(SOON, verb).executeWithOptions({ summary }, [input])
  } catch (error) {
    const answer = answerIn(error)
    if (answer) throw answer
    await sleep(100, { summary: 'Try again with patience' })
  }
  try {
    return await run(PATIENT, verb).executeWithOptions(
      { summary: `${summary} (waiting for the database)` },
      [input],
    )
  } catch (error) {
    throw answerIn(error) ?? error
  }
}

/** An order that says nothing of its tax is taken in when the engine has said what it is. */
export async function takeIn(start: OrderToCashStart): Promise<OrderProgress> {
  try {
    return await act('receiveOrder', start, 'Take the order in')
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== 'TaxNotQuoted') throw error
  }
  const { inboxId } = start
  try {
    await OUTSIDE.quoteTax.executeWithOptions({ summary: 'Ask for its tax' }, [{ inboxId }])
  } catch (error) {
    throw answerIn(error) ?? error
  }
  return act('receiveOrder', start, 'Take the order in, with its tax')
}

/** One outside call; a refusal of what follows from its answer is thrown as such. */
export async function settle(
  effect: { key: string; orderId: string },
  summary: string,
): Promise<OrderProgress> {
  try {
    return await OUTSIDE.settleEffect.executeWithOptions({ summary }, [effect])
  } catch (error) {
    throw answerIn(error) ?? error
  }
}

interface Runnable {
  executeWithOptions(options: { summary: string }, args: [unknown]): Promise<OrderProgress>
}

/** TypeScript cannot follow a verb through both proxies; their shapes are the same by construction. */
function run(proxy: object, verb: Verb): Runnable {
  return (proxy as Record<Verb, Runnable>)[verb]
}

/**
 * A refusal, or a command's bug: nothing was committed, and trying again would not help. The
 * failure of a regular activity wraps it; that of a local activity is it.
 */
function answerIn(error: unknown): ApplicationFailure | undefined {
  const thrown = error instanceof ActivityFailure ? error.cause : error
  return thrown instanceof ApplicationFailure && thrown.nonRetryable ? thrown : undefined
}
