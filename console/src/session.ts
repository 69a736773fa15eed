import { useSyncExternalStore } from 'react'

interface Open {
  token: string
  email: string
  userId: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

interface State {
  open: Open | undefined
  /** Somebody was logged in on this page and is not any more: what they typed is still there. */
  expired: boolean
}

const KEY = 'throughline.session'
const listeners = new Set<() => void>()
let state: State = { open: read(), expired: false }

/** In the tab and for the tab only: another tab logs in for itself. */
export const session = {
  token: () => state.open?.token,
  user: () => state.open,
  enter(open: Open): void {
    sessionStorage.setItem(KEY, JSON.stringify(open))
    become({ open, expired: false })
  },
  leave(): void {
    sessionStorage.removeItem(KEY)
    become({ open: undefined, expired: false })
  },
  expire(): void {
    if (state.open && !state.expired) become({ ...state, expired: true })
  },
}

export function useSession(): State {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    () => state,
  )
}

function become(next: State): void {
  state = next
  for (const listener of listeners) listener()
}

function read(): Open | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}
