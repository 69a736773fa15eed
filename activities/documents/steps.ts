import type { DocumentProgress, DocumentRef, DocumentSubject } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { dateAt } from '#domain/dates'
import type { DocumentStep } from './progress.ts'

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

/** How one kind of document is locked, and what ends every commit on it. */
interface Stepped<Doc> {
  subject: DocumentSubject
  lock(tx: Tx, id: bigint, expectedVersion: number | undefined, by: CommandBase): Promise<Doc>
  finish(tx: Tx, doc: Doc, step: DocumentStep): Promise<DocumentProgress>
}

/**
 * Makes the verbs of a document: each locks it, does its work on the day that it is where the
 * document lies, and writes where it then stands, in one commit and once per key.
 */
export function documentSteps<Doc extends { timezone: string }>(
  db: Db,
  { subject, lock, finish }: Stepped<Doc>,
) {
  return <C extends CommandBase>(
      action: string,
      work: (tx: Tx, doc: Doc, command: C & { today: string }) => Promise<void>,
    ) =>
    async (command: C & DocumentRef): Promise<DocumentProgress> => {
      const { id, key, actor, expectedVersion } = command
      const name = { key: `${subject}/${id}/${action}/${key}`, request: command, actor }
      return commitOnce(db, name, async (tx) => {
        const doc = await lock(tx, BigInt(id), expectedVersion, { key, actor })
        await work(tx, doc, { ...command, today: dateAt(Date.now(), doc.timezone) })
        return finish(tx, doc, { action, key, actor, ...reasonOf(command) })
      })
    }
}

/** Why somebody says that they do this, wherever the command lets them say it (GOV-19). */
function reasonOf(command: object): { reason?: string } {
  const { reason, params } = command as { reason?: string; params?: { reason?: unknown } }
  const given = reason ?? params?.reason
  return typeof given === 'string' && given !== '' ? { reason: given } : {}
}
