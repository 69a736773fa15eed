import { proxyActivities } from '@temporalio/workflow'
import type { PurchaseActivities, PurchaseProgress } from '#contracts/procure-to-pay'
import { answerIn, commitSteps } from './commit-steps.ts'

const OUTSIDE = proxyActivities<Pick<PurchaseActivities, 'sendToSupplier'>>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '8s',
  retry: { maximumInterval: '5m' },
})

export type PurchaseVerb = Exclude<keyof PurchaseActivities, 'sendToSupplier'>

/** One commit on the purchase; its answer is where the order stands. */
export const commitStep = commitSteps<Pick<PurchaseActivities, PurchaseVerb>, PurchaseProgress>({
  attempt: '6s',
  close: '8s',
  patient: '60s',
})

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
