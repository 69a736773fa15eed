import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Problem, Unreachable } from '../client.ts'
import { session } from '../session.ts'
import { device, type Copy } from './device.ts'

export interface Kept<T> extends Copy<T> {
  /** False: the server did not answer, and this is what it said before. */
  fresh: boolean
}

/** Asks the server and keeps the answer on the device; without the server, the answer that is kept. */
export function useCopy<T>(
  name: string,
  ask: () => Promise<T>,
  more: { enabled?: boolean } = {},
): UseQueryResult<Kept<T>> {
  return useQuery({
    queryKey: ['floor', name],
    // Also where the browser thinks that there is no network: the copy is there.
    networkMode: 'always',
    retry: false,
    refetchInterval: 15_000,
    ...more,
    queryFn: () => askOrCopy(`${session.user()!.userId}/${name}`, ask),
  })
}

async function askOrCopy<T>(name: string, ask: () => Promise<T>): Promise<Kept<T>> {
  const at = new Date().toISOString()
  try {
    const value = await ask()
    await device.putCopy(name, { value, at })
    return { value, at, fresh: true }
  } catch (error) {
    const away = error instanceof Unreachable || (error instanceof Problem && error.status >= 500)
    const copy = away ? await device.copy<T>(name) : undefined
    if (copy) return { ...copy, fresh: false }
    throw error
  }
}

/** What somebody is in the middle of: kept with every scan, so that a reload loses none. */
export function useDraft<T>(
  name: string,
  first: T,
): { draft: T | undefined; keep(next: T): Promise<void>; clear(): Promise<void> } {
  const place = `${session.user()?.userId}/${name}`
  const [draft, setDraft] = useState<{ place: string; value: T }>()
  useEffect(() => {
    let here = true
    void device.draft<T>(place).then((value) => here && setDraft({ place, value: value ?? first }))
    return () => {
      here = false
    }
    // The first value stands for nothing kept; another object of the same content is no other draft.
  }, [place])
  return {
    draft: draft?.place === place ? draft.value : undefined,
    keep: async (value) => {
      setDraft({ place, value })
      await device.putDraft(place, value)
    },
    clear: async () => {
      setDraft({ place, value: first })
      await device.dropDraft(place)
    },
  }
}
