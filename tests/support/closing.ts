import { randomBytes } from 'node:crypto'
import type { UpdateDefinition } from '@temporalio/common'
import type { Client } from '@temporalio/client'
import { commandPeriodClose } from '#clients/period-close'
import type { DocumentProgress } from '#contracts/document-progress'
import { closeChecklist } from '#domain/ledger/close-checklist'
import * as contract from '#contracts/period-close'
import { taskStandings, type TaskStanding } from '#db/queries/period-closes'
import type { Db } from '#db/client'
import type { ClosePolicy } from '#domain/ledger/close-policy'
import { aKey } from './orders.ts'

/** A company whose code no other test has: closes are named by it, on one engine for all tests. */
export async function closingCompany(
  admin: Db,
  { code = `C${randomBytes(4).toString('hex').toUpperCase()}`, currency = 'USD' } = {},
): Promise<{ entityId: number; entity: string }> {
  const [row] = await admin<{ id: number }[]>`
    INSERT INTO entity (code, name, functional_currency, country) VALUES (${code}, ${code}, ${currency}, 'US') RETURNING id`
  await admin`SELECT open_periods(${row!.id}, 2026), open_periods(${row!.id}, 2027)`
  return { entityId: row!.id, entity: code }
}

/** Rules in force, written by one person and approved by another. */
export async function setClosePolicy(
  admin: Db,
  entityId: number,
  body: Partial<ClosePolicy>,
): Promise<void> {
  const whole: ClosePolicy = {
    ...{ materialityMinor: '5000', fxRevaluation: 'reverse' as const },
    ...{ creditLoss: [], allocations: [], ...body },
  }
  await admin`
    WITH o AS (
      INSERT INTO close_policy (entity_id, version, body, owner, reason)
      SELECT ${entityId}, coalesce(max(version), 0) + 1, ${admin.json(whole as never)}, 'olga', 'test' FROM close_policy WHERE entity_id = ${entityId} RETURNING version)
    INSERT INTO close_policy_approval (entity_id, version, approved_by) SELECT ${entityId}, version, 'carl' FROM o`
}

export interface Closing {
  tell<C extends { key: string; actor: string }>(
    update: UpdateDefinition<DocumentProgress, [C]>,
    command?: Omit<C, 'key' | 'actor'> & { key?: string },
    actor?: string,
  ): Promise<DocumentProgress>
  tasks(): Promise<Map<string, TaskStanding>>
  /** Paula prepares and Rita reviews each of these judgements; all that may be signed unless named. */
  sign(...tasks: string[]): Promise<void>
}

/** What people do with the close of one period. */
export function closingOn(
  { client, taskQueue, db }: { client: Client; taskQueue?: string; db: Db },
  { entity, period }: { entity: string; period: string },
): Closing {
  const tell: Closing['tell'] = (update, command, actor = 'paula') => {
    const told = { actor, key: aKey(), ...command } as never
    return commandPeriodClose(
      client,
      { entity, period, taskQueue },
      update as unknown as UpdateDefinition<DocumentProgress, [{ key: string; actor: string }]>,
      { command: told, updateId: aKey() },
    )
  }
  const tasks: Closing['tasks'] = async () => {
    const [found] = await db<{ id: bigint }[]>`
      SELECT c.id FROM period_close c JOIN gl_period p ON p.id = c.period_id JOIN entity n ON n.id = c.entity_id WHERE n.code = ${entity} AND p.period = ${period}`
    const rows = await taskStandings(db, found!.id)
    return new Map(rows.map((row) => [row.task, row]))
  }
  return {
    tell,
    tasks,
    sign: async (...named) => {
      await tell(contract.checkClose, {}, 'carl')
      const kind = period.endsWith('-13') ? 'adjusting' : 'normal'
      const all = closeChecklist(kind).filter((task) => task.kind === 'judgement')
      const wanted = all.filter(({ task }) => named.length === 0 || named.includes(task))
      for (const { task } of wanted) {
        await tell(contract.prepareTask, { task, note: `${task} is fine` }, 'paula')
        const { preparationId } = (await tasks()).get(task)!
        await tell(contract.reviewTask, { preparationId: `${preparationId}` }, 'rita')
      }
    },
  }
}
