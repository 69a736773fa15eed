/**
 * The business says no. Never retried; the HTTP API answers 409 or 422 (a few codes 403 or 404)
 * with `code`, and each code has a section in docs/refusals.md that says what to do first.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly details: Record<string, unknown>

  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** A bug, not a business case: what must hold does not. Stops the step at once, loudly. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
}

export function invariant(holds: unknown, message: string): asserts holds {
  if (!holds) throw new InvariantViolation(message)
}
