import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from './generated/api.d.ts'
import { session } from './session.ts'

/** An answer that is no success, as RFC 9457 tells it. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly errors: readonly { field: string; message: string }[]
  readonly requestId: string | undefined

  constructor(status: number, body: Partial<Told>) {
    super(body.detail ?? body.title ?? `HTTP ${status}`)
    this.status = status
    this.code = body.code ?? 'Unknown'
    this.errors = body.errors ?? []
    this.requestId = body.requestId
  }
}

interface Told {
  title: string
  detail: string
  code: string
  errors: { field: string; message: string }[]
  requestId: string
}

/** Nobody answered: nothing is known about what was asked. */
export class Unreachable extends Error {}

const credentials: Middleware = {
  onRequest({ request }) {
    const token = session.token()
    if (token) request.headers.set('authorization', `Bearer ${token}`)
    return request
  },
  onResponse({ response, request }) {
    if (response.status === 401 && !request.url.endsWith('/v1/login')) session.expire()
  },
  onError() {
    return new Unreachable('The server does not answer.')
  },
}

export const api = createClient<paths>({ baseUrl: window.location.origin })
api.use(credentials)

/** The answer's data; any other answer is thrown as a {@link Problem}. 202 means: not known yet. */
export async function answer<T>(
  asked: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await asked
  if (response.status === 202) throw new Problem(202, (data ?? {}) as Partial<Told>)
  if (!response.ok) throw new Problem(response.status, (error ?? {}) as Partial<Told>)
  return data as T
}

/** A key for one intent: the same again after a lost answer carries nothing out twice. */
export function newKey(): string {
  return crypto.randomUUID()
}
