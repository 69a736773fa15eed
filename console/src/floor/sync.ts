import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { session, useSession } from '../session.ts'
import { device } from './device.ts'
import { queue, useQueue } from './queue.ts'

const AGAIN_MS = 3_000

/** Sends what waits: when the network comes back, after a login, and every few seconds until then. */
export function useFloorSync(): void {
  const { open, expired } = useSession()
  const { actions } = useQueue()
  const client = useQueryClient()
  const userId = open?.userId
  const waits = actions.some((one) => one.state === 'waiting' && one.userId === userId)
  const done = actions.filter(({ state }) => state === 'done').length

  useEffect(() => {
    void device.keepCopiesOf(userId)
    return () => {
      // Logged out, not reloaded: a reload ends no effect.
      if (!session.user()) void device.keepCopiesOf(undefined)
    }
  }, [userId])
  useEffect(() => {
    if (expired || userId === undefined) return
    const send = () => void queue.send()
    send()
    window.addEventListener('online', send)
    return () => window.removeEventListener('online', send)
  }, [userId, expired])
  useEffect(() => {
    if (!waits || expired) return
    const timer = setInterval(() => void queue.send(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [waits, expired])
  // Whatever was carried out has changed the lists.
  useEffect(() => {
    void client.invalidateQueries({ queryKey: ['floor'] })
  }, [client, done])
}
