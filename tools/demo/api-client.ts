import { setTimeout as wait } from 'node:timers/promises'

export interface ApiRequest {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  /** The very bytes that a signature was made over. */
  body?: string
}

export interface ApiAnswer {
  status: number
  json: unknown
}

/** Speaks to the API as an outside program does: patiently while it is away, never blindly. */
export interface ApiClient {
  /** Tries again until there is an answer that another attempt would not change. */
  send(request: ApiRequest): Promise<ApiAnswer>
}

/** What passes by itself: a restart, a deployment, a moment of too much. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])
const LONGEST_WAIT_MS = 5_000

export function apiClient(baseUrl: string, stopping: AbortSignal): ApiClient {
  return {
    async send(request) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await once(baseUrl, request, stopping)
        if (answer !== undefined && !PASSING.has(answer.status)) return answer
        // A bug answers 500 each time: after a while it is somebody else's to look at.
        if (answer?.status === 500 && attempt === 5) return answer
        await wait(Math.min(LONGEST_WAIT_MS, 250 * attempt), undefined, { signal: stopping })
      }
    },
  }
}

/** Undefined when nobody answered. */
async function once(
  baseUrl: string,
  { method, path, headers, body }: ApiRequest,
  stopping: AbortSignal,
): Promise<ApiAnswer | undefined> {
  try {
    const answer = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([stopping, AbortSignal.timeout(30_000)]),
    })
    const text = await answer.text()
    return { status: answer.status, json: text.startsWith('{') ? JSON.parse(text) : text }
  } catch (cause) {
    if (stopping.aborted) throw cause
    return undefined
  }
}
