import { useQuery } from '@tanstack/react-query'
import { answer, api } from './client.ts'
import type { paths } from './generated/api.d.ts'

export type Close =
  paths['/v1/period-closes/{entity}/{period}']['get']['responses'][200]['content']['application/json']
export type CloseTask = Close['tasks'][number]
export type Area = CloseTask['area']

/** A task that no lock waits for any more. */
export const isDone = ({ state }: CloseTask): boolean =>
  state === 'green' || state === 'accepted' || state === 'signed'

export function useClose(path: { entity: string; period: string }) {
  return useQuery({
    queryKey: ['close', path],
    queryFn: () => answer(api.GET('/v1/period-closes/{entity}/{period}', { params: { path } })),
    refetchInterval: ({ state: { data } }) => (data?.phase === 'closed' ? false : 3_000),
  })
}

/** The six areas of the period, and how each is locked. */
export function useAreas({ entity, period }: { entity: string; period: string }) {
  return useQuery({
    queryKey: ['areas', entity, period],
    queryFn: async () => {
      const query = { entity, year: Number(period.slice(0, 4)) }
      const { items } = await answer(api.GET('/v1/periods', { params: { query } }))
      return items.find((one) => one.period === period)?.areas ?? []
    },
    refetchInterval: 10_000,
  })
}

/** What people tell a close. */
export function closeCommands(path: { entity: string; period: string }) {
  const about = (key: string) => ({ path, header: { 'idempotency-key': key } })
  const at = '/v1/period-closes/{entity}/{period}' as const
  return {
    check: (key: string) => answer(api.POST(`${at}/check`, { params: about(key), body: {} })),
    accept: (task: string, reason: string, key: string) =>
      answer(api.POST(`${at}/acceptances`, { params: about(key), body: { task, reason } })),
    prepare: (task: string, note: string, key: string) =>
      answer(api.POST(`${at}/preparations`, { params: about(key), body: { task, note } })),
    sign: (preparationId: string, key: string) =>
      answer(api.POST(`${at}/reviews`, { params: about(key), body: { preparationId } })),
    postRule: (task: string, key: string) =>
      answer(api.POST(`${at}/postings`, { params: about(key), body: { task } })),
    lock: (area: Area, state: 'soft' | 'closed', reason: string, key: string) =>
      answer(api.POST(`${at}/locks`, { params: about(key), body: { area, state, reason } })),
  } as const
}
