import { parseJson } from './http-simulator.ts'
import type { Route, World } from './http-simulator.ts'

export interface WebhookTarget {
  url: string
  secret: string
}

export interface Webhooks {
  /** Where events go from now on; none keeps them undelivered. */
  target(target: WebhookTarget | null): void
  /** Sends one event, again on any answer but 2xx, at most three times in all. */
  send(type: string, eventId: string, payload: unknown): void
  /** Resolves once everything sent so far was delivered or given up. */
  settled(): Promise<void>
}

const ATTEMPTS = 3

/** @param sign headers that prove the body came from the provider. */
export function createWebhooks(
  world: World,
  sign: (body: string, secret: string) => Record<string, string>,
): Webhooks {
  let current: WebhookTarget | null = null
  let queue: Promise<void> = Promise.resolve()

  async function deliver(to: WebhookTarget, type: string, eventId: string, body: string) {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const status = await post(to.url, body, sign(body, to.secret))
      world.journal.add({ kind: 'webhook', operation: type, reference: eventId, status })
      if (status >= 200 && status < 300) return
      await new Promise((resume) => setTimeout(resume, 50 * attempt).unref())
    }
  }

  return {
    target: (target) => void (current = target),
    send(type, eventId, payload) {
      const to = current
      if (!to) return
      const copies = world.faults.take(['duplicate-webhook'], type) ? 2 : 1
      const body = JSON.stringify(payload)
      for (let copy = 0; copy < copies; copy += 1)
        queue = queue.then(() => deliver(to, type, eventId, body))
    },
    settled: () => queue,
  }
}

/** `POST /_webhooks {"url", "secret"}` for a simulator in another process. */
export function webhookRoute(webhooks: Webhooks): Route {
  return {
    method: 'POST',
    path: '/_webhooks',
    operation: '_webhooks',
    handle({ rawBody }) {
      const wanted = parseJson(rawBody) as Partial<WebhookTarget> | null
      if (wanted?.url && wanted.secret) webhooks.target({ url: wanted.url, secret: wanted.secret })
      else webhooks.target(null)
      return { status: 200, json: { url: wanted?.url ?? null } }
    },
  }
}

/** 0 when nobody answered at all. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      signal: AbortSignal.timeout(5000),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}
