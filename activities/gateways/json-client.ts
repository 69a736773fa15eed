import type { z } from 'zod'
import { exchange } from './exchange.ts'
import type { HttpAnswer } from './exchange.ts'
import { GatewayHiccup, NoAnswer } from './outcome.ts'

export interface JsonCall {
  method: 'GET' | 'POST'
  /** Path under the base URL, its variable parts already encoded. */
  path: string
  body?: unknown
}

/** `status` is 2xx, or a 4xx by which the provider says no. */
export interface JsonAnswer {
  status: number
  said: 'yes' | 'no'
  json: unknown
}

export type JsonClient = (call: JsonCall) => Promise<JsonAnswer>

/**
 * A JSON-over-HTTP client that sorts answers by what they prove.
 * @throws GatewayHiccup on no connection, 401, 403 and 429: nothing was done.
 * @throws NoAnswer on time-out, reset, 5xx, 408, 409 and whatever is not JSON.
 */
export function jsonClient(config: {
  baseUrl: string
  timeoutMs: number
  headers: Record<string, string>
}): JsonClient {
  return async ({ method, path, body }) => {
    const answer = await exchange({
      url: config.baseUrl + path,
      method,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        ...config.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: config.timeoutMs,
    })
    return sortAnswer(`${method} ${path.split('?')[0]}`, answer)
  }
}

function sortAnswer(call: string, { status, body }: HttpAnswer): JsonAnswer {
  if (status === 401 || status === 403)
    throw new GatewayHiccup(`${call}: our credentials were not accepted (${status})`)
  if (status === 429) throw new GatewayHiccup(`${call}: the provider asks us to slow down`)
  if (status === 408 || status === 409 || status < 200 || status >= 500)
    throw new NoAnswer(`${call}: answered ${status}`)
  if (status >= 300 && status < 400) throw new NoAnswer(`${call}: redirected (${status})`)
  return { status, said: status < 300 ? 'yes' : 'no', json: parseJson(call, body) }
}

function parseJson(call: string, body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new NoAnswer(`${call}: the answer is not JSON`, { cause })
  }
}

/** @throws NoAnswer when a "yes" does not have the shape that proves what happened. */
export function readAs<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  what: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')
  throw new NoAnswer(`the answer is not a ${what} (${where})`)
}
