import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow'
import type { PurchaseActivities, PurchaseProgress } from '#contracts/procure-to-pay'

const SOON = proxyLocalActivities<PurchaseActivities>({
  startToCloseTimeout: '6s',
  scheduleToCloseTimeout: '8s',
  retry: { maximumAttempts: 2, initialInterval: '100ms' },
})
const PATIENT = proxyActivities<PurchaseActivities>({
  startToCloseTimeout: '60s',
  retry: { maximumInterval: '1m' },
})
const OUTSIDE = proxyActivities<Pick<PurchaseActivities, 'sendToSupplier'>>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '8s',
  retry: { maximumInterval: '5m' },
})

export type PurchaseVerb = Exclude<keyof PurchaseActivities, 'sendToSupplier'>

interface Runnable {
  executeWithOptions(options: { summary: string }, args: [unknown]): Promise<PurchaseProgress>
}

/** First close by, where it costs no write of the server; if that does not succeed, with all patience. */
export async function commitStep<V extends PurchaseVerb>(
  verb: V,
  input: Parameters<PurchaseActivities[V]>[0],
  summary: string,
): Promise<PurchaseProgress> {
  try {
    return await (SOON[verb] as Runnable).executeWithOptions({ summary }, [input])
  } catch (error) {
    const answer = answerIn(error)
    if (answer) throw answer
    await sleep(100, { summary: 'Try again with patience' })
  }
  try {
    const waiting = { summary: `${summary} (waiting for the database)` }
    return await (PATIENT[verb] as Runnable).executeWithOptions(waiting, [input])
  } catch (error) {
    throw answerIn(error) ?? error
  }
}

/** One outside call; a refusal of what follows from its answer is thrown as such. */
export async function sendOut(
  effect: { key: string; purchaseId: string },
  summary: string,
): Promise<PurchaseProgress> {
  try {
    return await OUTSIDE.sendToSupplier.executeWithOptions({ summary }, [effect])
  } catch (error) {
    throw answerIn(error) ?? error
  }
}

/** A refusal, or a command's bug: nothing was committed, and trying again would not help. */
function answerIn(error: unknown): ApplicationFailure | undefined {
  const thrown = error instanceof ActivityFailure ? error.cause : error
  return thrown instanceof ApplicationFailure && thrown.nonRetryable ? thrown : undefined
}
