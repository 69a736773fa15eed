import type { Db, Tx } from './client.ts'

/** The server ends the connection right after these. */
const FATAL_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25P04'])
const LOST_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
])
/** How long the client may take to notice that the server has hung up. */
const NOTICE_MS = 10_000

/** Whether the connection is gone, or about to be; what the transaction did is then rolled back. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error)
  return LOST_CODES.has(code) || FATAL_STATES.has(code) || code.startsWith('08')
}

/** Serialization failure or deadlock: nothing was committed, and the same work may run again. */
export function isConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error))
}

/**
 * `db.begin` for a connection that may die under it. postgres.js 3.4.9 lets a dead transaction go
 * on: its ROLLBACK crashes the process (porsager/postgres#1208), and a later statement may run
 * inside the transaction of whoever got the connection next (#1155, #1216). So here nothing is
 * sent any more once the connection is lost, neither by us nor by `work`, and not by `begin`
 * either: whatever `work` comes to after that is never answered.
 */
export async function transaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const connection = { open: true, ours: true }
  const sent: Promise<unknown>[] = []
  const last: AtEnd = new Map()
  try {
    const result = await db.begin('isolation level read committed', async (begun) => {
      const tx = whileOpen(begun as unknown as Tx, connection)
      sentAlong.set(tx, sent)
      writtenAtEnd.set(tx, last)
      try {
        const value = await work(tx)
        for (const [write, rows] of last) await sendAlong(tx, write(tx, rows))
        await onlyWhileOurs(connection)
        return { value }
      } catch (cause) {
        const error = await firstFailure(sent, cause)
        // `begin` rejects by itself as soon as it notices; an answer from here would send ROLLBACK.
        if (isConnectionLost(error)) await hangUp(connection)
        await onlyWhileOurs(connection)
        throw error
      }
    })
    // Had one of these failed, the server would have answered COMMIT with a rollback.
    await Promise.all(sent)
    return (result as { value: T }).value
  } finally {
    connection.open = false
    connection.ours = false
  }
}

/**
 * When `begin` has rejected already, its connection is made anew and serves others: an answer
 * from here would send COMMIT or ROLLBACK into the middle of their transaction.
 */
async function onlyWhileOurs({ ours }: { ours: boolean }): Promise<void> {
  if (!ours) await new Promise<never>(() => {})
}

/** What was sent without waiting, per transaction. */
const sentAlong = new WeakMap<object, Promise<unknown>[]>()

/**
 * Sends a write whose answer the work does not need: it travels with the statements after it, so
 * that the locks are held for fewer round trips. Should it fail, nothing commits and its error is
 * what the caller sees. Resolves at once inside {@link transaction}; elsewhere it waits.
 */
export async function sendAlong(tx: Tx, write: PromiseLike<unknown>): Promise<void> {
  const sent = sentAlong.get(tx)
  const answer = Promise.resolve(write)
  if (!sent) return void (await answer)
  answer.catch(() => {})
  sent.push(answer)
}

type AtEnd = Map<(tx: Tx, rows: readonly never[]) => PromiseLike<unknown>, never[]>

const writtenAtEnd = new WeakMap<object, AtEnd>()

/**
 * Keeps rows that nothing in this transaction reads until its work is done; then all that go
 * through one writer are one statement. Outside {@link transaction} they are written at once.
 */
export async function writeAtEnd<T>(
  tx: Tx,
  write: (tx: Tx, rows: readonly T[]) => PromiseLike<unknown>,
  rows: readonly T[],
): Promise<void> {
  const last = writtenAtEnd.get(tx) as Map<typeof write, T[]> | undefined
  if (!last) return void (await write(tx, rows))
  last.set(write, [...(last.get(write) ?? []), ...rows])
}

/** A statement after a failed one only says that the transaction is aborted: the first failure says why. */
async function firstFailure(sent: readonly Promise<unknown>[], error: unknown): Promise<unknown> {
  if (codeOf(error) !== '25P02') return error
  for (const answer of await Promise.allSettled(sent))
    if (answer.status === 'rejected' && codeOf(answer.reason) !== '25P02') return answer.reason
  return error
}

/** The transaction, refusing every further statement once its connection is gone. */
function whileOpen(tx: Tx, connection: { open: boolean }): Tx {
  const send = <A extends unknown[], R>(
    method: (...args: A) => R,
    receiver: unknown,
    args: A,
  ): R => {
    if (!connection.open) throw new ConnectionLost()
    return Reflect.apply(method, receiver, args) as R
  }
  return new Proxy(tx, {
    apply: (target, receiver, args: never[]) => send(target as never, receiver, args),
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (name !== 'unsafe' && name !== 'savepoint' && name !== 'file') return member
      return (...args: never[]) => send(member as never, target, args)
    },
  })
}

async function hangUp(connection: { open: boolean }): Promise<void> {
  connection.open = false
  await new Promise((resolve) => setTimeout(resolve, NOTICE_MS).unref())
}

/**
 * postgres.js 3.4.9 asks each new connection for the types of the database, and nobody hears it
 * when that connection dies meanwhile: Node would end the process. Whoever waits for a statement
 * is told by its own promise, so for a lost connection there is nothing else to do.
 */
export function outliveLostConnections(): void {
  process.on('unhandledRejection', (reason) => {
    if (!isConnectionLost(reason)) throw reason
  })
}

class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
  readonly code = 'CONNECTION_CLOSED'
  constructor() {
    super('the transaction’s connection is gone; nothing of it was committed')
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}
