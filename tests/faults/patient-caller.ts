import { createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'

export interface Answer {
  status: number
  body: unknown
}

/** Calls the API over HTTP as a good client does: whatever was not answered is asked again under the same key. */
export interface PatientCaller {
  /** Sends a command until it is answered for good. */
  command(key: string, path: string, body: object): Promise<Answer>
  /** A Shopify delivery with its signature, sent until it is taken. */
  shopifyOrder(eventId: string, channel: string, document: object): Promise<Answer>
  /** Sends everything that was answered once more; answers what came out differently. */
  repeatAll(): Promise<{ what: string; first: Answer; again: Answer }[]>
  readonly commands: number
  /** Answers that no client should ever see, whatever has been killed. */
  readonly internalErrors: string[]
}

export interface CallerOptions {
  url: string
  apiKey: string
  shopSecret: string
  /** Ends all waiting when the test has given up. */
  signal: AbortSignal
}

const ATTEMPT_MS = 12_000

/** "Still working" and "the engine does not accept this now" are to be asked again. */
function isFinal({ status, body }: Answer): boolean {
  const { code } = (body ?? {}) as { code?: string }
  return status !== 202 && status < 500 && code !== 'ProcessRefused'
}

export function patientCaller(options: CallerOptions): PatientCaller {
  const { signal } = options
  const answered = new Map<string, { send: () => Promise<Answer>; first: Answer }>()
  const internalErrors: string[] = []

  async function untilAnswered(what: string, send: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      signal.throwIfAborted()
      const answer = await send().catch(() => undefined)
      if (answer?.status === 500) internalErrors.push(`${what}: ${JSON.stringify(answer.body)}`)
      if (answer && isFinal(answer)) return answer
      await wait(300)
    }
  }

  async function post(path: string, body: string, headers: Record<string, string>) {
    const response = await fetch(`${options.url}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) }
  }

  return {
    internalErrors,
    get commands() {
      return answered.size
    },
    async command(key, path, body) {
      const headers = { 'x-api-key': options.apiKey, 'idempotency-key': key }
      const send = () => post(path, JSON.stringify(body), headers)
      const first = await untilAnswered(`${path} ${key}`, send)
      answered.set(`${path} ${key}`, { send, first })
      return first
    },
    shopifyOrder(eventId, channel, document) {
      const payload = JSON.stringify(document)
      const headers = {
        'x-shopify-topic': 'orders/create',
        'x-shopify-webhook-id': eventId,
        'x-shopify-hmac-sha256': createHmac('sha256', options.shopSecret)
          .update(payload)
          .digest('base64'),
      }
      // Here 202 is the answer: the document is stored.
      const send = async () => {
        const answer = await post(`/v1/webhooks/shopify/${channel}`, payload, headers)
        return answer.status === 202 ? { ...answer, status: 200 } : answer
      }
      return untilAnswered(`webhook ${eventId}`, send)
    },
    async repeatAll() {
      const different = []
      for (const [what, { send, first }] of answered) {
        const again = await untilAnswered(what, send)
        if (JSON.stringify(again) !== JSON.stringify(first)) different.push({ what, first, again })
      }
      return different
    },
  }
}
