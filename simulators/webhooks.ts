import { parseJson } from './http-simulator.ts'
import type { Route, World } from './http-simulator.ts'

export interface WebhookTarget {
  url: string
  secret: string
}

export interface Webhooks {
  /** Where events go from now on; none keeps them undelivered. */
  target(target: WebhookTarget | null): void
  /** Sends one event, again on any answer but 2xx, ever more rarely over some minutes. */
  send(type: string, eventId: string, payload: unknown): void
  /** Resolves once everything sent so far was tried, and delivered where that went at once. */
  settled(): Promise<void>
}

/** Pauses between attempts; a receiver that starts anew is back within them. */
const PAUSES_MS = [50, 200, 1_000, 5_000, 15_000, 30_000, 60_000, 120_000]

/** @param sign headers that prove the body came from the provider. */
export function createWebhooks(
  world: World,
  sign: (body: string, secret: string) => Record<string, string>,
): Webhooks {
  let current: WebhookTarget | null = null
  let queue: Promise<void> = Promise.resolve()

  async function deliver(event: Delivery, attempt = 0): Promise<void> {
    // Whoever moved has told us the new address meanwhile.
    const to = attempt === 0 ? event.to : (current ?? event.to)
    const status = await post(to.url, event.body, sign(event.body, to.secret))
    world.journal.add({ kind: 'webhook', operation: event.type, reference: event.id, status })
    const pause = PAUSES_MS[attempt]
    if ((status >= 200 && status < 300) || pause === undefined) return
    // An event that nobody takes does not hold up those behind it.
    setTimeout(() => void deliver(event, attempt + 1), pause).unref()
  }

  return {
    target: (target) => void (current = target),
    send(type, eventId, payload) {
      const to = current
      if (!to) return
      const copies = world.faults.take(['duplicate-webhook'], type) ? 2 : 1
      const event = { to, type, id: eventId, body: JSON.stringify(payload) }
      for (let copy = 0; copy < copies; copy += 1) queue = queue.then(() => deliver(event))
    },
    settled: () => queue,
  }
}

interface Delivery {
  to: WebhookTarget
  type: string
  id: string
  body: string
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
