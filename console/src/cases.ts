import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { answer, api, newKey, Problem } from './client.ts'
import type { paths } from './generated/api.d.ts'

export type Case =
  paths['/v1/exceptions/{caseId}']['get']['responses'][200]['content']['application/json']
export type Choice = Case['choices'][number]
export type Given = Record<string, string | number | boolean | null>
type Resolution =
  paths['/v1/exceptions/{caseId}/resolution']['post']['requestBody']['content']['application/json']['resolution']
export type Preview =
  paths['/v1/exceptions/{caseId}/resolution/preview']['post']['responses'][200]['content']['application/json']
export type CaseState = 'open' | 'resolved' | 'self-healed'
type CaseType = NonNullable<
  NonNullable<paths['/v1/exceptions']['get']['parameters']['query']>['type']
>

export interface Filter {
  state: CaseState
  type: string | null
  team: string | null
}

/** The queue as it ranks now, a page at a time. */
export function useQueue({ state, type, team }: Filter) {
  return useInfiniteQuery({
    queryKey: ['cases', state, type, team],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const query = {
        state,
        limit: 100,
        ...(type ? { type: type as CaseType } : {}),
        ...(team ? { team } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      return answer(api.GET('/v1/exceptions', { params: { query } }))
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: 30_000,
  })
}

export function useCase(caseId: string | undefined) {
  return useQuery({
    queryKey: ['case', caseId],
    enabled: caseId !== undefined,
    queryFn: () =>
      answer(api.GET('/v1/exceptions/{caseId}', { params: { path: { caseId: caseId! } } })),
  })
}

/** Types and teams that have open cases. */
export function useSummary() {
  return useQuery({
    queryKey: ['cases', 'summary'],
    queryFn: () => answer(api.GET('/v1/exceptions/summary')),
  })
}

/** What a choice would do; asked anew when the case or what was filled in changes. */
export function usePreview(found: Case, choice: Choice | undefined, given: Given, ready: boolean) {
  return useQuery({
    queryKey: ['preview', found.id, found.state, choice?.resolution, given],
    enabled: choice !== undefined && ready && found.state === 'open',
    retry: false,
    queryFn: () =>
      answer(
        api.POST('/v1/exceptions/{caseId}/resolution/preview', {
          params: { path: { caseId: found.id } },
          body: bodyOf(choice!.resolution, given),
        }),
      ),
  })
}

/** Decides; a lost answer is asked for again with the same key, so nothing happens twice. */
export function useDecision(caseId: string) {
  const client = useQueryClient()
  const intent = useRef({ of: '', key: '' })
  return useMutation({
    mutationFn: ({ resolution, given }: { resolution: string; given: Given }) => {
      const of = JSON.stringify([caseId, resolution, given])
      if (intent.current.of !== of) intent.current = { of, key: newKey() }
      return answer(
        api.POST('/v1/exceptions/{caseId}/resolution', {
          params: { path: { caseId }, header: { 'idempotency-key': intent.current.key } },
          body: bodyOf(resolution, given),
        }),
      )
    },
    retry: (count, error) =>
      !(error instanceof Problem && error.status < 500 && error.status !== 202) && count < 5,
    // A refusal may be because somebody else was quicker: what they did is shown.
    onSettled: () => client.invalidateQueries(),
  })
}

export function useAssignment(caseId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (userId: string | null) =>
      answer(
        api.POST('/v1/exceptions/{caseId}/assignment', {
          params: { path: { caseId }, header: { 'idempotency-key': newKey() } },
          body: { userId: userId === null ? null : Number(userId) } as never,
        }),
      ),
    onSettled: () => client.invalidateQueries(),
  })
}

export function useBulk() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { type: string; resolution: string; caseIds: string[] }) =>
      answer(
        api.POST('/v1/exceptions/bulk-resolution', {
          params: { header: { 'idempotency-key': newKey() } },
          body: body as never,
        }),
      ),
    onSettled: () => client.invalidateQueries(),
  })
}

function bodyOf(resolution: string, given: Given) {
  const params = Object.keys(given).length > 0 ? { params: given } : {}
  return { resolution: resolution as Resolution, ...params }
}
