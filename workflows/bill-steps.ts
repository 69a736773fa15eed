import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow'
import type { BillProgress, VendorBillActivities } from '#contracts/vendor-bill'

const SOON = proxyLocalActivities<VendorBillActivities>({
  startToCloseTimeout: '8s',
  scheduleToCloseTimeout: '12s',
  retry: { maximumAttempts: 2, initialInterval: '100ms' },
})

/** The same functions as regular activities: a commit that will not go through shows up in Temporal UI. */
const PATIENT = proxyActivities<VendorBillActivities>({
  startToCloseTimeout: '60s',
  retry: { maximumInterval: '1m' },
})

export type BillVerb = keyof VendorBillActivities

/** First close by, where it costs no write of the server; if that does not succeed, with all patience. */
export async function actOnBill<V extends BillVerb>(
  verb: V,
  input: Parameters<VendorBillActivities[V]>[0],
  summary: string,
): Promise<BillProgress> {
  try {
    return await run(SOON, verb).executeWithOptions({ summary }, [input])
  } catch (error) {
    const answer = answerIn(error)
    if (answer) throw answer
    await sleep(100, { summary: 'Try again with patience' })
  }
  try {
    const waiting = `${summary} (waiting for the database)`
    return await run(PATIENT, verb).executeWithOptions({ summary: waiting }, [input])
  } catch (error) {
    throw answerIn(error) ?? error
  }
}

interface Runnable {
  executeWithOptions(options: { summary: string }, args: [unknown]): Promise<BillProgress>
}

/** TypeScript cannot follow a verb through both proxies; their shapes are the same by construction. */
function run(proxy: object, verb: BillVerb): Runnable {
  return (proxy as Record<BillVerb, Runnable>)[verb]
}

/** A refusal: nothing was committed, and trying again would not help. */
function answerIn(error: unknown): ApplicationFailure | undefined {
  const thrown = error instanceof ActivityFailure ? error.cause : error
  return thrown instanceof ApplicationFailure && thrown.nonRetryable ? thrown : undefined
}
