import { decimalText } from '../decimal.ts'
import { shown, type Field } from '../field.ts'
import { parseLosslessJson } from '../lossless-json.ts'
import type { Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { storable } from '../storable.ts'
import { writtenMinor } from '../written-amounts.ts'

/** What a JSON text holds, once the database can keep every word of it. */
export function readJson(content: string | Uint8Array): Translated<unknown> {
  const text = statementText(content)
  return text.ok ? storable(parseLosslessJson(text.value)) : text
}

/** A decimal in minor units of `currency`; refused, not rounded, where it is finer than those. */
export function exactAmount(field: Field, currency: string): bigint {
  const text = decimalText(field.value)
  const minor = text === null ? 'not-a-decimal' : writtenMinor(text, currency, '.')
  if (typeof minor === 'bigint') return minor
  field.refuse(minor, `must be an amount of ${currency}, got ${shown(field.value)}`)
  return 0n
}

/** The day of an instant as its sender writes it. */
export function writtenDay(field: Field): string {
  const day = /^\d{4}-\d\d-\d\d/.exec(field.text() ?? '')?.[0]
  if (day && !Number.isNaN(Date.parse(`${day}T00:00:00Z`))) return day
  field.refuse('not-a-date', `must begin with a day, got ${shown(field.value)}`)
  return ''
}
