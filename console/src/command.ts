import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { newKey, Problem } from './client.ts'

/**
 * Tells the API to do something. The key belongs to what is told: after a lost answer the same is
 * asked again and nothing is carried out twice. Whatever came of it, the page is read anew.
 */
export function useCommand<Given, Told>(send: (given: Given, key: string) => Promise<Told>) {
  const client = useQueryClient()
  const intent = useRef({ of: '', key: '' })
  return useMutation({
    mutationFn: async (given: Given) => {
      const of = JSON.stringify(given)
      if (intent.current.of !== of) intent.current = { of, key: newKey() }
      const told = await send(given, intent.current.key)
      intent.current = { of: '', key: '' }
      return told
    },
    retry: (count, error) =>
      !(error instanceof Problem && error.status < 500 && error.status !== 202) && count < 5,
    onSettled: () => client.invalidateQueries(),
  })
}
