import type { Action } from './actions.ts'

/** What the server said last, for where it does not answer. */
export interface Copy<T = unknown> {
  value: T
  /** ISO instant at which the server said so. */
  at: string
}

/** A database of the browser: it outlives a reload, a crash and an empty battery. */
const NAME = 'throughline-floor'
type Store = 'actions' | 'copies' | 'drafts'

let opened: Promise<IDBDatabase> | undefined

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore('actions', { keyPath: 'id', autoIncrement: true })
      request.result.createObjectStore('copies')
      request.result.createObjectStore('drafts')
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('The browser keeps nothing.'))
  })
  return opened
}

/** Resolves when it is on the disk, not before: what the page then says is kept, is. */
async function write<T>(store: Store, work: (at: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open()
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, 'readwrite', { durability: 'strict' })
    const request = work(transaction.objectStore(store))
    transaction.oncomplete = () => resolve(request.result)
    transaction.onabort = () => reject(transaction.error ?? new Error('It could not be kept.'))
  })
}

async function read<T>(store: Store, work: (at: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open()
  return new Promise((resolve, reject) => {
    const request = work(database.transaction(store).objectStore(store))
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('It could not be read.'))
  })
}

/**
 * Changes an action as it is now, in one transaction: another tab may have sent, corrected or
 * dropped it meanwhile. `next` answers what it becomes, null to drop it, undefined to leave it.
 * @returns whether it was changed
 */
async function changeAction(
  { id, key }: Action,
  next: (now: Action) => Action | null | undefined,
): Promise<boolean> {
  const database = await open()
  return new Promise((resolve, reject) => {
    const transaction = database.transaction('actions', 'readwrite', { durability: 'strict' })
    const at = transaction.objectStore('actions')
    const request: IDBRequest<Action | undefined> = at.get(id)
    let isChanged = false
    request.onsuccess = () => {
      const now = request.result
      const becomes = now?.key === key ? next(now) : undefined
      isChanged = becomes !== undefined
      if (becomes === null) at.delete(id)
      else if (becomes) at.put(becomes)
    }
    transaction.oncomplete = () => resolve(isChanged)
    transaction.onabort = () => reject(transaction.error ?? new Error('It could not be kept.'))
  })
}

export const device = {
  actions: (): Promise<Action[]> => read('actions', (at) => at.getAll()),
  addAction: (action: Omit<Action, 'id'>): Promise<IDBValidKey> =>
    write('actions', (at) => at.add(action)),
  changeAction,
  copy: <T>(name: string): Promise<Copy<T> | undefined> => read('copies', (at) => at.get(name)),
  putCopy: (name: string, copy: Copy): Promise<IDBValidKey> =>
    write('copies', (at) => at.put(copy, name)),
  draft: <T>(name: string): Promise<T | undefined> => read('drafts', (at) => at.get(name)),
  putDraft: (name: string, draft: unknown): Promise<IDBValidKey> =>
    write('drafts', (at) => at.put(draft, name)),
  dropDraft: (name: string): Promise<undefined> => write('drafts', (at) => at.delete(name)),
  /** Nobody sees what was shown to somebody else on the same device. What waits to be sent stays. */
  async keepCopiesOf(userId: string | undefined): Promise<void> {
    const names = await read('copies', (at) => at.getAllKeys())
    for (const name of names)
      if (userId === undefined || !String(name).startsWith(`${userId}/`))
        await write('copies', (at) => at.delete(name))
  },
}
