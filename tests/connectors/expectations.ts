import { expect } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { orderTotal } from '#connectors/neutral/check-totals'
import { readOrderDocument } from '#connectors/neutral/order-document'
import type { Translated } from '#connectors/result'

/** The order of a result that must be accepted, must foot, and must be a neutral document. */
export function orderOf(result: Translated<OrderDocument>): OrderDocument {
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('; '))
  expect(orderTotal(result.value).toString()).toBe(result.value.total.minor)
  expect(readOrderDocument(result.value)).toEqual({ ok: true, value: result.value })
  return result.value
}

/** `code field` of each problem of a result that must be refused. */
export function problemsOf(result: Translated<unknown>): string[] {
  expect(result.ok).toBe(false)
  return result.ok ? [] : result.problems.map(({ code, field }) => `${code} ${field}`)
}
