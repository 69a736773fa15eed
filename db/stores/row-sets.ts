import type { Tx } from '#db/client'

/**
 * Inserts a set of rows in one statement, whatever their number; the first row names the columns,
 * so every row has the same ones. Rows that are there already are left as they are.
 * Answers how many were new.
 */
export async function insertSet(tx: Tx, table: string, rows: readonly object[]): Promise<number> {
  const [first] = rows
  if (!first) return 0
  const columns = Object.keys(first).map(quoted).join(', ')
  const added = await tx.unsafe(
    `INSERT INTO ${quoted(table)} (${columns})
     SELECT ${columns} FROM jsonb_populate_recordset(NULL::${quoted(table)}, $1::text::jsonb)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [jsonText(rows)],
  )
  return added.length
}

/** JSON in which a `bigint` is its decimal text, as PostgreSQL reads a number of any size. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? member.toString() : member,
  )
}

function quoted(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    throw new Error(`${name} is no name of a table or column of ours`)
  return `"${name}"`
}
