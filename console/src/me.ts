import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { answer, api } from './client.ts'
import { session, useSession } from './session.ts'

/** Who is logged in, and what their roles allow. */
export function useMe() {
  const { open } = useSession()
  const { data } = useQuery({
    queryKey: ['me', open?.userId],
    queryFn: () => answer(api.GET('/v1/me')),
    staleTime: 60_000,
  })
  return {
    userId: open?.userId,
    email: open?.email ?? '',
    known: data !== undefined,
    may: (permission: string) => data?.permissions.includes(permission) ?? false,
  }
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
