import { useQueryClient } from '@tanstack/react-query'
import { createParser } from 'eventsource-parser'
import { useEffect, useState } from 'react'
import { session, useSession } from './session.ts'

export type Liveness = 'connecting' | 'live' | 'away'

const AGAIN_MS = 1_000

/** Keeps the queue as it is on the server, and says whether it is. */
export function useLive(): Liveness {
  const client = useQueryClient()
  const { open, expired } = useSession()
  const [liveness, setLiveness] = useState<Liveness>('connecting')
  const listens = open !== undefined && !expired

  useEffect(() => {
    if (!listens) return
    const stopped = new AbortController()
    const refresh = () =>
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' })
    void (async () => {
      while (!stopped.signal.aborted) {
        await listen(stopped.signal, {
          onReady: () => {
            setLiveness('live')
            refresh()
          },
          onCase: refresh,
        }).catch(() => {})
        if (stopped.signal.aborted) return
        setLiveness('away')
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      }
    })()
    return () => stopped.abort()
  }, [client, listens])
  return liveness
}

/** EventSource sends no Authorization, so the stream is read by fetch. Resolves when it ends. */
async function listen(
  signal: AbortSignal,
  { onReady, onCase }: { onReady(): void; onCase(): void },
): Promise<void> {
  const response = await fetch('/v1/events', {
    signal,
    headers: { accept: 'text/event-stream', authorization: `Bearer ${session.token()}` },
  })
  if (response.status === 401) session.expire()
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`)
  const parser = createParser({
    onEvent: ({ event }) => (event === 'ready' ? onReady() : onCase()),
  })
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    parser.feed(value)
  }
}
