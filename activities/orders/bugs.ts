import { ApplicationFailure } from '@temporalio/activity'
import postgres from 'postgres'
import { InvariantViolation } from '#domain/refusal'

/**
 * A command whose code is wrong fails for whoever gave it and leaves the order as it was.
 * Retried without end it would keep the order's process from ever ending.
 */
export function bugsAreAnswers<C, R>(work: (command: C) => Promise<R>): (command: C) => Promise<R> {
  return async (command) => {
    try {
      return await work(command)
    } catch (error) {
      if (!isBug(error)) throw error
      throw ApplicationFailure.create({
        type: 'Bug',
        message: error.message,
        nonRetryable: true,
        cause: error,
      })
    }
  }
}

/** Data and integrity errors of the database (SQLSTATE 22 and 23) come back however often it is tried. */
function isBug(error: unknown): error is Error {
  if (error instanceof postgres.PostgresError) return /^2[23]/.test(error.code)
  return [InvariantViolation, TypeError, RangeError, SyntaxError].some(
    (kind) => error instanceof kind,
  )
}
