import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { measureWeek } from '#db/queries/scorecard'
import { addDays } from '#domain/dates'
import { METRICS, SCORECARD_VERSION, weekOf } from '#domain/reports/scorecard'

/**
 * Keeps the last whole week of each company as it is seen on the first look after it, once.
 * @param today a business date; the week before the one that it lies in is frozen.
 */
export async function freezeLastWeek(db: Db, today: string): Promise<void> {
  const week = addDays(weekOf(today), -7)
  const companies = await db<{ id: number; code: string }[]>`
    SELECT e.id, e.code FROM entity e WHERE NOT EXISTS (SELECT FROM scorecard_week s WHERE s.entity_id = e.id AND s.week = ${week}) ORDER BY e.id`
  for (const { id, code } of companies) await freezeWeek(db, { entityId: id, entity: code, week })
}

async function freezeWeek(
  db: Db,
  { entityId, entity, week }: { entityId: number; entity: string; week: string },
): Promise<void> {
  const command = {
    key: `freeze-scorecard/${entity}/${week}`,
    request: { entity, week },
    actor: 'system',
  }
  await commitOnce(db, command, async (tx) => {
    const card = await measureWeek(tx, { entityId, week })
    const rows = METRICS.map(({ metric, owner, targetMilli }) => ({
      entity_id: entityId,
      week,
      metric,
      definition_version: SCORECARD_VERSION,
      owner,
      target_milli: `${targetMilli}`,
      value_milli: card.get(metric)?.milli?.toString() ?? null,
      sample: `${card.get(metric)?.sample ?? 0n}`,
    }))
    await tx`INSERT INTO scorecard_week ${tx(rows)}`
    return { metrics: rows.length }
  })
}
