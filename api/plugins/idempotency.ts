import type { ApiServer } from '../deps.ts'
import { invalidInput } from '../problem.ts'

const COMMANDS = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
const PRINTABLE = /^[\x21-\x7e]{8,200}$/

/** Every command has the caller's key, so that a lost answer can be asked for again. */
export function addIdempotency(server: ApiServer): void {
  server.decorateRequest('idempotencyKey', '')
  server.decorateRequest('commandKey', '')
  server.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions
    if (request.is404 || !COMMANDS.has(request.method) || config.idempotencyKey === false) return
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string' || !PRINTABLE.test(key))
      throw invalidInput({
        field: 'headers.idempotency-key',
        message: 'send 8 to 200 printable characters without spaces, new for each new command',
      })
    request.idempotencyKey = key
    // Below the caller's own name: two callers may choose the same key.
    const { kind, id } = request.principal
    request.commandKey = `http/${kind}-${id}/${key}`
  })
}
