import { Readable } from 'node:stream'
import type { ApiServer } from '../deps.ts'
import { unstorable } from '#connectors/storable'
import { invalidInput } from '../problem.ts'

/**
 * PostgreSQL stores neither NUL nor half a surrogate pair, in text or in jsonb. Refused here, by
 * field name, so that no route has to think of it.
 */
export function addTextGuard(server: ApiServer): void {
  server.addHook('preValidation', async (request) => {
    const errors = [
      ...unstorable('params', request.params),
      ...unstorable('query', request.query),
      ...(isOpaque(request.body) ? [] : unstorable('body', request.body)),
    ]
    if (errors.length > 0) throw invalidInput(...errors.slice(0, 20))
  })
}

/** Bytes that their own handler reads. */
function isOpaque(body: unknown): boolean {
  return Buffer.isBuffer(body) || body instanceof Readable
}
