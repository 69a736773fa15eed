import type { DocumentProblem } from '#contracts/order-intake'
import type { Translated } from './result.ts'

/** No document of ours nests deeper; more is an attack on the stack. */
const MAX_DEPTH = 40
export const UNSTORABLE = /\u0000|\p{Surrogate}/u

export interface Unstorable {
  field: string
  message: string
}

/** A document of which PostgreSQL can keep every word; refused by field otherwise. */
export function storable<T>(read: Translated<T>): Translated<T> {
  if (!read.ok) return read
  const problems = unstorable('$', read.value).map((found): DocumentProblem => ({
    ...found,
    code: 'not-storable',
  }))
  return problems.length === 0 ? read : { ok: false, problems }
}

/** Walks without recursion: a hostile document is deeper than the stack. */
export function unstorable(root: string, value: unknown): Unstorable[] {
  const errors: Unstorable[] = []
  const open: { field: string; value: unknown; depth: number }[] = [
    { field: root, value, depth: 0 },
  ]
  for (let at = open.pop(); at !== undefined && errors.length < 20; at = open.pop()) {
    const { field, depth } = at
    if (typeof at.value === 'string') {
      if (UNSTORABLE.test(at.value)) errors.push({ field, message: WANTED })
    } else if (typeof at.value === 'object' && at.value !== null) {
      if (depth >= MAX_DEPTH) {
        errors.push({ field: field.slice(0, 200), message: `nest at most ${MAX_DEPTH} levels` })
        continue
      }
      for (const [key, inner] of Object.entries(at.value)) {
        const name = UNSTORABLE.test(key) ? JSON.stringify(key) : key
        if (name !== key) errors.push({ field: `${field}.${name}`, message: WANTED })
        open.push({ field: `${field}.${name}`, value: inner, depth: depth + 1 })
      }
    }
  }
  return errors
}

const WANTED = 'leave out NUL characters and unpaired surrogates'
