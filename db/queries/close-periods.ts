import type { Reader } from '#db/client'

/** One period of one company, as everything about its close looks at it. */
export interface ClosePeriod {
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  periodId: number
  period: string
  kind: 'normal' | 'adjusting'
  starts: string
  ends: string
}

const columns = (db: Reader) => db`
  n.id AS "entityId", n.code AS entity, n.functional_currency AS "functionalCurrency", n.timezone, p.id AS "periodId", p.period, p.kind, p.starts, p.ends`

export async function closePeriod(
  db: Reader,
  { entity, period }: { entity: string; period: string },
): Promise<ClosePeriod | undefined> {
  const [found] = await db<ClosePeriod[]>`
    SELECT ${columns(db)} FROM gl_period p JOIN entity n ON n.id = p.entity_id WHERE n.code = ${entity} AND p.period = ${period}`
  return found
}

/** What continuous close looks at: the month of this day and those before it that have entries and an open area. */
export async function periodsToWatch(
  db: Reader,
  { entity, on }: { entity: string; on: string },
): Promise<ClosePeriod[]> {
  return db<ClosePeriod[]>`
    SELECT ${columns(db)} FROM gl_period p JOIN entity n ON n.id = p.entity_id
    WHERE n.code = ${entity} AND p.kind = 'normal' AND p.starts <= ${on}
      AND EXISTS (SELECT FROM gl_period_area a WHERE a.period_id = p.id AND a.state <> 'closed')
      AND (p.ends >= ${on} OR EXISTS (SELECT FROM journal_entry e WHERE e.period_id = p.id))
    ORDER BY p.starts DESC LIMIT 3`
}

/** Companies whose closes are watched all month: those that have laid down how they close. */
export async function closingCompanies(db: Reader): Promise<string[]> {
  const rows = await db<{ code: string }[]>`
    SELECT n.code FROM entity n WHERE EXISTS (SELECT FROM close_policy_approval a WHERE a.entity_id = n.id) ORDER BY n.code`
  return rows.map(({ code }) => code)
}
