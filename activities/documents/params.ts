import { Refusal } from '#domain/refusal'

type Params = Record<string, unknown> | undefined

function missing(name: string, what: string): Refusal {
  return new Refusal('MissingParameter', `params.${name} must be ${what}.`, {
    field: `params.${name}`,
  })
}

/** A text that a choice must carry. @throws Refusal `MissingParameter`. */
export function textParam(params: Params, name: string): string {
  const value = params?.[name]
  if (typeof value === 'string' && value.trim() !== '') return value.trim()
  throw missing(name, 'a text that is not empty')
}

/** A date that a choice may carry. @throws Refusal `MissingParameter` when it is no date. */
export function dateParam(params: Params, name: string): string | undefined {
  const value = params?.[name]
  if (value === undefined || value === null) return undefined
  const isDate = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)
  if (isDate && !Number.isNaN(Date.parse(`${value}T00:00:00Z`))) return value
  throw missing(name, 'a date such as 2026-01-31')
}

/** Whole units that a choice may carry, as a number or as text. @throws Refusal `MissingParameter`. */
export function unitsParam(params: Params, name: string): bigint | undefined {
  const value = params?.[name]
  if (value === undefined || value === null) return undefined
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : ''
  if (/^[1-9]\d{0,11}$/.test(text)) return BigInt(text)
  throw missing(name, 'whole units above zero')
}
