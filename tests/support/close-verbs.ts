import { periodCloseActivities } from '#activities/period-close/index'
import type { DocumentProgress } from '#contracts/document-progress'
import type { PeriodCloseActivities } from '#contracts/period-close'
import { taskStandings, type TaskStanding } from '#db/queries/period-closes'
import { closeChecklist } from '#domain/ledger/close-checklist'
import type { TestDatabase } from './database.ts'
import { aKey } from './orders.ts'

type Verb = Exclude<keyof PeriodCloseActivities, 'beginPeriodClose' | 'passCloseDeadline'>
type Input<V extends Verb> = Omit<Parameters<PeriodCloseActivities[V]>[0], 'id' | 'key' | 'actor'>

/** The verbs of one close on a real database, one commit each, for what needs no process to be seen. */
export interface CloseVerbs {
  run<V extends Verb>(verb: V, input: Input<V>, actor?: string): Promise<DocumentProgress>
  task(name: string): Promise<TaskStanding>
  /** Paula prepares and Rita reviews every judgement. */
  signAll(): Promise<void>
  /** Carl, who prepared nothing, sets every lock. */
  lockAll(): Promise<void>
}

export async function closeVerbs(
  { db }: Pick<TestDatabase, 'db'>,
  { entity, period }: { entity: string; period: string },
): Promise<CloseVerbs> {
  const verbs = periodCloseActivities({ db })
  const { id } = await verbs.beginPeriodClose({ entity, period, key: aKey(), actor: 'carl' })
  const run: CloseVerbs['run'] = (verb, input, actor = 'paula') =>
    (verbs[verb] as (command: object) => Promise<DocumentProgress>)({
      ...{ ...input, id, actor },
      key: aKey(),
    })
  const task: CloseVerbs['task'] = async (name) => {
    const found = (await taskStandings(db, BigInt(id))).find((one) => one.task === name)
    if (!found) throw new Error(`no task ${name}`)
    return found
  }
  return {
    run,
    task,
    signAll: async () => {
      await run('checkPeriodClose', {}, 'carl')
      const kind = period.endsWith('-13') ? 'adjusting' : 'normal'
      for (const { task: name, kind: how } of closeChecklist(kind)) {
        if (how !== 'judgement') continue
        await run('prepareCloseTask', { task: name, note: 'fine' })
        const { preparationId } = await task(name)
        await run('reviewCloseTask', { preparationId: `${preparationId}` }, 'rita')
      }
    },
    lockAll: async () => {
      for (const area of ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL'] as const)
        await run('lockCloseArea', { area, state: 'closed', reason: 'month end' }, 'carl')
    },
  }
}
