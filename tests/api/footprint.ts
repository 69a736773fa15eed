import type { TestDatabase } from '#tests/support/database'

/** What each table holds: how many rows, and a sum over their contents, so that a change shows too. */
export type Footprint = Record<string, string>

const statements = new WeakMap<object, Promise<string>>()

/** Of every table, once what earlier requests set going is done. */
export async function footprint({ admin }: TestDatabase): Promise<Footprint> {
  await untilIdle({ admin })
  const statement = statements.get(admin) ?? overAllTables({ admin })
  statements.set(admin, statement)
  // Prepared, as to plan it takes longer than to run it.
  const [row] = await admin.unsafe<Footprint[]>(await statement, [], { prepare: true })
  return { ...row }
}

/** The tables in which two footprints differ. */
export function changedTables(before: Footprint, after: Footprint): string[] {
  return Object.keys(after).filter((table) => after[table] !== before[table])
}

async function overAllTables({ admin }: Pick<TestDatabase, 'admin'>): Promise<string> {
  const tables = await admin<{ name: string }[]>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`
  const of = (name: string) =>
    `(SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM ${name} t) AS ${name}`
  return `SELECT ${tables.map(({ name }) => of(name)).join(', ')}`
}

/** No outside call is to be made and every document was told to its process. */
export async function untilIdle({ admin }: Pick<TestDatabase, 'admin'>): Promise<void> {
  for (let times = 0; times < 500; times += 1) {
    const busy = await admin`
      SELECT FROM external_effect WHERE state IN ('intended', 'sent') UNION ALL SELECT FROM inbox WHERE outcome = 'received' LIMIT 1`
    if (busy.length === 0) return
    await new Promise((done) => setTimeout(done, 10))
  }
}
