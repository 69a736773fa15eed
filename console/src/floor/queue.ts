import { useSyncExternalStore } from 'react'
import { newKey } from '../client.ts'
import { session } from '../session.ts'
import { mayDrop, sendable, type Action, type Body, type Done, type Refused } from './actions.ts'
import { device } from './device.ts'

/** Done actions stay that long, to be looked at and so that an old copy does not show them as open. */
const KEPT_MS = 24 * 3_600_000
const ANSWER_WITHIN_MS = 30_000

export type Line = 'idle' | 'sending' | 'away' | 'login'
interface State {
  actions: readonly Action[]
  line: Line
  /** False until the device was read. */
  known: boolean
}

let state: State = { actions: [], line: 'idle', known: false }
const listeners = new Set<() => void>()
const tabs = new BroadcastChannel('throughline-floor')
tabs.onmessage = () => void refresh()

export const queue = {
  /** Resolves when the action is kept on the device; sending goes on behind it. */
  async add(done: Done): Promise<void> {
    const { userId, email } = session.user()!
    await device.addAction({
      ...done,
      ...{ key: newKey(), userId, email, madeAt: new Date().toISOString() },
      ...{ state: 'waiting', sent: false },
    })
    await changed()
    void queue.send()
  },
  /** What was refused goes again, corrected or not: it did not happen, so it is a new command. */
  async correct(action: Action, body: Body): Promise<void> {
    await device.changeAction(action, ({ refused: _, answeredAt: __, ...now }) =>
      now.state === 'refused'
        ? { ...now, body, key: newKey(), state: 'waiting', sent: false }
        : undefined,
    )
    await changed()
    void queue.send()
  },
  async drop(action: Action): Promise<void> {
    await device.changeAction(action, (now) => (mayDrop(now) ? null : undefined))
    await changed()
    void queue.send()
  },
  refresh,
  /** Sends what may be sent, one after the other. Of several tabs one sends at a time. */
  async send(): Promise<void> {
    if (!session.user()) return
    if (!('locks' in navigator)) return sendAll()
    await navigator.locks.request('throughline-floor', { ifAvailable: true }, async (lock) => {
      if (lock) await sendAll()
    })
  },
}

export function useQueue(): State {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => state,
  )
}

let sending = false
async function sendAll(): Promise<void> {
  if (sending) return
  sending = true
  try {
    // What had no answer is asked again in the next round, not in this one.
    const tried = new Set<number>()
    for (;;) {
      const user = session.user()
      await refresh()
      const next = user && sendable(state.actions, user.userId).find(({ id }) => !tried.has(id))
      if (!next) return become({ line: state.line === 'sending' ? 'idle' : state.line })
      tried.add(next.id)
      become({ line: 'sending' })
      const outcome = await sendOne(next)
      await changed()
      if (outcome === 'away' || outcome === 'login') return become({ line: outcome })
    }
  } finally {
    sending = false
  }
}

type Outcome = 'answered' | 'later' | 'away' | 'login'

/** Before it leaves it is written down that it has: without an answer nobody knows what became of it. */
async function sendOne(action: Action): Promise<Outcome> {
  const token = session.token()
  if (!token) return 'login'
  const isLeaving = await device.changeAction(action, (now) =>
    now.state === 'waiting' ? { ...now, sent: true } : undefined,
  )
  if (!isLeaving) return 'answered'
  const response = await fetch(action.path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': action.key,
    },
    body: JSON.stringify(action.body),
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch(() => undefined)
  if (!response) return 'away'
  const told: unknown = await response.json().catch(() => undefined)
  if (response.status === 401) {
    session.expire()
    return 'login'
  }
  // Not from our server (a log-in page of the network, a proxy), still working, or in trouble.
  if (told === undefined || response.status === 202) return 'later'
  const answeredAt = new Date().toISOString()
  if (response.ok) {
    await device.changeAction(action, (now) => ({ ...now, state: 'done', answeredAt }))
    return 'answered'
  }
  if (response.status >= 500 || response.status === 429 || response.status === 408) return 'later'
  const refused = refusalOf(response.status, told)
  if (!refused) return 'later'
  await device.changeAction(action, (now) => ({ ...now, state: 'refused', refused, answeredAt }))
  return 'answered'
}

/** A refusal of ours has a code (RFC 9457); anything else says nothing about the action. */
function refusalOf(status: number, told: unknown): Refused | undefined {
  const { code, detail, title, errors } = told as Partial<Refused> & { title?: string }
  if (typeof code !== 'string') return undefined
  return { status, code, detail: detail ?? title ?? code, errors: errors ?? [] }
}

async function changed(): Promise<void> {
  await refresh()
  tabs.postMessage('changed')
}

async function refresh(): Promise<void> {
  const kept: Action[] = []
  for (const action of await device.actions())
    if (action.state === 'done' && Date.parse(action.answeredAt!) < Date.now() - KEPT_MS)
      await device.changeAction(action, () => null)
    else kept.push(action)
  become({ actions: kept, known: true })
}

function become(next: Partial<State>): void {
  state = { ...state, ...next }
  for (const listener of listeners) listener()
}
