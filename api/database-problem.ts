import postgres from 'postgres'
import type { Problem } from './problem.ts'

/** What an error of PostgreSQL, or of the way to it, means to a caller. */
export function databaseProblem(error: unknown): Problem | undefined {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string') return undefined
  if (LOST.has(code) || /^(08|28|3D|53|57P)/.test(code))
    return unavailable('DatabaseUnavailable', 5)
  if (!(error instanceof postgres.PostgresError)) return undefined
  if (BUSY.has(code)) return unavailable('Busy', 1)
  if (code === '23505')
    return problem(409, 'AlreadyExists', `There is one already${named(error)}.`, error)
  if (code === '23503')
    return problem(422, 'UnknownReference', `It names something unknown${named(error)}.`, error)
  if (code === '23514' || code === '23502')
    return problem(422, 'RuleBroken', `A value breaks a rule of the record${named(error)}.`, error)
  if (code.startsWith('22'))
    return problem(422, 'InvalidValue', 'A value does not fit where it is stored.', error)
  if (code === '42501')
    return problem(403, 'NotGranted', 'The database does not let the API do this.', error)
  return undefined
}

const LOST = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])
/** Serialisation failure, deadlock, lock timeout, statement timeout. */
const BUSY = new Set(['40001', '40P01', '55P03', '57014'])

function unavailable(code: string, retryAfterSeconds: number): Problem {
  return {
    status: 503,
    code,
    title: 'Try again soon',
    detail: 'The database does not answer just now. Repeat the request with the same key.',
    retryAfterSeconds,
  }
}

function problem(
  status: number,
  code: string,
  detail: string,
  error: postgres.PostgresError,
): Problem {
  const title = status === 409 ? 'It exists already' : 'The input is not valid'
  const field = columns(error)
  const errors =
    field === undefined ? {} : { errors: [{ field: `body.${field}`, message: detail }] }
  return { status, code, title, detail, ...errors }
}

/** The names only: the values of a key may be somebody's personal data. */
function columns(error: postgres.PostgresError): string | undefined {
  const [, names] = /^Key \(([^)]+)\)/.exec(error.detail ?? '') ?? []
  return names ?? error.column_name ?? error.constraint_name
}

function named(error: postgres.PostgresError): string {
  return error.constraint_name ? ` (${error.constraint_name})` : ''
}
