import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  type ActivityOptions,
} from '@temporalio/workflow'

/** How long an attempt may take close by, all of them together, and one attempt with patience. */
export interface StepLimits {
  attempt: ActivityOptions['startToCloseTimeout']
  close: ActivityOptions['scheduleToCloseTimeout']
  patient: ActivityOptions['startToCloseTimeout']
}

const LIMITS: StepLimits = { attempt: '4s', close: '6s', patient: '30s' }

/** Each takes one input and is one commit. */
type Verbs<A, P> = { [V in keyof A]: (input: never) => Promise<P> }

/**
 * The verbs `A` of a process, each one commit that answers `P`, as one function: first close by,
 * where it costs no write of the server; if that does not succeed, as a regular activity with all
 * patience, so that a commit that will not go through shows up in Temporal UI.
 */
export function commitSteps<A extends Verbs<A, P>, P>({
  attempt,
  close,
  patient,
}: StepLimits = LIMITS) {
  const near = proxyLocalActivities<A>({
    startToCloseTimeout: attempt,
    scheduleToCloseTimeout: close,
    retry: { maximumAttempts: 2, initialInterval: '100ms' },
  })
  const far = proxyActivities<A>({
    startToCloseTimeout: patient,
    retry: { maximumInterval: '1m' },
  })
  return async <V extends keyof A & string>(
    verb: V,
    input: Parameters<A[V]>[0],
    summary: string,
  ): Promise<P> => {
    try {
      return await runnable<P>(near, verb).executeWithOptions({ summary }, [input])
    } catch (error) {
      const answer = answerIn(error)
      if (answer) throw answer
      await sleep(100, { summary: 'Try again with patience' })
    }
    const waiting = `${summary} (waiting for the database)`
    return runnable<P>(far, verb)
      .executeWithOptions({ summary: waiting }, [input])
      .catch((error: unknown) => {
        throw answerIn(error) ?? error
      })
  }
}

interface Runnable<P> {
  executeWithOptions(options: { summary: string }, args: [unknown]): Promise<P>
}

/** TypeScript cannot follow a verb through both proxies; their shapes are the same by construction. */
function runnable<P>(proxy: object, verb: string): Runnable<P> {
  return (proxy as Record<string, Runnable<P>>)[verb]!
}

/**
 * A refusal, or a command's bug: nothing was committed, and trying again would not help. The
 * failure of a regular activity wraps it; that of a local activity is it.
 */
export function answerIn(error: unknown): ApplicationFailure | undefined {
  const thrown = error instanceof ActivityFailure ? error.cause : error
  return thrown instanceof ApplicationFailure && thrown.nonRetryable ? thrown : undefined
}
