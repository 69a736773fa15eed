import { z } from 'zod'
import { invalidInput } from './problem.ts'
import { unstorable } from '#connectors/storable'

/** Query fields of every list. */
export const pageQuery = {
  limit: z.coerce
    .number({ error: 'send a whole number from 1 to 200' })
    .int()
    .min(1)
    .max(200)
    .default(50)
    .describe('Rows of one answer.'),
  cursor: z
    .string()
    .min(1)
    .max(600)
    .optional()
    .describe('The `nextCursor` of the answer before; leave it out for the first page.'),
}

/** Answer schema of every list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}

export interface Page<Item> {
  items: Item[]
  nextCursor: string | null
}

/**
 * Cuts a page out of `limit + 1` rows: one row too many says that there is another page.
 * `keyOf` gives what the list is sorted by.
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => string | number | bigint,
  toItem: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: items.map(toItem), nextCursor: more ? encodeCursor(keyOf(last)) : null }
}

export function encodeCursor(key: string | number | bigint): string {
  return Buffer.from(JSON.stringify([String(key)])).toString('base64url')
}

/** Sort key of a list by text; empty for the first page. */
export function textCursor(cursor: string | undefined): string {
  return cursor === undefined ? '' : decode(cursor)
}

/** Sort key of a list by id; `first` for the first page. */
export function idCursor(cursor: string | undefined, first = 0n): bigint {
  if (cursor === undefined) return first
  const key = decode(cursor)
  if (!/^\d{1,19}$/.test(key) || BigInt(key) > MAX_BIGINT) throw badCursor()
  return BigInt(key)
}

/** The same for a table whose ids have 32 bits. */
export function intCursor(cursor: string | undefined): number {
  const key = idCursor(cursor)
  if (key > MAX_INT) throw badCursor()
  return Number(key)
}

export const MAX_INT = 2_147_483_647n
export const MAX_BIGINT = 9_223_372_036_854_775_807n

function decode(cursor: string): string {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    const [key] = Array.isArray(read) ? (read as unknown[]) : []
    if (typeof key === 'string' && key.length <= 400 && unstorable('cursor', key).length === 0)
      return key
  } catch {
    // Falls through to the same answer: not ours.
  }
  throw badCursor()
}

function badCursor() {
  return invalidInput({
    field: 'query.cursor',
    message: 'send `nextCursor` of the answer before as it was, or leave it out',
  })
}
