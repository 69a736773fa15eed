import { ApplicationFailure, proxyActivities } from '@temporalio/workflow'
import type { OrderActivities, OrderProgress, OrderToCashStart } from '#contracts/order-to-cash'
import { answerIn, commitSteps } from './commit-steps.ts'

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

/** One commit on the order; its answer is where the order stands. */
export const act = commitSteps<Pick<OrderActivities, Verb>, OrderProgress>()

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
