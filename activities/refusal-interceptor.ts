import { ApplicationFailure } from '@temporalio/activity'
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker'
import { Refusal } from '#domain/refusal'

type Execute = NonNullable<ActivityInboundCallsInterceptor['execute']>

/**
 * A refusal of the business is an answer, not a failure to retry: Temporal carries its code to
 * whoever asked. Everything else keeps its own way: hiccups and bugs are retried and seen.
 */
export function refusalsAreAnswers(): { inbound: ActivityInboundCallsInterceptor } {
  const execute: Execute = async (input, next) => {
    try {
      return await next(input)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw ApplicationFailure.create({
        type: error.code,
        message: error.message,
        nonRetryable: true,
        details: [error.details],
        category: 'BENIGN',
      })
    }
  }
  return { inbound: { execute } }
}
