import type { ApiServer } from '../deps.ts'
import { invalidInput, type FieldError } from '../problem.ts'

/** No document of ours nests deeper; more is an attack on the stack. */
const MAX_DEPTH = 40
const UNSTORABLE = /\u0000|\p{Surrogate}/u

/**
 * PostgreSQL stores neither NUL nor half a surrogate pair, in text or in jsonb. Refused here, by
 * field name, so that no route has to think of it.
 */
export function addTextGuard(server: ApiServer): void {
  server.addHook('preValidation', async (request) => {
    const errors = [
      ...unstorable('params', request.params),
      ...unstorable('query', request.query),
      ...(Buffer.isBuffer(request.body) ? [] : unstorable('body', request.body)),
    ]
    if (errors.length > 0) throw invalidInput(...errors.slice(0, 20))
  })
}

/** Walks without recursion: a hostile document is deeper than the stack. */
export function unstorable(root: string, value: unknown): FieldError[] {
  const errors: FieldError[] = []
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
