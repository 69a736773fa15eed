import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { answer, api } from './client.ts'
import type { paths } from './generated/api.d.ts'
import { session, useSession } from './session.ts'

/** Who is logged in, and what their roles allow. */
export function useMe() {
  const { open } = useSession()
  const { data } = useQuery({
    queryKey: ['me', open?.userId],
    queryFn: async () => {
      const me = await answer(api.GET('/v1/me'))
      sessionStorage.setItem(KEY, JSON.stringify({ userId: open?.userId, me }))
      return me
    },
    staleTime: 60_000,
    // A page that is loaded without a network knows what its user may do; the server judges anyway.
    initialData: () => remembered(open?.userId),
    initialDataUpdatedAt: 0,
  })
  return {
    userId: open?.userId,
    email: open?.email ?? '',
    known: data !== undefined,
    may: (permission: string) => data?.permissions.includes(permission) ?? false,
  }
}

const KEY = 'throughline.me'

type Me = paths['/v1/me']['get']['responses'][200]['content']['application/json']

function remembered(userId: string | undefined): Me | undefined {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as {
    userId: string
    me: Me
  } | null
  return kept && kept.userId === userId ? kept.me : undefined
}

/** A token is short: it is made anew while the page is open, half way through. */
export function useRenewal(): void {
  const { open, expired } = useSession()
  useEffect(() => {
    if (!open || expired) return
    const inMs = Math.max((open.expiresAt - Date.now()) / 2, 1_000)
    const timer = setTimeout(() => {
      answer(api.POST('/v1/login/renew')).then(
        ({ token, expiresInSeconds, user }) =>
          session.enter({
            token,
            email: user.email,
            userId: user.id,
            expiresAt: Date.now() + expiresInSeconds * 1000,
          }),
        () => {},
      )
    }, inMs)
    return () => clearTimeout(timer)
  }, [open, expired])
}
