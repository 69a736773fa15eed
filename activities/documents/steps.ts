import type { DocumentProgress } from '#contracts/document-progress'

/** The address is this program's and none of a commit: it is told on the way out, and kept nowhere. */
export function tellingWhere<Verbs extends object>(
  verbs: Verbs,
  apiUrl: string | undefined,
): Verbs {
  if (apiUrl === undefined) return verbs
  const told = Object.entries(verbs).map(
    ([name, verb]: [string, (input: unknown) => Promise<DocumentProgress>]) => [
      name,
      async (input: unknown) => ({ ...(await verb(input)), apiUrl }),
    ],
  )
  return Object.fromEntries(told) as Verbs
}

/** Why somebody says that they do this, wherever the command lets them say it (GOV-19). */
export function reasonOf(command: object): { reason?: string } {
  const { reason, params } = command as { reason?: string; params?: { reason?: unknown } }
  const given = reason ?? params?.reason
  return typeof given === 'string' && given !== '' ? { reason: given } : {}
}
