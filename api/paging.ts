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
  keyOf: (row: Row) => string | number | bigint | (string | number | bigint)[],
  toItem: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return {
    items: items.map(toItem),
    nextCursor: more ? encodeCursor(...[keyOf(last)].flat()) : null,
  }
}

/** Of everything that a list is sorted by, so that no separator can stand inside a part. */
export function encodeCursor(...keys: (string | number | bigint)[]): string {
  return Buffer.from(JSON.stringify(keys.map(String))).toString('base64url')
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

/** What {@link cursorParts} may be made of. */
export const ANY_TEXT = /^[^]*$/
export const AN_ID = /^\d{1,18}$/
export const AN_INSTANT = /^2\d{3}-[01]\d-[0-3]\dT[012]\d:[0-5]\d:[0-5]\d\.\d{3}Z$/
export const A_NUMBER = /^-?\d{1,40}(\.\d{1,60})?$/

export const MAX_INT = 2_147_483_647n
export const MAX_BIGINT = 9_223_372_036_854_775_807n

/** Sort keys of a list by several things, each of its own form; undefined for the first page. */
export function cursorParts(
  cursor: string | undefined,
  forms: readonly RegExp[],
): string[] | undefined {
  if (cursor === undefined) return undefined
  const parts = decodeAll(cursor)
  if (parts.length !== forms.length || forms.some((form, n) => !form.test(parts[n]!)))
    throw badCursor()
  return parts
}

function decode(cursor: string): string {
  return decodeAll(cursor)[0]!
}

function decodeAll(cursor: string): string[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (Array.isArray(read) && read.length > 0 && read.every(isKey)) return read
  } catch {
    // Falls through to the same answer: not ours.
  }
  throw badCursor()
}

function isKey(key: unknown): key is string {
  return typeof key === 'string' && key.length <= 400 && unstorable('cursor', key).length === 0
}

function badCursor() {
  return invalidInput({
    field: 'query.cursor',
    message: 'send `nextCursor` of the answer before as it was, or leave it out',
  })
}
