import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino'

/** Names under which secrets and personal data travel; none of them reaches a log line. */
const SECRET = [
  'authorization',
  'cookie',
  'x-api-key',
  'idempotency-key',
  'password',
  'password_hash',
  'token',
  'secret',
  'apiKey',
  'key_hash',
  'email',
  'phone',
  'name',
  'address',
  'shipTo',
  'billTo',
  'line1',
  'line2',
  'postalCode',
]
const quoted = SECRET.map((name) => `["${name}"]`)

/** JSON lines without secrets or personal data; requests by their route and id only. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: {
      paths: [
        ...['req.headers', 'headers', 'body', 'req.body', 'body.customer', 'customer'].flatMap(
          (parent) => quoted.map((name) => `${parent}${name}`),
        ),
        ...quoted.filter((name) => name !== '["name"]'),
        ...quoted.filter((name) => name !== '["name"]').map((name) => `*${name}`),
      ],
      censor: '[redacted]',
    },
    serializers: {
      req: describeRequest,
      res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
      err: describeError,
    },
  }
  return destination ? pino(options, destination) : pino(options)
}

function describeRequest(request: {
  id: string
  method: string
  routeOptions?: { url?: string }
  principal?: { actor: string } | null
}) {
  return { id: request.id, method: request.method, route: request.routeOptions?.url }
}

/** A PostgreSQL error carries the row's values in `detail` and `parameters`: those stay out. */
function describeError(error: Error) {
  const { type, message, stack, code, ...rest } = stdSerializers.err(error) as ReturnType<
    typeof stdSerializers.err
  > & { code?: unknown; constraint_name?: unknown }
  return { type, message, stack, code, constraint: rest.constraint_name }
}
