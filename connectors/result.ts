import type { DocumentProblem } from '#contracts/order-intake'

/** A bad document is an ordinary answer of a connector, never an exception. */
export type Translated<T> = { ok: true; value: T } | { ok: false; problems: DocumentProblem[] }

export function accepted<T>(value: T): Translated<T> {
  return { ok: true, value }
}

/** `field` is the path in the sender's own document; `$` is the document as a whole. */
export function refused(code: string, field: string, message: string): Translated<never> {
  return { ok: false, problems: [{ code, field, message }] }
}
