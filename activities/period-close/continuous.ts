import { heartbeat } from '@temporalio/activity'
import type { ContinuousCloseActivities, TiesRefreshed } from '#contracts/continuous-close'
import type { Db } from '#db/client'
import { companyByCode } from '#db/queries/books'
import { closingCompanies, periodsToWatch, type ClosePeriod } from '#db/queries/close-periods'
import { openCloseOf, policyOfPeriod, tiesOf } from '#db/queries/period-closes'
import { isLight, refreshTie } from '#db/stores/close-ties'
import { transaction } from '#db/transaction'
import { closeChecklist } from '#domain/ledger/close-checklist'

const MINUTE_MS = 60_000

/** The verb of continuous close: everything that is cheap enough, period by period. */
export function continuousCloseActivities({
  db,
  againMs = MINUTE_MS,
}: {
  db: Db
  againMs?: number
}): ContinuousCloseActivities {
  return {
    async refreshTies({ entity }) {
      const result: TiesRefreshed = {
        ...{ watching: (await closingCompanies(db)).includes(entity), periods: [] },
        ...{ asked: 0, red: 0, changed: [], againMs },
      }
      if (!result.watching || !(await companyByCode(db, entity))) return result
      const today = new Date().toISOString().slice(0, 10)
      for (const period of await periodsToWatch(db, { entity, on: today }))
        await refreshPeriod(db, period, result)
      return result
    },
  }
}

async function refreshPeriod(db: Db, period: ClosePeriod, result: TiesRefreshed): Promise<void> {
  const policy = await policyOfPeriod(db, period)
  const tasks = closeChecklist(period.kind).filter(
    ({ task, kind }) => kind !== 'judgement' && isLight(task),
  )
  let changed = false
  for (const task of tasks) {
    beat()
    // Each question in a transaction of its own: none of them is to hold what the others wait for.
    if (await transaction(db, (tx) => refreshTie(tx, period, task, policy))) changed = true
  }
  const ties = await tiesOf(db, period.periodId)
  result.periods.push(period.period)
  result.asked += tasks.length
  result.red += ties.filter(({ task, colour }) => colour === 'red' && isLight(task)).length
  const close = changed ? await openCloseOf(db, period.periodId) : undefined
  if (close) result.changed.push({ workflowId: close.workflowId, key: `evidence/${close.newest}` })
}

function beat(): void {
  try {
    heartbeat()
  } catch {
    // Outside an activity, where a test asks by itself.
  }
}
