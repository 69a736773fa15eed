import { Refusal } from '#domain/refusal'
import type { Substitution } from './substitute.ts'

/** Reads a text that a choice or its evidence must carry. @throws Refusal `MissingParameter`. */
export function text(from: Record<string, unknown> | undefined, name: string): string {
  const value = from?.[name]
  if (typeof value === 'string' && value !== '') return value
  throw new Refusal('MissingParameter', `params.${name} must be a text that is not empty.`, {
    field: `params.${name}`,
  })
}

/** Reads a positive whole number. @throws Refusal `MissingParameter`. */
export function quantity(from: Record<string, unknown> | undefined, name: string): number {
  const value = from?.[name]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw new Refusal('MissingParameter', `params.${name} must be a whole number above zero.`, {
    field: `params.${name}`,
  })
}

/** Reads an amount above zero, in minor units as text. @throws Refusal `MissingParameter`. */
export function minor(from: Record<string, unknown> | undefined, name: string): bigint {
  const value = from?.[name]
  if (typeof value === 'string' && /^[1-9]\d{0,17}$/.test(value)) return BigInt(value)
  throw new Refusal(
    'MissingParameter',
    `params.${name} must be minor units as text, e.g. "5000".`,
    {
      field: `params.${name}`,
    },
  )
}

export function orderLineWish(params: Record<string, unknown> | undefined): Substitution {
  return {
    orderLineId: text(params, 'orderLineId'),
    qty: quantity(params, 'qty'),
    sku: text(params, 'sku'),
    consentToPrice: params?.['consentToPrice'] === true,
  }
}
